"""What stands where on the dispatch board, in which words, and with which buttons."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from delivery.models import Attempt, Delivery, DeliveryStore, Quote
from tests.delivery.board.looking import buttons, column, columns_of, shown
from tests.delivery.factories import (
    AttemptFactory,
    DeliveryFactory,
    QuoteFactory,
    ReceiverCaseFactory,
    StoreCourierFactory,
)
from tests.delivery.tracking.seeing import RIDER, S, called, ours, told

pytestmark = pytest.mark.django_db
State = Attempt.State

STAGES: dict[str, tuple[str, Callable[[Delivery], Any], list[str]]] = {
    "no rider called": ("waiting", lambda row: None, ["prices", "ready", "cancel"]),
    "being called": ("calling", lambda row: called(row, state="calling"), ["ready", "cancel"]),
    "waits for a rider": (
        "calling",
        lambda row: told(called(row), S.WAITING),
        ["tip", "cancel", "ready"],
    ),
    "a rider has accepted": (
        "coming",
        lambda row: told(called(row), S.ACCEPTED),
        ["cancel", "ready"],
    ),
    "rider at the shop": (
        "coming",
        lambda row: told(called(row), S.ACCEPTED, S.AT_SHOP),
        ["cancel", "ready"],
    ),
    "picked up": (
        "riding",
        lambda row: told(called(row), S.ACCEPTED, S.PICKED_UP),
        ["cancel"],
    ),
    "goes back": (
        "riding",
        lambda row: told(called(row), S.PICKED_UP, S.NOT_REACHED),
        ["returned"],
    ),
    "we bring it ourselves": (
        "coming",
        lambda row: told(ours(row), S.ACCEPTED),
        ["picked-up", "delivered", "cancel", "ready"],
    ),
    "we are on the way": (
        "riding",
        lambda row: told(ours(row), S.ACCEPTED, S.PICKED_UP),
        ["delivered", "cancel"],
    ),
    "being cancelled": (
        "calling",
        lambda row: called(row, state="ending", is_unwanted=True),
        ["ready"],
    ),
}


@pytest.mark.parametrize("stage", STAGES)
def test_each_delivery_stands_in_one_column_with_its_buttons(
    clerk: Client, waiting: Delivery, stage: str
) -> None:
    name, make, verbs = STAGES[stage]
    make(waiting)
    page = shown(clerk)
    assert columns_of(page, waiting) == [name]
    assert sorted(buttons(page, waiting)) == sorted(verbs)


def test_a_card_says_what_shop_people_need_and_nothing_of_the_receiver(
    clerk: Client, waiting: Delivery
) -> None:
    attempt = told(called(waiting, fee=Decimal("18.08"), tip=Decimal(3)), S.ACCEPTED)
    Attempt.objects.filter(pk=attempt.pk).update(arrives_at=timezone.now() + timedelta(minutes=9))
    card = column(shown(clerk), "coming")
    for words in ("A-12", "陈**", "翠苑…", "片儿川等", "¥46.50", "闪送", "¥18.08 + ¥3.00 tip"):
        assert words in card
    assert RIDER["name"] in card
    assert 'href="tel:17033334444,9876"' in card
    assert "expected at" in card
    assert f"/d/{waiting.slug}/" in card
    for secret in ("陈女士", "13800000002", "3幢502", "PICK77", "8642", "oTESTopenid"):
        assert secret not in card


def test_goods_that_go_back_are_expected_by_nobody(clerk: Client, waiting: Delivery) -> None:
    attempt = told(called(waiting), S.PICKED_UP)
    Attempt.objects.filter(pk=attempt.pk).update(arrives_at=timezone.now() + timedelta(minutes=9))
    assert "expected at" in column(shown(clerk), "riding")
    attempt.refresh_from_db()
    told(attempt, S.NOT_REACHED)
    card = column(shown(clerk), "riding")
    assert "Goes back" in card
    assert "expected at" not in card


def test_the_price_of_the_rules_choice_stands_on_the_button(
    clerk: Client, place: DeliveryStore, waiting: Delivery
) -> None:
    soon = timezone.now() + timedelta(minutes=2)
    dear, cheap = (
        StoreCourierFactory(place=place, account__delivery_id=code, account__name=name)
        for code, name in (("SS", "闪送"), ("DADA", "达达"))
    )
    QuoteFactory(delivery=waiting, courier=dear, fee=Decimal("18.08"), expires_at=soon)
    quote = QuoteFactory(delivery=waiting, courier=cheap, fee=Decimal("7.56"), expires_at=soon)
    page = column(shown(clerk), "waiting")
    assert "Call 达达 ¥7.56" in page
    assert f'name="quote" value="{quote.pk}"' in page
    assert "All prices" in page
    Quote.objects.update(expires_at=timezone.now())
    page = column(shown(clerk), "waiting")
    assert "Call 达达" not in page
    assert "Ask for prices" in page


REASONS: dict[str, Callable[[Delivery], Any]] = {
    "闪送 refused: 账户余额不足": lambda row: AttemptFactory(
        delivery=row,
        courier__place=row.store.delivery_store,
        state=State.DEAD,
        refusal="930561: 账户余额不足",
    ),
    "闪送: cancelled by the courier": lambda row: AttemptFactory(
        delivery=row, courier__place=row.store.delivery_store, state=State.DEAD, waybill_state=501
    ),
    "The receiver says that it did not come: 门口没有": lambda row: ReceiverCaseFactory(
        delivery=row
    ),
    "no courier fits the store&#x27;s rule. Look at the prices": lambda row: noted("no_fit"),
    "WeChat or its couriers do not answer. Ask for the prices": lambda row: noted("no_answer"),
    "all couriers of the store are paused. Put money": lambda row: noted("paused"),
}


def noted(why: str) -> None:
    Delivery.objects.update(for_person=why)


@pytest.mark.parametrize("words", REASONS)
def test_what_needs_a_person_stands_on_top_and_says_why(
    clerk: Client, waiting: Delivery, words: str
) -> None:
    Delivery.objects.update(needs_person=True)
    REASONS[words](waiting)
    older = AttemptFactory(
        delivery__store=waiting.store, state=State.DEAD, courier=None, shopid=""
    ).delivery
    Delivery.objects.filter(pk=older.pk).update(
        state="waiting", created_at=timezone.now() - timedelta(hours=2)
    )
    page = column(shown(clerk), "waiting")
    assert words in page
    places = [page.index(f'data-delivery="{row.pk}"') for row in (waiting, older)]
    assert places == sorted(places)
    assert 'data-urgency="urgent"' in page


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"refusal": "over_limit: 5.00", "needs_person": True}, "cancelling costs ¥5.00 now"),
        (
            {"for_person": "over_limit", "needs_person": True},
            "cancelling costs more than was allowed. Cancel by hand",
        ),
        (
            {"for_person": "ladder_end", "needs_person": True},
            "no step of the ladder is left",
        ),
        ({"refusal": "over_limit: ", "needs_person": True}, "does not say what cancelling costs"),
        (
            {"state": "ending", "needs_person": True, "for_person": "unsure"},
            "does not say for sure whether somebody rides. Ask the courier by telephone.",
        ),
    ],
)
def test_a_rider_who_needs_a_person_says_why(
    clerk: Client, waiting: Delivery, fields: dict[str, Any], words: str
) -> None:
    called(waiting, **fields)
    page = shown(clerk)
    assert words in page
    assert ("gone" in buttons(page, waiting)) is ("state" in fields)


def test_a_rider_who_took_a_dead_order_is_an_alarm_though_the_delivery_is_over(
    clerk: Client, waiting: Delivery
) -> None:
    called(waiting, state="revived", revived_at=timezone.now(), needs_person=True)
    Delivery.objects.update(state="cancelled", ended_at=timezone.now())
    page = shown(clerk)
    assert "trouble" in columns_of(page, waiting)
    assert "a rider took it after its end" in page
    assert "gone" in buttons(page, waiting)


def test_a_receivers_case_about_a_delivered_order_stands_above_all(
    clerk: Client, waiting: Delivery
) -> None:
    past = timezone.now() - timedelta(days=30)
    Delivery.objects.update(state="delivered", ended_at=past, created_at=past)
    assert columns_of(shown(clerk), waiting) == []
    ReceiverCaseFactory(delivery=waiting)
    page = shown(clerk)
    assert columns_of(page, waiting) == ["trouble"]
    assert buttons(page, waiting) == ["settle"]


def test_what_ended_today_is_folded_below(clerk: Client, waiting: Delivery) -> None:
    assert "Finished today" not in shown(clerk)
    Delivery.objects.update(state="delivered", ended_at=timezone.now())
    page = shown(clerk)
    assert columns_of(page, waiting) == []
    assert "A-12" in page[page.index("Finished today") :]
    Delivery.objects.update(ended_at=timezone.now() - timedelta(days=2))
    assert "Finished today" not in shown(clerk)


@pytest.mark.parametrize(("minutes", "urgency"), [(1, "calm"), (4, "soon"), (9, "urgent")])
def test_a_card_is_coloured_by_its_age(
    clerk: Client, waiting: Delivery, minutes: int, urgency: str
) -> None:
    called(waiting, called_at=timezone.now() - timedelta(minutes=minutes))
    assert f'data-urgency="{urgency}"' in column(shown(clerk), "calling")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(10, "Cancel: free now, "), (90, "usually ¥2 now"), (3600, "usually free now")],
)
def test_how_long_cancelling_is_usually_free_runs_on_the_button(
    clerk: Client, waiting: Delivery, seconds: int, words: str
) -> None:
    at = timezone.now() - timedelta(seconds=seconds)
    attempt = told(called(waiting, courier_code="DADA"), S.ACCEPTED)
    Attempt.objects.filter(pk=attempt.pk).update(accepted_at=at)
    page = column(shown(clerk), "coming")
    assert words in page
    assert ("data-free" in page) is (seconds < 60)


def test_paused_couriers_are_named_with_a_button(clerk: Client, place: DeliveryStore) -> None:
    until = timezone.now() + timedelta(minutes=50)
    row = StoreCourierFactory(place=place, paused_until=until, pause_reason="no answers")
    words = f"闪送 is paused until {timezone.localtime(until):%H:%M}: no answers"
    assert words in shown(clerk)
    answer = clerk.post(f"/wechat/board/stores/{place.pk}/resume/", headers={"HX-Request": "true"})
    assert words not in answer.content.decode()
    row.refresh_from_db()
    assert row.paused_until is None
    answer = clerk.post(f"/wechat/board/stores/{place.pk}/resume/", headers={"HX-Request": "true"})
    assert "is paused any more" in answer.content.decode()


def test_an_empty_board_says_how_orders_come_to_it(clerk: Client, place: DeliveryStore) -> None:
    words = "Nothing is to be delivered now."
    page = shown(clerk)
    assert words in page
    assert '<a href="/wechat/new/">' in page
    assert '<a href="/wechat/new/table/">' in page
    DeliveryFactory(store=place.store)
    assert words not in shown(clerk)
