"""Slots on the database's clock, shared by threads and processes."""

import threading
import time
from datetime import timedelta
from itertools import pairwise

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from stores.models import Pace
from stores.platforms import pace
from stores.platforms.errors import NoSlot
from tests import children

GAP = 0.2
committed = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _gap(settings: Settings) -> None:
    settings.PACE_SECONDS = {"umember": GAP}


@pytest.fixture
def account(db: None) -> Pace:
    return Pace.objects.create(platform="umember", account="a@example.com")


def slots(account: Pace, count: int, patience: float = 5.0) -> list[pace.Slot]:
    found = [pace.reserve(account, patience=patience) for _ in range(count)]
    return [slot for slot in found if slot]


def test_slots_are_evenly_spaced(account: Pace) -> None:
    made = slots(account, 4)
    gaps = [round(after.next_at - before.next_at, 3) for before, after in pairwise(made)]
    assert gaps == [GAP] * 3


def test_a_slot_beyond_the_patience_is_not_reserved(account: Pace) -> None:
    slots(account, 2)
    before = Pace.objects.get().next_at
    assert pace.reserve(account, patience=0.0) is None
    assert Pace.objects.get().next_at == before


def test_the_last_slot_can_be_given_back(account: Pace) -> None:
    [first, second] = slots(account, 2)
    pace.release(second, "umember")
    assert Pace.objects.get().next_at == pytest.approx(first.next_at)


def test_a_slot_with_others_behind_it_is_not_given_back(account: Pace) -> None:
    [first, second] = slots(account, 2)
    pace.release(first, "umember")
    assert Pace.objects.get().next_at == second.next_at


def test_a_throttle_moves_the_slot_for_everybody(account: Pace) -> None:
    pace.postpone(account.pk, 30.0)
    assert pace.reserve(account, patience=5.0) is None
    assert 29 < pace.seconds_until_free(account.pk, "umember") <= 30
    pace.postpone(account.pk, 3.0)
    assert pace.seconds_until_free(account.pk, "umember") > 25


def test_failures_are_counted(account: Pace) -> None:
    pace.postpone(account.pk, 0.0, failed=True)
    pace.postpone(account.pk, 0.0, failed=True)
    assert Pace.objects.get().failures == 2


def test_a_missed_slot_is_not_used(account: Pace) -> None:
    [slot] = slots(account, 1)
    others = slots(account, 2)
    time.sleep(0.1)
    pace.wait_for_turn(account, slot)
    assert time.monotonic() >= others[-1].at + GAP - 0.01


def test_a_missed_slot_with_nobody_behind_costs_no_time(account: Pace) -> None:
    [slot] = slots(account, 1)
    time.sleep(0.1)
    pace.wait_for_turn(account, slot)
    assert Pace.objects.get().next_at < slot.next_at + GAP


def test_whoever_never_gets_a_turn_is_told(account: Pace) -> None:
    pace.postpone(account.pk, 60.0)
    with pytest.raises(NoSlot):
        pace.wait_for_turn(account)
    with pytest.raises(NoSlot):
        pace.take(account, patience=0.0)


def test_background_work_takes_only_near_slots(account: Pace) -> None:
    slots(account, 3)
    started = time.monotonic()
    pace.take(account, patience=5.0)
    assert time.monotonic() - started > 2 * GAP


def test_an_unpaced_platform_never_waits(account: Pace, settings: Settings) -> None:
    settings.PACE_SECONDS = {"umember": 0.0, "trip": 0.0}
    slot = pace.reserve(account, patience=0.0)
    time.sleep(0.1)
    pace.wait_for_turn(account, slot)
    assert pace.seconds_until_free(account.pk, "umember") == 0.0


def test_accounts_do_not_wait_for_each_other(account: Pace) -> None:
    other = Pace.objects.create(platform="umember", account="b@example.com")
    slots(account, 5)
    slot = pace.reserve(other, patience=0.0)
    assert slot is not None


@committed
def test_threads_never_share_a_slot(account: Pace) -> None:
    made: list[pace.Slot] = []

    def reserve() -> None:
        from django.db import connection

        made.extend(slots(account, 3, patience=60.0))
        connection.close()

    threads = [threading.Thread(target=reserve) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ends = sorted(slot.next_at for slot in made)
    assert len(ends) == 18
    assert min(after - before for before, after in pairwise(ends)) > GAP - 0.005


SEND_FOUR = """
    from stores.models import Pace
    from stores.platforms import pace
    real = time.time
    time.time = lambda: real() + float(os.environ["CLOCK_ERROR"])
    account = Pace.objects.get()
    for _ in range(4):
        pace.wait_for_turn(account)
        print(time.monotonic(), flush=True)
"""


@pytest.mark.slow
@committed
def test_processes_with_clocks_apart_never_send_three_in_a_second(account: Pace) -> None:
    """time.monotonic() is one clock for all processes of a machine, so it can be the judge."""
    codes = [
        SEND_FOUR.replace('os.environ["CLOCK_ERROR"]', repr(error))
        for error in ("0.0", "0.4", "-0.4")
    ]
    said = children.outputs(*codes, UMEMBER_PACE_SECONDS="0.55")
    times = sorted(float(line) for output in said for line in output.split())
    assert len(times) == 12
    assert min(third - first for first, third in zip(times, times[2:], strict=False)) > 1.0


@pytest.fixture
def others(account: Pace, settings: Settings) -> list[Pace]:
    """Three accounts that call from one address, whose limit counts them all."""
    settings.PACE_SCOPE = {"umember": "address"}
    names = ("b@example.com", "c@example.com")
    return [account, *(Pace.objects.create(platform="umember", account=name) for name in names)]


def test_accounts_of_one_address_share_its_slots(others: list[Pace]) -> None:
    made = [slots(account, 1)[0].next_at for account in others * 2]
    assert [round(after - before, 3) for before, after in pairwise(made)] == [GAP] * 5


def test_whoever_was_served_longest_ago_comes_first(others: list[Pace]) -> None:
    first, second, third = others
    for account in (second, first, third):
        slots(account, 1)
    served = Pace.objects.exclude(account=pace.ADDRESS).order_by("next_at")
    assert list(served) == [second, first, third]


def test_an_account_that_rests_takes_no_slot_of_the_others(others: list[Pace]) -> None:
    pace.postpone(others[0].pk, 30.0, failed=True)
    assert pace.reserve(others[0], patience=5.0) is None
    assert pace.reserve(others[1], patience=0.0)
    assert pace.seconds_until_free(others[0].pk, "umember") > 29
    assert pace.seconds_until_free(others[2].pk, "umember") <= GAP


def test_a_throttle_of_one_account_rests_the_whole_address(others: list[Pace]) -> None:
    pace.throttled(others[0], 30.0)
    assert [pace.reserve(account, patience=5.0) for account in others] == [None] * 3


def test_a_throttle_of_one_account_rests_no_other_where_each_is_counted(account: Pace) -> None:
    other = Pace.objects.create(platform="umember", account="b@example.com")
    pace.throttled(account, 30.0)
    assert pace.reserve(account, patience=5.0) is None
    assert pace.reserve(other, patience=0.0)


def test_slots_of_an_address_are_given_back_and_put_off_like_others(others: list[Pace]) -> None:
    [slot] = slots(others[0], 1)
    pace.release(slot, "umember")
    [again] = slots(others[1], 1)
    assert again.next_at == pytest.approx(slot.next_at, abs=0.1)
    time.sleep(0.1)
    pace.wait_for_turn(others[1], again)


def test_several_accounts_throttled_together_are_noticed(account: Pace, settings: Settings) -> None:
    other = Pace.objects.create(platform="umember", account="b@example.com")
    elsewhere = Pace.objects.create(platform="trip", account="1")
    pace.throttled(account, 1.0)
    pace.throttled(elsewhere, 1.0)
    assert pace.accounts_throttled_together() == set()
    pace.throttled(other, 1.0)
    assert pace.accounts_throttled_together() == {"umember"}
    settings.PACE_SCOPE = {"umember": "address"}
    assert pace.accounts_throttled_together() == set()
    settings.PACE_SCOPE = {}
    Pace.objects.filter(pk=other.pk).update(throttled_at=timezone.now() - timedelta(minutes=5))
    assert pace.accounts_throttled_together() == set()
