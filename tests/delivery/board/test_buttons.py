"""What the buttons of the dispatch board do, against a simulated WeChat."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.utils import timezone

from delivery.choices import WaybillState
from delivery.models import Attempt, Delivery, Quote, ReceiverCase
from delivery.services.dispatching import OURSELVES, delivery_dispatch
from stores.models import AuditEntry
from tests.delivery.board.looking import (
    agree,
    buttons,
    column,
    field,
    is_dialog,
    press,
    quoted,
    refreshed,
    said,
    shown,
)
from tests.delivery.factories import ReceiverCaseFactory
from tests.delivery.town import COURIERS, Town

State = Attempt.State
CALLED = "A rider is called already."


def test_the_list_of_prices_says_what_each_courier_wants_and_why_one_is_picked(
    sender: Client, town: Town
) -> None:
    town.post("couriers", {"delivery_id": "UU", "mood": "refuses"})
    town.post("couriers", {"delivery_id": "MTPS", "names_price": False})
    page, quote = quoted(sender, town.delivery())
    assert Quote.objects.get(pk=quote).courier.account.delivery_id == "DADA"
    best = page[page.index("board-best") :]
    assert "The rule picks this one." in best[: best.index("</li>")]
    assert "Call DADA ¥7.56" in page
    assert "takes it, names no price" in page
    assert "Call MTPS: names no price" in page
    assert page.count("board-reason") == 1
    assert "data-left=" in page
    assert page.rindex("Our own people") > page.rindex("MTPS")
    assert 'hx-target="#board-dialog"' not in page, "a refusal comes with the board"


def test_prices_that_count_are_not_asked_for_twice_unless_a_person_wants_it(
    sender: Client, town: Town
) -> None:
    delivery = town.delivery()
    first = quoted(sender, delivery)[1]
    assert quoted(sender, delivery)[1] == first
    assert press(sender, delivery, "prices", anew="1").status_code == 200
    assert {quote.round for quote in delivery.quotes.all()} == {1, 2}


def test_the_rules_choice_is_called_in_one_click_at_the_price_on_the_button(
    sender: Client, town: Town
) -> None:
    delivery = town.delivery()
    quoted(sender, delivery)
    page = column(shown(sender), "waiting")
    assert "Call DADA ¥7.56" in page
    answer = press(sender, delivery, "call", quote=field(page, "quote"), rule="1")
    assert said(answer) == f"{delivery}: DADA is being called."
    assert f'data-delivery="{delivery.pk}"' in column(answer.content.decode(), "calling")
    town.work()
    attempt = Attempt.objects.get()
    assert (attempt.state, attempt.fee) == (State.LIVE, Decimal("7.56"))
    assert attempt.decision.rule
    assert [order["status"] for order in town.orders(delivery)] == [101]


def test_another_courier_than_the_rules_choice_is_called_at_its_price(
    sender: Client, town: Town
) -> None:
    delivery = town.delivery()
    quoted(sender, delivery)
    quote = delivery.quotes.get(courier__account__delivery_id="SS")
    press(sender, delivery, "call", quote=quote.pk)
    attempt = Attempt.objects.get()
    assert (attempt.courier_code, attempt.fee) == ("SS", Decimal("18.08"))
    assert (attempt.decision.rule, bool(attempt.decision.by)) == ({}, True)


def test_two_clicks_and_two_people_call_one_rider(sender: Client, town: Town) -> None:
    delivery = town.delivery()
    quote = quoted(sender, delivery)[1]
    press(sender, delivery, "call", quote=quote, rule="1")
    for verb, fields in (
        ("call", {"quote": quote, "rule": "1"}),
        ("ourselves", {}),
        ("prices", {}),
    ):
        answer = press(sender, delivery, verb, **fields)
        assert said(answer) == f"{delivery}: {CALLED}"
    assert Attempt.objects.count() == 1


@pytest.mark.parametrize("quote", ["", "abc", "-1", "9" * 30, "0"])
def test_a_price_that_is_none_calls_nobody(sender: Client, town: Town, quote: str) -> None:
    delivery = town.delivery()
    quoted(sender, delivery)
    assert "do not count any more" in said(press(sender, delivery, "call", quote=quote))
    assert not Attempt.objects.exists()


def test_a_price_that_is_over_or_of_another_delivery_calls_nobody(
    sender: Client, town: Town
) -> None:
    delivery, other = town.delivery(), town.delivery()
    quoted(sender, delivery)
    quote = quoted(sender, other)[1]
    assert "do not count any more" in said(press(sender, delivery, "call", quote=quote))
    Quote.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert "do not count any more" in said(press(sender, other, "call", quote=quote, rule="1"))
    assert not Attempt.objects.exists()


def test_the_tip_goes_to_the_couriers_next_step(sender: Client, town: Town) -> None:
    attempt = town.called("SS")
    page = column(shown(sender), "calling")
    assert "Raise the tip to ¥2" in page
    press(sender, attempt.delivery, "tip", total=field(page, "total"))
    press(sender, attempt.delivery, "tip", total=field(page, "total"))
    town.work()
    assert refreshed(attempt).tip == Decimal(2)
    assert [order["tip"] for order in town.orders(attempt.delivery)] == [2.0]
    assert "Raise the tip to ¥3" in column(shown(sender), "calling")


def test_goods_are_ready_and_their_own_people_bring_them(sender: Client, town: Town) -> None:
    delivery = town.delivery()
    press(sender, delivery, "ready")
    press(sender, delivery, "ourselves")
    press(sender, delivery, "picked-up")
    delivery.refresh_from_db()
    assert delivery.ready_at
    assert Attempt.objects.get().waybill_state == WaybillState.PICKED_UP
    press(sender, delivery, "delivered")
    delivery.refresh_from_db()
    assert delivery.state == Delivery.State.DELIVERED
    assert "do not deliver this yourselves" in said(press(sender, delivery, "delivered"))
    verbs = set(AuditEntry.objects.values_list("verb", flat=True))
    assert {"delivery.ready", "delivery.dispatch", "delivery.own_step"} <= verbs


def test_their_own_people_hand_over_against_the_receivers_code(sender: Client, town: Town) -> None:
    delivery = town.delivery(wishes={"needs_finish_code": True})
    press(sender, delivery, "ourselves")
    code = Attempt.objects.get().finish_code
    assert re.fullmatch("[0-9]{4}", code)
    asked_for = press(sender, delivery, "delivered")
    assert is_dialog(asked_for)
    assert code not in asked_for.content.decode()
    assert 'maxlength="12"' in asked_for.content.decode(), "also with what is pasted around it"
    wrong = press(sender, delivery, "delivered", code=f"{(int(code) + 1) % 10_000:04}")
    assert "not the receiver&#x27;s code" in wrong.content.decode()
    assert (
        "not the receiver&#x27;s code"
        in press(sender, delivery, "delivered", code="").content.decode()
    )
    delivery.refresh_from_db()
    assert delivery.state == Delivery.State.RUNNING
    press(sender, delivery, "delivered", code=f" 收货码：{code}。")
    delivery.refresh_from_db()
    assert delivery.state == Delivery.State.DELIVERED


def test_no_code_is_asked_for_where_there_is_none(sender: Client, town: Town) -> None:
    delivery = town.delivery()
    assert "do not deliver this yourselves" in said(press(sender, delivery, "delivered", code="1"))
    press(sender, delivery, "ourselves")
    assert "Noted" in said(press(sender, delivery, "delivered", code="1"))


def test_a_receiver_without_the_code_gets_the_goods_all_the_same(
    sender: Client, town: Town
) -> None:
    delivery = town.delivery(wishes={"needs_finish_code": True})
    press(sender, delivery, "ourselves")
    press(sender, delivery, "delivered", without="1")
    delivery.refresh_from_db()
    assert delivery.state == Delivery.State.DELIVERED


def test_the_card_says_why_all_couriers_refuse(sender: Client, town: Town) -> None:
    for courier in COURIERS:
        town.post("couriers", {"delivery_id": courier, "mood": "refuses"})
    delivery = town.delivery()
    quoted_page = press(sender, delivery, "prices").content.decode()
    assert quoted_page.count("board-reason") == len(COURIERS)
    page = column(shown(sender), "waiting")
    assert "No courier takes it:" in page
    town.post("couriers", {"delivery_id": "UU", "mood": "takes"})
    press(sender, delivery, "prices", anew="1")
    assert "No courier takes it:" not in column(shown(sender), "waiting")


def test_a_courier_is_called_again_under_the_same_number(sender: Client, town: Town) -> None:
    attempt = town.called("SS")
    agree(sender, attempt.delivery, press(sender, attempt.delivery, "cancel").content.decode())
    town.work()
    page = quoted(sender, attempt.delivery)[0]
    assert "Call SS again under the same number" in page
    press(sender, attempt.delivery, "call-again", attempt=field(page, "attempt"))
    town.work()
    lives = Attempt.objects.order_by("life").values_list("shop_order_id", "life")
    assert list(lives) == [(attempt.shop_order_id, 1), (attempt.shop_order_id, 2)]


def test_a_receivers_case_is_settled_once(sender: Client, town: Town) -> None:
    delivery = town.delivery(state=Delivery.State.DELIVERED, ended_at=timezone.now())
    ReceiverCaseFactory(delivery=delivery)
    assert "Settled" in said(press(sender, delivery, "settle"))
    assert ReceiverCase.objects.get().closed_by
    assert "settled already" in said(press(sender, delivery, "settle"))


def test_a_clerk_settles_what_is_over_with_a_note(sender: Client, town: Town) -> None:
    row = town.delivery(state=Delivery.State.RETURNED, needs_person=True, ended_at=timezone.now())
    assert "over" in buttons(shown(sender), row)
    answer = press(sender, row, "over")
    assert is_dialog(answer)
    assert 'name="note"' in answer.content.decode()
    blank = press(sender, row, "over", note="  ")
    assert is_dialog(blank)
    assert "Write how it was settled." in blank.content.decode()
    assert "Settled." in said(press(sender, row, "over", note="已入库"))
    row.refresh_from_db()
    assert row.needs_person is False
    assert AuditEntry.objects.get(verb="delivery.settled").data["note"] == "已入库"
    assert "over" not in buttons(shown(sender), row)
    assert "any more" in said(press(sender, row, "over"))


def test_what_the_receiver_said_is_settled_before_the_rest(sender: Client, town: Town) -> None:
    row = town.delivery(state=Delivery.State.RETURNED, needs_person=True, ended_at=timezone.now())
    ReceiverCaseFactory(delivery=row)
    assert {"settle", "over"} & set(buttons(shown(sender), row)) == {"settle"}
    press(sender, row, "settle")
    assert {"settle", "over"} & set(buttons(shown(sender), row)) == {"over"}


def test_nobody_to_be_asked_still_lets_their_own_people_go(sender: Client, town: Town) -> None:
    town.place.couriers.update(is_active=False)
    delivery = town.delivery()
    page = press(sender, delivery, "prices").content.decode()
    assert "No courier of this store can be asked at the moment." in page
    assert "We bring it ourselves" in page


def test_without_scripts_buttons_lead_back_and_questions_are_pages(
    sender: Client, town: Town
) -> None:
    delivery = town.delivery()
    path = f"/wechat/board/{delivery.pk}/"
    page = sender.post(f"{path}prices/").content.decode()
    assert "<html" in page
    fields = {"quote": field(page, "quote"), "rule": "1"}
    answer = sender.post(f"{path}call/", fields)
    assert (answer.status_code, answer["Location"]) == (302, "/wechat/board/")
    assert CALLED in sender.post(f"{path}call/", fields).content.decode()
    assert "Cancel the rider only" in sender.post(f"{path}cancel/").content.decode()


def test_what_the_rule_did_meanwhile_is_said_plainly(sender: Client, town: Town) -> None:
    delivery = town.delivery()
    quote = quoted(sender, delivery)[1]
    delivery_dispatch(delivery=delivery, courier=OURSELVES, actor="rule")
    assert said(press(sender, delivery, "call", quote=quote)) == f"{delivery}: {CALLED}"
