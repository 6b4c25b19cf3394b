"""The safety card on a phone: today's people in a minute, pictures that leave the rest alone."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect
from pytest_django.fixtures import Settings

from messaging.models import CardMeasure, CardTest, SafetyCard, SavedCard, TakeawayStore
from messaging.services.cards import saving
from messaging.wire.cards import CardRow
from stores.roles import Role
from tests.browser.conftest import Visitor, fits
from tests.messaging.chat.test_page import PNG
from tests.messaging.chat.test_pictures import picture
from tests.messaging.factories import TakeawayStoreFactory
from tests.messaging.meituan import Meituan, meituan_of
from tests.stores.factories import member

PEOPLE = (CardRow("厨师", "王师傅", "36.5"), CardRow("打包员", "小李", "36.8"))


@pytest.fixture
def binding(transactional_db: None) -> TakeawayStore:
    made: TakeawayStore = TakeawayStoreFactory()
    return made


@pytest.fixture
def meituan(quick: None, binding: TakeawayStore, settings: Settings) -> Iterator[Meituan]:
    with meituan_of(binding, settings) as made:
        yield made


def test_todays_card_is_saved_on_a_phone(
    visitor: Visitor, meituan: Meituan, binding: TakeawayStore
) -> None:
    saving.save_now(saving.card_save(binding=binding, rows=PEOPLE, actor=None))
    user = member(binding.store.merchant, Role.CLERK, binding.store, password=None)
    page = visitor.page(width=360, height=740, user=user)
    page.goto(f"/takeaway/cards/{binding.pk}/")
    assert fits(page)
    temperature = page.locator("#row1-temperature")
    assert temperature.input_value() == "36.8"
    temperature.fill("37")
    # Enter shows the card and neither saves it nor takes a person off.
    temperature.press("Enter")
    expect(page.locator(".card-poster")).to_contain_text("37.0℃")
    expect(page.locator("[name=name]")).to_have_count(2)
    assert SavedCard.objects.count() == 1
    page.locator("[name=do][value=save]").click()
    expect(page.locator(".card-done")).to_be_visible()
    assert [row.temperature for row in SavedCard.objects.latest("pk").whole.rows] == [
        "36.5",
        "37.0",
    ]
    assert fits(page)


def test_pictures_are_sent_at_once_and_what_is_typed_stays(
    visitor: Visitor, meituan: Meituan, binding: TakeawayStore, tmp_path: Path
) -> None:
    photo, text = tmp_path / "a.png", tmp_path / "a.txt"
    photo.write_bytes(picture())
    text.write_text("no picture")
    user = member(binding.store.merchant, Role.MANAGER, binding.store, password=None)
    page = visitor.page(width=360, height=740, user=user)
    page.goto(f"/takeaway/cards/{binding.pk}/set-up/")
    expect(page.locator(".card-measures")).to_be_hidden()
    page.locator("[name=kind][value='1']").check()
    page.locator("[name=tips]").fill("请安心食用")
    page.locator("[data-picture$='/measures/2/']").set_input_files(photo)
    expect(page.locator("img[data-shown]:visible")).to_have_count(1)
    expect(page.locator("[name=measure2-is_shown]")).to_be_checked()
    page.locator("[data-test]").set_input_files(photo)
    expect(page.locator("#tests li")).to_have_count(1)
    page.locator("[data-remove]").click()
    expect(page.locator("#tests li")).to_have_count(0)
    assert not CardTest.objects.exists()
    assert page.locator("[name=tips]").input_value() == "请安心食用"
    assert fits(page)
    page.locator("form[data-once] > button").click()
    expect(page.locator(".card-poster .card-measure img")).to_be_visible()
    card = SafetyCard.objects.get()
    assert (card.kind, card.tips) == (1, "请安心食用")
    assert CardMeasure.objects.get(is_shown=True).kind == 2


def test_what_is_no_picture_is_said(
    visitor: Visitor, meituan: Meituan, binding: TakeawayStore, tmp_path: Path
) -> None:
    text = tmp_path / "a.txt"
    text.write_text("no picture")
    user = member(binding.store.merchant, Role.MANAGER, binding.store, password=None)
    page = visitor.page(user=user)
    page.goto(f"/takeaway/cards/{binding.pk}/set-up/")
    page.locator("[name=kind][value='1']").check()
    page.locator("[data-picture$='/measures/2/']").set_input_files(text)
    expect(page.locator("[data-trouble]")).to_be_visible()
    assert not CardMeasure.objects.exists()
    (complaint,) = visitor.complaints
    assert "409" in complaint
    visitor.complaints.clear()


def test_a_picture_that_does_not_arrive_is_said_in_words(
    visitor: Visitor, meituan: Meituan, binding: TakeawayStore, tmp_path: Path
) -> None:
    picture = tmp_path / "a.png"
    picture.write_bytes(PNG)
    user = member(binding.store.merchant, Role.MANAGER, binding.store, password=None)
    page = visitor.page(user=user)
    page.goto(f"/takeaway/cards/{binding.pk}/set-up/")
    page.locator("[name=kind][value='1']").check()
    page.route("**/measures/2/", lambda route: route.abort())
    page.locator("[data-picture$='/measures/2/']").set_input_files(picture)
    expect(page.locator("[data-trouble]")).to_have_text("图片没有上传成功：系统没有响应。")
    visitor.complaints.clear()
