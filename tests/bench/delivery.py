"""(i) What WeChat gets, and what it costs to ask couriers, to go on by oneself, to read a bill and
to look where the goods are.
"""

import http.client
import json
import re
import time
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

from django.contrib.staticfiles import finders
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from delivery.choices import WaybillState
from delivery.models import Attempt, Bill, Delivery, Quote
from delivery.services.escalating import Do, Step
from delivery.services.going_on import attempts_without_rider, step_take
from delivery.services.orders import account_of, order_of
from delivery.services.wechat import Wechat
from stores.models import OutboundCall
from tests.bench import database, load, past, pushes, shops, web, wechat
from tests.bench.client import caller_of
from tests.bench.context import Bench
from tests.bench.processes import Broken
from tests.bench.report import Figure, median, milliseconds, percentile
from tests.bench.sides import owner_of
from tests.bench.web import Web
from tests.delivery.factories import AttemptFactory, DeliveryFactory
from tests.delivery.money.files import HEADINGS, as_csv, as_xlsx, line
from tests.delivery.money.test_pages import CHOSEN
from tests.delivery.tracking.seeing import riding
from tests.stores.factories import api_key

# Seconds after which each of five couriers answers.
ANSWERS = (0.1, 0.2, 0.3, 0.4, 0.5)
LINES, LINES_QUICK = 10_000, 2_000
# As Django's own, so that a form may be sent.
CSRF = "b" * 32


def run(bench: Bench) -> None:
    shop = wechat.open_shop(bench.sandbox)
    caller = caller_of(shops.open_shop(bench.sandbox))
    ours, bare = web.start(bench.fleet, "web"), web.start_bare(bench.fleet, caller.digest)
    try:
        caller.warm_up(ours)
        kinds = [
            pushes.Kind(
                "pushes in secure mode", partial(shop.push, mode="secure"), b'"Encrypt"', target=0.4
            ),
            pushes.Kind("plain pushes", partial(shop.push, mode="plain"), b'"resultcode":0'),
        ]
        pushes.against_bare(bench, ours, bare, caller, kinds, platform="delivery")
        bench.fleet.stop(bare.running)
        _quotes(bench, shop, ours)
        _steps(bench, shop)
        _bills(bench, shop, ours)
        _tracking(bench, shop, ours)
    finally:
        bench.fleet.stop(
            *(one for one in (ours.running, bare.running) if one in bench.fleet.running)
        )


# Prices


def _quotes(bench: Bench, shop: wechat.Shop, ours: Web) -> None:
    """A request of the API for five prices against one courier's answer, each over the network."""
    delivery: Delivery = DeliveryFactory(store=shop.store)
    headers = {"Authorization": f"Bearer {api_key(shop.store.merchant)[1]}"}
    path = f"/api/v1/deliveries/{delivery.pk}/quotes/"
    request = load.http("POST", path, headers=headers)
    slowest = _one_courier(shop, delivery)
    five, alone = [], []
    for number in range(bench.size(15, 5) + 1):
        _slow(bench, *ANSWERS)
        answered = load.drive(ours.address, lambda _: request, count=1, connections=1).expect(200)
        _slow(bench, max(ANSWERS))
        began = time.perf_counter()
        slowest()
        # The first round fetches the token.
        if number:
            five += answered.latencies
            alone.append(time.perf_counter() - began)
    bench.sandbox.clear()
    if Quote.objects.filter(delivery=delivery).exclude(is_silent=False).exists():
        raise Broken("a courier did not answer")
    ratio = median([one / other for one, other in zip(five, alone, strict=True)])
    raw = (
        f"{milliseconds(median(five))} for {len(ANSWERS)} couriers that answer after "
        f"{min(ANSWERS)} to {max(ANSWERS)} s, {milliseconds(median(alone))} for the slowest alone"
    )
    name = "delivery: five quotes ÷ the slowest courier"
    bench.report.add(Figure(name, ratio, raw, 1.3, at_least=False))


def _one_courier(shop: wechat.Shop, delivery: Delivery) -> Callable[[], Any]:
    courier = shop.couriers[0]
    account, order = account_of(courier), order_of(delivery, courier)
    caller = Wechat(shop.connection)

    def ask() -> Any:
        shop.connection.refresh_from_db()
        return caller.call(lambda client, token: client.quote(token, account, "ZG0-one", order))

    return ask


def _slow(bench: Bench, *seconds: float) -> None:
    """Has the next questions for prices answered after so long each."""
    bench.sandbox.control("faults", method="DELETE")
    for each in seconds:
        fault = {"kind": "slow", "platform": "wechat", "operation": "order/pre_add"}
        bench.sandbox.control("faults", {**fault, "seconds": each})


# Steps of a ladder


def _steps(bench: Bench, shop: wechat.Shop) -> None:
    """From "a step is due" to the call that a worker will send."""
    flash = next(each for each in shop.couriers if each.account.delivery_id == "SS")
    step = Step(timedelta(minutes=2), Do.TIP, most=Decimal(5))
    shop.place.ladder = [step.as_json()]
    shop.place.save()
    count = bench.size(200, 40)
    for _ in range(count + 1):
        AttemptFactory(
            delivery=DeliveryFactory(store=shop.store, state=Delivery.State.RUNNING),
            courier=flash,
            waybill_state=WaybillState.WAITING,
            called_at=timezone.now() - timedelta(minutes=3),
        )
    database.tidy()
    began = time.perf_counter()
    waiting = list(attempts_without_rider())
    looked = time.perf_counter() - began
    with CaptureQueriesContext(connection) as asked:
        step_take(waiting[0])
    processor = time.process_time()
    times = [_seconds(partial(step_take, attempt)) for attempt in waiting[1:]]
    processor = (time.process_time() - processor) / count
    owed = OutboundCall.objects.filter(operation="rider.tip").count()
    if owed != count + 1:
        raise Broken(f"{owed} of {count + 1} steps were enqueued")
    raw = (
        f"p50 {milliseconds(median(times))}, {milliseconds(processor)} of our processor time, "
        f"{len(asked)} statements; {count} steps, the look for them {milliseconds(looked)}"
    )
    p95 = 1000 * percentile(times, 0.95)
    bench.report.add(Figure("delivery: a ladder's step, p95 in ms", p95, raw, 50, at_least=False))


def _seconds(act: Callable[[], Any]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


# A courier's bill


def _bills(bench: Bench, shop: wechat.Shop, ours: Web) -> None:
    """What a person waits for: the upload, and the comparison after the columns were chosen."""
    count = bench.size(LINES, LINES_QUICK)
    _ride_often(shop, count)
    owner = owner_of(shop.store.merchant)
    files = {"CSV": as_csv, "XLSX": as_xlsx}
    for kind, write in files.items():
        content = write(HEADINGS, *_lines(count))
        upload = f"/wechat/bills/upload/{shop.couriers[0].pk}/?name=bench"
        began = time.perf_counter()
        page = json.loads(_post(ours, upload, owner, content, "application/octet-stream"))["url"]
        uploaded = time.perf_counter() - began
        form = "&".join(f"{name}={value}" for name, value in CHOSEN.items()).encode()
        _post(ours, page, owner, form, "application/x-www-form-urlencoded")
        seconds = time.perf_counter() - began
        bill = Bill.objects.latest("pk")
        if (bill.lines, bill.findings) != (count, count // 50):
            raise Broken(f"{bill.lines} lines with {bill.findings} findings of {count}")
        bill.delete()
        raw = f"{len(content) / 1e6:.1f} MB, {uploaded:.1f} s of it for the upload"
        name = f"delivery: seconds for {count:,} lines, {kind}"
        bench.report.add(Figure(name, seconds, raw, 10, at_least=False))


def _ride_often(shop: wechat.Shop, count: int) -> None:
    """Deliveries of one courier in one month, which the bill is about."""
    attempt = AttemptFactory(
        delivery=DeliveryFactory(store=shop.store, state=Delivery.State.DELIVERED),
        courier=shop.couriers[0],
        state=Attempt.State.DELIVERED,
        fee=Decimal("12.00"),
    )
    copies = partial(past.copy_rows, first=1, last=count)
    then = {
        "postgresql": "timestamptz '2026-11-01 08:00+08' + n.i * interval '200 seconds'",
        "sqlite": "strftime('%Y-%m-%d %H:%M:%f', '2026-11-01', n.i * 200 || ' seconds')",
    }[connection.vendor]
    copies(Delivery, attempt.delivery_id, slug="'bill' || n.i", created_at=then, ended_at=then)
    copies(
        Attempt,
        attempt.pk,
        delivery_id=f"{past.FIRST} + n.i",
        shop_order_id="'ZG' || n.i || '-bill'",
        called_at=then,
        ended_at=then,
    )
    attempt.delivery.delete()
    database.tidy()


def _lines(count: int) -> list[list[object]]:
    """Lines as they were agreed, but each fiftieth."""
    return [
        line(f"ZG{number}-bill", fee="13.50" if number % 50 == 0 else "12.00")
        for number in range(1, count + 1)
    ]


def _post(ours: Web, path: str, owner: dict[str, str], body: bytes, kind: str) -> bytes:
    headers = {
        "Cookie": f"{owner['Cookie']}; csrftoken={CSRF}",
        "X-CSRFToken": CSRF,
        "Content-Type": kind,
    }
    line = http.client.HTTPConnection(*ours.address, timeout=120)
    line.request("POST", path, body=body, headers=headers)
    answer = line.getresponse()
    content = answer.read()
    line.close()
    if answer.status not in (200, 302):
        raise Broken(f"HTTP {answer.status} for {path}: {content[:600]!r}")
    return content


# The receiver's page


def _tracking(bench: Bench, shop: wechat.Shop, ours: Web) -> None:
    """With all that it loads, uncompressed."""
    with transaction.atomic():
        attempt = riding(delivery=DeliveryFactory(store=shop.store), courier=shop.couriers[0])
    request = load.http("GET", f"/d/{attempt.delivery.slug}/")
    answered = load.drive(
        ours.address, lambda _: request, count=bench.size(200, 40), connections=1
    ).expect(200)
    page = answered.last.partition(b"\r\n\r\n")[2]
    names = set(re.findall(rb'(?:href|src)="/static/([^"?]+)', page))
    files = [Path(str(finders.find(name.decode()))) for name in names]
    size = (len(page) + sum(file.stat().st_size for file in files)) / 1000
    raw = (
        f"{len(files)} files beside {len(page) / 1000:.1f} kB; p50 "
        f"{milliseconds(median(answered.latencies[10:]))} p95 "
        f"{milliseconds(percentile(answered.latencies[10:], 0.95))}"
    )
    bench.report.add(Figure("delivery: tracking page in kB", size, raw, 60, at_least=False))
