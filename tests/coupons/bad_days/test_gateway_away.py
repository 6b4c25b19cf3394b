"""A gateway that is away, throttles or forgets tokens, and clocks that differ."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import connections
from django.test import Client
from pytest_django.fixtures import Settings

from coupons.counter import scan_result_of
from coupons.models import Channel, Verification
from coupons.reasons import HELD_UP, Reason
from coupons.services import place_of, verification_process
from stores.models import Connection, OutboundAttempt, OutboundCall, Pace
from stores.platforms import outbox
from stores.roles import Role
from stores.tenancy import Access
from tests import children
from tests.api import api_of
from tests.coupons.bad_days.passing import Status, settled
from tests.coupons.factories import Shop
from tests.coupons.flows import arrived, ask_for, coupon, verify
from tests.coupons.guest.visiting import enter
from tests.killing import WORK, pass_time
from tests.processes import wait_until
from tests.stores.factories import member

# The gateway is away


@contextmanager
def gateway_down(shop: Shop) -> Iterator[None]:
    shop.sandbox.stop()
    try:
        yield
    finally:
        shop.sandbox.start()


def test_an_hour_without_gateway_and_two_hundred_waiting(
    paced_shop: Shop, settings: Settings
) -> None:
    settings.PACE_SECONDS = {"umember": 0.001}
    paced_shop.sandbox.platform("umember").configure(rate_limit=None)
    batch = [ask_for(paced_shop, paced_shop.code(), channel=Channel.BATCH) for _ in range(200)]
    guests = [ask_for(paced_shop, paced_shop.code(), channel=Channel.GUEST) for _ in range(5)]
    # The first tries, which follow each other quickly, have been made.
    Pace.objects.update(failures=4)
    with gateway_down(paced_shop):
        for _ in range(20):
            outbox.work(seconds=20)
            pass_time(timedelta(minutes=3))
        # One door, knocked at once whenever the sweeper comes, whoever waits behind it.
        assert 20 <= OutboundAttempt.objects.count() <= 25
        assert (
            not Verification.objects.filter(pk__in=[row.pk for row in batch])
            .exclude(status=Status.QUEUED)
            .exists()
        )
    assert arrived(paced_shop) == []
    pass_time(timedelta(minutes=2))
    wait_until(lambda: settled(*batch), seconds=90)
    assert Verification.objects.filter(status=Status.VERIFIED).count() == 200
    assert {coupon(paced_shop, code)["verifies"] for code in paced_shop.codes[:200]} == {1}
    for row in guests:
        row.refresh_from_db()
        assert (row.status, row.reason) == (Status.REFUSED, Reason.PLATFORM_DOWN)
    assert {coupon(paced_shop, code)["verifies"] for code in paced_shop.codes[200:]} == {0}


def test_a_gateway_that_goes_down_between_the_two_steps(shop: Shop) -> None:
    code = shop.code()
    row = ask_for(shop, code)
    assert outbox.attempt_now(OutboundCall.objects.get(), patience=1.0)
    with gateway_down(shop):
        outbox.work(seconds=1)
        row.refresh_from_db()
        assert row.status == Status.QUEUED
    pass_time(timedelta(minutes=2))
    wait_until(lambda: settled(row))
    assert coupon(shop, code)["verifies"] == 1


def test_who_waits_for_a_gateway_that_is_away_is_told_so(
    shop: Shop, client: Client, in_english: None
) -> None:
    """Guest, staff and systems: the coupon is not used, and nobody promises seconds."""
    key = api_of(shop.merchant)
    client.cookies["django_language"] = "en"
    client.force_login(member(shop.merchant, Role.OWNER))
    with gateway_down(shop):
        page = enter(client, shop, shop.code())
        first = key.post(f"stores/{shop.store.pk}/verifications/", {"code": shop.code()}).json()
        shown = key.get(f"verifications/{first['id']}/", **{"Accept-Language": "en"}).json()
        looked = key.post(
            f"stores/{shop.store.pk}/lookups/", {"code": shop.code()}, **{"Accept-Language": "en"}
        ).json()
        row = Verification.objects.get(pk=first["id"])
        scan = scan_result_of(row, place_of(row), Access(everything=True))
    assert str(HELD_UP.guest) in page.content.decode()
    assert "turn-seconds" not in page.content.decode()
    for body in (shown, looked):
        assert (body["status"], body["message"], body["queue"]["seconds"]) == (
            "queued",
            str(HELD_UP.staff),
            None,
        )
    assert (scan.state, scan.title, scan.next_step, scan.place) == (
        "waiting",
        HELD_UP.staff,
        HELD_UP.next_step,
        None,
    )


def test_a_place_in_line_has_seconds_again_when_the_gateway_is_back(paced_shop: Shop) -> None:
    with gateway_down(paced_shop):
        row = verify(paced_shop, paced_shop.code(), wait=0)
    held_up = place_of(row)
    assert held_up is not None
    assert held_up.is_held_up
    outbox.work(seconds=3)
    waiting = place_of(ask_for(paced_shop, paced_shop.code()))
    assert waiting is not None
    assert waiting.seconds == 1


# Throttles, tokens, clocks


@pytest.mark.parametrize("form", ["429", "403", "code", "html"])
def test_a_throttled_call_is_sent_later_and_once(shop: Shop, form: str) -> None:
    shop.sandbox.platform("umember").configure(rate_limit=2, rate_window=0.5, blocked_as=form)
    rows = [ask_for(shop, shop.code()) for _ in range(4)]
    wait_until(lambda: settled(*rows))
    for row in rows:
        row.refresh_from_db()
        assert row.status == Status.VERIFIED
    assert {coupon(shop, code)["verifies"] for code in shop.codes} == {1}
    assert "blocked" in {arrival.outcome for arrival in shop.sandbox.arrivals.all()}
    assert not OutboundAttempt.objects.filter(outcome="unknown").exists()


@pytest.mark.slow
@pytest.mark.parametrize("form", ["401", "code"])
def test_many_processes_with_an_expired_token_log_in_once(shop: Shop, form: str) -> None:
    verify(shop, shop.code())
    gateway = shop.sandbox.platform("umember")
    gateway.configure(auth_failure_as=form)
    gateway.expire_tokens()  # type: ignore[attr-defined]
    rows = [ask_for(shop, shop.code()) for _ in range(12)]
    children.outputs(WORK, WORK, WORK)
    wait_until(lambda: settled(*rows))
    assert len(arrived(shop, "login")) == 2
    assert {coupon(shop, code)["verifies"] for code in shop.codes} == {1}
    assert Connection.objects.get().token_serial == 2


CLOCK = """
    import time_machine
    travel = time_machine.travel(time.time() + float(os.environ["CLOCK_ERROR"]), tick=True)
    travel.start()
"""


@pytest.mark.slow
def test_workers_whose_clocks_are_apart_keep_the_pace_together(paced_shop: Shop) -> None:
    """At the real pace, against the real limit."""
    rows = [ask_for(paced_shop, paced_shop.code()) for _ in range(5)]
    code = CLOCK + WORK
    clocks = [code.replace('os.environ["CLOCK_ERROR"]', repr(error)) for error in ("0.4", "-0.4")]
    children.outputs(*clocks, UMEMBER_PACE_SECONDS="0.55", WORK_SECONDS="10")
    wait_until(lambda: settled(*rows))
    assert Verification.objects.filter(status=Status.VERIFIED).count() == 5
    assert {coupon(paced_shop, code)["verifies"] for code in paced_shop.codes} == {1}
    # A busy machine delays requests, so only the benchmark measures the whole second.
    assert paced_shop.sandbox.arrivals.most_in_any(0.9) <= 2


def test_a_guest_passes_a_backlog_within_two_slots(paced_shop: Shop) -> None:
    """At the real pace, at most one call that was already sent arrives before the guest's."""
    for _ in range(5):
        ask_for(paced_shop, paced_shop.code(), channel=Channel.BATCH)
    verify(paced_shop, paced_shop.code(), wait=5)
    done = threading.Event()

    def work() -> None:
        while not done.is_set():
            outbox.work(seconds=0.5)
        connections.close_all()

    worker = threading.Thread(target=work)
    worker.start()
    try:
        wait_until(lambda: len(arrived(paced_shop)) >= 5)
        before = len(paced_shop.sandbox.arrivals.all())
        code = paced_shop.code()
        row = verification_process(ask_for(paced_shop, code, channel=Channel.GUEST), wait=10)
    finally:
        done.set()
        worker.join()
    assert row.status == Status.VERIFIED
    tails = [arrival.code_tail for arrival in paced_shop.sandbox.arrivals.all()][before:]
    assert tails.index(code[-4:]) <= 2
