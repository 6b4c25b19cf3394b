"""Riders for all that is ready: one confirmation with each price and the total, and the result."""

import re
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from delivery.models import Attempt, Delivery, DeliveryStore, Quote
from delivery.pages import board_all
from delivery.services.choosing import Rule
from delivery.services.costing import cost_of
from delivery.services.dispatching import OURSELVES, delivery_dispatch
from tests.delivery.board.looking import BOARD, field, shown
from tests.delivery.factories import (
    AttemptFactory,
    DeliveryFactory,
    DeliveryStoreFactory,
    ReceiverCaseFactory,
)
from tests.delivery.town import Town

ALL = f"{BOARD}all/"


def ready(town: Town, **fields: Any) -> Delivery:
    return town.delivery(ready_at=timezone.now(), **fields)


def priced(sender: Client) -> str:
    """Asks for all prices; returns the confirmation."""
    answer = sender.post(ALL, {"turn": "0"})
    assert answer.status_code == 200
    return answer.content.decode()


def quotes_on(page: str) -> list[str]:
    return re.findall(r'name="quote" value="(\d+)"', page)


def test_each_courier_price_and_the_total_stand_on_one_page(sender: Client, town: Town) -> None:
    rows = [ready(town, reference=f"A-{number}") for number in range(3)]
    assert "Call riders for all 3 that are ready" in shown(sender)
    page = sender.get(ALL).content.decode()
    assert "Prices: 0 of 3" in page
    assert "Together" not in page
    page = priced(sender)
    for row in rows:
        assert row.reference in page
    assert page.count("DADA <b>¥7.56</b>") == 3
    assert "Together: ¥22.68" in page
    assert "Call 3 riders for ¥22.68" in page
    answer = sender.post(ALL, {"do": "call", "quote": quotes_on(page)}).content.decode()
    assert "3 riders are being called" in answer
    town.work()
    assert [each.fee for each in Attempt.objects.all()] == [Decimal("7.56")] * 3
    assert all(each.decision.rule for each in Attempt.objects.all())
    assert "Nothing that is ready waits" in sender.get(ALL).content.decode()


def test_a_tip_of_the_rule_stands_in_the_price_and_in_the_total(sender: Client, town: Town) -> None:
    DeliveryStore.objects.update(rule={**Rule().as_json(), "tip": "2"})
    ready(town)
    page = priced(sender)
    assert "¥9.56 with a tip of ¥2" in page
    assert "Together: ¥9.56" in page
    assert "Call DADA ¥9.56 with a tip of ¥2" in shown(sender)
    answer = sender.post(ALL, {"do": "call", "quote": quotes_on(page)}).content.decode()
    assert "DADA ¥9.56" in answer
    attempt = Attempt.objects.get()
    assert cost_of([attempt]) == Decimal("9.56")


def test_one_that_fails_does_not_stop_the_others(sender: Client, town: Town) -> None:
    rows = [ready(town, reference=f"A-{number}") for number in range(3)]
    page = priced(sender)
    delivery_dispatch(delivery=rows[0], courier=OURSELVES, actor="小李")
    Quote.objects.filter(delivery=rows[1]).update(expires_at=timezone.now())
    answer = sender.post(ALL, {"do": "call", "quote": quotes_on(page)}).content.decode()
    assert "1 rider is being called" in answer
    assert "A rider is called already." in answer
    assert "do not count any more" in answer
    called = Attempt.objects.exclude(courier=None)
    assert [each.delivery for each in called] == [rows[2]]
    again = sender.post(ALL, {"do": "call", "quote": quotes_on(page)}).content.decode()
    assert "0 riders are being called" in again


def test_what_is_not_ready_needs_a_person_or_goes_on_by_itself_is_left_alone(
    sender: Client, town: Town
) -> None:
    town.delivery()
    ready(town, needs_person=True)
    ready(town, then=Delivery.Then.NEXT)
    ReceiverCaseFactory(delivery=ready(town))
    AttemptFactory(
        delivery=ready(town), courier=town.place.couriers.first(), state=Attempt.State.REVIVED
    )
    assert "Nothing that is ready waits" in sender.get(ALL).content.decode()


def test_a_delivery_that_nobody_takes_says_so_and_is_not_asked_for_ever(
    sender: Client, town: Town
) -> None:
    for courier in ("DADA", "MTPS", "SFTC", "SS", "UU"):
        town.post("couriers", {"delivery_id": courier, "mood": "refuses"})
    ready(town)
    page = priced(sender)
    assert "No courier fits the store&#x27;s rule." in page
    assert "data-goes-on" not in page
    assert quotes_on(page) == []
    town.place.couriers.update(is_active=False)
    Quote.objects.all().delete()
    assert "No courier fits the store&#x27;s rule." in priced(sender)


def test_prices_are_asked_for_in_turns_that_say_how_far_they_are(
    sender: Client, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        ready(town)
    monkeypatch.setattr(board_all, "TURN_SECONDS", 0.0)
    page = priced(sender)
    assert "Prices: 1 of 3" in page
    assert "data-goes-on" in page
    assert 'class="board-costs"' not in page
    turn, asked = field(page, "turn"), field(page, "asked")
    page = sender.post(ALL, {"turn": turn, "asked": asked}).content.decode()
    assert "Prices: 2 of 3" in page
    page = sender.post(ALL, {"turn": str(board_all.MOST_TURNS)}).content.decode()
    assert "data-goes-on" not in page


def test_not_more_than_so_many_at_once(
    sender: Client, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(board_all, "MOST_AT_ONCE", 2)
    for _ in range(3):
        ready(town)
    page = priced(sender)
    assert "1 more waits for the next time." in page
    assert len(quotes_on(page)) == 2


@pytest.mark.parametrize("given", ["", "abc", "-1", "9" * 40, "1.5"])
def test_numbers_that_are_none_call_nobody(sender: Client, town: Town, given: str) -> None:
    ready(town)
    answer = sender.post(ALL, {"do": "call", "quote": given})
    assert "Nothing was chosen." in answer.content.decode()
    assert sender.post(ALL, {"turn": given, "asked": given}).status_code == 200
    assert not Attempt.objects.exists()


def test_anothers_prices_call_nobody(sender: Client, town: Town) -> None:
    theirs = DeliveryFactory(store=DeliveryStoreFactory().store, ready_at=timezone.now())
    row = ready(town)
    priced(sender)
    quote = Quote.objects.filter(delivery=row).first()
    assert quote
    Quote.objects.filter(pk=quote.pk).update(delivery=theirs)
    answer = sender.post(ALL, {"do": "call", "quote": quote.pk}).content.decode()
    assert "Nothing was chosen." in answer
    assert str(theirs) not in answer
    assert sender.post(ALL, {"do": "call", "store": theirs.store_id}).status_code == 404
    assert not Attempt.objects.exists()
