"""The counter's list while it is open, in a real browser: guests, colleagues, the total."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import Page, expect

from coupons.models import Verification
from coupons.reasons import Reason
from coupons.services.transitions import refuse
from stores.models import OutboundCall
from tests.browser.conftest import Visitor, fits, scan
from tests.browser.test_counter import sign_in
from tests.coupons.factories import Shop, VerificationFactory
from tests.coupons.flows import ask_for, verify
from tests.processes import wait_until

TONES = """
    window.tones = 0;
    const make = AudioContext.prototype.createOscillator;
    AudioContext.prototype.createOscillator = function () {
        window.tones += 1;
        return make.call(this);
    };
"""


@pytest.fixture
def counter(visitor: Visitor, clerk: User) -> Page:
    page = visitor.page(user=clerk)
    page.add_init_script(TONES)
    page.goto("/counter/")
    return page


def guest_uses(shop: Shop) -> None:
    code = shop.code(price="49.0")
    assert verify(shop, code, channel="guest", flow="guest:x").status == "verified"


def sounded(counter: Page) -> None:
    """One tone of two pitches; it comes a moment after its card."""
    wait_until(lambda: counter.evaluate("window.tones") > 0)
    assert counter.evaluate("window.tones") == 2


def test_a_guests_own_use_appears_by_itself_with_a_tone(counter: Page, shop: Shop) -> None:
    expect(counter.locator(".today")).to_have_text("今日 0 张 · ¥0")
    guest_uses(shop)
    card = counter.locator("#scans > .scan.ok")
    expect(card).to_contain_text("顾客自助", timeout=5000)
    sounded(counter)
    expect(counter.locator(".today")).to_have_text("今日 1 张 · ¥49")
    expect(counter.locator("#text")).to_be_focused()
    counter.wait_for_timeout(2000)
    expect(card).to_have_count(1)
    sounded(counter)


def test_a_guests_use_that_is_not_settled_yet_sounds_when_it_is(counter: Page, shop: Shop) -> None:
    row = ask_for(shop, shop.code(), channel="guest", flow="guest:x")
    expect(counter.locator("#scans > .scan")).to_have_count(1, timeout=5000)
    expect(counter.locator("#scans > .scan.ok")).to_have_count(1, timeout=15_000)
    sounded(counter)
    row.refresh_from_db()
    assert row.status == "verified"


def test_the_own_last_result_stays_first_and_a_colleagues_makes_no_sound(
    counter: Page, shop: Shop, clerk: User
) -> None:
    scan(counter, shop.code())
    expect(counter.locator("#scans > .scan.fresh.ok")).to_be_visible()
    VerificationFactory(store=shop.store, requested_by="小李", code_tail="7777")
    expect(counter.locator("#scans > .scan")).to_have_count(2, timeout=5000)
    expect(counter.locator("#scans > .scan").first).to_have_class("scan ok fresh")
    sounded(counter)
    expect(counter.locator(".today")).to_contain_text("今日 2 张")


def test_a_scan_whose_answer_is_slow_has_one_card_and_one_tone(counter: Page, shop: Shop) -> None:
    shop.sandbox.faults.add(operation="verify", kind="slow", seconds=4, times=1)
    scan(counter, shop.code())
    expect(counter.locator("#scans > .scan.fresh.ok")).to_be_visible(timeout=15_000)
    counter.wait_for_timeout(2000)
    expect(counter.locator("#scans > .scan")).to_have_count(1)
    sounded(counter)


def test_at_midnight_what_stands_there_becomes_yesterdays(counter: Page, shop: Shop) -> None:
    scan(counter, shop.code())
    expect(counter.locator("#scans > .scan.fresh.ok")).to_be_visible()
    counter.evaluate(
        "Object.assign(document.querySelector('[data-today]').dataset,"
        " { day: '2026-01-01', dayLabel: '1月1日' })"
    )
    expect(counter.locator("#scans > .day")).to_have_text("1月1日", timeout=5000)
    guest_uses(shop)
    expect(counter.locator("#scans > .scan")).to_have_count(2, timeout=5000)
    expect(counter.locator("#scans > .day")).to_have_count(1)


def test_a_list_that_stands_still_says_so_and_the_next_scan_signs_in(
    visitor: Visitor, counter: Page, shop: Shop
) -> None:
    counter.context.clear_cookies()
    expect(counter.locator("[data-standstill]")).to_be_visible(timeout=10_000)
    assert "/counter/" in counter.url
    code = shop.code()
    scan(counter, code)
    counter.wait_for_url("**/admin/login/**")
    sign_in(counter)
    expect(counter.locator("#scans > .scan.fresh.ok")).to_be_visible(timeout=10_000)
    visitor.complaints.clear()


def test_the_list_of_a_busy_day_fits_a_phone(visitor: Visitor, shop: Shop, clerk: User) -> None:
    for _ in range(3):
        VerificationFactory(
            store=shop.store, product=shop.product, value="1234.50", channel="guest"
        )
    page = visitor.page(width=320, height=740, user=clerk)
    page.goto("/counter/")
    assert fits(page)


def test_four_digits_search_in_place_and_the_next_scan_takes_the_result_away(
    counter: Page, shop: Shop
) -> None:
    for tail in ("1234", "1234", "8888"):
        VerificationFactory(store=shop.store, product=shop.product, code_tail=tail)
    scan(counter, "1234")
    card = counter.locator("#scans > .scan.fresh.found")
    expect(card.locator(".earlier > li")).to_have_count(2)
    expect(counter.locator("#text")).to_have_value("")
    expect(counter.locator("#text")).to_be_focused()
    assert counter.evaluate("window.tones") == 0
    scan(counter, shop.code())
    expect(counter.locator("#scans > .scan.fresh.ok")).to_be_visible()
    expect(counter.locator("#scans > .scan.found")).to_be_hidden()


def test_after_an_outage_one_press_tries_the_code_again(counter: Page, shop: Shop) -> None:
    row = ask_for(shop, shop.code(), channel="counter")
    refuse(row, Reason.PLATFORM_DOWN)
    OutboundCall.objects.all().delete()
    counter.reload()
    counter.get_by_role("button", name="再试一次").click()
    expect(counter.locator("#scans > .scan.ok")).to_have_count(1, timeout=15_000)
    assert fits(counter)


def test_a_slow_answer_is_said_while_it_is_waited_for(counter: Page, shop: Shop) -> None:
    row = ask_for(shop, shop.code(), channel="counter")
    shop.sandbox.faults.add(operation="detail", kind="slow", seconds=3, times=1)
    Verification.objects.filter(pk=row.pk).update(created_at=timezone.now() - timedelta(seconds=9))
    counter.reload()
    expect(counter.locator("#scans > .scan.waiting")).to_contain_text("美团较慢", timeout=4000)


@pytest.mark.parametrize("width", [360, 1280])
def test_what_waits_for_meituan_is_withdrawn_by_one_press(
    counter: Page, shop: Shop, width: int
) -> None:
    counter.set_viewport_size({"width": width, "height": 800})
    shop.sandbox.faults.add(operation="detail", kind="status_502", times=None)
    scan(counter, shop.code())
    button = counter.get_by_role("button", name="撤回，不再核销")
    expect(button).to_be_visible(timeout=20_000)
    assert fits(counter)
    title = counter.locator("#scans > .scan.waiting .scan-title").bounding_box()
    assert title
    assert title["width"] > 150
    button.click()
    expect(counter.locator("#scans > .scan.refused")).to_contain_text("券没有被使用")
    expect(button).to_have_count(0)
    assert Verification.objects.get().reason == Reason.WITHDRAWN
