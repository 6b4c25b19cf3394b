"""The guest page on phones: narrow, in a hurry, in an app's browser, without JavaScript, in either
language.
"""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from coupons.models import Verification
from coupons.services import abuse
from stores.models import Pace
from stores.platforms import outbox, pace
from stores.roles import Role
from stores.web.limits import Limit
from tests.browser.conftest import Visitor, fits, spent
from tests.coupons.factories import Shop
from tests.stores.factories import member


def address(shop: Shop) -> str:
    return f"/g/{shop.store.guest_slug}/"


@pytest.mark.parametrize("width", [320, 360])
def test_a_guest_goes_from_number_to_verified(
    visitor: Visitor, shop: Shop, width: int, screenshot: Callable[[Page, str], None]
) -> None:
    page = visitor.page(width=width, height=740, has_touch=True, is_mobile=True)
    page.goto(address(shop))
    expect(page.locator("#code")).to_be_focused()
    assert fits(page)
    screenshot(page, f"guest-number-{width}")
    code = shop.code(price="49.0")
    page.locator("#code").press_sequentially(f"{code[:4]} {code[4:8]} {code[8:]}")
    page.keyboard.press("Enter")
    expect(page.locator(".coupon")).to_contain_text(shop.product.name)
    assert fits(page)
    screenshot(page, f"guest-confirm-{width}")
    page.locator(".guest-form button").first.click()
    expect(page.locator(".outcome.verified")).to_be_visible(timeout=15_000)
    assert fits(page)
    screenshot(page, f"guest-verified-{width}")
    assert Verification.objects.get().channel == "guest"


def test_a_guest_who_must_wait_sees_the_place_and_then_the_result_without_a_reload(
    visitor: Visitor, shop: Shop, screenshot: Callable[[Page, str], None]
) -> None:
    page = visitor.page(width=360, height=740)
    page.goto(address(shop))
    pace.postpone(shop.connection.pace_id, 60)
    page.fill("#code", shop.code())
    page.keyboard.press("Enter")
    expect(page.locator(".turn-seconds")).to_be_visible()
    screenshot(page, "guest-waiting-360")
    page.evaluate("window.notReloaded = true")
    Pace.objects.update(next_at=0)
    expect(page.locator(".coupon")).to_be_visible(timeout=15_000)
    assert page.evaluate("window.notReloaded === true")
    pace.postpone(shop.connection.pace_id, 60)
    page.locator(".guest-form button").click()
    expect(page.locator(".turn-seconds")).to_be_visible()
    Pace.objects.update(next_at=0)
    expect(page.locator(".outcome.verified")).to_be_visible(timeout=15_000)
    assert len(spent(shop)) == 1


def test_without_javascript_the_same_way_is_open(visitor: Visitor, shop: Shop) -> None:
    page = visitor.page(width=360, height=740, java_script_enabled=False)
    page.goto(address(shop))
    pace.postpone(shop.connection.pace_id, 60)
    page.fill("#code", shop.code())
    page.click(".guest-form button")
    expect(page.locator(".turn")).to_be_visible()
    Pace.objects.update(next_at=0)
    expect(page.locator(".coupon")).to_be_visible(timeout=15_000)
    page.click(".guest-form button")
    expect(page.locator(".outcome.verified")).to_be_visible(timeout=15_000)
    assert Verification.objects.get().status == "verified"


def test_a_guest_changes_the_language(visitor: Visitor, shop: Shop) -> None:
    page = visitor.page(width=320, height=740)
    page.goto(address(shop))
    expect(page.locator("html")).to_have_attribute("lang", "zh-hans")
    page.click("button[value=en]")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.locator("h1")).to_have_text("Use your Meituan coupon")
    assert page.url.endswith(address(shop))
    assert fits(page)
    page.click("button[value=zh-hans]")
    expect(page.locator("html")).to_have_attribute("lang", "zh-hans")


def test_a_double_tap_verifies_once(visitor: Visitor, shop: Shop) -> None:
    page = visitor.page(width=360, height=740)
    page.goto(address(shop))
    page.fill("#code", shop.code())
    page.keyboard.press("Enter")
    page.locator(".guest-form button").dblclick()
    expect(page.locator(".outcome.verified")).to_be_visible(timeout=15_000)
    assert Verification.objects.count() == 1
    assert len(spent(shop)) == 1


def test_a_refused_number_and_a_closed_page_fit_the_narrowest_phone(
    visitor: Visitor, shop: Shop
) -> None:
    page = visitor.page(width=320, height=640, color_scheme="dark")
    page.goto(address(shop))
    page.fill("#code", shop.code("refunded"))
    page.keyboard.press("Enter")
    expect(page.locator(".outcome.refused")).to_be_visible()
    assert fits(page)
    shop.store.guest_page_open = False
    shop.store.save()
    page.goto(address(shop))
    expect(page.locator(".outcome.closed")).to_be_visible()
    assert fits(page)


def test_staff_open_the_poster(
    visitor: Visitor, shop: Shop, screenshot: Callable[[Page, str], None]
) -> None:
    page = visitor.page(user=member(shop.merchant, Role.OWNER))
    page.goto(f"{address(shop)}poster/")
    expect(page.locator(".sheet svg")).to_be_visible()
    expect(page.locator("[data-print]")).to_be_visible()
    screenshot(page, "poster-1280")


def test_a_batch_runs_to_its_end_before_the_eyes(visitor: Visitor, shop: Shop) -> None:
    page = visitor.page(width=360, height=740, user=member(shop.merchant, Role.OWNER))
    page.goto("/counter/batches/")
    page.fill("#codes", f"{shop.code()}\nnonsense")
    page.click(".batch-form button")
    page.click(".batch-check button")
    expect(page.locator("progress")).to_have_attribute("value", "0")
    assert fits(page)
    outbox.work(seconds=5)
    expect(page.locator("progress")).to_have_attribute("value", "1", timeout=15_000)
    assert fits(page)


def test_the_green_page_has_a_moving_clock_and_is_grey_after_five_minutes(
    visitor: Visitor, shop: Shop, screenshot: Callable[[Page, str], None]
) -> None:
    page = visitor.page(width=360, height=740)
    page.goto(address(shop))
    page.fill("#code", shop.code(price="49.0"))
    page.keyboard.press("Enter")
    page.locator(".guest-form button").first.click()
    green = page.locator(".outcome.verified:not(.old)")
    expect(green).to_be_visible(timeout=15_000)
    clock = page.locator(".outcome-clock")
    before = clock.text_content()
    expect(clock).not_to_have_text(before or "", timeout=2000)
    expect(page.locator(".outcome-age")).to_have_text("刚刚核销")
    page.context.set_offline(True)
    page.evaluate("const now = Date.now; Date.now = () => now() + 130 * 1000")
    expect(page.locator(".outcome-age")).to_have_text("已于 2 分钟前核销")
    expect(green).to_be_visible()
    page.evaluate("const then = Date.now; Date.now = () => then() + 600 * 1000")
    expect(page.locator(".outcome.verified.old")).to_be_visible()
    expect(page.locator(".outcome-age")).to_have_text("已于 12 分钟前核销")
    expect(clock).to_be_hidden()
    expect(page.locator(".when-old")).to_be_visible()
    expect(page.locator("h1")).to_be_hidden()
    assert fits(page)
    screenshot(page, "guest-old-360")


def test_a_locked_phone_reads_when_it_may_go_on_and_whom_to_call(
    visitor: Visitor, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(abuse, "FAILURES_PER_PHONE", Limit("guest-phone-failures", 0, 600))
    shop.store.phone = "021-6234 5678"
    shop.store.save()
    page = visitor.page(width=320, height=740)
    page.goto(address(shop))
    page.fill("#code", shop.code())
    page.keyboard.press("Enter")
    call = page.locator(".call")
    expect(call).to_have_attribute("href", "tel:02162345678")
    expect(call).to_contain_text("021-6234 5678")
    assert fits(page)
    visitor.complaints.clear()
