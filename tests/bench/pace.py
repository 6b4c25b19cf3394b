"""(a) How much of the allowed two calls a second 8 worker processes use, and whether 20 accounts
run side by side.
"""

import time
from collections import Counter
from collections.abc import Sequence

from coupons.models import Verification
from coupons.services import batch_request
from stores.models import Pace
from tests.bench import machine, workers
from tests.bench.context import Bench
from tests.bench.gateway import Arrival, most_in_any_second
from tests.bench.processes import Broken, Running
from tests.bench.report import Figure
from tests.bench.shops import Shop, code_of, issue_codes, open_shop, ring_workers

ALLOWED = 2.0
JITTER = 0.05
REQUESTS_EACH = 2
ACCOUNTS = 20
HELD = 3600.0


def run(bench: Bench) -> None:
    one, many = open_shop(bench.sandbox), [open_shop(bench.sandbox) for _ in range(ACCOUNTS)]
    clusters = workers.start(bench.fleet)
    try:
        single = _one_account(bench, clusters, one)
        _many_accounts(bench, clusters, many, single)
    finally:
        bench.fleet.stop(*clusters)
    _one_address(bench, [open_shop(bench.sandbox) for _ in range(ACCOUNTS)])


def _one_account(bench: Bench, clusters: list[Running], shop: Shop) -> float:
    """Requests a second of one account."""
    count = bench.size(100, 20)
    # Two batches, because each rings four workers: all eight compete for the slots.
    arrivals, _ = _verify(bench, clusters, [shop, shop], count // 2)
    times = [arrival.at for arrival in arrivals]
    span = times[-1] - times[0]
    outcomes = Counter(arrival.outcome for arrival in arrivals)
    raw = f"{len(times)} requests in {span:.1f} s by 8 processes, {_in_words(outcomes)}"
    rate = (len(times) - 1) / span
    bench.report.add(Figure("pace: share of 2/s used", rate / ALLOWED, raw, target=0.88))
    bench.report.add(
        Figure(
            "pace: most arrivals in any second",
            most_in_any_second(times),
            f"jitter {JITTER * 1000:.0f} ms either way",
            target=2,
            at_least=False,
        )
    )
    return rate


def _many_accounts(bench: Bench, clusters: list[Running], shops: list[Shop], single: float) -> None:
    arrivals, limits = _verify(bench, clusters, shops, bench.size(20, 8))
    span = arrivals[-1].at - arrivals[0].at
    # n arrivals have n - 1 gaps, and every account has its own first arrival.
    rate = (len(arrivals) - len(shops)) / span
    by_account = Counter(arrival.account for arrival in arrivals)
    worst = max(
        most_in_any_second([one.at for one in arrivals if one.account == name])
        for name in by_account
    )
    ideal = len(shops) * single
    outcomes = Counter(arrival.outcome for arrival in arrivals)
    raw = (
        f"{rate:.1f} of {ideal:.1f} requests/s, {_in_words(outcomes)}, most in a second {worst}; "
        f"{limits}"
    )
    bench.report.add(Figure(f"pace: {len(shops)} accounts at once", rate / ideal, raw, target=0.85))


def _one_address(bench: Bench, shops: list[Shop]) -> None:
    """All accounts at a gateway that counts what comes from our address."""
    clusters = workers.start(bench.fleet, UMEMBER_PACE_SCOPE="address")
    bench.sandbox.control("umember/settings", {"rate_scope": "address"})
    try:
        arrivals, _ = _verify(bench, clusters, shops, bench.size(3, 1), lines=1)
    finally:
        bench.sandbox.control("umember/settings", {"rate_scope": "account"})
        bench.fleet.stop(*clusters)
    times = [arrival.at for arrival in arrivals]
    span = times[-1] - times[0]
    last = max(min(one.at for one in arrivals if one.account == shop.account) for shop in shops)
    outcomes = _in_words(Counter(arrival.outcome for arrival in arrivals))
    raw = (
        f"{len(times)} requests of {len(shops)} accounts in {span:.1f} s, {outcomes}; each "
        f"account had its first within {last - times[0]:.1f} s"
    )
    share = (len(times) - 1) / span / ALLOWED
    bench.report.add(Figure("pace: share of one address's 2/s", share, raw, target=0.88))
    most = most_in_any_second(times)
    name = "pace: most from one address in a second"
    bench.report.add(Figure(name, most, f"jitter {JITTER * 1000:.0f} ms", 2, at_least=False))


def _verify(
    bench: Bench,
    clusters: list[Running],
    shops: Sequence[Shop],
    each: int,
    *,
    lines: int = 0,
) -> tuple[list[Arrival], str]:
    """Verifies `each` codes per entry of `shops`; returns the arrivals and how busy the machine was
    meanwhile. `lines` is how many times the allowed requests go out, by default once per entry.
    """
    codes = [
        [code_of(shop, entry * each + number) for number in range(each)]
        for entry, shop in enumerate(shops)
    ]
    issue_codes(bench.sandbox, shops, codes)
    bench.sandbox.clear(jitter=JITTER)
    # All accounts start at the same moment, not one by one as their batches are written.
    paces = Pace.objects.filter(pk__in=[shop.connection.pace_id for shop in shops])
    paces.update(next_at=time.time() + HELD)
    for shop, own in zip(shops, codes, strict=True):
        batch_request(store=shop.store, raw_codes=own, actor=None)
    before = machine.usage()
    paces.update(next_at=0.0)
    # Workers have gone home meanwhile: the batches' bells again.
    ring_workers(workers.CLUSTERS * workers.WORKERS, task="stores.tasks.deliver")
    count = len(shops) * each
    _wait_until_settled(clusters, {shop.store.pk for shop in shops}, count, lines or len(shops))
    after = machine.usage()
    _check_each_verified_once(bench, {code for own in codes for code in own})
    used = machine.cores_used(before, after, *[one.process.pid for one in clusters])
    served = machine.cores_used(before, after, bench.sandbox.session)
    busy = machine.busy_share(before, after)
    limits = f"machine {busy:.0%} busy: workers {used:.2f} cores, sandbox {served:.2f}"
    return sorted(bench.sandbox.arrivals(), key=lambda arrival: arrival.at), limits


def _wait_until_settled(clusters: list[Running], stores: set[int], count: int, lines: int) -> None:
    rows = Verification.objects.filter(store_id__in=stores, status=Verification.Status.VERIFIED)
    # The slots need just over one second per verification of an account; three are patience enough.
    until = time.monotonic() + 30 + 3 * count * REQUESTS_EACH / ALLOWED / lines
    while (done := rows.count()) < count:
        if time.monotonic() > until:
            raise Broken(f"only {done} of {count} verifications are settled")
        for one in clusters:
            one.check()
        time.sleep(0.5)


def _check_each_verified_once(bench: Bench, codes: set[str]) -> None:
    wrong = [row for row in bench.sandbox.coupons() if row["code"] in codes and row["applied"] != 1]
    if wrong:
        raise Broken(f"{len(wrong)} codes were not consumed exactly once: {wrong[:3]}")


def _in_words(outcomes: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(outcomes.items()))
