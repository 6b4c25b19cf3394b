"""Whatever dies, hangs or lies in between: no coupon is spent twice, and no verification is lost."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection as database
from django.db import connections
from django.db.models import F
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from coupons.models import Channel, Lookup, Verification
from coupons.reasons import Reason
from coupons.services import verification_pursue
from stores.models import Connection, OutboundAttempt, OutboundCall, Pace
from stores.platforms import outbox
from stores.platforms.sandbox import KINDS
from stores.platforms.tokens import TRY_REFUSED_EVERY
from tests import children, factories
from tests.coupons.flows import arrived, ask_for, call_of, coupon, verify
from tests.factories import Shop
from tests.processes import wait_until

Status = Verification.Status
State = OutboundCall.State

WORK = """
    from stores.platforms import outbox
    outbox.work(seconds=float(os.environ.get("WORK_SECONDS", "6")))
"""


def settled(*rows: Verification) -> bool:
    """Works a little; whether all rows are final then."""
    outbox.work(seconds=0.5)
    return not Verification.objects.filter(pk__in=[row.pk for row in rows], status__in=Verification.LIVE).exists()


def settled_in_the_end(*rows: Verification) -> bool:
    """The same; a login that was refused is tried again as if the time for that had come."""
    if Connection.objects.filter(state=Connection.State.REFUSED).exists():
        Connection.objects.update(checked_at=timezone.now() - TRY_REFUSED_EVERY)
        pass_time(TRY_REFUSED_EVERY)
    return settled(*rows)


def end_leases() -> None:
    """As if the time of every lease had passed."""
    OutboundCall.objects.exclude(lease_until=None).update(lease_until=timezone.now() - timedelta(seconds=1))


def pass_time(span: timedelta) -> None:
    """As if everything had been written that much earlier."""
    OutboundCall.objects.update(due_at=F("due_at") - span, expires_at=F("expires_at") - span)
    Pace.objects.update(next_at=F("next_at") - span.total_seconds())


# The same code at once


PURSUE = """
    from coupons.models import Channel
    from coupons.services import verification_pursue, verification_request
    from stores.models import Store
    ready, go = os.environ["READY"], os.environ["GO"]
    open(f"{ready}.{os.getpid()}", "w").close()
    while not os.path.exists(go):
        time.sleep(0.005)
    asked = verification_request(
        store=Store.objects.get(), code=os.environ["CODE"], channel=Channel.API, flow=str(os.getpid())
    )
    row = verification_pursue(asked.verification, wait=20)
    print(row.pk, row.status, row.reason)
"""


@pytest.mark.slow
def test_the_same_code_from_ten_threads_and_two_processes_reaches_the_gateway_once(quick: Shop, tmp_path: Path) -> None:
    code, go, said = quick.code(), tmp_path / "go", list[str]()

    def pursue(n: int) -> None:
        wait_until(go.exists)
        row = verification_pursue(ask_for(quick, code, flow=f"thread {n}"), wait=20)
        said.append(f"{row.pk} {row.status} {row.reason}")
        connections.close_all()

    threads = [threading.Thread(target=pursue, args=(n,)) for n in range(10)]
    with children.running(PURSUE, PURSUE, CODE=code, GO=str(go), READY=str(tmp_path / "ready")) as processes:
        for thread in threads:
            thread.start()
        wait_until(lambda: len(list(tmp_path.glob("ready.*"))) == 2)
        go.touch()
        for thread in threads:
            thread.join()
        said += [process.communicate(timeout=60)[0].strip() for process in processes]
    assert coupon(quick, code)["verifies"] == 1
    [row] = Verification.objects.filter(status=Status.VERIFIED)
    assert len(said) == 12
    # Whoever came after the end is told that the code is used, and by which verification.
    late = Verification.objects.filter(duplicate_of=row)
    assert set(late.values_list("status", "reason")) <= {(Status.REFUSED, Reason.ALREADY_USED)}
    coherent = {f"{row.pk} verified "} | {f"{other.pk} refused already_used" for other in late}
    assert {answer + " " * answer.endswith("verified") for answer in said} <= coherent


# Killed


KILL = "os.kill(os.getpid(), signal.SIGKILL)"
KILL_AT = {
    "between claim and call": f"""
    delivering = import_module("stores.platforms.outbox.deliver")
    real = delivering._try
    def fatal(call, *args):
        if call.operation == STEP: {KILL}
        return real(call, *args)
    delivering._try = fatal
    """,
    "after the answer and before it is written": f"""
    delivering = import_module("stores.platforms.outbox.deliver")
    real = delivering._settle
    def fatal(call, *args):
        if call.operation == STEP: {KILL}
        return real(call, *args)
    delivering._settle = fatal
    """,
    "after the answer and before the commit": f"""
    from stores.platforms.outbox import operations
    operation = operations["umember", STEP]
    real = operation.done
    def fatal(*args, **kwargs):
        real(*args, **kwargs)
        {KILL}
    operation.done = fatal
    """,
}


@pytest.mark.slow
@pytest.mark.parametrize("step", ["coupon.detail", "coupon.verify"])
@pytest.mark.parametrize("moment", KILL_AT)
def test_a_worker_killed_at_any_moment_loses_nothing_and_spends_nothing_twice(
    quick: Shop, moment: str, step: str
) -> None:
    code = quick.code()
    row = ask_for(quick, code)
    children.killed(f"    from importlib import import_module\n    STEP = {step!r}\n{KILL_AT[moment]}\n{WORK}")
    assert OutboundCall.objects.get(operation=step).state == State.SENDING
    assert OutboundAttempt.objects.filter(call__operation=step, outcome="started").count() == 1
    end_leases()
    wait_until(lambda: settled(row))
    row.refresh_from_db()
    assert (row.status, row.code) == (Status.VERIFIED, "")
    assert (coupon(quick, code)["applied"], coupon(quick, code)["verifies"]) == (1, 1)
    assert row.inferred is (step == "coupon.verify" and moment != "between claim and call")


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["slow", "slow_after"])
@pytest.mark.parametrize("step", ["detail", "verify"])
def test_a_worker_killed_during_the_call_loses_nothing_and_spends_nothing_twice(
    quick: Shop, kind: str, step: str
) -> None:
    code = quick.code()
    row = ask_for(quick, code)
    quick.sandbox.faults.add(operation=step, kind=kind, seconds=0.5, times=1)
    with children.running(WORK) as [worker]:
        wait_until(lambda: arrived(quick, step))
        worker.kill()
        worker.wait()
    end_leases()
    wait_until(lambda: settled(row))
    wait_until(lambda: "pending" not in [arrival.outcome for arrival in quick.sandbox.arrivals.all()])
    row.refresh_from_db()
    assert row.status == Status.VERIFIED
    assert coupon(quick, code)["applied"] == 1


@pytest.mark.slow
def test_the_lease_of_a_killed_worker_really_ends(quick: Shop) -> None:
    code = quick.code()
    row = ask_for(quick, code)
    short = """
    from datetime import timedelta
    from importlib import import_module
    settings.LEASE, settings.REQUEST_SECONDS = timedelta(seconds=6), 1.0
    STEP = "coupon.verify"
    """
    children.killed(short + KILL_AT["after the answer and before it is written"] + WORK)
    assert outbox.sweep() == 0
    wait_until(lambda: settled(row))
    row.refresh_from_db()
    assert (row.status, row.inferred, coupon(quick, code)["verifies"]) == (Status.VERIFIED, True, 1)


@pytest.mark.slow
def test_a_worker_frozen_past_its_lease_changes_nothing_when_it_thaws(quick: Shop) -> None:
    import os
    import signal

    code = quick.code()
    row = ask_for(quick, code)
    quick.sandbox.faults.add(operation="verify", kind="slow_after", seconds=0.5, times=1)
    with children.running(WORK, WORK_SECONDS="3") as [worker]:
        wait_until(lambda: arrived(quick, "verify"))
        os.kill(worker.pid, signal.SIGSTOP)
        end_leases()
        wait_until(lambda: settled(row))
        os.kill(worker.pid, signal.SIGCONT)
        assert worker.wait(timeout=60) == 0
    row.refresh_from_db()
    assert (row.status, row.inferred, call_of(row).state) == (Status.VERIFIED, True, State.DONE)
    assert coupon(quick, code)["verifies"] == 1
    outcomes = OutboundAttempt.objects.filter(call=call_of(row)).order_by("id").values_list("kind", "outcome")
    assert list(outcomes) == [("send", "answered"), ("ask", "answered")]


# The gateway is away


@contextmanager
def gateway_down(shop: Shop) -> Iterator[None]:
    shop.sandbox.stop()
    try:
        yield
    finally:
        shop.sandbox.start()


def test_an_hour_without_gateway_and_two_hundred_waiting(shop: Shop, settings: Settings) -> None:
    settings.PACE_SECONDS = {"umember": 0.001}
    shop.sandbox.platform("umember").configure(rate_limit=None)  # type: ignore[attr-defined]
    batch = [ask_for(shop, shop.code(), channel=Channel.BATCH) for _ in range(200)]
    guests = [ask_for(shop, shop.code(), channel=Channel.GUEST) for _ in range(5)]
    # The first tries, which follow each other quickly, have been made.
    Pace.objects.update(failures=4)
    with gateway_down(shop):
        for _ in range(20):
            outbox.work(seconds=20)
            pass_time(timedelta(minutes=3))
        # One door, knocked at once whenever the sweeper comes, whoever waits behind it.
        assert 20 <= OutboundAttempt.objects.count() <= 25
        assert not Verification.objects.filter(pk__in=[row.pk for row in batch]).exclude(status=Status.QUEUED).exists()
    assert arrived(shop) == []
    pass_time(timedelta(minutes=2))
    wait_until(lambda: settled(*batch), seconds=90)
    assert Verification.objects.filter(status=Status.VERIFIED).count() == 200
    assert {coupon(shop, code)["verifies"] for code in shop.codes[:200]} == {1}
    for row in guests:
        row.refresh_from_db()
        assert (row.status, row.reason) == (Status.REFUSED, Reason.PLATFORM_DOWN)
    assert {coupon(shop, code)["verifies"] for code in shop.codes[200:]} == {0}


def test_a_gateway_that_goes_down_between_the_two_steps(quick: Shop) -> None:
    code = quick.code()
    row = ask_for(quick, code)
    assert outbox.attempt_now(OutboundCall.objects.get(), patience=1.0)
    with gateway_down(quick):
        outbox.work(seconds=1)
        row.refresh_from_db()
        assert row.status == Status.QUEUED
    pass_time(timedelta(minutes=2))
    wait_until(lambda: settled(row))
    assert coupon(quick, code)["verifies"] == 1


# Throttles, tokens, clocks


@pytest.mark.parametrize("form", ["429", "403", "code", "html"])
def test_a_throttled_call_is_sent_later_and_once(quick: Shop, form: str) -> None:
    quick.sandbox.platform("umember").configure(rate_limit=2, rate_window=0.2, blocked_as=form)  # type: ignore[attr-defined]
    rows = [ask_for(quick, quick.code()) for _ in range(4)]
    wait_until(lambda: settled(*rows))
    for row in rows:
        row.refresh_from_db()
        assert row.status == Status.VERIFIED
    assert {coupon(quick, code)["verifies"] for code in quick.codes} == {1}
    assert "blocked" in {arrival.outcome for arrival in quick.sandbox.arrivals.all()}
    assert not OutboundAttempt.objects.filter(outcome="unknown").exists()


@pytest.mark.slow
@pytest.mark.parametrize("form", ["401", "code"])
def test_many_processes_with_an_expired_token_log_in_once(quick: Shop, form: str) -> None:
    verify(quick, quick.code())
    gateway = quick.sandbox.platform("umember")
    gateway.configure(auth_failure_as=form)  # type: ignore[attr-defined]
    gateway.expire_tokens()  # type: ignore[attr-defined]
    rows = [ask_for(quick, quick.code()) for _ in range(12)]
    children.outputs(WORK, WORK, WORK)
    wait_until(lambda: settled(*rows))
    assert len(arrived(quick, "login")) == 2
    assert {coupon(quick, code)["verifies"] for code in quick.codes} == {1}
    assert Connection.objects.get().token_serial == 2


CLOCK = """
    import time_machine
    travel = time_machine.travel(time.time() + float(os.environ["CLOCK_ERROR"]), tick=True)
    travel.start()
"""


@pytest.mark.slow
def test_workers_whose_clocks_are_apart_keep_the_pace_together(shop: Shop) -> None:
    """At the real pace, against the real limit."""
    rows = [ask_for(shop, shop.code()) for _ in range(5)]
    code = CLOCK + WORK
    clocks = [code.replace('os.environ["CLOCK_ERROR"]', repr(error)) for error in ("0.4", "-0.4")]
    children.outputs(*clocks, UMEMBER_PACE_SECONDS="0.55", WORK_SECONDS="10")
    wait_until(lambda: settled(*rows))
    assert Verification.objects.filter(status=Status.VERIFIED).count() == 5
    assert {coupon(shop, code)["verifies"] for code in shop.codes} == {1}
    assert shop.sandbox.arrivals.most_in_any(1.0) <= 2


def test_a_guest_passes_a_backlog_within_two_slots(shop: Shop) -> None:
    """At the real pace: what arrives after the guest's request is at most one call that was already on its way."""
    for _ in range(5):
        ask_for(shop, shop.code(), channel=Channel.BATCH)
    verify(shop, shop.code(), wait=5)
    done = threading.Event()

    def work() -> None:
        while not done.is_set():
            outbox.work(seconds=0.5)
        connections.close_all()

    worker = threading.Thread(target=work)
    worker.start()
    try:
        wait_until(lambda: len(arrived(shop)) >= 5)
        before = len(shop.sandbox.arrivals.all())
        code = shop.code()
        row = verification_pursue(ask_for(shop, code, channel=Channel.GUEST), wait=10)
    finally:
        done.set()
        worker.join()
    assert row.status == Status.VERIFIED
    tails = [arrival.code_tail for arrival in shop.sandbox.arrivals.all()][before:]
    assert tails.index(code[-4:]) <= 2


# The database is locked


@contextmanager
def locked_database(table: str) -> Iterator[None]:
    """Another connection holds the lock that writing to `table` needs; this one is impatient until it reconnects."""
    sqlite = database.vendor == "sqlite"
    other = database.copy()
    with database.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout = 200" if sqlite else "SET lock_timeout = '200ms'")
    try:
        with other.cursor() as cursor:
            cursor.execute("BEGIN IMMEDIATE" if sqlite else "BEGIN")
            if not sqlite:
                cursor.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
        yield
    finally:
        with other.cursor() as cursor:
            cursor.execute("ROLLBACK")
        other.close()
        database.close()


def test_an_answer_that_meets_a_locked_database_is_written_afterwards(
    quick: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    code = quick.code()
    row = ask_for(quick, code)
    assert outbox.attempt_now(OutboundCall.objects.get(), patience=1.0)
    quick.sandbox.faults.add(operation="verify", kind="slow_after", seconds=0.4, times=1)
    lock, locked = locked_database("stores_outboundcall"), threading.Event()

    def hold() -> None:
        wait_until(lambda: arrived(quick, "verify"))
        with lock:
            locked.set()
            wait_until(lambda: "the database is busy" in caplog.text)

    with database.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout = 200" if database.vendor == "sqlite" else "SET lock_timeout = '200ms'")
    holder = threading.Thread(target=hold)
    holder.start()
    assert outbox.attempt_now(call_of(row), patience=1.0)
    holder.join()
    row.refresh_from_db()
    assert locked.is_set()
    assert (row.status, row.inferred, call_of(row).attempts_made) == (Status.VERIFIED, False, 1)
    assert coupon(quick, code)["verifies"] == 1


def test_a_database_that_stays_locked_is_answered_with_try_again(quick: Shop, client: Client) -> None:
    _, secret = factories.api_key(quick.merchant)

    def post() -> tuple[int, str]:
        answer = client.post(
            f"/api/v1/stores/{quick.store.pk}/verifications/",
            {"code": code},
            content_type="application/json",
            headers={"Authorization": f"Bearer {secret}", "Idempotency-Key": "order-1"},
        )
        return answer.status_code, answer.headers.get("Retry-After", "")

    code = quick.code()
    with locked_database("coupons_verification"):
        assert post() == (503, "2")
    assert not Verification.objects.exists()
    assert arrived(quick) == []
    assert post()[0] == 201


@pytest.mark.skipif(database.vendor != "postgresql", reason="SQLite has no server that could go away")
def test_a_database_connection_that_dies_with_the_answer_in_hand_loses_nothing(quick: Shop) -> None:
    row = ask_for(quick, quick.code())
    assert outbox.attempt_now(OutboundCall.objects.get(), patience=1.0)
    quick.sandbox.faults.add(operation="verify", kind="slow_after", seconds=0.4, times=1)
    with database.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        [pid] = cursor.fetchone()

    def terminate() -> None:
        wait_until(lambda: arrived(quick, "verify"))
        with database.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s)", [pid])
        connections.close_all()

    other = threading.Thread(target=terminate)
    other.start()
    assert outbox.attempt_now(call_of(row), patience=1.0)
    other.join()
    row.refresh_from_db()
    assert (row.status, row.inferred) == (Status.VERIFIED, False)


# Every fault at every step


@pytest.mark.parametrize("step", ["login", "detail", "verify"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_fault_at_every_step_ends_well(quick: Shop, kind: str, step: str) -> None:
    code = quick.code()
    seconds, times = (1.3, 1) if kind.startswith("slow") else (0.0, 3)
    quick.sandbox.faults.add(operation=step, kind=kind, seconds=seconds, times=times)
    row = ask_for(quick, code)
    wait_until(lambda: settled_in_the_end(row))
    wait_until(lambda: "pending" not in [arrival.outcome for arrival in quick.sandbox.arrivals.all()])
    row.refresh_from_db()
    known = coupon(quick, code)
    assert (row.status, row.code, row.needs_person) == (Status.VERIFIED, "", False)
    assert known["applied"] == 1
    assert Lookup.objects.filter(code="").count() == Lookup.objects.count()
    if step != "verify":
        assert (row.inferred, call_of(row).was_unknown, known["verifies"]) == (False, False, 1)


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"slow", "slow_after"}))
def test_a_fault_that_never_ends_ends_before_a_person_or_refused(quick: Shop, kind: str) -> None:
    code = quick.code()
    row = ask_for(quick, code)
    assert outbox.attempt_now(OutboundCall.objects.get(), patience=1.0)
    quick.sandbox.faults.add(kind=kind, times=None)
    outbox.work(seconds=1)
    OutboundCall.objects.update(expires_at=timezone.now())

    def ended() -> bool:
        OutboundCall.objects.filter(state=State.UNKNOWN).update(due_at=timezone.now())
        outbox.work(seconds=0.3)
        row.refresh_from_db()
        return row.status in Verification.FINAL or row.needs_person

    wait_until(ended)
    applied = coupon(quick, code)["applied"]
    assert applied <= 1
    assert not (applied and row.status == Status.REFUSED)
    assert not (row.status == Status.VERIFIED and not applied)
    assert call_of(row).state in (State.DEAD, State.DONE, State.REFUSED)


def test_hundreds_of_random_faults_lose_and_double_nothing(quick: Shop) -> None:
    for kind in sorted(set(KINDS) - {"slow", "slow_after"}):
        quick.sandbox.faults.add(kind=kind, times=4, probability=0.15)
    rows = [ask_for(quick, quick.code()) for _ in range(40)]
    workers: list[Callable[[], int]] = [lambda: outbox.work(seconds=3)] * 3

    def run(work: Callable[[], int]) -> None:
        work()
        connections.close_all()

    threads = [threading.Thread(target=run, args=(work,)) for work in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wait_until(lambda: settled_in_the_end(*rows))
    assert Verification.objects.filter(status=Status.VERIFIED).count() == 40
    assert {coupon(quick, code)["applied"] for code in quick.codes} == {1}
