"""The pages of a refund and of an order while Meituan is being told: they show the outcome."""

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from playwright.sync_api import Page, expect

from messaging.choices import OrderState
from messaging.models import Order
from messaging.services import acting, deciding
from stores.models import OutboundCall
from stores.platforms.errors import Refused
from stores.roles import Role
from tests.back_office import page as address
from tests.browser.conftest import Visitor
from tests.messaging.factories import OrderFactory, RefundFactory
from tests.stores.factories import member


@pytest.fixture
def order(transactional_db: None) -> Order:
    made: Order = OrderFactory(state=OrderState.CONFIRMED)
    return made


@pytest.fixture
def manager(order: Order) -> User:
    return member(order.store.merchant, Role.MANAGER, order.store, password=None)


def settled(state: str) -> None:
    """What a worker does when Meituan has answered."""
    with transaction.atomic():
        call = OutboundCall.objects.exclude(operation="refunds.read").get()
        kind = next(each for each in acting.ACTIONS if each.name == call.operation)
        OutboundCall.objects.filter(pk=call.pk).update(state=state, last_error="808: 已超时")
        if state == OutboundCall.State.REFUSED:
            kind().on_refused(call, Refused("808", "已超时"))
        else:
            kind().on_done(call, None, inferred=False)
        OutboundCall.objects.filter(operation="refunds.read").update(state="done")


def is_renewed_once(page: Page) -> None:
    """Once nothing is under way the page rests."""
    expect(page.locator("[data-sending]")).to_have_count(0, timeout=8000)


def test_a_refund_that_was_agreed_to_shows_it_by_itself(
    visitor: Visitor, order: Order, manager: User
) -> None:
    refund = RefundFactory(order=order)
    page = visitor.page(user=manager)
    page.goto(address(refund, "do", "agree"))
    page.locator("#content form button[type=submit]").last.click()
    sent = page.get_by_text("您的决定正在发送给美团")
    expect(sent.first).to_be_visible()
    settled(OutboundCall.State.DONE)
    expect(page.get_by_text("已同意").first).to_be_visible(timeout=8000)
    is_renewed_once(page)
    expect(sent).to_have_count(0)


def test_a_decision_that_meituan_refused_is_said_and_can_be_made_again(
    visitor: Visitor, order: Order, manager: User
) -> None:
    refund = RefundFactory(order=order)
    deciding.refund_decide(refund=refund, actor=manager, agree=True, reason="")
    page = visitor.page(width=360, height=740, user=manager)
    page.goto(address(refund))
    buttons = page.locator(f'a[href="{address(refund, "do", "agree")}"]')
    expect(buttons).to_have_count(0)
    settled(OutboundCall.State.REFUSED)
    expect(page.get_by_text("808: 已超时")).to_be_visible(timeout=8000)
    expect(buttons).to_have_count(1)


def test_an_order_of_which_a_part_is_refunded_shows_it_by_itself(
    visitor: Visitor, order: Order, manager: User
) -> None:
    dishes = [{"food_name": "云吞面", "count": 1}]
    deciding.order_refund_part(order=order, actor=manager, reason="少了", dishes=dishes)
    page = visitor.page(user=manager)
    page.goto(address(order))
    expect(page.locator("[data-sending]")).to_be_visible()
    RefundFactory(order=order, is_part=True, money=1900, state="agreed")
    settled(OutboundCall.State.DONE)
    expect(page.get_by_text("¥19.00").first).to_be_visible(timeout=8000)
    is_renewed_once(page)


def test_the_page_of_a_part_says_that_one_is_being_sent_until_it_has_arrived(
    visitor: Visitor, order: Order, manager: User
) -> None:
    dishes = [{"food_name": "云吞面", "count": 1}]
    deciding.order_refund_part(order=order, actor=manager, reason="少了", dishes=dishes)
    page = visitor.page(width=360, height=740, user=manager)
    page.goto(f"/takeaway/desk/{order.pk}/refund/")
    expect(page.locator("[data-sending]")).to_be_visible()
    settled(OutboundCall.State.REFUSED)
    # Nobody answers for Meituan here: the page says so once it asks.
    expect(page.locator("[data-sending]")).to_have_count(0, timeout=8000)
    visitor.complaints.clear()
