"""The order desk in a browser: fresh without a reload, a sound in one tab, buttons that answer."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import Page, expect

import messaging.webhooks.handlers  # noqa: F401
from messaging.choices import OrderState
from messaging.models import Order, TakeawayStore
from stores.models import Merchant, OutboundCall
from stores.roles import Role
from stores.web import tickets
from tests.browser.conftest import Visitor
from tests.messaging.factories import ConversationFactory, OrderFactory, TakeawayStoreFactory
from tests.messaging.pushing import Pusher
from tests.messaging.samples import ORDER_ID
from tests.processes import wait_until
from tests.stores.factories import MerchantFactory, StoreFactory, member

DESK = "/takeaway/desk/"
# How often the sound was played.
SEVERAL = re.compile("[2-9]")


@pytest.fixture
def binding(transactional_db: None) -> TakeawayStore:
    merchant: Merchant = MerchantFactory()
    made: TakeawayStore = TakeawayStoreFactory(store=StoreFactory(merchant=merchant))
    return made


@pytest.fixture
def clerk(binding: TakeawayStore) -> User:
    return member(binding.store.merchant, Role.CLERK, binding.store, password=None)


def arrives(binding: TakeawayStore, number: int = ORDER_ID, day_number: str = "12") -> None:
    now = int(timezone.now().timestamp())
    Pusher(binding).order(orderId=number, ctime=now, utime=now, daySeq=day_number)


def card(page: Page, column: str) -> str:
    return f'[data-column="{column}"] .live-card'


def too_small(page: Page, selector: str) -> list[str]:
    """What a thumb does not find, of some elements, of which there is at least one."""
    found = page.locator(selector).filter(visible=True).all()
    assert found
    boxes = [each.bounding_box() for each in found]
    return [
        each.inner_text()
        for each, box in zip(found, boxes, strict=True)
        if box is None or min(box["width"], box["height"]) < 44
    ]


def test_an_order_arrives_counts_down_and_is_accepted(
    visitor: Visitor, binding: TakeawayStore, clerk: User
) -> None:
    page = visitor.page(user=clerk)
    page.goto(DESK)
    expect(page.locator(card(page, "todo"))).to_have_count(0)
    arrives(binding)
    expect(page.locator(card(page, "new"))).to_have_count(1, timeout=4000)
    left = page.locator('[data-column="todo"] time')
    before = left.text_content()
    expect(left).not_to_have_text(before or "", timeout=3000)
    assert re.fullmatch(r"还剩 [45] 分 \d\d 秒", left.text_content() or "")
    page.locator(card(page, "new")).get_by_role("button").click()
    wait_until(OutboundCall.objects.exists)
    assert OutboundCall.objects.get().operation == "order.accept"
    order = Order.objects.get()
    order.state = OrderState.CONFIRMED
    order.save()
    expect(page.locator(card(page, "cooking"))).to_have_count(1, timeout=4000)
    expect(page.locator(card(page, "todo"))).to_have_count(0)


def test_a_message_that_waits_is_said_otherwise_once_its_time_is_over(
    visitor: Visitor, binding: TakeawayStore, clerk: User
) -> None:
    order = OrderFactory(binding=binding, state=OrderState.FINISHED)
    ConversationFactory(order=order, reply_until=timezone.now() + timedelta(seconds=6))
    page = visitor.page(user=clerk)
    page.goto(DESK)
    left = page.locator('[data-column="todo"] time')
    expect(left).to_have_text(re.compile(r"^还剩 0 分 0\d 秒$"))
    expect(left).to_have_text(re.compile(r"^已超时 0 分 \d\d 秒$"), timeout=10000)


def test_one_tab_rings_until_it_is_answered(
    visitor: Visitor, binding: TakeawayStore, clerk: User
) -> None:
    first = visitor.page(user=clerk)
    first.goto(DESK)
    second = first.context.new_page()
    second.goto(DESK)
    for page in (first, second):
        page.locator("[data-sound]").click()
    arrives(binding)
    expect(first.locator("#desk")).to_have_attribute("data-rung", SEVERAL, timeout=15000)
    expect(second.locator("#desk")).not_to_have_attribute("data-rung", SEVERAL)
    assert first.title().startswith("(1)")
    # The tab that rings is closed: the other one goes on.
    first.close()
    expect(second.locator("#desk")).to_have_attribute("data-rung", SEVERAL, timeout=15000)
    Order.objects.update(state=OrderState.CANCELLED, changed_at=timezone.now())
    expect(second).to_have_title(re.compile(r"^[^(]"), timeout=8000)


def test_who_is_signed_out_is_told_and_goes_on_afterwards(
    visitor: Visitor, binding: TakeawayStore, clerk: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Else a page without a session is fresh for a minute.
    monkeypatch.setattr(tickets, "TICKET_SECONDS", 2)
    page = visitor.page(user=clerk)
    with page.expect_response(re.compile("/takeaway/desk/live/")):
        page.goto(DESK)
    expect(page.locator("[data-fresh]")).to_have_text(re.compile(r"[0-9]{2}:[0-9]{2}:[0-9]{2}$"))
    cookies: Any = page.context.cookies()
    page.context.clear_cookies()
    expect(page.locator("[data-standstill]")).to_be_visible(timeout=10000)
    page.context.add_cookies(cookies)
    arrives(binding)
    expect(page.locator(card(page, "new"))).to_have_count(1, timeout=8000)
    expect(page.locator("[data-standstill]")).to_be_hidden()


def test_an_order_whose_answer_was_lost_comes_later_and_the_desk_says_that_it_stands_still(
    visitor: Visitor, binding: TakeawayStore, clerk: User
) -> None:
    live = re.compile("/takeaway/desk/live/")
    page = visitor.page(user=clerk)
    with page.expect_response(live):
        page.goto(DESK)
    page.route(live, lambda route: route.fulfill(status=502))
    arrives(binding)
    expect(page.locator("[data-standstill]")).to_be_visible(timeout=8000)
    page.unroute(live)
    expect(page.locator(card(page, "new"))).to_have_count(1, timeout=4000)
    expect(page.locator("[data-standstill]")).to_be_hidden()
    assert all("502" in complaint for complaint in visitor.complaints)
    visitor.complaints.clear()


def test_the_desk_fits_on_a_phone(visitor: Visitor, binding: TakeawayStore, clerk: User) -> None:
    arrives(binding)
    Order.objects.update(wanted_at=timezone.now() + timedelta(minutes=30))
    page = visitor.page(width=360, height=740, user=clerk)
    page.goto(DESK)
    expect(page.locator(card(page, "new"))).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    assert too_small(page, "header a, .live-card a, .live-card button") == []
    page.locator(".desk-number").first.click()
    expect(page.locator("h1").first).to_be_visible()
    assert too_small(page, ".readonly a, .zg-facts a") == []
