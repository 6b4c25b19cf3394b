"""(b) How many calls of a backlog reach the gateway between a guest's request and the guest's own
call.
"""

import random
import statistics
import time

from coupons.models import Channel, Lookup
from coupons.services import batch_request, lookup_process, lookup_request
from tests.bench import workers
from tests.bench.context import Bench
from tests.bench.gateway import Arrival
from tests.bench.processes import Broken
from tests.bench.report import Figure
from tests.bench.shops import Shop, code_of, issue_codes, open_shop

BACKLOG = 500
FIRST_GUEST = 9000
PATIENCE = 30.0


def run(bench: Bench) -> None:
    shop, guests = open_shop(bench.sandbox), bench.size(12, 4)
    backlog = [code_of(shop, number) for number in range(BACKLOG)]
    brought = [code_of(shop, FIRST_GUEST + number) for number in range(guests)]
    issue_codes(bench.sandbox, [shop], [backlog + brought])
    clusters = workers.start(bench.fleet)
    try:
        bench.sandbox.clear(jitter=0.05)
        for half in (backlog[::2], backlog[1::2]):
            batch_request(store=shop.store, raw_codes=half, actor=None)
        _wait_for_arrivals(bench, shop, 5)
        slots, seconds = zip(*[_ask_as_guest(bench, shop, code) for code in brought], strict=True)
    finally:
        bench.fleet.stop(*clusters)
    raw = (
        f"slots taken by others: median {statistics.median(slots):g}, max {max(slots)}; request to "
        "arrival: "
        f"median {statistics.median(seconds):.2f} s, max {max(seconds):.2f} s; {guests} guests, "
        f"{BACKLOG} calls waiting"
    )
    bench.report.add(
        Figure("queue: slots before a guest's call", max(slots), raw, target=2, at_least=False)
    )


def _ask_as_guest(bench: Bench, shop: Shop, code: str) -> tuple[int, float]:
    """Looks a code up as the guest page does; returns the other calls that arrived first, and the
    seconds.
    """
    # A guest comes at any moment of the slot, not right after the last one's answer.
    time.sleep(random.uniform(0.6, 1.7))
    asked = time.monotonic()
    lookup = lookup_request(
        store=shop.store, code=code, channel=Channel.GUEST, flow=f"bench:{code}"
    )
    lookup = lookup_process(lookup)
    own = _wait_for_own(bench, shop, code)
    _wait_for_answer(lookup)
    between = [one for one in bench.sandbox.arrivals(shop.account) if asked < one.at < own.at]
    return len(between), own.at - asked


def _wait_for_own(bench: Bench, shop: Shop, code: str) -> Arrival:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        for one in bench.sandbox.arrivals(shop.account):
            if one.code_tail == code[-4:]:
                return one
        time.sleep(0.05)
    raise Broken("a guest's call never reached the gateway")


def _wait_for_answer(lookup: Lookup) -> None:
    until = time.monotonic() + PATIENCE
    while lookup.status == Lookup.Status.QUEUED:
        if time.monotonic() > until:
            raise Broken("a guest's look-up was never answered")
        time.sleep(0.05)
        lookup.refresh_from_db()
    if not lookup.is_unused:
        raise Broken(f"a guest's look-up ended as {lookup.status} {lookup.reason}")


def _wait_for_arrivals(bench: Bench, shop: Shop, count: int) -> None:
    until = time.monotonic() + PATIENCE
    while len(bench.sandbox.arrivals(shop.account)) < count:
        if time.monotonic() > until:
            raise Broken("the workers do not work the backlog off")
        time.sleep(0.1)
