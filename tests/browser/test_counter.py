"""The counter in a real browser: scanning as a keyboard scanner does, results without reloading."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from coupons.models import Verification
from stores.models import Pace
from stores.platforms import pace
from tests.browser.conftest import Visitor, fits, scan, spent
from tests.coupons.factories import Shop, VerificationFactory
from tests.stores.factories import PASSWORD

# To the browser a placeholder that is cut is no overflow, so its width is measured.
PLACEHOLDER_FITS = """() => {
    const box = document.querySelector("#text");
    const style = getComputedStyle(box);
    const pen = document.createElement("canvas").getContext("2d");
    const { fontWeight, fontSize, fontFamily } = getComputedStyle(box, "::placeholder");
    pen.font = `${fontWeight} ${fontSize} ${fontFamily}`;
    const room = box.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
    return pen.measureText(box.placeholder).width <= room;
}"""


def sign_in_anew(page: Page) -> None:
    """In another tab of the same browser, out and in again: the first tab's form has an old token
    then.
    """
    tab = page.context.new_page()
    page.context.clear_cookies()
    tab.goto("/admin/login/?next=/admin/password_change/")
    sign_in(tab)
    tab.close()


def sign_in(page: Page) -> None:
    page.fill("[name=username]", "xiaowang")
    page.fill("[name=password]", PASSWORD)
    page.press("[name=password]", "Enter")
    page.wait_for_url(lambda url: "login" not in url)


def set_clock_ahead(page: Page, milliseconds: int) -> None:
    page.evaluate(
        "ahead => { const now = Date.now; Date.now = () => now() + ahead; }", milliseconds
    )


def stay_marked(page: Page) -> None:
    page.evaluate("window.notReloaded = true")


def was_reloaded(page: Page) -> bool:
    return not page.evaluate("window.notReloaded === true")


def test_a_clerk_signs_in_and_verifies_a_coupon_without_a_reload(
    visitor: Visitor, shop: Shop, clerk: User, screenshot: Callable[[Page, str], None]
) -> None:
    page = visitor.page()
    page.goto("/counter/")
    sign_in(page)
    page.wait_for_url("**/counter/")
    expect(page.locator("#text")).to_be_focused()
    stay_marked(page)
    scan(page, shop.code())
    expect(page.locator("#scans > .scan.fresh.ok")).to_contain_text(shop.product.name)
    expect(page.locator("#text")).to_be_focused()
    expect(page.locator("#text")).to_have_value("")
    assert not was_reloaded(page)
    assert Verification.objects.get().user == clerk


def test_a_scanners_bounce_is_not_sent_again(counter: Page, shop: Shop) -> None:
    code, sent = shop.code(), []
    counter.on(
        "request", lambda request: sent.append(request.url) if request.method == "POST" else None
    )
    scan(counter, code)
    scan(counter, code)
    expect(counter.locator("#scans > .scan.ok")).to_have_count(1)
    assert len(sent) == 1
    assert spent(shop) == [code[-4:]]


def test_a_second_guest_with_the_same_picture_is_not_shown_a_success(
    counter: Page, shop: Shop
) -> None:
    code = shop.code()
    scan(counter, code)
    expect(counter.locator("#scans > .scan.fresh.ok")).to_be_visible()
    set_clock_ahead(counter, 1600)
    scan(counter, code)
    expect(counter.locator("#scans > .scan.fresh.repeated")).to_be_visible()
    expect(counter.locator("#scans > .scan.ok:not(.fresh)")).to_have_count(1)
    assert spent(shop) == [code[-4:]]


def test_a_second_scan_while_the_first_is_on_its_way_gets_a_card_of_its_own(
    counter: Page, shop: Shop
) -> None:
    pace.postpone(shop.connection.pace_id, 60)
    code = shop.code()
    scan(counter, code)
    set_clock_ahead(counter, 1600)
    scan(counter, code)
    expect(counter.locator("#scans > .scan")).to_have_count(2)
    Pace.objects.update(next_at=0)
    expect(counter.locator("#scans > .scan.repeated")).to_have_count(1, timeout=20_000)
    expect(counter.locator("#scans > .scan.ok")).to_have_count(1)
    assert spent(shop) == [code[-4:]]


def test_an_empty_enter_sends_nothing(counter: Page, shop: Shop) -> None:
    counter.on("request", lambda request: pytest.fail("sent") if request.method == "POST" else None)
    scan(counter, "")
    scan(counter, "   ")
    expect(counter.locator("#scans > .scan")).to_have_count(0)


def test_many_scans_in_a_row_wait_in_line_and_all_arrive_once(counter: Page, shop: Shop) -> None:
    codes = [shop.code() for _ in range(4)]
    for code in codes:
        scan(counter, code)
    expect(counter.locator("#scans > .scan.ok")).to_have_count(4, timeout=30_000)
    expect(counter.locator("#scans > .scan.fresh")).to_have_count(1)
    assert sorted(spent(shop)) == sorted(code[-4:] for code in codes)


def test_the_place_in_line_is_shown_and_the_result_comes_by_itself(
    counter: Page, shop: Shop
) -> None:
    pace.postpone(shop.connection.pace_id, 60)
    stay_marked(counter)
    scan(counter, shop.code())
    expect(counter.locator(".scan.fresh.waiting .scan-place")).to_be_visible()
    Pace.objects.update(next_at=0)
    expect(counter.locator(".scan.fresh.ok")).to_be_visible(timeout=15_000)
    assert not was_reloaded(counter)


def test_a_refusal_is_red_and_says_what_to_do(counter: Page, shop: Shop) -> None:
    scan(counter, shop.code("expired"))
    expect(counter.locator(".scan.fresh.refused .scan-next")).to_be_visible()
    assert Verification.objects.get().reason == "expired"


def test_a_message_is_pasted_and_its_code_found_though_a_phone_number_follows(
    counter: Page, shop: Shop
) -> None:
    code = shop.code()
    counter.evaluate(
        """text => {
            const data = new DataTransfer();
            data.setData("text", text);
            document.querySelector("#text").dispatchEvent(
                new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
        }""",
        f"美团团购券码：{code[:4]} {code[4:8]} {code[8:]}\n13800138000",
    )
    counter.keyboard.press("Enter")
    expect(counter.locator(".scan.fresh.ok")).to_be_visible()


def test_a_lost_connection_is_said_and_the_same_scan_then_joins_the_first(
    visitor: Visitor, counter: Page, shop: Shop
) -> None:
    code = shop.code()
    counter.route(
        "**/counter/", lambda route: (route.fetch(), route.abort())
    )  # arrives, its answer does not
    scan(counter, code)
    expect(counter.locator(".scan.fresh.refused")).to_be_visible()
    counter.unroute("**/counter/")
    scan(counter, code)
    expect(counter.locator(".scan.fresh.ok")).to_be_visible()
    assert len(spent(shop)) == 1
    # The browser and htmx say in the console that the request failed, as they should.
    assert not [
        complaint
        for complaint in visitor.complaints
        if "Policy" in complaint or "left" in complaint
    ]
    visitor.complaints.clear()


def test_a_page_that_expired_by_another_sign_in_renews_itself_and_keeps_the_scan(
    visitor: Visitor, counter: Page, shop: Shop
) -> None:
    codes = [shop.code() for _ in range(2)]
    sign_in_anew(counter)
    stay_marked(counter)
    # Both at once: what is typed while the page reloads is lost in any browser.
    counter.evaluate(
        "codes => codes.forEach(detail => document.dispatchEvent(new CustomEvent('camera:code', "
        "{ detail })))",
        codes,
    )
    expect(counter.locator("#scans > .scan.ok")).to_have_count(2, timeout=15_000)
    assert was_reloaded(counter)
    assert sorted(spent(shop)) == sorted(code[-4:] for code in codes)
    assert visitor.complaints
    assert all("403" in complaint for complaint in visitor.complaints)
    visitor.complaints.clear()


def test_a_scan_after_signing_out_leads_to_the_sign_in_and_is_sent_afterwards(
    visitor: Visitor, counter: Page, shop: Shop
) -> None:
    code = shop.code()
    counter.context.clear_cookies()
    scan(counter, code)
    counter.wait_for_url("**/admin/login/**")
    sign_in(counter)
    expect(counter.locator("#scans > .scan.fresh.ok")).to_be_visible(timeout=10_000)
    assert spent(shop) == [code[-4:]]
    visitor.complaints.clear()


def test_a_scan_is_not_carried_over_to_the_next_guest(
    visitor: Visitor, counter: Page, shop: Shop
) -> None:
    counter.context.clear_cookies()
    scan(counter, shop.code())
    counter.wait_for_url("**/admin/login/**")
    counter.evaluate(
        """() => {
            const carried = JSON.parse(sessionStorage.getItem("counter:carried"));
            sessionStorage.setItem("counter:carried", JSON.stringify({ ...carried, at: carried.at - 200000 }));
        }"""
    )
    sign_in(counter)
    expect(counter.locator("#text")).to_be_focused()
    expect(counter.locator("#scans > .scan")).to_have_count(0)
    assert Verification.objects.count() == 0
    visitor.complaints.clear()


def test_the_counter_fits_a_phone(visitor: Visitor, shop: Shop, clerk: User) -> None:
    for number in range(4):
        VerificationFactory(
            store=shop.store, product=shop.product, value="49.00", code_tail=f"{number}123"
        )
    for width in (320, 360):
        page = visitor.page(width=width, height=740, user=clerk)
        page.goto("/counter/")
        scan(page, shop.code("expired"))
        expect(page.locator(".scan.fresh.refused")).to_be_visible(timeout=10_000)
        assert fits(page)
    page = visitor.page(width=360, height=740, user=clerk, has_touch=True, is_mobile=True)
    for language in ("zh-hans", "en"):
        page.context.add_cookies(
            [{"name": "django_language", "value": language, "url": visitor.url}]
        )
        page.goto("/counter/")
        assert page.evaluate(PLACEHOLDER_FITS), language


def test_the_counter_for_the_readme(
    visitor: Visitor, shop: Shop, clerk: User, screenshot: Callable[[Page, str], None]
) -> None:
    VerificationFactory(store=shop.store, product=shop.product, value="49.00", code_tail="8804")
    VerificationFactory(
        store=shop.store, status="refused", reason="expired", code_tail="1175", product=shop.product
    )
    for width, height in ((1280, 800), (360, 740)):
        page = visitor.page(width=width, height=height, user=clerk)
        page.goto("/counter/")
        scan(page, shop.code(price="49.0"))
        expect(page.locator(".scan.fresh.ok")).to_be_visible(timeout=10_000)
        assert fits(page)
        screenshot(page, f"counter-{width}")


def test_a_text_without_a_code_stays_selected_and_the_next_scan_replaces_it(
    visitor: Visitor, counter: Page, shop: Shop
) -> None:
    scan(counter, "13812345678")
    expect(counter.locator("#scans > .scan.fresh.refused")).to_contain_text("138…5678")
    expect(counter.locator("#text")).to_have_value("13812345678")
    # The browser notes the 422 that the refusal is.
    assert [words for words in visitor.complaints if "422" not in words] == []
    visitor.complaints.clear()
    scan(counter, shop.code())
    expect(counter.locator("#scans > .scan.fresh.ok")).to_be_visible()
    expect(counter.locator("#text")).to_have_value("")


def test_two_codes_in_one_text_are_both_used_or_only_one(
    counter: Page, shop: Shop, screenshot: Callable[[Page, str], None]
) -> None:
    first, second = shop.code(), shop.code()
    scan(counter, f"{first} {second}")
    card = counter.locator("#scans > .scan.fresh.ask")
    expect(card).to_be_visible()
    expect(counter.locator("#text")).to_have_value("")
    fits(counter)
    screenshot(counter, "counter-two-codes")
    card.locator("button").first.click()
    expect(counter.locator("#scans > .scan.ok")).to_have_count(2)
    assert sorted(spent(shop)) == sorted([first[-4:], second[-4:]])
