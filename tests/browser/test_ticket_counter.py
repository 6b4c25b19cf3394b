"""Tickets at the counter in a real browser, on a phone."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from stores.roles import Role
from tests.browser.conftest import Visitor, fits, scan
from tests.meituan import VISITOR, Meituan, selling
from tests.stores.factories import member
from trip.choices import VisitorInfo, VoucherType
from trip.models import Consumption, Product


@pytest.fixture
def sold(transactional_db: None) -> tuple[Meituan, Product]:
    return selling(title="雪乡景区成人票", voucher_type=VoucherType.PER_ORDER)


@pytest.fixture
def clerk(sold: tuple[Meituan, Product]) -> User:
    return member(
        sold[1].store.merchant, Role.CLERK, sold[1].store, username="xiaowang", first_name="小王"
    )


@pytest.fixture
def phone(visitor: Visitor, clerk: User) -> Page:
    page = visitor.page(width=360, height=740, user=clerk)
    page.goto("/counter/")
    return page


def code_of(sold: tuple[Meituan, Product], quantity: int) -> str:
    meituan, product = sold
    return meituan.bought(product, quantity).vouchers.get().code


def test_a_single_ticket_is_used_by_its_scan(phone: Page, sold: tuple[Meituan, Product]) -> None:
    scan(phone, code_of(sold, 1))
    expect(phone.locator(".scan.fresh.ok")).to_contain_text("雪乡景区成人票")
    expect(phone.locator("#text")).to_be_focused()
    assert Consumption.objects.get().quantity == 1
    assert fits(phone)


def test_of_a_group_two_go_in_and_the_next_scan_works_at_once(
    phone: Page, sold: tuple[Meituan, Product], screenshot: Callable[[Page, str], None]
) -> None:
    group, single = code_of(sold, 5), code_of(sold, 1)
    phone.evaluate("window.notReloaded = true")
    scan(phone, group)
    card = phone.locator(".scan.fresh.ask")
    expect(card.locator("button")).to_have_text(["1", "2", "3", "4", "5"])
    assert fits(phone)
    for button in card.locator("button").all():
        box = button.bounding_box()
        assert box
        assert min(box["width"], box["height"]) >= 44
    assert not Consumption.objects.exists()
    screenshot(phone, "counter-ticket-360")
    card.get_by_role("button", name="2", exact=True).click()
    expect(phone.locator(".scan.fresh.ok")).to_be_visible()
    expect(phone.locator(".scan.ask")).to_have_count(0)
    assert Consumption.objects.get().quantity == 2
    scan(phone, single)
    expect(phone.locator(".scan.ok")).to_have_count(2)
    assert phone.evaluate("window.notReloaded") is True


def test_a_large_group_types_its_number(phone: Page, sold: tuple[Meituan, Product]) -> None:
    scan(phone, code_of(sold, 40))
    card = phone.locator(".scan.fresh.ask")
    card.locator("input[type=number]").fill("38")
    card.locator("input[type=number]").press("Enter")
    expect(phone.locator(".scan.fresh.ok")).to_be_visible()
    assert Consumption.objects.get().quantity == 38
    assert fits(phone)


def test_a_lost_answer_is_said_and_the_same_press_then_joins_the_first(
    visitor: Visitor, phone: Page, sold: tuple[Meituan, Product]
) -> None:
    scan(phone, code_of(sold, 5))
    two = phone.locator(".scan.ask").get_by_role("button", name="2", exact=True)
    expect(two).to_be_visible()
    phone.route(
        "**/counter/", lambda route: (route.fetch(), route.abort())
    )  # arrives, its answer does not
    two.click()
    expect(phone.locator("[data-lost]")).to_be_visible()
    phone.unroute("**/counter/")
    two.click()
    expect(phone.locator(".scan.fresh.ok")).to_be_visible()
    assert Consumption.objects.get().quantity == 2
    # The browser and htmx say in the console that the request failed, as they should.
    assert not [
        complaint
        for complaint in visitor.complaints
        if "Policy" in complaint or "left" in complaint
    ]
    visitor.complaints.clear()


def test_a_question_is_asked_again_when_its_page_had_expired(
    visitor: Visitor, phone: Page, sold: tuple[Meituan, Product]
) -> None:
    scan(phone, code_of(sold, 5))
    two = phone.locator(".scan.ask").get_by_role("button", name="2", exact=True)
    expect(two).to_be_visible()
    # As after another sign-in in the same browser.
    phone.context.clear_cookies(name="csrftoken")
    with phone.expect_event("load"):
        two.click()
    two.click()
    expect(phone.locator(".scan.fresh.ok")).to_be_visible()
    assert Consumption.objects.get().quantity == 2
    assert visitor.complaints
    assert all("403" in complaint for complaint in visitor.complaints)
    visitor.complaints.clear()


def test_a_family_goes_in_with_one_scan_and_one_press(
    visitor: Visitor, screenshot: Callable[[Page, str], None]
) -> None:
    meituan, product = selling(title="雪乡景区成人票", voucher_type=VoucherType.PER_TICKET)
    order = meituan.bought(product, 4)
    clerk = member(product.store.merchant, Role.CLERK, product.store)
    page = visitor.page(width=320, height=740, user=clerk)
    page.goto("/counter/")
    scan(page, order.vouchers.order_by("id")[0].code)
    card = page.locator("#scans > .scan.fresh.ask")
    expect(card).to_contain_text("这个订单共 4 张，全部核销？")
    assert fits(page)
    screenshot(page, "counter-group-320")
    card.locator("button").first.click()
    expect(page.locator("#scans > .scan.ok")).to_have_count(1)
    expect(page.locator(".today")).to_contain_text("今日 4 张", timeout=5000)
    assert Consumption.objects.get().quantity == 4


def test_a_mobile_finds_the_order_and_its_tickets_are_used_by_a_press(visitor: Visitor) -> None:
    meituan, product = selling(voucher_type=VoucherType.NONE, visitor_info=VisitorInfo.ONE)
    meituan.bought(product, 2, visitors=[VISITOR])
    clerk = member(product.store.merchant, Role.CLERK, product.store)
    page = visitor.page(width=360, height=740, user=clerk)
    page.goto("/counter/")
    scan(page, str(VISITOR["mobile"]))
    card = page.locator("#scans > .scan.fresh.ask")
    expect(card).to_contain_text("138****1234")
    expect(page.locator("#text")).to_have_value("")
    card.locator("button").nth(1).click()
    expect(page.locator("#scans > .scan.fresh.ok")).to_be_visible()
    assert Consumption.objects.get().quantity == 2
