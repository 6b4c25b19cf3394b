"""The back office in a real browser: it opens without complaint, also on a phone, and is pictured
for the README.
"""

import random
import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from functools import partial

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import Page, expect

from coupons.models import Channel, Verification
from coupons.reasons import Reason
from stores import audit
from stores.roles import Role
from tests.browser.conftest import Visitor, fits
from tests.coupons.factories import ProductFactory, Shop, VerificationFactory
from tests.processes import wait_until
from tests.stores.factories import PASSWORD, StoreFactory, UserFactory, member
from tests.trip.factories import TicketConnectionFactory, TicketProductFactory

DEALS = [
    ("【开业特惠】通用通宵8小时", "49.00"),
    ("【工作日】棋牌小包4小时", "39.90"),
    ("【周末通用】大包6小时", "88.00"),
]
STAFF = ["小王", "李姐", "guest"]


@pytest.fixture
def owner(shop: Shop) -> User:
    return member(shop.merchant, Role.OWNER, username="laoban", first_name="陈老板")


@pytest.fixture
def history(shop: Shop) -> None:
    """Two weeks of a small shop, the same each time."""
    dice = random.Random(7)
    shop.store.name = "雀友棋牌室 静安店"
    shop.store.save()
    products = [ProductFactory(store=shop.store, name=name, price=price) for name, price in DEALS]
    now = timezone.now()
    for number in range(90):
        product = dice.choice(products)
        at = now - timedelta(hours=3.7 * number, minutes=dice.randrange(60))
        refused = dice.random() < 0.12
        who = dice.choice(STAFF)
        VerificationFactory(
            store=shop.store,
            product=product,
            sku_name=product.name,
            value=Decimal(product.price),
            code_tail=f"{dice.randrange(10_000):04d}",
            status=Verification.Status.REFUSED if refused else Verification.Status.VERIFIED,
            reason=dice.choice([Reason.EXPIRED, Reason.ALREADY_USED, Reason.WRONG_STORE])
            if refused
            else "",
            channel=Channel.GUEST if who == "guest" else Channel.COUNTER,
            requested_by=who,
            created_at=at,
            settled_at=at + timedelta(seconds=1),
        )


def test_the_lists_of_a_place_stand_in_one_strip(visitor: Visitor, shop: Shop, owner: User) -> None:
    page = visitor.page(user=owner)
    page.goto("/admin/coupons/verification/")
    strip = page.locator("#tabs-items")
    expect(strip.locator(".active")).to_have_text("核销记录")
    expect(strip.locator("a")).to_have_count(5)
    expect(page.locator("#tabs-dropdown")).to_have_count(0)


def test_an_owner_signs_in_and_opens_the_counter_from_the_menu(
    visitor: Visitor, shop: Shop, owner: User
) -> None:
    page = visitor.page()
    page.goto("/admin/")
    page.fill("[name=username]", "laoban")
    page.fill("[name=password]", PASSWORD)
    page.press("[name=password]", "Enter")
    page.wait_for_url("**/admin/")
    page.locator("a[href='/counter/']").first.click()
    expect(page.locator("#text")).to_be_focused()
    page.click(".brand")
    page.wait_for_url("**/admin/")


@pytest.mark.parametrize(("width", "height"), [(1280, 900), (360, 740)])
@pytest.mark.usefixtures("history")
def test_dashboard_and_verifications_open_without_complaint(
    visitor: Visitor, owner: User, width: int, height: int, screenshot: Callable[[Page, str], None]
) -> None:
    page = visitor.page(width=width, height=height, user=owner)
    for name, path, fact in (
        ("dashboard", "/admin/", "雀友棋牌室 静安店"),
        ("verifications", "/admin/coupons/verification/", "共 90 条"),
    ):
        page.goto(path, wait_until="networkidle")
        expect(page.locator("body")).to_contain_text(fact)
        screenshot(page, f"{name}-{width}")


THUMB = 44
OVERSIZED = """(least) => [...document.querySelectorAll(
  ".zg-bar a, .zg-todo a, .zg-switches a, .zg-filter select, .store-choice select, .zg-add,"
  + ".zg-back, #tabs-items > a,"
  + "#result_list .data-row, .zg-me nav > a, .zg-me summary, .zg-account button,"
  + "[name=_save], .zg-all, .zg-calendar td > a, .more a, .brand")]
  .filter((item) => item.checkVisibility())
  .filter((item) => item.getBoundingClientRect().height < least)
  .map((item) => item.outerHTML.slice(0, 200))"""


@pytest.mark.usefixtures("history")
def test_a_phone_has_five_places_in_a_bar_at_the_bottom(visitor: Visitor, owner: User) -> None:
    page = visitor.page(width=360, height=740, user=owner)
    for start in ("/admin/", "/counter/"):
        page.goto(start)
        assert page.locator(".zg-bar a").all_inner_texts() == [
            "总览",
            "核销",
            "订单",
            "待办",
            "我的",
        ]
        expect(page.locator(".zg-bar")).to_be_in_viewport(ratio=1)
    for name, title in (("订单", "门票订单"), ("待办", "待办"), ("我的", "我的"), ("总览", "总览")):
        page.locator(".zg-bar a", has_text=name).click()
        expect(page.locator("h1")).to_have_text(title)
        expect(page.locator(".zg-bar [aria-current=page]")).to_have_text(name)


@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.usefixtures("history")
def test_nothing_is_cut_or_too_small_for_a_thumb_on_a_phone(
    visitor: Visitor, shop: Shop, owner: User, language: str
) -> None:
    page = visitor.page(width=360, height=740, user=owner)
    page.context.add_cookies([{"name": "django_language", "value": language, "url": visitor.url}])
    row = Verification.objects.latest("pk")
    StoreFactory(merchant=shop.merchant)
    dated = TicketProductFactory(
        connection=TicketConnectionFactory(merchant=shop.merchant),
        store=shop.store,
        by_calendar=True,
    )
    paths = [
        "/counter/",
        "/admin/stores/staff/add/",
        f"/admin/trip/product/{dated.pk}/calendar/",
        "/admin/",
        "/admin/todo/",
        "/admin/me/",
        "/admin/trip/order/",
        "/admin/coupons/gatewaystore/",
        "/admin/coupons/verification/",
        f"/admin/coupons/verification/{row.pk}/change/",
        "/admin/stores/store/",
        f"/admin/stores/store/{row.store_id}/change/",
        "/admin/stores/connection/add/?platform=trip",
    ]
    for path in paths:
        page.goto(path, wait_until="networkidle")
        # The counter is called after its store, in the choice of stores.
        headings = page.locator("h1").all()
        assert headings or path == "/counter/"
        for heading in headings:
            shown = heading.evaluate(
                "(h) => [h.scrollWidth <= h.clientWidth, h.innerText.trim() > '']"
            )
            assert (path, shown) == (path, [True, True])
        assert (path, fits(page)) == (path, True)
        assert (path, page.evaluate(OVERSIZED, THUMB)) == (path, [])


@pytest.mark.usefixtures("history")
def test_a_row_of_a_list_has_two_lines_on_a_phone_and_opens_where_it_is_touched(
    visitor: Visitor, owner: User
) -> None:
    page = visitor.page(width=360, height=740, user=owner)
    page.goto("/admin/coupons/verification/")
    first = page.locator("#result_list .data-row").first
    assert first.evaluate("(row) => row.getBoundingClientRect().height") < 72
    first.click(position={"x": 20, "y": 50})
    page.wait_for_url("**/change/")
    page.click(".zg-back")
    page.wait_for_url("**/admin/coupons/verification/**")


def test_on_a_wide_screen_a_click_anywhere_in_a_row_opens_it_and_marking_a_text_does_not(
    visitor: Visitor, shop: Shop, owner: User, history: None
) -> None:
    page = visitor.page(user=owner)
    for path, rows in (
        ("/admin/coupons/verification/", "#result_list .data-row"),
        ("/admin/", ".zg-table tbody tr"),
    ):
        page.goto(path)
        last = page.locator(rows).first.locator("td").last
        last.evaluate("(cell) => getSelection().selectAllChildren(cell)")
        last.dispatch_event("click")
        page.evaluate("getSelection().removeAllRanges()")
        last.click()
        page.wait_for_url("**/coupons/verification/*/change/**")
        page.go_back()
        expect(page).to_have_url(re.compile(f"{path}$"))


WHO_IS_BELOW = """(row) => row.querySelector(".field-who").getBoundingClientRect().top
  >= row.querySelector("th").getBoundingClientRect().bottom - 1"""


def test_a_row_of_the_audit_log_says_when_who_what_and_to_what_on_two_lines(
    visitor: Visitor, shop: Shop, owner: User
) -> None:
    long = "一个名字特别长的门票商品，周末与节假日均可使用，含接送"
    for name, target in (("李", "成人票"), (owner.first_name, long)):
        owner.first_name = name
        audit.record("trip.prices.set", actor=owner, store=shop.store, target=target)
    page = visitor.page(width=360, height=740, user=owner)
    page.goto("/admin/stores/auditentry/")
    rows = page.locator("#result_list .data-row")
    for number, target in enumerate((long, "成人票")):
        row = rows.nth(number)
        parts = [row.locator(part) for part in ("th", ".field-verb_label", ".field-who")]
        for part in (*parts, row.locator(".field-target", has_text=target)):
            expect(part).to_be_visible()
        assert row.locator(".field-target").evaluate("(cell) => cell.clientWidth") > 100
        assert row.evaluate("(row) => row.getBoundingClientRect().height") < 72
        assert wait_until(partial(row.evaluate, WHO_IS_BELOW))
    assert fits(page)


@pytest.mark.usefixtures("history")
def test_a_wide_screen_has_one_entry_for_each_thing_and_the_ledgers_closed(
    visitor: Visitor, owner: User
) -> None:
    page = visitor.page(user=owner)
    page.goto("/admin/")
    lines = page.locator("#nav-sidebar-apps li a:visible")
    assert lines.all_inner_texts() == [
        *(["dashboard\n总览", "point_of_sale\n核销", "checklist\n待办", "receipt_long\n订单"]),
        *(["sell\n商品", "storefront\n门店", "badge\n员工", "cable\n平台账号"]),
    ]
    page.locator("#nav-sidebar-apps h2", has_text="技术记录").click()
    expect(page.locator("#nav-sidebar-apps a", has_text="操作日志")).to_be_visible()
    page.goto("/admin/coupons/product/")
    expect(page.locator("#tabs-items a.active")).to_have_text("团购商品")
    expect(page.locator("a.zg-counter")).to_be_in_viewport()


@pytest.mark.usefixtures("history")
def test_the_start_page_counts_one_store_and_thirty_days_when_asked(
    visitor: Visitor, shop: Shop, owner: User
) -> None:
    other = StoreFactory(merchant=shop.merchant, name="二店")
    page = visitor.page(user=owner)
    page.goto("/admin/")
    total = page.locator(".zg-total")
    expect(total).to_contain_text("近 7 天")
    page.locator(".zg-switches a", has_text="30 天").click()
    page.locator(".zg-switches a", has_text="金额").click()
    expect(total).to_have_text(re.compile(r"近 30 天：¥[\d,]+\.\d\d"))
    page.select_option("[name=store]", str(other.pk))
    page.wait_for_url(f"**store={other.pk}**")
    expect(total).to_have_count(0)


def test_the_bar_of_a_view_as_the_owner_covers_no_name(visitor: Visitor, shop: Shop) -> None:
    page = visitor.page(user=UserFactory(is_staff=True, is_superuser=True))
    page.goto(f"/admin/stores/merchant/{shop.merchant.pk}/change/")
    page.get_by_text("以店主视角查看").first.click()
    bar = page.locator(".zg-viewing")
    expect(bar).to_be_visible()
    page.goto("/admin/")
    above, brand = bar.bounding_box(), page.locator("#nav-sidebar a").first.bounding_box()
    assert above
    assert brand
    assert brand["y"] >= above["y"] + above["height"] - 1
