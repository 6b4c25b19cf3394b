"""Many codes at once, from the menu to the reason of each line, also on a phone."""

import pytest
from playwright.sync_api import expect

from stores.platforms import outbox
from stores.roles import Role
from tests.browser.conftest import Visitor, fits
from tests.coupons.factories import Shop
from tests.stores.factories import member


@pytest.mark.parametrize("width", [360, 1280])
def test_a_batch_from_the_menu_to_the_reasons(visitor: Visitor, shop: Shop, width: int) -> None:
    page = visitor.page(width=width, height=860, user=member(shop.merchant, Role.OWNER))
    page.goto("/admin/trip/order/")
    page.locator("#tabs-items a", has_text="批量核销").click()
    page.locator("#main a[href='/counter/batches/']").click()
    expect(page.locator("#codes")).to_be_focused()
    codes = [shop.code(), shop.code(), shop.code("used"), "nonsense"]
    page.fill("#codes", "\n".join([*codes, codes[0]]))
    page.click(".batch-form button")
    expect(page.locator(".batch-check h2")).to_have_text("共 3 张券")
    assert fits(page)
    # The text is changed after it was counted, so it is counted again.
    page.fill("#codes", "\n".join(codes[:2]))
    page.click(".batch-check button")
    expect(page.locator(".batch-check h2")).to_have_text("共 2 张券")
    page.fill("#codes", "\n".join(codes))
    page.click(".batch-form button.quiet")
    expect(page.locator(".batch-check h2")).to_have_text("共 3 张券")
    page.click(".batch-check button")
    page.wait_for_url("**/counter/batches/*/")
    outbox.work(seconds=10)
    page.reload()
    expect(page.locator(".counts .verified")).to_have_text("核销成功：2")
    # The repeated code and the line without one are told before, and not kept.
    expect(page.locator("tbody tr")).to_have_count(3)
    assert fits(page)
    assert page.evaluate(
        "(box => box.scrollWidth <= box.clientWidth)(document.querySelector('.table'))"
    )
    notes = page.locator("tbody .note:not(:empty)").all()
    assert notes
    for note in notes:
        box = note.bounding_box()
        assert box
        assert 0 <= box["x"] < box["x"] + box["width"] <= width
    page.goto("/counter/batches/")
    page.click("h2 .all")
    page.wait_for_url("**/admin/coupons/batch/")
