"""The drill runs through where all is set up, says what does not arrive, and leaves nothing."""

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import timezone
from pytest_django.fixtures import Settings

from delivery import tasks
from delivery.choices import Audit
from delivery.drill import Drill, drilling
from delivery.models import Attempt, CourierAccount, Delivery, StoreCourier
from delivery.services import going_on
from stores.drills import runner
from stores.models import DrillRun, InboundEvent, OutboundCall
from stores.platforms.workers import queue
from stores.roles import Role
from tests.delivery.town import Town
from tests.pages import english
from tests.stores.factories import member

ALL = Drill.checklist.names()


def started(shop: Town, *only: str) -> DrillRun:
    connection, address = shop.place.connection, "http://127.0.0.1:1"
    return runner.start(Drill.checklist, connection=connection, base_url=address, only=only)


def drilled(shop: Town, *wishes: str) -> dict[str, dict[str, Any]]:
    run = started(shop, *Drill.checklist.chosen(wishes))
    assert runner.run(Drill(run))
    run.refresh_from_db()
    assert not run.error
    return {row["name"]: row for row in run.results}


def outcomes(rows: dict[str, dict[str, Any]]) -> dict[str, str]:
    return {name: row["outcome"] for name, row in rows.items()}


def words(row: dict[str, Any]) -> str:
    return str(row["details"]["en"])


def test_a_shop_that_is_set_up_passes_and_one_real_order_is_left(shop: Town) -> None:
    rows = drilled(shop)
    assert list(rows) == ALL
    assert outcomes(rows) == {**dict.fromkeys(ALL, "passed"), "live.real": "left_out"}
    assert "By hand" in words(rows["live.real"])
    codes = [order["status"] for order in shop.orders()]
    assert codes == [302, 103, 401]


def test_messages_are_kept_without_secrets(shop: Town) -> None:
    rows = drilled(shop, "order", "states.accepted")
    text = json.dumps(rows, ensure_ascii=False)
    assert "order/add" in text
    token = shop.get("apps")["apps"][0]["token"]
    for secret in ("access_token", token, "demo-app-secret", "test_app_secrect"):
        assert secret not in text


def test_nothing_of_the_drill_is_left_but_what_it_found(shop: Town) -> None:
    accounts = list(CourierAccount.objects.values())
    couriers = list(StoreCourier.objects.values())
    drilled(shop)
    assert not Delivery.objects.exists()
    assert not Attempt.objects.exists()
    assert list(CourierAccount.objects.values()) == accounts
    assert list(StoreCourier.objects.values()) == couriers
    assert not OutboundCall.objects.exists()
    assert {event.is_drill for event in InboundEvent.objects.all()} == {True}


def test_an_account_of_the_test_courier_that_wechat_lists_stays(shop: Town) -> None:
    CourierAccount.objects.create(
        connection=shop.place.connection,
        delivery_id="TEST",
        shopid="test_shop_id",
        audit=Audit.PASSED,
    )
    drilled(shop, "order")
    assert CourierAccount.objects.filter(delivery_id="TEST").count() == 1
    assert not StoreCourier.objects.filter(account__delivery_id="TEST").exists()


def test_lists_rules_and_schedules_pass_over_what_a_drill_has_made(shop: Town) -> None:
    owner = member(shop.place.store.merchant, Role.OWNER, password=None)
    drill = Drill(started(shop))
    attempt = drill.rider("states")
    Delivery.objects.update(needs_person=True, then=Delivery.Then.NEXT, state="waiting")
    Attempt.objects.update(ask_at=timezone.now())
    StoreCourier.objects.update(is_active=True)
    shop.place.ladder = [{"do": "next", "after": 1}]
    shop.place.save()
    assert not Delivery.objects.for_staff(owner).exists()
    assert not Attempt.objects.for_staff(owner).exists()
    assert not Delivery.objects.open().exists()
    assert not Delivery.objects.needing_person().exists()
    assert list(going_on.waiting()) == []
    assert list(going_on.attempts_without_rider()) == []
    going_on.ask_due()
    assert not OutboundCall.objects.exists()
    client = english(owner)
    for page in ("admin:index", "admin:todo", "admin:delivery_deliverystore_changelist"):
        assert str(attempt.delivery) not in client.get(reverse(page)).content.decode()
    drill.tidy_forgotten()
    tasks.go_on(attempt.delivery_id)


def test_a_push_that_does_not_arrive_fails_its_check_only(
    shop: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drilling, "ARRIVAL_SECONDS", 0.5)
    shop.switch(wrong_sign_next=4)
    rows = drilled(shop, "states")
    assert rows["states.accepted"]["outcome"] == "failed"
    assert "No push about 102" in words(rows["states.accepted"])
    assert rows["states.on_the_way"]["outcome"] == "passed"


def test_a_sandbox_that_takes_no_more_orders_is_said_once(shop: Town) -> None:
    shop.switch(calls_a_day=0)
    rows = drilled(shop, "order", "states")
    assert "Too many calls" in words(rows["order.called"])
    assert set(outcomes(rows).values()) == {"failed", "left_out"}
    assert "did not take the order" in words(rows["states.accepted"])


@pytest.mark.parametrize(("code", "part"), [(40125, "AppSecret"), (40164, "203.0.113.7")])
def test_a_refused_sign_in_fails_in_the_words_of_the_set_up_check(
    shop: Town, code: int, part: str
) -> None:
    shop.switch(refuses_tokens_with=code)
    rows = drilled(shop, "bind")
    assert part in words(rows["bind.couriers"])


def test_without_an_account_or_a_store_the_drill_says_what_is_missing(shop: Town) -> None:
    shop.post("apps", {"appid": "wxother", "secret": "x"})
    for row in shop.get("accounts")["accounts"]:
        shop.post("accounts", {**row, "appid": "wxother"})
    rows = drilled(shop, "bind.accounts")
    assert "None is." in words(rows["bind.accounts"])
    StoreCourier.objects.all().delete()
    shop.place.delete()
    rows = drilled(shop, "order")
    assert outcomes(rows) == {"order.called": "left_out", "order.read": "left_out"}


def test_the_task_goes_on_in_slices(shop: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    woken: list[tuple[str, int]] = []
    monkeypatch.setattr(queue, "wake_worker", lambda task, pk: woken.append((task, pk)))
    monkeypatch.setattr(tasks, "DRILL_SECONDS", 0.2)
    run = started(shop, "order.called", "order.read", "states.accepted")
    for _slice in range(9):
        tasks.run_drill(run.pk)
    run.refresh_from_db()
    assert outcomes({row["name"]: row for row in run.results}) == {
        "order.called": "passed", "order.read": "passed", "states.accepted": "passed",
    }  # fmt: skip
    assert {pk for task, pk in woken if task == "delivery.tasks.run_drill"} <= {run.pk}
    assert run.finished_at
    assert not Delivery.objects.exists()


def run_command(*given: str) -> tuple[int, str]:
    out = StringIO()
    try:
        call_command("delivery_drill", *given, stdout=out, stderr=StringIO())
    except SystemExit as ended:
        return int(ended.code or 0), out.getvalue()
    return 0, out.getvalue()


def test_the_command_prints_a_checklist_and_ends_with_0_or_1(
    shop: Town, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, where = str(shop.place.store_id), ("--base-url", settings.PUBLIC_BASE_URL)
    code, text = run_command(store, *where, "-v0")
    assert code == 0
    assert "pass      states.delivered" in text
    assert text.endswith(f"{len(ALL) - 1} pass, 0 FAIL, 1 left out\n")
    shop.switch(calls_a_day=0)
    code, text = run_command(shop.place.store.name, *where, "--only", "order", "--json")
    assert code == 1
    assert [row["outcome"] for row in json.loads(text)] == ["failed", "left_out"]


def test_the_command_ends_with_3_for_wrong_usage(shop: Town, settings: Settings) -> None:
    known, where = str(shop.place.store_id), ("--base-url", settings.PUBLIC_BASE_URL)
    for given in (
        ("nobody", *where),
        (known, *where, "--only", "no"),
        (known, "--base-url", "http://127.0.0.1:1"),
    ):
        with pytest.raises(CommandError) as wrong:
            call_command("delivery_drill", *given, stderr=StringIO())
        assert wrong.value.returncode == 3


def test_an_owner_starts_the_drill_and_reads_it(
    shop: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    woken: list[tuple[str, int]] = []
    monkeypatch.setattr(queue, "wake_worker", lambda task, pk: woken.append((task, pk)))
    client = english(member(shop.place.store.merchant, Role.OWNER, password=None))
    runs = reverse("admin:delivery_drillrun_changelist")
    assert "own test courier" in client.get(runs).content.decode()
    answer = client.post(f"{runs}start/", {"connection": shop.place.connection_id})
    run = DrillRun.objects.get()
    assert woken == [("delivery.tasks.run_drill", run.pk)]
    runner.run(Drill(run))
    page = client.get(answer["Location"]).content.decode()
    assert "The receiver is told three moments, each once" in page
    assert "Pushes must arrive at" in page
