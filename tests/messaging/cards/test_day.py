"""Filling in the card of a day and saving it at Meituan, on the page and over a real socket."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from messaging.choices import CardState
from messaging.models import SavedCard
from messaging.services.cards import saving, setting_up
from messaging.services.cards.saved import last_filled
from messaging.wire.cards import CardRow
from stores.models import AuditEntry, OutboundCall
from stores.roles import Role
from stores.sandbox.faults import KINDS
from tests.messaging.cards.conftest import PEOPLE, Shop, typed
from tests.messaging.factories import TakeawayStoreFactory
from tests.messaging.meituan import deliver_all
from tests.pages import HOSTILE, english
from tests.processes import wait_until
from tests.stores.factories import StoreFactory, member

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("quick_tries", "in_english"),
]
ROWS = [{"job": job, "name": name, "temperature": t} for job, name, t in PEOPLE]


def said(client: Client, url: str, data: dict[str, Any] | None = None) -> str:
    return client.post(url, data or {}, follow=True).content.decode()


def test_the_card_of_the_day_is_saved_at_meituan(shop: Shop, clerk: Client) -> None:
    shown = said(clerk, shop.url(), typed(*PEOPLE))
    assert "Today&#x27;s card is saved at Meituan" in shown or "card is saved at Meituan" in shown
    card = shop.card()
    assert card["cardDetailList"] == ROWS
    assert (card["type"], card["syncPost"], card["syncIM"], card["syncOpenReceipt"]) == (0, 1, 0, 0)
    row = SavedCard.objects.get()
    assert (row.state, row.day) == (CardState.SAVED, timezone.localdate())
    assert row.card.page == card["landPage"]
    assert AuditEntry.objects.get(verb="takeaway.card.save").store == shop.row.store


def test_the_next_day_begins_with_the_last_values_and_sends_nothing_by_itself(
    shop: Shop, clerk: Client
) -> None:
    said(clerk, shop.url(), typed(*PEOPLE))
    with time_machine.travel(timezone.now() + timedelta(days=1)):
        shown = clerk.get(shop.url()).content.decode()
        deliver_all()
    assert 'value="王师傅"' in shown
    assert 'value="36.8"' in shown
    assert "card is not filled in yet" in shown
    assert SavedCard.objects.count() == 1


@pytest.mark.parametrize(
    "do",
    ["look", "add", "remove0", "remove99", "remove" + "9" * 5000, "remove٣", "removex", "", "x"],
)
def test_only_the_button_saves(shop: Shop, clerk: Client, do: str) -> None:
    answer = clerk.post(shop.url(), typed(*PEOPLE, do=do))
    assert answer.status_code == 200
    assert not SavedCard.objects.exists()
    assert not shop.card()


def test_a_person_is_added_and_taken_off(shop: Shop, clerk: Client) -> None:
    shown = clerk.post(shop.url(), typed(*PEOPLE, do="add")).content.decode()
    assert shown.count('name="job"') == 3
    shown = clerk.post(shop.url(), typed(*PEOPLE, do="remove0")).content.decode()
    assert shown.count('name="job"') == 1
    assert "小李" in shown
    assert "王师傅" not in shown


@pytest.mark.parametrize(
    ("given", "kept"), [("36.5", "36.5"), ("36", "36.0"), ("３６．５", "36.5"), ("36,5", "36.5")]
)
def test_a_temperature_has_one_decimal(shop: Shop, clerk: Client, given: str, kept: str) -> None:
    said(clerk, shop.url(), typed(("厨师", "王师傅", given)))
    assert shop.card()["cardDetailList"][0]["temperature"] == kept


@pytest.mark.parametrize("given", ["365", "36.55", "3.65", "-6.5", "99.9", "12.0", "abc", *HOSTILE])
def test_another_temperature_is_not_taken(shop: Shop, clerk: Client, given: str) -> None:
    answer = clerk.post(shop.url(), typed(("厨师", "王师傅", given)))
    assert answer.status_code == 200
    assert 'role="alert"' in answer.content.decode()
    assert not SavedCard.objects.exists()


@pytest.mark.parametrize(("given", "is_refused"), [("37.2", False), ("37.3", True), ("39.2", True)])
def test_nobody_with_a_fever_is_on_the_card(
    shop: Shop, clerk: Client, given: str, is_refused: bool
) -> None:
    words = "correct the figure, or take this person off the card."
    assert (words in said(clerk, shop.url(), typed(("厨师", "王师傅", given)))) is is_refused
    assert SavedCard.objects.exists() is not is_refused


@pytest.mark.parametrize("word", HOSTILE)
def test_any_text_for_a_person_is_shown_or_saved_as_text(
    shop: Shop, clerk: Client, word: str
) -> None:
    answer = clerk.post(shop.url(), typed((word, word, "36.5")), follow=True)
    assert answer.status_code == 200
    assert "<script>alert" not in answer.content.decode()


def test_a_mark_of_writing_direction_does_not_turn_the_temperature(
    shop: Shop, clerk: Client
) -> None:
    said(clerk, shop.url(), typed(("厨师", "\u202e李四", "36.5")))
    assert shop.card()["cardDetailList"][0]["name"] == "李四"
    answer = said(clerk, shop.url(), typed(("厨师", "\u202e", "36.5")))
    assert "This field is required" in answer


def test_more_people_than_a_card_has_are_not_read(shop: Shop, clerk: Client) -> None:
    shown = clerk.post(shop.url(), typed(*PEOPLE * 100, do="look")).content.decode()
    assert shown.count('name="job"') == 20


def test_a_row_without_name_and_temperature_is_left_out(shop: Shop, clerk: Client) -> None:
    said(clerk, shop.url(), typed(*PEOPLE, ("配送员", "", " ")))
    assert shop.card()["cardDetailList"] == ROWS


def test_a_card_that_is_shown_needs_a_person(shop: Shop, clerk: Client) -> None:
    assert "Enter at least one person" in said(clerk, shop.url(), typed(("厨师", "", "")))
    shop.set_up(on_poster=False)
    said(clerk, shop.url(), typed(("厨师", "", "")))
    assert shop.card()["cardDetailList"] == []


def test_a_refusal_of_meituan_stands_on_the_page(shop: Shop, clerk: Client) -> None:
    shop.change(protocol_status=0)
    shown = said(clerk, shop.url(), typed(*PEOPLE))
    assert SavedCard.objects.get().state == CardState.REFUSED
    assert "承诺书" in shown
    deliver_all()
    assert "The letter of commitment is not signed" in clerk.get(shop.url()).content.decode()


def test_a_lost_answer_is_sent_again_and_saves_one_card(shop: Shop, clerk: Client) -> None:
    shop.meituan.server.faults.add(kind="drop_after", operation="card/save")
    said(clerk, shop.url(), typed(*PEOPLE))
    deliver_all()
    assert SavedCard.objects.get().state == CardState.SAVED
    assert len(shop.meituan.server.arrivals.all(operation="card/save")) == 2


def rows(name: str) -> tuple[CardRow, ...]:
    return (CardRow("厨师", name, "36.5"),)


def test_a_card_that_was_not_sent_yet_is_replaced(shop: Shop) -> None:
    first = saving.card_save(binding=shop.row, rows=rows("甲"), actor=None)
    second = saving.card_save(binding=shop.row, rows=rows("乙"), actor=None)
    deliver_all()
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.state, second.state) == (CardState.REPLACED, CardState.SAVED)
    assert len(shop.meituan.server.arrivals.all(operation="card/save")) == 1


def test_the_card_of_yesterday_is_not_sent_today(shop: Shop) -> None:
    row = saving.card_save(binding=shop.row, rows=rows("甲"), actor=None)
    SavedCard.objects.update(day=timezone.localdate() - timedelta(days=1))
    deliver_all()
    row.refresh_from_db()
    assert row.state == CardState.REFUSED
    assert not shop.card()


def test_a_dead_card_is_not_put_back_to_work_after_a_later_one(shop: Shop) -> None:
    first = saving.card_save(binding=shop.row, rows=rows("甲"), actor=None)
    call = OutboundCall.objects.get()
    SavedCard.objects.filter(pk=first.pk).update(state=CardState.FAILED)
    operation = saving.CardSaving()
    assert operation.may_retry(call, ask_first=False)
    saving.card_save(binding=shop.row, rows=rows("乙"), actor=None)
    assert not operation.may_retry(call, ask_first=False)


def test_anothers_card_is_neither_shown_nor_saved(shop: Shop) -> None:
    stranger = english(member(StoreFactory().merchant, Role.OWNER))
    assert stranger.get(shop.url()).status_code == 404
    assert stranger.post(shop.url(), typed(*PEOPLE)).status_code == 404
    assert not SavedCard.objects.exists()


def test_what_was_filled_in_stands_in_the_history(shop: Shop, clerk: Client) -> None:
    said(clerk, shop.url(), typed(*PEOPLE))
    shown = clerk.get(shop.url()).content.decode()
    assert "厨师 王师傅 36.5 ℃" in shown
    SavedCard.objects.update(content={}, emptied_at=timezone.now())
    shown = clerk.get(shop.url()).content.decode()
    assert "王师傅" not in shown
    assert "it is too long ago" in shown
    assert last_filled(setting_up.card_of(shop.row)) is None


def test_the_page_of_the_takeaway_store_and_the_menu_lead_to_the_card(
    shop: Shop, manager: Client
) -> None:
    page = reverse("admin:messaging_takeawaystore_change", args=[shop.row.pk])
    assert f'href="{shop.url()}"' in manager.get(page).content.decode()
    listed, orders = reverse("takeaway:cards"), reverse("admin:messaging_order_changelist")
    assert f'href="{listed}"' in manager.get(orders).content.decode()
    assert manager.get(listed).headers["Location"] == shop.url()


def test_with_several_stores_each_says_how_its_card_is(shop: Shop) -> None:
    other = TakeawayStoreFactory(store__merchant=shop.row.store.merchant, poi_name="二店")
    shop.set_up()
    owner = english(member(shop.row.store.merchant, Role.OWNER))
    shown = owner.get(reverse("takeaway:cards")).content.decode()
    assert "to be filled in today" in shown
    assert shop.url() in shown
    assert reverse("takeaway:card", args=[other.pk]) in shown
    assert "not used" in shown


# A store whose token is refused rests until a person has bound it again.
FAULTS = [kind for kind in KINDS if kind != "auth" and not kind.startswith("slow")]


@pytest.mark.parametrize("kind", FAULTS)
def test_whatever_happens_on_the_way_the_card_is_saved_in_the_end(shop: Shop, kind: str) -> None:
    shop.meituan.server.faults.add(kind=kind, operation="card/save")
    saving.save_now(saving.card_save(binding=shop.row, rows=rows("甲"), actor=None))
    wait_until(lambda: worked_off() and SavedCard.objects.get().state == CardState.SAVED)
    assert shop.card()["cardDetailList"][0]["name"] == "甲"


def worked_off() -> bool:
    deliver_all()
    return True
