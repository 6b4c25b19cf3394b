"""Scans of which the first keys may be missing: they are held, said and never sent."""

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import Visitor, fits, listens, scan, spent
from tests.browser.test_scanner import Keys, nothing_is_sent, verified
from tests.coupons.factories import Shop

IS_SELECTED = "window.getSelection().toString()"


class Loading:
    """A counter page whose deferred scripts come when the test lets them."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.keys = Keys(page)
        self.waiting: list[Route] = []
        self.is_open = False
        page.route("**/*.js", self._script)
        page.goto("/counter/", wait_until="commit")
        expect(page.locator("#text")).to_be_focused()

    def _script(self, route: Route) -> None:
        if self.is_open or "whole" in route.request.url:
            route.continue_()
        else:
            self.waiting.append(route)

    def finish(self) -> None:
        self.is_open = True
        for route in self.waiting:
            route.continue_()
        self.page.wait_for_load_state("load")

    def opened_at(self) -> float:
        return float(self.page.evaluate("performance.timeOrigin")) / 1000


@pytest.fixture
def loading(visitor: Visitor, clerk: User) -> Loading:
    return Loading(visitor.page(width=360, height=740, user=clerk))


def is_held(page: Page, text: str) -> None:
    nothing_is_sent(page)
    expect(page.locator("[data-incomplete-scan]")).to_have_text("刚才可能没有扫全，请再扫一次。")
    expect(page.locator("#text")).to_have_value(text)
    assert page.evaluate(IS_SELECTED) == text


def test_the_rest_of_a_scan_that_ends_before_the_scripts_run_is_not_sent(
    loading: Loading, shop: Shop
) -> None:
    code = shop.code()
    loading.keys.burst(code[3:], at=loading.opened_at())
    loading.keys.enter()
    loading.keys.enter()  # some scanners send two
    loading.finish()
    is_held(loading.page, code[3:])
    assert fits(loading.page)
    loading.page.keyboard.press("Enter")
    is_held(loading.page, code[3:])
    scan(loading.page, code)
    expect(verified(loading.page)).to_have_count(1)
    expect(loading.page.locator("[data-incomplete-scan]")).to_be_hidden()
    assert spent(shop) == [code[-4:]]


def test_a_scan_during_which_the_scripts_begin_is_not_sent_in_part(
    loading: Loading, shop: Shop
) -> None:
    code = shop.code()
    listens(loading.page)
    loading.keys.burst(code[:3])
    at = loading.keys.at
    loading.finish()
    loading.keys.burst(code[3:], at=at)
    loading.keys.enter()
    is_held(loading.page, code[3:])


def test_a_whole_scan_before_the_scripts_run_is_sent(loading: Loading, shop: Shop) -> None:
    code = shop.code()
    listens(loading.page)
    loading.keys.burst(code)
    loading.is_open = True  # for the page that answers
    loading.keys.enter()
    expect(verified(loading.page)).to_have_count(1)
    assert spent(shop) == [code[-4:]]


@pytest.mark.parametrize("has_end", [True, False], ids=["Enter", "no end"])
def test_the_rest_of_a_scan_that_began_before_the_page_is_not_sent(
    loading: Loading, shop: Shop, has_end: bool
) -> None:
    loading.finish()
    code = shop.code()
    loading.keys.burst(code[2:], at=loading.opened_at())
    if has_end:
        loading.keys.enter()
    is_held(loading.page, code[2:])


def test_the_rest_of_a_scan_that_began_in_another_window_is_not_sent(
    counter: Page, shop: Shop
) -> None:
    keys, code = Keys(counter), shop.code()
    counter.evaluate("window.dispatchEvent(new Event('focus'))")
    at = float(counter.evaluate("performance.timeOrigin + performance.now()")) / 1000
    keys.burst(code[4:], at=at)
    keys.enter()
    is_held(counter, code[4:])


@pytest.mark.parametrize("first", [1, 2, 5])
def test_what_follows_a_stutter_is_not_sent_alone(counter: Page, shop: Shop, first: int) -> None:
    keys, code = Keys(counter), shop.code()
    keys.burst(code[:first])
    keys.burst(code[first:], at=keys.at + 0.5)
    keys.enter()
    is_held(counter, code[first:])


def test_a_person_who_types_or_pastes_at_once_is_not_held_up(
    visitor: Visitor, clerk: User, shop: Shop
) -> None:
    page, codes = visitor.page(user=clerk), [shop.code(), shop.code()]
    page.goto("/counter/")
    page.keyboard.type(codes[0], delay=90)
    page.keyboard.press("Enter")
    expect(verified(page)).to_have_count(1)
    page.reload()
    page.keyboard.insert_text(codes[1])
    page.keyboard.press("Enter")
    expect(verified(page)).to_have_count(2)


def test_few_digits_without_an_end_are_held_until_a_person_presses_enter(
    visitor: Visitor, clerk: User, shop: Shop
) -> None:
    page = visitor.page(user=clerk)
    page.goto("/counter/")
    listens(page)
    code = shop.code()
    keys = Keys(page)
    keys.burst(code[:9])
    is_held(page, code[:9])
    keys.burst(code)
    expect(verified(page)).to_have_count(1)
    assert spent(shop) == [code[-4:]]
    keys.burst(code[:9])
    expect(page.locator("[data-incomplete-scan]")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.locator("#scans > .scan.refused")).to_be_visible()
    assert spent(shop) == [code[-4:]]
