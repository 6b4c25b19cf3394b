"""The chat in browsers: two colleagues, a customer, syllables being composed, tabs and sounds."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from PIL import Image
from playwright.sync_api import BrowserContext, Page, Route, expect
from pytest_django.fixtures import Settings

import messaging.webhooks.handlers  # noqa: F401
from messaging.models import Conversation, Message, QuickReply, TakeawayStore
from stores.models import Merchant
from stores.roles import Role
from tests.browser.conftest import Visitor, fits, minimize, restore
from tests.messaging.chat.test_desk import add
from tests.messaging.chat.test_page import PNG
from tests.messaging.chat.writing import SECRET, write
from tests.messaging.factories import SIGN_KEY, DeveloperFactory, OrderFactory, TakeawayStoreFactory
from tests.messaging.pushing import Pusher
from tests.processes import wait_until
from tests.stores.factories import MerchantFactory, StoreFactory, member

CHAT = "/takeaway/chat/"
SEVERAL = re.compile("[2-9]")


@pytest.fixture
def binding(transactional_db: None) -> TakeawayStore:
    merchant: Merchant = MerchantFactory()
    developer = DeveloperFactory(credentials={"sign_key": SIGN_KEY, "im_secret": SECRET})
    made: TakeawayStore = TakeawayStoreFactory(
        store=StoreFactory(merchant=merchant), developer=developer
    )
    return made


@pytest.fixture
def talk(binding: TakeawayStore) -> Conversation:
    says(binding, "我的餐到哪里了")
    return Conversation.objects.get()


def clerk(binding: TakeawayStore, name: str) -> User:
    return member(binding.store.merchant, Role.CLERK, binding.store, password=None, first_name=name)


def says(binding: TakeawayStore, text: str) -> None:
    write(Pusher(binding), text, cts=int(timezone.now().timestamp()))


def opened(visitor: Visitor, talk: Conversation, user: User) -> Page:
    page = visitor.page(user=user)
    page.goto(f"{CHAT}{talk.pk}/")
    return page


def test_a_customers_words_appear_for_both_colleagues(
    visitor: Visitor, binding: TakeawayStore, talk: Conversation
) -> None:
    first = opened(visitor, talk, clerk(binding, "小王"))
    second = opened(visitor, talk, clerk(binding, "小李"))
    expect(first.locator(".bubble")).to_have_count(1)
    says(binding, "还要多久？")
    for page in (first, second):
        expect(page.locator(".bubble")).to_have_count(2, timeout=4000)
    expect(second.locator("#talk-head")).to_contain_text("小王", timeout=4000)
    first.locator("textarea").fill("马上到")
    first.keyboard.press("Enter")
    for page in (first, second):
        expect(page.locator(".bubble.ours")).to_have_text(re.compile("马上到"), timeout=4000)
    expect(first.locator("textarea")).to_have_value("")


def test_enter_while_composing_never_sends(
    visitor: Visitor, binding: TakeawayStore, talk: Conversation
) -> None:
    page = opened(visitor, talk, clerk(binding, "小王"))
    box = page.locator("textarea")
    box.focus()
    line = page.context.new_cdp_session(page)
    line.send(
        "Input.imeSetComposition", {"text": "mashang", "selectionStart": 7, "selectionEnd": 7}
    )
    page.keyboard.press("Enter")
    box.evaluate(
        "(box) => box.dispatchEvent(new KeyboardEvent('keydown',"
        " {key: 'Enter', keyCode: 229, bubbles: true, cancelable: true}))"
    )
    page.wait_for_timeout(300)
    assert not Message.objects.filter(direction="shop").exists()
    line.send("Input.insertText", {"text": "马上"})
    page.wait_for_timeout(50)
    box.press("Enter")
    wait_until(Message.objects.filter(direction="shop").exists)


def test_a_double_click_is_one_message(
    visitor: Visitor, binding: TakeawayStore, talk: Conversation
) -> None:
    page = opened(visitor, talk, clerk(binding, "小王"))
    page.locator("textarea").fill("好的")
    page.locator(".talk-box button").dblclick()
    expect(page.locator(".bubble.ours")).to_have_count(1)
    page.wait_for_timeout(300)
    assert Message.objects.filter(direction="shop").count() == 1


def test_a_draft_survives_a_reload(
    visitor: Visitor, binding: TakeawayStore, talk: Conversation
) -> None:
    page = opened(visitor, talk, clerk(binding, "小王"))
    with page.expect_response(
        lambda answer: (
            "/here/" in answer.url
            and answer.request.post_data is not None
            and "draft" in answer.request.post_data
        )
    ):
        page.locator("textarea").fill("我问一下骑手")
    page.reload()
    expect(page.locator("textarea")).to_have_value("我问一下骑手")


def test_a_hidden_tab_rings_for_who_waits_and_shows_it_when_seen_again(
    visitor: Visitor, binding: TakeawayStore, window: BrowserContext
) -> None:
    page = visitor.page_in(window, clerk(binding, "小王"))
    page.goto(visitor.url + CHAT)
    page.locator("h1").click()
    minimize(page)
    assert page.evaluate("[document.visibilityState, document.hidden]") == ["hidden", True]
    assert page.locator("[data-pulse]").get_attribute("data-rung") is None
    says(binding, "有人吗")
    expect(page.locator("[data-pulse]")).to_have_attribute("data-rung", SEVERAL, timeout=15000)
    assert page.title().startswith("(1)")
    assert page.evaluate("document.hidden")
    restore(page)
    expect(page.locator(".chat-line")).to_contain_text("有人吗", timeout=4000)


def test_the_chat_fits_on_a_phone(
    visitor: Visitor, binding: TakeawayStore, talk: Conversation
) -> None:
    order = OrderFactory(binding=binding, day_number=1)
    Conversation.objects.update(order=order)
    page = visitor.page(width=360, height=740, user=clerk(binding, "小王"))
    page.goto(CHAT)
    assert fits(page)
    page.locator(".chat-line").click()
    expect(page.locator("textarea")).to_be_visible()
    expect(page.locator(".chat-list")).to_be_hidden()
    assert fits(page)
    # The head is renewed while we look.
    sizes = page.evaluate(
        """() => [...document.querySelectorAll(".top a, .talk-title a")].map((link) => {
          const box = link.getBoundingClientRect();
          return Math.min(box.width, box.height);
        })"""
    )
    assert len(sizes) == 3
    assert min(sizes) >= 44
    page.locator(".talk-back").click()
    expect(page.locator(".chat-list")).to_be_visible()


def test_a_quick_reply_stands_at_the_cursor_and_one_that_lacks_a_value_says_so(
    visitor: Visitor, binding: TakeawayStore, talk: Conversation
) -> None:
    for title, text in (("好", "马上送到"), ("几号", "您的 {number} 号单")):
        QuickReply.objects.create(merchant=binding.store.merchant, title=title, text=text)
    page = visitor.page(width=360, height=740, user=clerk(binding, "小王"))
    page.goto(f"{CHAT}{talk.pk}/")
    box, menu = page.locator("textarea"), page.locator(".talk-replies summary")
    box.fill("您好，")
    menu.click()
    page.locator("[data-lacks]").click()
    expect(page.locator("[data-trouble]")).to_contain_text("号")
    expect(box).to_have_value("您好，")
    assert fits(page)
    page.locator("[data-reply]").click()
    expect(box).to_have_value("您好，马上送到")
    expect(page.locator("[data-trouble]")).to_be_hidden()
    expect(page.locator("[data-reply]")).to_be_hidden()


def test_a_conversation_opened_at_an_old_message_stays_there(
    visitor: Visitor, binding: TakeawayStore, talk: Conversation
) -> None:
    begin = timezone.now() - timedelta(hours=2)
    old = [add(talk, f"第{n}句", at=begin + timedelta(minutes=n)) for n in range(80)]
    page = visitor.page(width=360, height=740, user=clerk(binding, "小王"))
    page.goto(CHAT)
    page.locator("[name=q]").fill("第30句")
    page.keyboard.press("Enter")
    expect(page.locator(".chat-hit")).to_be_visible()
    assert fits(page)
    page.locator(".chat-line").click()
    hit = page.locator(f"#m{old[30].pk}")
    expect(hit).to_be_in_viewport()
    says(binding, "还在吗")
    expect(page.locator("#conversations")).to_contain_text("还在吗", timeout=4000)
    expect(page.locator(".bubble", has_text="还在吗")).to_have_count(0)
    expect(page.locator(".talk-box")).to_be_hidden()
    page.locator(".talk-past .button").last.click()
    expect(page.locator(".bubble", has_text="还在吗")).to_be_in_viewport()


def test_what_comes_late_or_changes_stands_at_its_place(
    visitor: Visitor, binding: TakeawayStore, talk: Conversation
) -> None:
    begun = timezone.now() - timedelta(minutes=10)
    ours = add(talk, "在的", direction="shop", state="unknown", at=begun)
    add(talk, "好", at=begun + timedelta(minutes=2))
    page = opened(visitor, talk, clerk(binding, "小王"))
    expect(page.locator(".bubble")).to_have_count(3)
    write(Pusher(binding), "晚到的", cts=int((begun + timedelta(minutes=1)).timestamp()))
    Message.objects.filter(pk=ours.pk).update(state="sent", revision=1_000_000)
    says(binding, "最新的")
    expect(page.locator(".bubble-text")).to_have_text(
        ["在的", "晚到的", "好", "我的餐到哪里了", "最新的"], timeout=4000
    )


def test_a_picture_that_is_too_large_is_refused_before_it_travels(
    visitor: Visitor, talk: Conversation, binding: TakeawayStore, tmp_path: Path
) -> None:
    photo = tmp_path / "a.jpg"
    photo.write_bytes(b"\xff\xd8" + b"\0" * 14_000_000)
    page = opened(visitor, talk, clerk(binding, "小王"))
    page.locator(".talk-box input[type=file]").set_input_files(photo)
    expect(page.locator("[data-trouble]")).to_contain_text("10 MB")
    assert not Message.objects.filter(direction="shop").exists()


def test_the_newest_message_is_in_sight_once_a_picture_has_its_height(
    visitor: Visitor, talk: Conversation, binding: TakeawayStore, tmp_path: Path
) -> None:
    photo = tmp_path / "a.png"
    Image.new("RGB", (600, 1500)).save(photo)
    page = opened(visitor, talk, clerk(binding, "小王"))
    held: list[Route] = []
    page.route(
        "**/*",
        lambda route: (
            held.append(route) if route.request.resource_type == "image" else route.continue_()
        ),
    )
    page.locator(".talk-box input[type=file]").set_input_files(photo)
    expect(page.locator(".bubble img")).to_have_count(1)
    for route in held:
        route.continue_()
    wait_until(lambda: page.locator(".bubble img").evaluate("(image) => image.naturalHeight > 0"))
    says(binding, "看到了吗")
    expect(page.locator(".bubble", has_text="看到了吗")).to_be_in_viewport(timeout=8000)


def test_evidence_is_uploaded_as_it_is_chosen_and_can_be_taken_away(
    visitor: Visitor, binding: TakeawayStore, talk: Conversation, settings: Settings, tmp_path: Path
) -> None:
    settings.TAKEAWAY_EVIDENCE_PATH = "/waimai/ng/card/uploadCardImage"
    photo = tmp_path / "a.png"
    photo.write_bytes(PNG)
    page = visitor.page(width=360, height=740, user=clerk(binding, "小王"))
    page.goto(f"{CHAT}{talk.pk}/")
    page.locator("a[href$='/block/']").click()
    page.locator("[data-evidence] input[type=file]").set_input_files([photo] * 11)
    expect(page.locator(".evidence img")).to_have_count(9)
    assert fits(page)
    page.locator(".evidence [data-remove]").first.click()
    expect(page.locator(".evidence img")).to_have_count(8)
