"""(c) What a merchant's system gets: the overhead of a verification, and requests a second that
queue one.
"""

import http.client
import json
import time
from collections.abc import Callable

from stores.models import Pace
from tests.bench import database, load, past, web
from tests.bench.client import CONNECTIONS, Caller, caller_of, post_queued, verify
from tests.bench.context import Bench
from tests.bench.gateway import Sandbox
from tests.bench.load import Load
from tests.bench.processes import Broken
from tests.bench.report import Figure, median, milliseconds, percentile
from tests.bench.shops import Shop, code_of, issue_codes, open_shop
from tests.bench.web import Web

OVERHEAD = 0.050
AN_HOUR = 3600.0


def run(bench: Bench) -> None:
    caller = caller_of(open_shop(bench.sandbox))
    _overhead(bench, caller)
    ours, bare = web.start(bench.fleet, "web"), web.start_bare(bench.fleet, caller.digest)
    try:
        _throughput(bench, caller, ours, bare)
    finally:
        bench.fleet.stop(ours.running, bare.running)


def _overhead(bench: Bench, caller: Caller) -> None:
    """From request to final answer with a free slot: detail and verify, over sockets, settled in
    the ledger.

    Slot wait: none, because the server runs unpaced and the sandbox unlimited; all other work of
    pacing is done. Gateway's time: both calls are made directly as well, without our product, and
    the median of that is taken off every answer. What our own HTTP client costs above a bare one
    counts as overhead.
    """
    count = bench.size(200, 40)
    codes = [code_of(caller.shop, number) for number in range(2 * count)]
    issue_codes(bench.sandbox, [caller.shop], [codes])
    bench.sandbox.clear()
    bench.sandbox.control("umember/settings", {"rate_limit": None})
    server = web.start(bench.fleet, "web-unpaced", UMEMBER_PACE_SECONDS="0")
    try:
        caller.warm_up(server)
        connection = http.client.HTTPConnection(*server.address, timeout=30)
        totals = [_verified(connection, caller, number) for number in range(count)]
    finally:
        bench.fleet.stop(server.running)
    gateway = median([_gateway_alone(bench.sandbox, caller.shop, code) for code in codes[count:]])
    bench.sandbox.control("umember/settings", {"rate_limit": 2})
    own = [total - gateway for total in totals]
    raw = (
        f"p50 {milliseconds(percentile(own, 0.5))}, p95 {milliseconds(percentile(own, 0.95))} of "
        "50 ms; gateway's two "
        f"answers {milliseconds(gateway)} taken off; {count} verifications one after the other"
    )
    bench.report.add(
        Figure(
            "api: overhead p95 ÷ 50 ms",
            percentile(own, 0.95) / OVERHEAD,
            raw,
            target=1,
            at_least=False,
        )
    )


def _verified(connection: http.client.HTTPConnection, caller: Caller, number: int) -> float:
    seconds, answer = verify(connection, caller, number)
    if answer["status"] != "verified":
        raise Broken(f"a verification was not verified at once: {answer}")
    return seconds


def _gateway_alone(sandbox: Sandbox, shop: Shop, code: str) -> float:
    """Seconds that detail and verify take with the plainest client, a connection each as in our
    own.
    """
    shop.connection.refresh_from_db()
    headers = {
        "Authorization": shop.connection.token,
        "Content-Type": "application/json",
        "Connection": "close",
    }
    store = shop.gateway.remote_id
    base = "/umember/open/user/meituan/coupon"
    started = time.perf_counter()
    _exchange(sandbox, "GET", f"{base}/detail?store_id={store}&coupon_code={code}", headers)
    _exchange(sandbox, "POST", f"{base}/verify", headers, {"store_id": store, "coupon_code": code})
    return time.perf_counter() - started


def _exchange(
    sandbox: Sandbox,
    method: str,
    path: str,
    headers: dict[str, str],
    body: dict[str, object] | None = None,
) -> None:
    connection = http.client.HTTPConnection(sandbox.url.removeprefix("http://"), timeout=10)
    connection.request(method, path, body=json.dumps(body) if body else None, headers=headers)
    answer = json.loads(connection.getresponse().read())
    connection.close()
    if answer["code"] != 10000:
        raise Broken(f"the sandbox refused: {answer}")


def _throughput(bench: Bench, caller: Caller, ours: Web, bare: Web) -> None:
    rounds, count = bench.size(5, 2), bench.size(1500, 400)
    hold(caller.shop)
    caller.warm_up(ours)
    load.drive(bare.address, caller.note, count=100, first=90_000_000)
    queued, noted = [], []
    for number in range(rounds):
        queued.append(round_of(lambda: post_queued(ours, caller, count=count, first=1_000_000)))
        first = number * 2 * count
        noted.append(
            load.drive(bare.address, caller.note, count=2 * count, first=first).expect(201)
        )
    rate, floor = median([one.rate for one in queued]), median([one.rate for one in noted])
    raw = f"{words(queued)}; bare view {words(noted)}; {CONNECTIONS} connections, {rounds} rounds"
    bench.report.add(Figure("api: POST verifications ÷ bare view", rate / floor, raw, target=0.3))


def hold(shop: Shop) -> None:
    """Takes the account's slots for an hour, so that requests queue."""
    Pace.objects.filter(pk=shop.connection.pace_id).update(next_at=time.time() + AN_HOUR)


def round_of(measure: Callable[[], Load]) -> Load:
    """One round on a database that looks the same before every round."""
    marks = past.marks()
    measured = measure()
    past.forget_after(marks)
    database.tidy()
    return measured


def words(rounds: list[Load]) -> str:
    p99 = median([one.p99 for one in rounds])
    return f"{median([one.rate for one in rounds]):.0f}/s p99 {milliseconds(p99)}"
