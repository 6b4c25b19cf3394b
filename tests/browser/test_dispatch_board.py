"""The dispatch board in a browser, on a desk and on a phone: prices, a call, and a cancellation
that costs more than was shown.
"""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import BrowserContext, Page, expect

from delivery.models import Attempt, Delivery, StoreCourier
from stores.roles import Role
from tests.browser.conftest import Visitor, minimize
from tests.delivery.conftest import town
from tests.delivery.factories import ReceiverCaseFactory
from tests.delivery.town import Town
from tests.delivery.tracking.seeing import S, called, ours, told
from tests.stores.factories import member

__all__ = ["town"]
SIZES = pytest.mark.parametrize(("width", "height"), [(1280, 860), (360, 780)])
BOARD = "/wechat/board/"


@pytest.fixture
def clerk(town: Town) -> User:
    store = town.place.store
    return member(store.merchant, Role.CLERK, store, password=None)


def card(page: Page, column: str) -> str:
    return f'[data-column="{column}"] .live-card'


def tab(page: Page, name: str) -> None:
    """On a phone one column is shown."""
    if page.viewport_size and page.viewport_size["width"] < 960:
        page.locator(f'[data-shows="{name}"]').click()


def too_small(page: Page) -> list[str]:
    """What a thumb does not find."""
    found = page.locator("#board a, #board button, dialog button").filter(visible=True).all()
    boxes = [(each.inner_text(), each.bounding_box()) for each in found]
    return [text for text, box in boxes if box is None or min(box["width"], box["height"]) < 44]


@SIZES
def test_a_rider_is_called_at_the_price_and_cancelled_at_a_fee_that_changed(
    visitor: Visitor,
    town: Town,
    clerk: User,
    kept: Callable[[Page, str], None],
    width: int,
    height: int,
) -> None:
    town.delivery(reference="A-12", ready_at=timezone.now())
    page = visitor.page(width=width, height=height, user=clerk)
    page.goto(BOARD)
    page.locator(card(page, "waiting")).get_by_role("button", name="询价").click()
    dialog = page.locator("dialog")
    expect(dialog.get_by_role("button", name="叫 DADA ¥7.56")).to_be_visible()
    expect(dialog.locator("[data-left]")).to_have_text(re.compile(r"^[12] 分 \d\d 秒$"))
    kept(page, "board-prices")
    page.keyboard.press("Escape")
    expect(page.locator(card(page, "waiting")).get_by_role("button").first).to_have_text(
        "叫 DADA ¥7.56", timeout=4000
    )
    page.locator(card(page, "waiting")).get_by_role("button", name="叫 DADA").click()
    expect(page.get_by_role("status")).to_have_text("A-12：正在叫 DADA。")
    tab(page, "calling")
    expect(page.locator(card(page, "calling"))).to_have_count(1)
    town.work()
    expect(page.locator(card(page, "calling"))).to_contain_text("¥7.56", timeout=4000)
    page.locator(card(page, "calling")).get_by_role("button", name="取消骑手").click()
    expect(dialog).to_contain_text("现在取消免费")
    kept(page, "board-cancel")
    attempt = Attempt.objects.get()
    town.post("couriers", {"delivery_id": "DADA", "cancel_fee": 5.0, "free_seconds": 0.0})
    town.report(attempt, 102)
    dialog.get_by_role("button", name="只取消骑手").click()
    expect(dialog).to_contain_text("违约金比刚才显示的高，没有取消。")
    expect(dialog).to_contain_text("现在取消要扣 ¥5.00")
    kept(page, "board-dearer")
    assert not Attempt.objects.get().is_unwanted
    dialog.get_by_role("button", name="只取消骑手").click()
    expect(dialog).to_be_hidden()
    town.work()
    tab(page, "waiting")
    expect(page.locator(card(page, "waiting"))).to_have_count(1, timeout=4000)
    assert Attempt.objects.get().deduction == 5


def test_what_was_done_is_said_until_the_card_shows_what_came_of_it(
    visitor: Visitor, town: Town, clerk: User
) -> None:
    attempt = town.called("SS")
    page = visitor.page(user=clerk)
    page.goto(BOARD)
    page.locator(card(page, "calling")).get_by_role("button", name="小费加到").click()
    said = page.locator("#board-said .said")
    expect(said).to_contain_text("正在把小费加到")
    # Another card is no news about this one.
    town.delivery(reference="Z-9")
    expect(page.locator(card(page, "waiting"))).to_contain_text("Z-9", timeout=4000)
    expect(said).to_be_visible()
    town.work()
    expect(said).to_have_count(0, timeout=4000)
    attempt.refresh_from_db()
    assert attempt.tip


@pytest.fixture
def busy(town: Town) -> Town:
    """A board with everything on it."""
    waiting = town.delivery(reference="20261201-0007", ready_at=timezone.now())
    town.delivery(reference="A-13")
    refused = town.delivery(needs_person=True, reference="A-14")
    called(refused, courier=courier(town), state="dead", refusal="930561: 余额不足，请充值")
    Delivery.objects.filter(pk=refused.pk).update(state="waiting")
    for number, states in enumerate(
        ([S.WAITING], [S.ACCEPTED], [S.ACCEPTED, S.AT_SHOP, S.PICKED_UP], [S.PICKED_UP, S.REFUSED])
    ):
        row = town.delivery(reference=f"B-{number}")
        told(called(row, courier=courier(town), courier_code="DADA"), *states, minutes=4)
    told(ours(town.delivery(reference="C-1")), S.ACCEPTED)
    over = town.delivery(state="delivered", ended_at=timezone.now(), reference="D-1")
    ReceiverCaseFactory(delivery=over)
    StoreCourier.objects.filter(account__delivery_id="SS").update(
        paused_until=timezone.now() + timedelta(hours=1),
        pause_reason="the account has no money",
    )
    assert waiting
    return town


def courier(town: Town) -> StoreCourier:
    return town.place.couriers.get(account__delivery_id="DADA")


@SIZES
def test_everything_has_its_place_and_fits(
    visitor: Visitor,
    busy: Town,
    clerk: User,
    kept: Callable[[Page, str], None],
    screenshot: Callable[[Page, str], None],
    width: int,
    height: int,
) -> None:
    page = visitor.page(width=width, height=height, user=clerk)
    page.goto(BOARD)
    screenshot(page, f"dispatch-board-{width}")
    for name, number in (("waiting", 3), ("calling", 1), ("coming", 2), ("riding", 2)):
        tab(page, name)
        expect(page.locator(card(page, name)).filter(visible=True)).to_have_count(number)
        assert too_small(page) == []
        kept(page, f"board-{name}")
    age = page.locator('[data-column="riding"] [data-since]').first
    before = age.text_content() or ""
    expect(age).not_to_have_text(before, timeout=3000)
    page.get_by_role("button", name="现在恢复").click()
    expect(page.locator(".board-pause")).to_have_count(0)


@SIZES
def test_all_that_is_ready_is_called_with_one_confirmation(
    visitor: Visitor,
    town: Town,
    clerk: User,
    kept: Callable[[Page, str], None],
    width: int,
    height: int,
) -> None:
    for number in range(3):
        town.delivery(reference=f"A-{number}", ready_at=timezone.now())
    page = visitor.page(width=width, height=height, user=clerk)
    page.goto(BOARD)
    page.get_by_role("link", name="全部叫骑手").click()
    page.get_by_role("button", name="补齐报价").click()
    kept(page, "board-all")
    page.get_by_role("button", name="叫 3 个骑手，共 ¥22.68").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("正在叫 3 个骑手")
    kept(page, "board-called")
    assert Attempt.objects.count() == 3


def test_two_people_one_of_whom_is_late_reads_that_a_rider_is_called(
    visitor: Visitor, town: Town, clerk: User
) -> None:
    town.delivery(reference="A-12", ready_at=timezone.now())
    first, second = (visitor.page(user=clerk) for _ in range(2))
    for page in (first, second):
        page.goto(BOARD)
        page.locator(card(page, "waiting")).get_by_role(
            "button", name=re.compile("询价|全部报价")
        ).click()
        expect(page.locator("dialog").get_by_role("button", name="叫 SS")).to_be_visible()
    # The list of prices of the second stays open.
    first.locator("dialog").get_by_role("button", name="叫 DADA").click()
    expect(first.get_by_role("status")).to_contain_text("正在叫")
    second.locator("dialog").get_by_role("button", name="叫 SS").click()
    expect(second.get_by_role("alert")).to_have_text("A-12：已经叫了骑手。")
    assert Attempt.objects.count() == 1


def test_one_tab_sounds_once_for_each_delivery_that_newly_needs_a_person(
    visitor: Visitor, town: Town, clerk: User
) -> None:
    old = town.delivery(needs_person=True, reference="A-1")
    waits, rides = town.delivery(reference="A-2"), town.delivery(reference="A-3")
    attempt = told(called(rides, courier=courier(town), courier_code="DADA"), S.PICKED_UP)
    first = visitor.page(user=clerk)
    first.goto(BOARD)
    second = first.context.new_page()
    second.goto(BOARD)
    for page in (first, second):
        page.locator("[data-sound]").click()
        expect(page.locator("[data-sound]")).to_be_disabled()
    # What waited before is seen, and what is merely new needs nobody.
    town.delivery(reference="A-4")
    board = first.locator("#board")
    expect(first.locator(".live-card")).to_have_count(4, timeout=5000)
    assert board.get_attribute("data-rung") is None
    Delivery.objects.filter(pk=waits.pk).update(needs_person=True, changed_at=timezone.now())
    expect(board).to_have_attribute("data-rung", "1", timeout=5000)
    # It goes back to the shop.
    told(attempt, S.REFUSED, minutes=0)
    expect(board).to_have_attribute("data-rung", "2", timeout=5000)
    for pk in (waits.pk, old.pk):
        Delivery.objects.filter(pk=pk).update(needs_person=False, changed_at=timezone.now())
    expect(first.locator("[data-alarm]")).to_have_count(1, timeout=5000)
    ReceiverCaseFactory(delivery=waits)
    Delivery.objects.filter(pk=waits.pk).update(changed_at=timezone.now())
    expect(board).to_have_attribute("data-rung", "3", timeout=5000)
    expect(second.locator("[data-alarm]")).to_have_count(2, timeout=5000)
    assert second.locator("#board").get_attribute("data-rung") is None


def test_the_sound_goes_on_in_a_hidden_tab_and_without_a_click_nothing_sounds(
    visitor: Visitor, town: Town, clerk: User, window: BrowserContext
) -> None:
    delivery = town.delivery(reference="A-1")
    page = visitor.page_in(window, clerk)
    page.goto(f"{visitor.url}{BOARD}")
    board = page.locator("#board")
    Delivery.objects.filter(pk=delivery.pk).update(needs_person=True, changed_at=timezone.now())
    expect(page.locator("[data-alarm]")).to_have_count(1, timeout=5000)
    assert board.get_attribute("data-rung") is None
    page.locator("[data-sound]").click()
    minimize(page)
    town.delivery(needs_person=True, reference="A-2")
    expect(board).to_have_attribute("data-rung", "1", timeout=8000)
