"""One code at the same moment, and workers that are killed or frozen: nothing is spent twice,
nothing is lost.
"""

import threading
from pathlib import Path

import pytest
from django.db import connections

from coupons.models import Verification
from coupons.reasons import Reason
from coupons.services import verification_process
from stores.models import OutboundAttempt, OutboundCall
from stores.platforms import outbox
from tests import children
from tests.coupons.bad_days.passing import State, Status, settled
from tests.coupons.factories import Shop
from tests.coupons.flows import arrived, ask_for, call_of, coupon
from tests.killing import KILL_AT, WORK, dying, end_leases
from tests.processes import wait_until

# The same code at once


PURSUE = """
    from coupons.models import Channel
    from coupons.services import verification_process, verification_request
    from stores.models import Store
    ready, go = os.environ["READY"], os.environ["GO"]
    open(f"{ready}.{os.getpid()}", "w").close()
    while not os.path.exists(go):
        time.sleep(0.005)
    asked = verification_request(
        store=Store.objects.get(),
        code=os.environ["CODE"],
        channel=Channel.API,
        flow=str(os.getpid()),
    )
    row = verification_process(asked.verification, wait=20)
    print(row.pk, row.status, row.reason)
"""


@pytest.mark.slow
def test_the_same_code_from_ten_threads_and_two_processes_reaches_the_gateway_once(
    shop: Shop, tmp_path: Path
) -> None:
    code, go, said = shop.code(), tmp_path / "go", list[str]()

    def process(n: int) -> None:
        wait_until(go.exists)
        row = verification_process(ask_for(shop, code, flow=f"thread {n}"), wait=20)
        said.append(f"{row.pk} {row.status} {row.reason}")
        connections.close_all()

    threads = [threading.Thread(target=process, args=(n,)) for n in range(10)]
    with children.running(
        PURSUE, PURSUE, CODE=code, GO=str(go), READY=str(tmp_path / "ready")
    ) as processes:
        for thread in threads:
            thread.start()
        wait_until(lambda: len(list(tmp_path.glob("ready.*"))) == 2)
        go.touch()
        for thread in threads:
            thread.join()
        said += [process.communicate(timeout=60)[0].strip() for process in processes]
    assert coupon(shop, code)["verifies"] == 1
    [row] = Verification.objects.filter(status=Status.VERIFIED)
    assert len(said) == 12
    # Whoever came after the end is told that the code is used, and by which verification.
    late = Verification.objects.filter(duplicate_of=row)
    assert set(late.values_list("status", "reason")) <= {(Status.REFUSED, Reason.ALREADY_USED)}
    coherent = {f"{row.pk} verified "} | {f"{other.pk} refused already_used" for other in late}
    assert {answer + " " * answer.endswith("verified") for answer in said} <= coherent


# Killed


@pytest.mark.slow
@pytest.mark.parametrize("step", ["coupon.detail", "coupon.verify"])
@pytest.mark.parametrize("moment", KILL_AT)
def test_a_worker_killed_at_any_moment_loses_nothing_and_spends_nothing_twice(
    shop: Shop, moment: str, step: str
) -> None:
    code = shop.code()
    row = ask_for(shop, code)
    children.killed(dying("umember", step, moment))
    assert OutboundCall.objects.get(operation=step).state == State.SENDING
    assert OutboundAttempt.objects.filter(call__operation=step, outcome="started").count() == 1
    end_leases()
    wait_until(lambda: settled(row))
    row.refresh_from_db()
    assert (row.status, row.code) == (Status.VERIFIED, "")
    assert (coupon(shop, code)["applied"], coupon(shop, code)["verifies"]) == (1, 1)
    assert row.inferred is (step == "coupon.verify" and moment != "between claim and call")


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["slow", "slow_after"])
@pytest.mark.parametrize("step", ["detail", "verify"])
def test_a_worker_killed_during_the_call_loses_nothing_and_spends_nothing_twice(
    shop: Shop, kind: str, step: str
) -> None:
    code = shop.code()
    row = ask_for(shop, code)
    shop.sandbox.faults.add(operation=step, kind=kind, seconds=0.5, times=1)
    with children.running(WORK) as [worker]:
        wait_until(lambda: arrived(shop, step))
        worker.kill()
        worker.wait()
    end_leases()
    wait_until(lambda: settled(row))
    wait_until(
        lambda: "pending" not in [arrival.outcome for arrival in shop.sandbox.arrivals.all()]
    )
    row.refresh_from_db()
    assert row.status == Status.VERIFIED
    assert coupon(shop, code)["applied"] == 1


@pytest.mark.slow
def test_the_lease_of_a_killed_worker_really_ends(shop: Shop) -> None:
    code = shop.code()
    row = ask_for(shop, code)
    short = """
    from datetime import timedelta
    settings.LEASE, settings.REQUEST_SECONDS = timedelta(seconds=6), 1.0
"""
    moment = "after the answer and before it is written"
    children.killed(short + dying("umember", "coupon.verify", moment))
    assert outbox.sweep() == 0
    wait_until(lambda: settled(row))
    row.refresh_from_db()
    assert (row.status, row.inferred, coupon(shop, code)["verifies"]) == (Status.VERIFIED, True, 1)


@pytest.mark.slow
def test_a_worker_frozen_past_its_lease_changes_nothing_when_it_thaws(shop: Shop) -> None:
    import os
    import signal

    code = shop.code()
    row = ask_for(shop, code)
    shop.sandbox.faults.add(operation="verify", kind="slow_after", seconds=0.5, times=1)
    with children.running(WORK, WORK_SECONDS="3") as [worker]:
        wait_until(lambda: arrived(shop, "verify"))
        os.kill(worker.pid, signal.SIGSTOP)
        end_leases()
        wait_until(lambda: settled(row))
        os.kill(worker.pid, signal.SIGCONT)
        assert worker.wait(timeout=60) == 0
    row.refresh_from_db()
    assert (row.status, row.inferred, call_of(row).state) == (Status.VERIFIED, True, State.DONE)
    assert coupon(shop, code)["verifies"] == 1
    outcomes = (
        OutboundAttempt.objects.filter(call=call_of(row))
        .order_by("id")
        .values_list("kind", "outcome")
    )
    assert list(outcomes) == [("send", "answered"), ("ask", "answered")]
