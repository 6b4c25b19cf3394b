"""The receiver's page on a phone, in a browser without scripts."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from delivery.models import Delivery, ReceiverCase
from tests.browser.conftest import Visitor, fits
from tests.delivery.tracking.seeing import S, ago, path, placed, riding, told


@pytest.mark.parametrize("width", [320, 360, 1280])
def test_a_receiver_follows_the_rider_gets_the_code_and_tells_that_nothing_came(
    visitor: Visitor, width: int, screenshot: Callable[[Page, str], None]
) -> None:
    attempt = riding(arrives_at=timezone.now() + timedelta(minutes=12))
    page = visitor.page(width=width, height=740, java_script_enabled=False)
    page.goto(path(attempt.delivery))
    expect(page.locator("svg .rider")).to_be_visible()
    assert fits(page)
    screenshot(page, f"track-riding-{width}")
    page.locator("a[href='?form=digits']").click()
    page.fill("#digits", "1234")
    page.locator(".track-form button").click()
    expect(page.locator(".error")).to_be_visible()
    assert fits(page)
    screenshot(page, f"track-digits-{width}")
    page.fill("#digits", "5678")
    page.locator(".track-form button").click()
    expect(page.locator(".track-code .code")).to_have_text("8642")
    expect(page.locator("a[href='tel:17033334444,9876']")).to_be_visible()
    assert fits(page)
    screenshot(page, f"track-code-{width}")
    told(attempt, S.DELIVERED, minutes=0)
    page.reload()
    expect(page.locator(".track-now.delivered")).to_be_visible()
    expect(page.locator(".track-code, svg")).to_have_count(0)
    screenshot(page, f"track-delivered-{width}")
    page.locator("a[href='?form=case']").click()
    page.fill("#text", "门口没有")
    assert fits(page)
    screenshot(page, f"track-case-{width}")
    page.locator(".track-form button").click()
    expect(page.locator(".track-told")).to_be_visible()
    assert fits(page)
    screenshot(page, f"track-told-{width}")
    assert ReceiverCase.objects.get().text == "门口没有"
    # Wrong digits are answered with a status that browsers write down.
    visitor.complaints = [text for text in visitor.complaints if "422" not in text]


def test_the_page_reloads_itself_without_scripts_and_the_language_can_be_chosen(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("delivery.pages.tracking.REFRESH_SECONDS", 1)
    attempt = riding()
    page = visitor.page(width=360, height=740, java_script_enabled=False)
    page.goto(path(attempt.delivery))
    page.get_by_role("button", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    told(attempt, S.DELIVERED, minutes=0)
    expect(page.locator(".track-now.delivered")).to_be_visible(timeout=10_000)


def test_a_page_that_is_gone_and_one_that_never_was_are_kind(
    visitor: Visitor, screenshot: Callable[[Page, str], None]
) -> None:
    delivery = riding().delivery
    Delivery.objects.update(state="delivered", ended_at=ago(hours=25))
    page = visitor.page(width=360, height=740, java_script_enabled=False)
    for address, name in ((path(delivery), "gone"), ("/d/nothing/", "missed")):
        page.goto(address)
        expect(page.locator("h1")).to_be_visible()
        assert fits(page)
        screenshot(page, f"track-{name}-360")
    statuses = [text for text in visitor.complaints if "410" in text or "404" in text]
    assert visitor.complaints == statuses
    visitor.complaints.clear()


def test_a_place_beside_the_end_of_the_line_is_drawn_within_the_page(
    visitor: Visitor, screenshot: Callable[[Page, str], None]
) -> None:
    attempt = riding()
    placed(attempt, ago(seconds=5), lng="120.125300", lat="30.287100")
    page = visitor.page(width=360, height=740, java_script_enabled=False, color_scheme="dark")
    page.goto(path(attempt.delivery))
    expect(page.locator("svg .rider")).to_be_visible()
    assert fits(page)
    screenshot(page, "track-near-360-dark")
