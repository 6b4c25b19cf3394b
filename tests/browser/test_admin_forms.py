"""Forms of the back office in a real browser: a button at work says so, and a mistake is brought
into view.
"""

import re

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import expect

from stores.roles import Role
from tests.browser.conftest import Visitor
from tests.coupons.factories import Shop
from tests.stores.factories import member
from tests.trip.factories import TicketConnectionFactory, TicketProductFactory


@pytest.fixture
def owner(shop: Shop) -> User:
    return member(shop.merchant, Role.OWNER)


def test_a_button_at_work_says_so_and_cannot_be_pressed_twice(
    visitor: Visitor, shop: Shop, owner: User
) -> None:
    page = visitor.page(user=owner)
    page.goto(f"/admin/stores/connection/{shop.connection.pk}/change/")
    page.evaluate("addEventListener('submit', (event) => event.preventDefault())")
    button = page.locator("form[action$='/do/test/'] button")
    button.click()
    expect(button).to_be_disabled()
    expect(button).to_contain_text(re.compile("…"))


@pytest.mark.parametrize("width", [1280, 360])
def test_a_refused_price_is_said_above_and_stands_before_the_eyes(
    visitor: Visitor, shop: Shop, owner: User, width: int
) -> None:
    linked = TicketConnectionFactory(merchant=shop.merchant)
    product = TicketProductFactory(
        connection=linked, store=shop.store, by_calendar=True, offer=False
    )
    page = visitor.page(width=width, height=740, user=owner)
    page.goto(f"/admin/trip/product/{product.pk}/calendar/")
    page.fill("[name=sale_price]", "20")
    page.fill("[name=market_price]", "10")
    page.fill("[name=settlement_price]", "5")
    page.click("button[value=set]")
    expect(page.locator("p.errornote")).to_have_count(1)
    expect(page.locator("[name=sale_price]")).to_be_focused()
    expect(page.locator("[name=sale_price]")).to_be_in_viewport()
    # A browser notes the status 422 of a refused form.
    visitor.complaints.clear()


def test_a_new_key_is_copied_with_one_click(visitor: Visitor, shop: Shop, owner: User) -> None:
    page = visitor.page(user=owner, permissions=["clipboard-read", "clipboard-write"])
    page.goto("/admin/stores/apikey/add/")
    page.fill("[name=name]", "till")
    page.check("[name=scopes] >> nth=0")
    page.locator("[name=_save]").click()
    page.locator("[data-copy] button").click()
    expect(page.locator("[data-copy] button")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == page.locator("#secret").inner_text()
