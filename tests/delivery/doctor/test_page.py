"""The page of a store's set-up check, and the command."""

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from delivery import tasks
from delivery.models import DeliveryStore, DoctorRun
from delivery.services import doctor
from stores.platforms.workers import queue
from stores.roles import Role
from tests.delivery.doctor.examining import check
from tests.delivery.factories import DeliveryStoreFactory
from tests.delivery.town import Town
from tests.pages import english
from tests.stores.factories import MerchantFactory, member


@pytest.fixture
def woken(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    bells: list[tuple[str, int]] = []
    monkeypatch.setattr(queue, "wake_worker", lambda task, pk: bells.append((task, pk)))
    return bells


def address(place: DeliveryStore) -> str:
    return reverse("delivery:doctor", args=[place.pk])


def manager_of(place: DeliveryStore) -> Client:
    return english(member(place.store.merchant, Role.MANAGER, place.store, password=None))


def shown(client: Client, place: DeliveryStore) -> str:
    answer = client.get(address(place))
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_press_has_a_worker_check_and_the_page_follows(
    db: None, woken: list[tuple[str, int]]
) -> None:
    place = DeliveryStoreFactory()
    client = manager_of(place)
    assert "Ten questions" in shown(client, place)
    for _twice in range(2):
        answer = client.post(address(place), {"order": "on"})
        assert (answer.status_code, answer["Location"]) == (302, address(place))
    run = DoctorRun.objects.get(place=place)
    assert woken == [("delivery.tasks.check_set_up", run.pk)]
    assert run.with_order
    page = shown(client, place)
    assert 'hx-trigger="every 1s"' in page
    assert "0 of 10 checks" in page
    assert "worker is not running" in page


def test_what_was_found_is_kept_and_shown_with_what_to_do(shop: Town) -> None:
    shop.switch(refuses_tokens_with=40164)
    check(shop.place)
    client = manager_of(shop.place)
    page = shown(client, shop.place)
    assert "1 point is wrong." in page
    assert '<code class="copied" lang="zxx">203.0.113.7</code>' in page
    assert "hx-get" not in page


def test_the_task_does_the_checks_once(shop: Town) -> None:
    run = doctor.start(place=shop.place, with_order=False, actor=None)
    tasks.check_set_up(run.pk)
    first = DoctorRun.objects.get(pk=run.pk)
    tasks.check_set_up(run.pk)
    tasks.check_set_up(10**9)
    assert DoctorRun.objects.get(pk=run.pk).finished_at == first.finished_at
    assert "Nothing is wrong." in shown(manager_of(shop.place), shop.place)


def test_a_check_that_was_cut_off_is_said(db: None) -> None:
    place = DeliveryStoreFactory()
    long_ago = timezone.now() - 2 * DoctorRun.ABANDONED
    DoctorRun.objects.create(place=place, started_at=long_ago)
    assert "was cut off" in shown(manager_of(place), place)


def test_who_may_not_set_up_the_store_sees_nothing(db: None, woken: list[Any]) -> None:
    place = DeliveryStoreFactory()
    clerk = english(member(place.store.merchant, Role.CLERK, place.store, password=None))
    stranger = english(member(MerchantFactory(), Role.OWNER, username="other", password=None))
    for client, status in ((clerk, 403), (stranger, 404)):
        assert client.get(address(place)).status_code == status
        assert client.post(address(place)).status_code == status
    assert woken == []


def test_the_page_of_the_store_leads_there(db: None) -> None:
    place = DeliveryStoreFactory()
    client = manager_of(place)
    page = client.get(reverse("admin:delivery_deliverystore_change", args=[place.pk]))
    assert address(place) in page.content.decode()
    button = reverse("admin:delivery_deliverystore_do", args=[place.pk, "check_set_up"])
    assert client.post(button)["Location"] == address(place)


def run_command(*given: str) -> tuple[int, str]:
    out = StringIO()
    try:
        call_command("delivery_doctor", *given, stdout=out)
    except SystemExit as ended:
        return int(ended.code or 0), out.getvalue()
    return 0, out.getvalue()


def test_the_command_ends_with_0_when_nothing_is_wrong(shop: Town) -> None:
    code, text = run_command(str(shop.place.store_id), "--order")
    assert code == 0
    assert text.startswith("ok        token      We can sign in at WeChat\n")
    assert "Called, accepted, heard by a push, and cancelled." in text


def test_the_command_ends_with_1_when_something_is_and_prints_json(shop: Town) -> None:
    shop.switch(refuses_tokens_with=40164)
    code, text = run_command(shop.place.store.name, "--json")
    rows = json.loads(text)
    assert code == 1
    assert [row["name"] for row in rows] == list(doctor.TITLES)
    assert (rows[1]["verdict"], rows[1]["copy"]) == ("wrong", "203.0.113.7")
    assert "WRONG     address" in run_command(shop.place.store.name)[1]


def test_the_command_ends_with_3_for_an_unknown_store_and_a_check_under_way(shop: Town) -> None:
    with pytest.raises(CommandError) as unknown:
        call_command("delivery_doctor", "nobody")
    doctor.start(place=shop.place, with_order=False, actor=None)
    with pytest.raises(CommandError) as busy:
        call_command("delivery_doctor", str(shop.place.store_id))
    assert (unknown.value.returncode, busy.value.returncode) == (3, 3)
