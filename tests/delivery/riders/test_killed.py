"""Workers that are killed at any step, two processes, two people: never two riders."""

import threading
from decimal import Decimal
from pathlib import Path

import pytest
from django.db import connections

from delivery.models import Attempt, Delivery
from delivery.services import going_on
from delivery.services.dispatching import delivery_dispatch
from stores.conflicts import Conflict
from stores.models import OutboundCall
from stores.platforms import outbox
from tests import children
from tests.delivery.cancelling import delivery_cancel
from tests.delivery.town import Town
from tests.killing import KILL_AT, WORK, dying, end_leases
from tests.processes import wait_until

pytestmark = pytest.mark.slow
State = Attempt.State


def url(town: Town) -> dict[str, str]:
    return {"WECHAT_BASE_URL": f"{town.server.url}/wechat"}


@pytest.mark.parametrize("moment", KILL_AT)
@pytest.mark.parametrize("step", ["rider.call", "rider.cancel", "rider.read"])
def test_a_worker_killed_at_any_moment_calls_nobody_twice(
    town: Town, moment: str, step: str
) -> None:
    attempt = delivery_dispatch(delivery=town.delivery(), courier="SS", actor="小王")
    delivery = attempt.delivery
    if step != "rider.call":
        town.work()
        then = Delivery.Then.NEXT
        delivery_cancel(delivery=delivery, actor="小王", max_fee=Decimal(0), then=then)
    if step == "rider.read":
        # The worker that dies is to find the question, not the cancellation.
        wait_until(lambda: cancelled_alone(attempt))
    children.killed(dying("wechat", step, moment), **url(town))
    assert len(town.live_orders(delivery)) <= 1
    end_leases()
    town.work()
    going_on.go_on(Delivery.objects.get(pk=delivery.pk))
    town.work()
    assert len(town.live_orders(delivery)) == 1
    live = delivery.attempts.live().get()
    assert live.shop_order_id == town.live_orders(delivery)[0]["shop_order_id"]
    assert delivery.attempts.count() == (1 if step == "rider.call" else 2)


def cancelled_alone(attempt: Attempt) -> bool:
    """Delivers the cancellation only."""
    call = OutboundCall.objects.get(operation="rider.cancel", subject_id=attempt.pk)
    return bool(outbox.attempt_now(call, patience=1.0)) or call.state == "done"


PURSUE = """
    from delivery.models import Delivery
    from delivery.services.dispatching import delivery_dispatch
    from stores.conflicts import Conflict
    delivery = Delivery.objects.get()
    open(os.environ["READY"] + f".{os.getpid()}", "w").close()
    while not os.path.exists(os.environ["GO"]):
        time.sleep(0.005)
    try:
        delivery_dispatch(delivery=delivery, courier=os.environ["COURIER"], actor="x")
        print("called")
    except Conflict:
        print("conflict")
"""


def test_two_processes_and_six_people_call_one_rider(town: Town, tmp_path: Path) -> None:
    delivery, go, said = town.delivery(), tmp_path / "go", list[str]()

    def press(courier: str) -> None:
        wait_until(go.exists)
        try:
            delivery_dispatch(delivery=delivery, courier=courier, actor="小王")
            said.append("called")
        except Conflict:
            said.append("conflict")
        connections.close_all()

    couriers = ["DADA", "SS", "SFTC", "UU", "DADA", "SS"]
    threads = [threading.Thread(target=press, args=(courier,)) for courier in couriers]
    env = {"GO": str(go), "READY": str(tmp_path / "ready"), "COURIER": "SS", **url(town)}
    with children.running(PURSUE, PURSUE, **env) as processes:
        for thread in threads:
            thread.start()
        wait_until(lambda: len(list(tmp_path.glob("ready.*"))) == 2)
        go.touch()
        for thread in threads:
            thread.join()
        said += [process.communicate(timeout=60)[0].strip() for process in processes]
    assert sorted(said) == ["called", *["conflict"] * 7]
    children.outputs(WORK, WORK, WORK_SECONDS="2", **url(town))
    town.work()
    assert len(town.live_orders(delivery)) == 1
    assert Attempt.objects.count() == 1
