"""Buttons that send a rider away or take goods back, against a simulated WeChat."""

from decimal import Decimal

import pytest
from django.db.models import F
from django.test import Client
from django.utils import timezone

from delivery.choices import WaybillState
from delivery.models import Attempt, Delivery, WaybillNews
from delivery.services.dispatching import delivery_dispatch
from delivery.services.going_on import ask_due
from delivery.services.story import CLOCKS_APART
from stores.platforms import outbox
from tests.delivery.board.looking import (
    agree,
    column,
    field,
    is_dialog,
    press,
    refreshed,
    said,
    shown,
)
from tests.delivery.cancelling import delivery_cancel
from tests.delivery.riders.test_one_rider import asked
from tests.delivery.town import Town
from tests.processes import wait_until

State = Attempt.State


def test_a_cancellation_shows_the_fee_and_costs_what_was_shown(sender: Client, town: Town) -> None:
    attempt = town.called("SS")
    answer = press(sender, attempt.delivery, "cancel")
    assert is_dialog(answer)
    page = answer.content.decode()
    assert "cancelling is free now" in page
    answer = agree(sender, attempt.delivery, page, then="rider")
    assert said(answer) == f"{attempt.delivery}: It is being cancelled."
    town.work()
    assert refreshed(attempt).state == State.DEAD
    assert attempt.delivery.state == Delivery.State.WAITING
    assert not attempt.delivery.needs_person


def test_a_fee_above_what_was_shown_is_asked_again_and_nothing_is_sent(
    sender: Client, town: Town
) -> None:
    attempt = town.called("SS")
    page = press(sender, attempt.delivery, "cancel").content.decode()
    town.post("couriers", {"delivery_id": "SS", "cancel_fee": 5.0, "free_seconds": 0.0})
    town.report(attempt, 102)
    answer = agree(sender, attempt.delivery, page, then="cancel")
    assert is_dialog(answer)
    again = answer.content.decode()
    assert "It costs more than was shown. Nothing was cancelled." in again
    assert "cancelling costs ¥5.00 now" in again
    assert refreshed(attempt).state == State.LIVE
    assert not attempt.is_unwanted
    agree(sender, attempt.delivery, again, then="cancel")
    town.work()
    assert refreshed(attempt).deduction == Decimal("5.00")
    assert attempt.delivery.state == Delivery.State.CANCELLED


def test_a_fee_that_nobody_says_is_agreed_to_in_so_many_words(sender: Client, town: Town) -> None:
    attempt = town.called("SS")
    town.switch(precancel_without_fee=True)
    page = press(sender, attempt.delivery, "cancel").content.decode()
    assert "does not say what cancelling costs" in page
    assert field(page, "fee") == "whatever"
    agree(sender, attempt.delivery, page, then="rider")
    town.work()
    assert refreshed(attempt).state == State.DEAD


@pytest.mark.parametrize("fee", ["abc", "-1", "NaN", "1e9", "0.001", "Infinity"])
def test_an_amount_that_is_none_cancels_nothing(sender: Client, town: Town, fee: str) -> None:
    attempt = town.called("SS")
    fields = {"attempt": attempt.pk, "fee": fee, "then": "rider"}
    answer = press(sender, attempt.delivery, "cancel", **fields)
    assert "This is no amount." in said(answer)
    assert "This is no amount." in said(press(sender, attempt.delivery, "tip", total=fee))
    assert refreshed(attempt).state == State.LIVE


def test_a_delivery_without_a_rider_is_cancelled_after_a_question(
    sender: Client, town: Town
) -> None:
    delivery = town.delivery()
    page = press(sender, delivery, "cancel").content.decode()
    assert "No rider is called: it costs nothing." in page
    press(sender, delivery, "cancel", fee=field(page, "fee"), then="cancel")
    delivery.refresh_from_db()
    assert delivery.state == Delivery.State.CANCELLED
    assert "is over" in said(press(sender, delivery, "cancel"))


def test_a_rider_who_was_called_meanwhile_is_not_cancelled_unasked(
    sender: Client, town: Town
) -> None:
    """The question was about a delivery without a rider."""
    delivery = town.delivery()
    page = press(sender, delivery, "cancel").content.decode()
    attempt = delivery_dispatch(delivery=delivery, courier="SS", actor="小王")
    town.work()
    answer = press(sender, delivery, "cancel", fee=field(page, "fee"), then="cancel")
    assert is_dialog(answer)
    assert "Meanwhile another rider was called. Nothing was cancelled." in answer.content.decode()
    assert (refreshed(attempt).state, attempt.is_unwanted) == (State.LIVE, False)


def test_a_fee_that_was_shown_for_one_rider_cancels_no_other(sender: Client, town: Town) -> None:
    first = town.called("SS")
    page = press(sender, first.delivery, "cancel").content.decode()
    delivery_cancel(delivery=first.delivery, actor="小李", max_fee=None, then=Delivery.Then.NOTHING)
    town.work()
    second = delivery_dispatch(delivery=first.delivery, courier="SFTC", actor="小李")
    town.work()
    answer = agree(sender, first.delivery, page, then="cancel")
    assert is_dialog(answer)
    again = answer.content.decode()
    assert "Meanwhile another rider was called. Nothing was cancelled." in again
    assert "cancel SFTC?" in again
    assert (refreshed(second).state, second.is_unwanted) == (State.LIVE, False)
    agree(sender, first.delivery, again, then="cancel")
    town.work()
    assert refreshed(second).delivery.state == Delivery.State.CANCELLED


def test_nothing_is_promised_for_a_rider_who_has_the_goods(sender: Client, town: Town) -> None:
    attempt = town.called("DADA")
    town.report(attempt, 102)
    asked(town, attempt)
    assert "free now" in column(shown(sender), "coming")
    town.report(attempt, 202)
    asked(town, attempt)
    page = column(shown(sender), "riding")
    assert "Cancel the rider, who has the goods" in page
    assert "free" not in page
    dialog = press(sender, attempt.delivery, "cancel").content.decode()
    assert "The rider has the goods" in dialog
    assert "data-free" not in dialog


def test_goods_that_come_back_are_confirmed(sender: Client, town: Town) -> None:
    attempt = town.called("SS")
    for status in (102, 202, 304):
        town.report(attempt, status)
    asked(town, attempt)
    assert "Goes back" in column(shown(sender), "riding")
    assert is_dialog(press(sender, attempt.delivery, "returned"))
    town.work()
    assert refreshed(attempt).state == State.LIVE
    press(sender, attempt.delivery, "returned", sure="1")
    town.work()
    assert refreshed(attempt).state == State.RETURNED
    assert "the goods are back at the shop. Send them again" in column(shown(sender), "trouble")


def test_goods_with_a_rider_who_came_after_the_end_are_confirmed_too(
    sender: Client, town: Town
) -> None:
    attempt = town.called("SS")
    agree(sender, attempt.delivery, press(sender, attempt.delivery, "cancel").content.decode())
    town.work()
    for status in (102, 202, 304):
        town.report(attempt, status)
    # An answer so soon after the end would be the courier's clock, not another rider.
    WaybillNews.objects.update(at=F("at") - 2 * CLOCKS_APART)
    now = timezone.now()
    Attempt.objects.update(ask_at=now, ended_at=now - 2 * CLOCKS_APART)
    ask_due()

    def comes_back() -> bool:
        outbox.work(seconds=0.1)
        return refreshed(attempt).waybill_state == WaybillState.NOT_REACHED

    wait_until(comes_back)
    assert attempt.state == State.REVIVED
    assert "The goods are back" in shown(sender)
    press(sender, attempt.delivery, "returned", sure="1")
    town.work()
    assert refreshed(attempt).state == State.RETURNED
    assert attempt.delivery.state == Delivery.State.RETURNED
    assert "Nothing is on its way back." in said(press(sender, attempt.delivery, "returned"))


def test_nothing_is_asked_of_goods_that_do_not_come_back(sender: Client, town: Town) -> None:
    answer = press(sender, town.called("SS").delivery, "returned")
    assert "Nothing is on its way back." in said(answer)


def test_a_person_says_that_nobody_rides_only_after_a_question(sender: Client, town: Town) -> None:
    attempt = town.called("SS")
    answer = press(sender, attempt.delivery, "gone", attempt=attempt.pk, sure="1")
    assert "The courier&#x27;s answers decide this." in said(answer)
    Attempt.objects.update(state=State.ENDING, needs_person=True)
    answer = press(sender, attempt.delivery, "gone", attempt=attempt.pk)
    assert is_dialog(answer)
    assert refreshed(attempt).state == State.ENDING
    press(sender, attempt.delivery, "gone", attempt=attempt.pk, sure="1")
    assert refreshed(attempt).state == State.DEAD


def test_an_attempt_of_another_delivery_is_none(sender: Client, town: Town) -> None:
    attempt, other = town.called("SS"), town.delivery()
    Attempt.objects.update(state=State.ENDING, needs_person=True)
    for verb in ("gone", "call-again"):
        answer = press(sender, other, verb, attempt=attempt.pk, sure="1")
        assert "not of this delivery" in said(answer)
    assert refreshed(attempt).state == State.ENDING
