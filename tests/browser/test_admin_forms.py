"""Forms of the back office in a real browser: a button at work says so, fields come with their
choice, and mistakes lead to their fields.
"""

import re

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import expect

from stores.roles import Role
from tests.browser.conftest import Visitor
from tests.coupons.factories import Shop
from tests.stores.factories import member
from tests.trip.contract import planned
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
def test_fields_come_with_their_choice_and_a_mistake_leads_to_its_field(
    visitor: Visitor, shop: Shop, owner: User, width: int
) -> None:
    linked = TicketConnectionFactory(merchant=shop.merchant)
    product = TicketProductFactory(connection=linked, store=shop.store)
    page = visitor.page(width=width, height=740, user=owner)
    page.goto(f"/admin/trip/product/{product.pk}/change/")
    page.locator("summary", has_text="退款").click()
    expect(page.locator("#refund_steps-group")).to_be_hidden()
    page.select_option("[name=refund_type]", "4")
    expect(page.locator("#refund_steps-group")).to_be_visible()
    page.select_option("[name=refund_type]", "3")
    expect(page.locator("#refund_steps-group")).to_be_hidden()
    expect(page.locator("[name=refund_review]")).to_be_hidden()
    # Hidden fields with a mistake are shown, and the list on top leads to them.
    page.evaluate("document.querySelectorAll('details').forEach((box) => { box.open = true; })")
    page.locator("[name=visitor_info]").select_option("2")
    page.fill("[name=phone_limit]", "2")
    page.locator("[name=visitor_info]").select_option("1")
    page.locator("[name=_save]").click()
    expect(page.locator(".zg-mistakes")).to_be_focused()
    page.locator(".zg-mistakes a").click()
    expect(page.locator("[name=phone_limit]")).to_be_focused()
    expect(page.locator("[name=phone_limit]")).to_be_in_viewport()


MARK = "(label) => getComputedStyle(label, '::after').content"


@pytest.mark.parametrize(
    ("path", "choice", "with_it", "without", "label"),
    [
        ("trip/product/add/", "book_ahead", "2", "1", ".field-ahead_minutes > div > label"),
        ("trip/plannedchange/add/", "kind", "address", "upgrade", ".field-base_url > div > label"),
        ("stores/staff/add/", "role", "clerk", "owner", ".field-stores > div > label"),
    ],
)
def test_what_a_choice_asks_for_is_marked_and_comes_with_it(
    visitor: Visitor, shop: Shop, owner: User, path: str, choice: str, with_it: str, without: str,
    label: str,
) -> None:  # fmt: skip
    TicketConnectionFactory(merchant=shop.merchant)
    page = visitor.page(user=owner)
    page.goto(f"/admin/{path}")
    page.evaluate("document.querySelectorAll('details').forEach((box) => { box.open = true; })")
    if choice == "book_ahead":
        page.locator("label[for=id_by_calendar]").click()
    page.select_option(f"[name={choice}]", with_it)
    expect(page.locator(label)).to_be_visible()
    assert page.locator(label).evaluate(MARK) == '"*"'
    page.select_option(f"[name={choice}]", without)
    expect(page.locator(label)).to_be_hidden()


def test_the_prices_of_a_product_and_of_its_days_are_marked_as_required(
    visitor: Visitor, shop: Shop, owner: User
) -> None:
    linked = TicketConnectionFactory(merchant=shop.merchant)
    dated = TicketProductFactory(connection=linked, store=shop.store, by_calendar=True, offer=False)
    page = visitor.page(user=owner)
    for path in ("add/", f"{dated.pk}/calendar/"):
        page.goto(f"/admin/trip/product/{path}")
        marks = {
            name: page.locator(f"label[for=id_{name}]").evaluate(MARK)
            for name in ("sale_price", "market_price", "settlement_price", "stock")
        }
        assert marks == dict.fromkeys(marks, '"*"') | {"stock": "none"}, path


def test_each_part_of_the_mail_about_a_change_is_copied_with_one_click(
    visitor: Visitor, shop: Shop, owner: User
) -> None:
    change = planned(TicketConnectionFactory(merchant=shop.merchant))
    page = visitor.page(user=owner, permissions=["clipboard-read", "clipboard-write"])
    page.goto(f"/admin/trip/plannedchange/{change.pk}/change/")
    for part in ("#mail-to", "#mail-subject", "#mail-text"):
        page.locator(f"[data-copy='{part}'] button").click()
        expect(page.locator(f"[data-copy='{part}']")).to_contain_text("已复制")
        assert page.evaluate("navigator.clipboard.readText()") == page.locator(part).text_content()


def test_a_new_key_is_copied_with_one_click(visitor: Visitor, shop: Shop, owner: User) -> None:
    page = visitor.page(user=owner, permissions=["clipboard-read", "clipboard-write"])
    page.goto("/admin/stores/apikey/add/")
    page.fill("[name=name]", "till")
    page.check("[name=scopes] >> nth=0")
    page.locator("[name=_save]").click()
    page.locator("[data-copy] button").click()
    expect(page.locator("[data-copy] button")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == page.locator("#secret").inner_text()
