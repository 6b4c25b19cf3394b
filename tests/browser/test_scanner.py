"""Hardware scanners at the counter: whatever ends their scans, wherever the focus is, with an input
method on; and people, who only type.
"""

import time
from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Locator, Page, expect

from coupons.models import Verification
from tests.browser.conftest import Visitor, fits, spent
from tests.coupons.factories import Shop

# Longer than any pause after which a scan is sent.
LONG = 1500


@pytest.fixture
def handheld(visitor: Visitor, clerk: User) -> Page:
    page = visitor.page(width=360, height=740, has_touch=True, is_mobile=True, user=clerk)
    page.goto("/counter/")
    return page


@pytest.fixture
def keys(counter: Page) -> "Keys":
    return Keys(counter)


class Keys:
    """Keys as a scanner sends them, each ten milliseconds after the one before by the browser's
    clock, however busy the machine is; and as an input method shows them to the page.
    """

    def __init__(self, page: Page) -> None:
        self.cdp = page.context.new_cdp_session(page)
        self.at = time.time()

    def _send(self, **event: Any) -> None:
        self.at += 0.01
        self.cdp.send("Input.dispatchKeyEvent", {"timestamp": self.at, **event})

    def burst(self, text: str, at: float | None = None) -> None:
        """The first key comes at a moment, in seconds since the epoch; now by default."""
        self.at = at or time.time()
        for letter in text:
            self._send(type="keyDown", key=letter, text=letter)

    def enter(self) -> None:
        self._send(type="keyDown", key="Enter", code="Enter", text="\r", windowsVirtualKeyCode=13)

    def down(self, code: str, **more: Any) -> None:
        """A key that the input method takes: the page sees no letter, only which key it was."""
        self._send(
            **{"type": "rawKeyDown", "key": "Process", "code": code, "windowsVirtualKeyCode": 229}
            | more
        )

    def compose(self, text: str) -> None:
        self.cdp.send(
            "Input.imeSetComposition",
            {"text": text, "selectionStart": len(text), "selectionEnd": len(text)},
        )

    def insert(self, text: str) -> None:
        self.cdp.send("Input.insertText", {"text": text})


def verified(page: Page) -> Locator:
    return page.locator("#scans > .scan.ok")


def nothing_is_sent(page: Page) -> None:
    page.wait_for_timeout(LONG)
    expect(page.locator("#scans > .scan")).to_have_count(0)


def test_a_scan_that_ends_with_tab_is_sent_and_the_focus_stays(
    counter: Page, keys: Keys, shop: Shop
) -> None:
    code = shop.code()
    keys.burst(code)
    keys.down("Tab", key="Tab", windowsVirtualKeyCode=9)
    expect(verified(counter)).to_have_count(1)
    expect(counter.locator("#text")).to_be_focused()
    expect(counter.locator("#text")).to_have_value("")
    assert spent(shop) == [code[-4:]]


def test_a_scan_without_an_end_is_sent_after_a_pause(counter: Page, keys: Keys, shop: Shop) -> None:
    codes = [shop.code(), shop.code()]
    for sent, code in enumerate(codes, start=1):
        keys.burst(code)
        expect(verified(counter)).to_have_count(sent)
        expect(counter.locator("#text")).to_have_value("")
    assert spent(shop) == [code[-4:] for code in codes]


def test_a_person_who_types_is_not_sent_before_enter(counter: Page, shop: Shop) -> None:
    code = shop.code()
    counter.keyboard.type(code, delay=90)
    nothing_is_sent(counter)
    expect(counter.locator("#text")).to_have_value(code)
    counter.keyboard.press("Enter")
    expect(verified(counter)).to_have_count(1)


def test_tab_after_typing_moves_the_focus(counter: Page) -> None:
    counter.keyboard.type("7001", delay=90)
    counter.keyboard.press("Tab")
    expect(counter.locator(".box-row button")).to_be_focused()


def test_a_key_held_down_is_no_scan(counter: Page) -> None:
    for _ in range(12):
        counter.keyboard.down("7")
    counter.keyboard.up("7")
    nothing_is_sent(counter)


def test_a_pasted_code_waits_for_a_person(counter: Page, shop: Shop) -> None:
    counter.keyboard.insert_text(shop.code())
    nothing_is_sent(counter)


def test_a_scan_replaces_what_was_left_in_the_box(counter: Page, keys: Keys, shop: Shop) -> None:
    code = shop.code()
    counter.keyboard.type("13", delay=90)
    counter.wait_for_timeout(600)
    keys.burst(code)
    keys.enter()
    expect(verified(counter)).to_have_count(1)
    assert spent(shop) == [code[-4:]]


def test_a_scanner_that_stutters_is_sent_whole_once_its_end_is_known(
    counter: Page, keys: Keys, shop: Shop
) -> None:
    codes = [shop.code(), shop.code()]
    keys.burst(codes[0])
    keys.enter()
    expect(verified(counter)).to_have_count(1)
    keys.burst(codes[1][:7])
    counter.wait_for_timeout(550)
    keys.burst(codes[1][7:])
    keys.enter()
    expect(verified(counter)).to_have_count(2)
    assert spent(shop) == [code[-4:] for code in codes]


def test_a_scan_with_the_focus_on_a_button_presses_nothing(
    counter: Page, keys: Keys, shop: Shop
) -> None:
    code = shop.code()
    counter.locator(".box-row button").focus()
    keys.burst(code)
    keys.enter()
    expect(verified(counter)).to_have_count(1)
    assert spent(shop) == [code[-4:]]


def test_a_scan_into_another_field_is_taken_out_of_it_and_sent(
    counter: Page, keys: Keys, shop: Shop
) -> None:
    counter.evaluate(
        """() => {
            const field = document.createElement("input");
            field.id = "other";
            field.value = "2";
            document.querySelector("main").append(field);
            field.focus();
        }"""
    )
    keys.burst(shop.code())
    keys.enter()
    expect(verified(counter)).to_have_count(1)
    expect(counter.locator("#other")).to_have_value("2")


def test_letters_that_an_input_method_changes_are_said_and_the_digits_are_kept(
    counter: Page, keys: Keys, shop: Shop
) -> None:
    keys.down("KeyK")
    keys.compose("k")
    for digit in "712345":
        keys.down(f"Digit{digit}")
        keys.compose("口")
    hint = counter.locator("[data-wrong-input]")
    expect(hint).to_contain_text("请切换到英文输入法")
    expect(counter.locator("#text")).to_have_value("712345")
    assert fits(counter)
    nothing_is_sent(counter)
    keys.burst(shop.code())
    expect(verified(counter)).to_have_count(1)
    expect(hint).to_be_hidden()


def test_digits_that_an_input_method_lets_through_are_sent(
    counter: Page, keys: Keys, shop: Shop
) -> None:
    code = shop.code()
    for digit in code:
        keys.down(f"Digit{digit}")
        keys.insert(digit)
    expect(verified(counter)).to_have_count(1)
    assert spent(shop) == [code[-4:]]


def test_the_enter_that_ends_a_composition_submits_nothing(
    counter: Page, keys: Keys, shop: Shop
) -> None:
    keys.compose("quanma")
    keys.insert("券码")
    # As Safari does it: the composition has ended, and the Enter follows, with a text of its own.
    keys.down("Enter", type="keyDown", text="\r")
    nothing_is_sent(counter)
    expect(counter.locator("#text")).to_have_value("券码")
    counter.keyboard.type(f" {shop.code()}", delay=90)
    counter.keyboard.press("Enter")
    expect(verified(counter)).to_have_count(1)


def test_a_device_with_a_scanner_shows_no_keyboard_and_remembers_it(
    handheld: Page, shop: Shop
) -> None:
    box, switch = handheld.locator("#text"), handheld.locator("[data-hand-scanner] input")
    expect(box).not_to_have_attribute("inputmode", "none")
    switch.tap()
    expect(box).to_be_focused()
    handheld.reload()
    expect(switch).to_be_checked()
    expect(box).to_have_attribute("inputmode", "none")
    assert fits(handheld)
    handheld.keyboard.insert_text(shop.code())  # at once, as a scanner's own input method
    expect(verified(handheld)).to_have_count(1)
    switch.tap()
    handheld.reload()
    expect(switch).not_to_be_checked()
    expect(box).not_to_have_attribute("inputmode", "none")


def test_a_touch_beside_the_box_opens_no_keyboard(handheld: Page) -> None:
    handheld.locator("#text").blur()
    handheld.locator(".empty").tap()
    expect(handheld.locator("#text")).not_to_be_focused()
    handheld.keyboard.press("7")
    expect(handheld.locator("#text")).to_have_value("7")


def test_without_a_touch_screen_there_is_no_switch(counter: Page) -> None:
    expect(counter.locator("[data-hand-scanner]")).to_be_hidden()


def test_without_javascript_the_counter_is_a_plain_form(
    visitor: Visitor, clerk: User, shop: Shop
) -> None:
    page = visitor.page(user=clerk, java_script_enabled=False)
    page.goto("/counter/")
    for part in ("[data-camera-open]", "[data-picture-open]", "[data-hand-scanner]"):
        expect(page.locator(part)).to_be_hidden()
    page.fill("#text", shop.code())
    page.press("#text", "Enter")
    expect(verified(page)).to_have_count(1)
    assert Verification.objects.get().status == "verified"
