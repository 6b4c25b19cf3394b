"""The API's documentation in a browser, with its own policy against foreign and inline code."""

import re

from playwright.sync_api import expect

from tests.browser.conftest import Visitor
from tests.coupons.factories import GatewayStoreFactory
from tests.stores.factories import api_key


def test_the_docs_show_every_route_and_try_one_out(visitor: Visitor) -> None:
    store = GatewayStoreFactory().store
    secret = api_key(store.merchant)[1]
    page = visitor.page()
    page.goto("/api/docs/")
    expect(page.locator(".opblock")).to_have_count(36)
    expect(page.locator(".btn.authorize")).to_have_text("填入密钥")
    page.locator(".btn.authorize").click()
    page.locator(".auth-container input").fill(secret)
    page.locator(".auth-btn-wrapper .authorize").click()
    page.locator(".btn-done").click()
    block = page.locator("#operations-stores-stores_list")
    block.locator(".opblock-summary").click()
    block.locator(".try-out__btn", has_text="试一试").click()
    block.locator(".execute", has_text="发送").click()
    expect(
        block.locator(".live-responses-table .response .response-col_status").first
    ).to_contain_text("200")
    expect(block.locator(".live-responses-table .response")).to_contain_text(store.name)
    # Swagger UI's own words: titles, heads of tables, buttons.
    own = block.locator("h4, h5, th, .col_header, button:not(.opblock-summary-control)")
    spoken = [text for text in own.all_inner_texts() if re.search("[A-Za-z]{2}", text)]
    assert spoken == ["Curl"]
