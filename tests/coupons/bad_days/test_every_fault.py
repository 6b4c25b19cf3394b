"""Every fault at every step: no coupon is spent twice, and no verification is lost."""

import threading
from collections.abc import Callable

import pytest
from django.db import connections
from django.utils import timezone

from coupons.models import Verification
from stores.models import OutboundCall
from stores.platforms import outbox
from stores.sandbox import KINDS
from tests.coupons.bad_days.passing import (
    State,
    Status,
    settled_after_refused_login,
)
from tests.coupons.factories import Shop
from tests.coupons.flows import ask_for, call_of, coupon
from tests.processes import wait_until

# Every fault at every step


@pytest.mark.parametrize("step", ["login", "detail", "verify"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_fault_at_every_step_ends_well(shop: Shop, kind: str, step: str) -> None:
    code = shop.code()
    seconds, times = (1.3, 1) if kind.startswith("slow") else (0.0, 3)
    shop.sandbox.faults.add(operation=step, kind=kind, seconds=seconds, times=times)
    row = ask_for(shop, code)
    wait_until(lambda: settled_after_refused_login(row))
    wait_until(
        lambda: "pending" not in [arrival.outcome for arrival in shop.sandbox.arrivals.all()]
    )
    row.refresh_from_db()
    known = coupon(shop, code)
    assert (row.status, row.code, row.needs_person) == (Status.VERIFIED, "", False)
    assert known["applied"] == 1
    if step != "verify":
        assert (row.inferred, call_of(row).was_unknown, known["verifies"]) == (False, False, 1)


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"slow", "slow_after"}))
def test_a_fault_that_never_ends_ends_before_a_person_or_refused(shop: Shop, kind: str) -> None:
    code = shop.code()
    row = ask_for(shop, code)
    assert outbox.attempt_now(OutboundCall.objects.get(), patience=1.0)
    shop.sandbox.faults.add(kind=kind, times=None)
    outbox.work(seconds=1)
    OutboundCall.objects.update(expires_at=timezone.now())

    def ended() -> bool:
        OutboundCall.objects.filter(state=State.UNKNOWN).update(due_at=timezone.now())
        outbox.work(seconds=0.3)
        row.refresh_from_db()
        return row.status in Verification.FINAL or row.needs_person

    wait_until(ended)
    applied = coupon(shop, code)["applied"]
    assert applied <= 1
    assert not (applied and row.status == Status.REFUSED)
    assert not (row.status == Status.VERIFIED and not applied)
    assert call_of(row).state in (State.DEAD, State.DONE, State.REFUSED)


def test_hundreds_of_random_faults_lose_and_double_nothing(shop: Shop) -> None:
    for kind in sorted(set(KINDS) - {"slow", "slow_after"}):
        shop.sandbox.faults.add(kind=kind, times=4, probability=0.15)
    rows = [ask_for(shop, shop.code()) for _ in range(40)]
    workers: list[Callable[[], int]] = [lambda: outbox.work(seconds=15)] * 3

    def run(work: Callable[[], int]) -> None:
        work()
        connections.close_all()

    threads = [threading.Thread(target=run, args=(work,)) for work in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wait_until(lambda: settled_after_refused_login(*rows))
    assert Verification.objects.filter(status=Status.VERIFIED).count() == 40
    assert {coupon(shop, code)["applied"] for code in shop.codes} == {1}
