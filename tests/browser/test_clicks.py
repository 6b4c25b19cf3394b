"""How many clicks the work of a day takes. A choice in a list counts as one; typing and scanning do
not, and signing in is not part of it.

| from where               | what                                     | clicks |
|--------------------------|------------------------------------------|--------|
| signed in as a clerk     | verify a coupon                          | 0      |
| start page               | what one store took today                | 1      |
| start page               | a result by the last four digits         | 1      |
| start page               | the refunds that wait                    | 1      |
| the refunds that wait    | decide one; then the next one is in view | 2      |
| start page               | yesterday's Excel                        | 3      |
| start page, on a phone   | ready for the first scan                 | 1      |
"""

from datetime import timedelta
from decimal import Decimal
from io import BytesIO

import pytest
from django.contrib.auth.models import User
from openpyxl import load_workbook
from playwright.sync_api import Locator, Page, expect

from coupons.models import Verification
from stores.clock import start_of_day
from stores.roles import Role
from tests.browser.conftest import Visitor, fits, scan
from tests.coupons.factories import Shop, VerificationFactory
from tests.meituan import selling
from tests.stores.factories import PASSWORD, StoreFactory, member
from trip.models import Refund

START = "/admin/"


class Hand:
    """Clicks in a page, and counts."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.clicks = 0

    def click(self, what: str | Locator) -> None:
        self.clicks += 1
        target = self.page.locator(what) if isinstance(what, str) else what
        target.first.click()

    def choose(self, what: str, value: object) -> None:
        self.clicks += 1
        self.page.select_option(what, str(value))


@pytest.fixture
def owner(shop: Shop) -> User:
    return member(shop.merchant, Role.OWNER, username="laoban", first_name="陈老板")


@pytest.fixture
def hand(visitor: Visitor, owner: User) -> Hand:
    page = visitor.page(user=owner)
    page.goto(START)
    return Hand(page)


def test_verifying_takes_none(visitor: Visitor, shop: Shop, clerk: User) -> None:
    hand = Hand(visitor.page())
    hand.page.goto(START)
    hand.page.fill("[name=username]", clerk.username)
    hand.page.fill("[name=password]", PASSWORD)
    hand.page.press("[name=password]", "Enter")
    expect(hand.page.locator("#text")).to_be_focused()
    scan(hand.page, shop.code())
    expect(hand.page.locator("#scans > .scan.fresh.ok")).to_be_visible()
    assert hand.clicks == 0


def test_what_one_store_took_today_takes_one(hand: Hand, shop: Shop) -> None:
    other = StoreFactory(merchant=shop.merchant, name="二店")
    for store, value in ((shop.store, "49"), (other, "1288.50")):
        VerificationFactory(store=store, value=Decimal(value))
    hand.page.reload()
    hand.choose("[name=store]", other.pk)
    hand.page.wait_for_url(f"**store={other.pk}**")
    expect(hand.page.locator("#content")).to_contain_text("¥1,288.50")
    assert hand.clicks == 1


def test_four_digits_take_one_and_typing(hand: Hand, shop: Shop) -> None:
    VerificationFactory(store=shop.store, code_tail="4711")
    hand.click("a.zg-counter")
    expect(hand.page.locator("#text")).to_be_focused()
    scan(hand.page, "4711")
    expect(hand.page.locator("#scans")).to_contain_text("…4711")
    assert hand.clicks == 1


def test_a_refund_takes_two_and_the_next_none(visitor: Visitor) -> None:
    meituan, product = selling(title="雪乡景区成人票", refund_review=True)
    for _ in range(2):
        assert meituan.refund(meituan.bought(product), 1)["code"] == 602
    first, following = Refund.objects.order_by("deadline", "pk")
    owner = member(product.store.merchant, Role.OWNER, username="laoban", first_name="陈老板")
    hand = Hand(visitor.page(user=owner))
    hand.page.goto(START)
    hand.click("section:has(h2:text('等待处理的退款')) > div > a")
    assert hand.clicks == 1
    row = hand.page.locator(f"#refund-{first.pk}")
    hand.click(row.get_by_text("同意", exact=True))
    hand.click(row.get_by_role("button"))
    expect(hand.page.locator(f"#refund-{following.pk}")).to_be_in_viewport()
    assert (hand.clicks, Refund.objects.get(pk=first.pk).status) == (3, Refund.Status.AGREED)


@pytest.mark.parametrize("width", [1280, 360])
def test_yesterdays_excel_takes_three(
    visitor: Visitor, shop: Shop, owner: User, width: int
) -> None:
    for days, tail in ((0, "0000"), (1, "1111"), (2, "2222")):
        at = start_of_day(days) + timedelta(minutes=1)
        VerificationFactory(store=shop.store, code_tail=tail, created_at=at)
    hand = Hand(visitor.page(user=owner, width=width, height=740))
    hand.page.goto(START)
    hand.click("#content a:has-text('今日核销')")
    hand.page.wait_for_url("**/coupons/verification/**")
    assert fits(hand.page)
    hand.click(".zg-tabs a:has-text('昨天')")
    expect(hand.page.locator(".zg-tabs [aria-current]")).to_have_text("昨天 1")
    with hand.page.expect_download() as download:
        hand.click(".zg-export:has-text('Excel')")
    book = load_workbook(BytesIO(download.value.path().read_bytes()))
    assert book.active
    codes = [cell.value for cell in next(book.active.iter_cols(4, 4))]
    assert (codes[1], "…0000" in codes, "…2222" in codes) == ("…1111", False, False)
    assert hand.clicks == 3


def test_on_a_phone_one_tap_is_before_the_first_scan(
    visitor: Visitor, shop: Shop, owner: User
) -> None:
    hand = Hand(visitor.page(user=owner, width=360, height=740))
    hand.page.goto(START)
    hand.click(".zg-bar a:has-text('核销')")
    expect(hand.page.locator("[data-camera-open]")).to_be_in_viewport()
    scan(hand.page, shop.code())
    expect(hand.page.locator("#scans > .scan.fresh.ok")).to_be_visible()
    assert (hand.clicks, Verification.objects.get().status) == (1, "verified")


def test_tabs_scroll_in_their_own_strip_on_a_phone(
    visitor: Visitor, shop: Shop, owner: User
) -> None:
    for days in range(9):
        for _ in range(12):
            VerificationFactory(store=shop.store, created_at=start_of_day(days))
    page = visitor.page(user=owner, width=360, height=740)
    for name in ("today", "yesterday", "week", "other"):
        page.goto(f"/admin/coupons/verification/?created_at_day={name}")
        opened = page.locator(".zg-tabs [aria-current]")
        expect(opened).to_be_in_viewport(ratio=1)
        strip = page.locator(".zg-tabs").evaluate(
            "(s) => [s.scrollWidth > s.clientWidth, s.offsetHeight]"
        )
        assert (name, strip[0], strip[1] < 64, fits(page)) == (name, True, True, True)
    expect(page.locator("input[type=date]")).to_have_count(2)
