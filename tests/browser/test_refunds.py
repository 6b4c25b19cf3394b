"""The refunds inbox in a real browser, on a phone: one is refused with its reason, then agreed
to.
"""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
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


def waiting(meituan: Meituan, order: Order, more: int) -> list[Refund]:
    """Returns refunds that wait, in the order of the list."""
    for quantity in range(1, more + 1):
        further = meituan.bought(order.product, quantity)
        assert meituan.refund(further, quantity)["code"] == 602
    for hours, refund in enumerate(Refund.objects.order_by("pk"), start=2):
        Refund.objects.filter(pk=refund.pk).update(
            deadline=timezone.now() + timedelta(hours=hours * 4)
        )
    return list(Refund.objects.order_by("deadline"))


@pytest.mark.parametrize("scripts", [True, False])
@pytest.mark.parametrize(("width", "height"), [(1280, 900), (360, 740)])
def test_many_refunds_are_decided_in_their_rows_one_after_the_other(
    visitor: Visitor,
    owner: User,
    review: tuple[Meituan, Order],
    width: int,
    height: int,
    scripts: bool,
    screenshot: Callable[[Page, str], None],
) -> None:
    rows = waiting(*review, more=7)
    page = visitor.page(width=width, height=height, user=owner, java_script_enabled=scripts)
    page.goto("/admin/trip/refund/", wait_until="networkidle")
    third, fourth = page.locator(f"#refund-{rows[2].pk}"), page.locator(f"#refund-{rows[3].pk}")

    third.get_by_text("同意", exact=True).click()
    third.get_by_role("button").click()
    expect(fourth).to_be_in_viewport()
    expect(third).to_have_count(0)
    assert Refund.objects.get(pk=rows[2].pk).status == Refund.Status.AGREED

    fourth.get_by_text("拒绝", exact=True).click()
    fourth.get_by_role("textbox").fill("门票已制作")
    screenshot(page, f"refunds-deciding-{width}")
    fourth.get_by_role("button").click()
    expect(page.locator(f"#refund-{rows[4].pk}")).to_be_in_viewport()
    refused = Refund.objects.get(pk=rows[3].pk)
    assert (refused.status, refused.reason) == (Refund.Status.REFUSED, "门票已制作")


def test_the_rows_are_cards_for_fingers_on_a_phone(
    visitor: Visitor, owner: User, review: tuple[Meituan, Order]
) -> None:
    rows = waiting(*review, more=2)
    page = visitor.page(width=360, height=740, user=owner)
    page.goto("/admin/trip/refund/", wait_until="networkidle")
    card = page.locator("tr", has=page.locator(f"#refund-{rows[0].pk}"))
    for name in ("同意", "拒绝"):
        card.locator("summary", has_text=name).click()
        assert fits(page)
        small = [
            (each.inner_text(), box)
            for each in card.locator("a, summary, button, textarea").all()
            if (box := each.bounding_box()) and 0 < min(box["height"], box["width"]) < 44
        ]
        assert small == []
    # The two exclude each other, so that no button stands under the other's question.
    assert card.locator("details[open]").count() == 1
