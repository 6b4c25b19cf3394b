"""The back office in a real browser: it opens without complaint, also on a phone, and is pictured
for the README.
"""

import random
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import Page, expect

from coupons.models import Channel, Verification
from coupons.reasons import Reason
from stores.roles import Role
from tests.browser.conftest import Visitor
from tests.coupons.factories import ProductFactory, Shop, VerificationFactory
from tests.stores.factories import PASSWORD, member

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
    for name, path in (("dashboard", "/admin/"), ("verifications", "/admin/coupons/verification/")):
        page.goto(path, wait_until="networkidle")
        expect(page.locator("body")).to_contain_text("雀友棋牌室 静安店")
        screenshot(page, f"{name}-{width}")
