"""The refunds inbox in a real browser, on a phone: one is refused with its reason, then agreed
to.
"""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from stores.models import OutboundCall
from stores.roles import Role
from tests.browser.conftest import Visitor, fits
from tests.meituan import Meituan, selling
from tests.stores.factories import member
from trip.models import Order, Refund


@pytest.fixture
def review(transactional_db: None) -> tuple[Meituan, Order]:
    meituan, product = selling(title="雪乡景区成人票", refund_review=True)
    order = meituan.bought(product, 2)
    assert meituan.refund(order, 2)["code"] == 602
    return meituan, order


@pytest.fixture
def owner(review: tuple[Meituan, Order]) -> User:
    return member(review[1].store.merchant, Role.OWNER, username="laoban", first_name="老板")


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name).or_(page.get_by_role("link", name=name)).first.click()


@pytest.mark.parametrize(("width", "height"), [(1280, 900), (360, 740)])
def test_a_refund_is_refused_with_its_reason_and_agreed_to_later(
    visitor: Visitor,
    owner: User,
    review: tuple[Meituan, Order],
    width: int,
    height: int,
    screenshot: Callable[[Page, str], None],
) -> None:
    _meituan, order = review
    page = visitor.page(width=width, height=height, user=owner)
    page.goto("/admin/trip/refund/", wait_until="networkidle")
    expect(page.locator("#result_list")).to_contain_text("雪乡景区成人票")
    assert fits(page)
    screenshot(page, f"refunds-{width}")
    page.locator("#result_list tbody a").first.click()

    press(page, "拒绝")
    page.fill("[name=reason]", "门票已使用")
    press(page, "拒绝")
    expect(page.locator("body")).to_contain_text("门票已使用")
    assert Refund.objects.get().status == Refund.Status.REFUSED

    press(page, "同意")
    press(page, "同意")
    expect(page.locator("body")).to_contain_text("已同意")
    assert sum(voucher.refunded for voucher in order.vouchers.all()) == 2
    assert (
        list(OutboundCall.objects.order_by("pk").values_list("operation", flat=True))
        == ["ticket.refund"] * 2
    )
    page.goto("/admin/trip/refund/", wait_until="networkidle")
    expect(page.locator("body")).not_to_contain_text("雪乡景区成人票")
