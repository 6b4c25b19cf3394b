"""Codes in pictures that are chosen or pasted, at the counter and on the guest's own phone."""

import base64
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, Request, expect

from coupons.models import Verification
from tests.browser.conftest import Visitor, fits, spent
from tests.browser.pictures import Rows, picture_of, png
from tests.coupons.factories import Shop

PASTE = """([bytes, text]) => {
    const data = new DataTransfer();
    if (bytes) {
        const raw = Uint8Array.from(atob(bytes), (letter) => letter.charCodeAt(0));
        data.items.add(new File([raw], "image.png", { type: "image/png" }));
    }
    if (text) data.setData("text", text);
    document.activeElement.dispatchEvent(
        new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
}"""


@pytest.fixture
def guest(visitor: Visitor, shop: Shop) -> Page:
    page = visitor.page(width=360, height=740, has_touch=True, is_mobile=True)
    page.goto(f"/g/{shop.store.guest_slug}/")
    return page


def paste(page: Page, path: Path, text: str = "") -> None:
    page.evaluate(PASTE, [base64.b64encode(path.read_bytes()).decode(), text])


def choose(page: Page, path: Path) -> None:
    with page.expect_file_chooser() as chooser:
        page.click("[data-picture-open]")
    chooser.value.set_files(path)


def test_a_chosen_picture_is_verified_and_never_leaves_the_device(
    counter: Page, shop: Shop, tmp_path: Path
) -> None:
    code = shop.code()
    posted: list[Request] = []
    counter.on(
        "request", lambda request: posted.append(request) if request.method == "POST" else None
    )
    choose(counter, png(tmp_path / "code.png", picture_of(code)))
    expect(counter.locator("#scans > .scan.fresh.ok")).to_be_visible()
    assert spent(shop) == [code[-4:]]
    assert [len(request.post_data or "") < 500 for request in posted] == [True]
    assert code in (posted[0].post_data or "")


def test_a_picture_is_pasted_at_the_counter(counter: Page, shop: Shop, tmp_path: Path) -> None:
    code = shop.code()
    paste(counter, png(tmp_path / "code.png", picture_of(code)), text="screenshot.png")
    expect(counter.locator("#scans > .scan.fresh.ok")).to_be_visible()
    assert spent(shop) == [code[-4:]]


def test_a_guest_chooses_the_picture_on_the_own_phone(
    guest: Page, shop: Shop, tmp_path: Path
) -> None:
    choose(guest, png(tmp_path / "code.png", picture_of(shop.code())))
    expect(guest.locator(".coupon")).to_contain_text(shop.product.name)
    guest.locator(".guest-form button").first.click()
    expect(guest.locator(".outcome.verified")).to_be_visible(timeout=15_000)
    assert Verification.objects.get().channel == "guest"


def test_a_guest_pastes_a_picture(guest: Page, shop: Shop, tmp_path: Path) -> None:
    paste(guest, png(tmp_path / "code.png", picture_of(shop.code())))
    expect(guest.locator(".coupon")).to_contain_text(shop.product.name)


@pytest.mark.parametrize(
    "shape",
    [
        lambda code: picture_of(code, inverted=True),
        lambda code: picture_of(code, width=3000, height=4000, side=6),
        lambda code: picture_of(code, width=1080, height=2400, side=12),
        lambda code: picture_of(code, width=63, height=63, side=3, border=0),
        lambda code: picture_of(code, width=231, height=231, side=11, border=0, inverted=True),
    ],
    ids=["light on dark", "small in a photo", "screenshot", "tiny, cut close", "inverted, cut"],
)
def test_pictures_of_all_kinds_are_read(
    counter: Page, shop: Shop, tmp_path: Path, shape: Callable[[str], Rows]
) -> None:
    code = shop.code()
    choose(counter, png(tmp_path / "code.png", shape(code)))
    expect(counter.locator("#scans > .scan.fresh.ok")).to_be_visible(timeout=20_000)
    assert spent(shop) == [code[-4:]]


def test_two_codes_in_one_picture_are_both_offered(
    counter: Page, shop: Shop, tmp_path: Path
) -> None:
    # Always the same picture: whether a decoder finds both depends on what they say.
    codes = ["234567890123", "987654321098"]
    choose(counter, png(tmp_path / "codes.png", picture_of(*codes, width=800)))
    card = counter.locator("#scans > .scan.fresh.ask")
    expect(card).to_be_visible(timeout=20_000)
    for code in codes:
        expect(card).to_contain_text(code)
    assert spent(shop) == []


def test_a_picture_without_a_code_and_a_file_that_is_none_are_said(
    counter: Page, tmp_path: Path
) -> None:
    choose(counter, png(tmp_path / "empty.png", picture_of()))
    expect(counter.locator("[data-picture-note=none]")).to_be_visible(timeout=30_000)
    (tmp_path / "broken.png").write_bytes(b"no picture")
    choose(counter, tmp_path / "broken.png")
    expect(counter.locator("[data-picture-note=unreadable]")).to_be_visible()
    expect(counter.locator("[data-picture-note=none]")).to_be_hidden()
    assert fits(counter)


def test_the_text_beside_a_spreadsheets_picture_is_what_is_pasted(
    counter: Page, shop: Shop, tmp_path: Path
) -> None:
    paste(counter, png(tmp_path / "cells.png", picture_of(shop.code())), text=f"{shop.code()}\n1")
    expect(counter.locator("#text")).not_to_have_value("")
    expect(counter.locator("[data-picture-note=reading]")).to_be_hidden()
    assert spent(shop) == []
