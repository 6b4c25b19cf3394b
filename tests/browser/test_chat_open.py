"""A chat page that stays open: clocks run, lost answers are made up for, tabs know each other."""

import re
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import Page, Route, expect

from messaging.models import Conversation, Draft, Message, TakeawayStore
from messaging.services.chat import presence
from tests.browser.conftest import Visitor
from tests.browser.test_chat import CHAT, binding, clerk, opened, says, talk
from tests.messaging.chat.test_page import PNG
from tests.messaging.factories import OrderFactory

__all__ = ["binding", "talk"]
NEWS = re.compile("/takeaway/chat/news/")


def ours() -> int:
    return Message.objects.filter(direction="shop").count()


def drafted(page: Page, text: str) -> None:
    """Types a text and waits until it is kept."""
    with page.expect_response(
        lambda answer: "/here/" in answer.url and "draft" in (answer.request.post_data or "")
    ):
        page.locator("textarea").fill(text)


def lose(visitor: Visitor, word: str) -> None:
    """Forgives what the browser says of answers that the test has lost."""
    assert visitor.complaints
    assert all(word in complaint for complaint in visitor.complaints)
    visitor.complaints.clear()


# Clocks


def test_reply_clocks_run_and_the_box_closes_by_itself_when_time_is_over(
    visitor: Visitor, binding: TakeawayStore, talk: Conversation
) -> None:
    end = timezone.now() + timedelta(seconds=8)
    order = OrderFactory(binding=binding, finished_at=end - timedelta(hours=47, minutes=50))
    Conversation.objects.update(order=order, reply_until=timezone.now() + timedelta(seconds=125))
    page = opened(visitor, talk, clerk(binding, "小王"))
    left, closes = (
        page.locator(".chat-when time"),
        page.locator("#talk-head p:not([data-urgency]) > time"),
    )
    expect(left).to_have_text(re.compile(r"还剩 2 分 0\d 秒"))
    expect(closes).to_have_text(re.compile(r"还剩 0 分 0\d 秒"))
    drafted(page, "您好，关于退")
    expect(left).to_have_text(re.compile(r"还剩 1 分 5\d 秒"), timeout=8000)
    expect(page.locator(".chat-line")).to_have_attribute("data-urgency", "urgent")
    expect(page.locator(".talk-closed")).to_contain_text("48", timeout=8000)
    expect(page.locator(".talk-box")).to_be_hidden()
    assert Draft.objects.get().text == "您好，关于退"


def test_a_clock_that_is_over_says_so(
    visitor: Visitor, binding: TakeawayStore, talk: Conversation
) -> None:
    Conversation.objects.update(reply_until=timezone.now() + timedelta(seconds=3))
    page = visitor.page(user=clerk(binding, "小王"))
    page.goto(CHAT)
    expect(page.locator(".chat-when time")).to_have_text(re.compile(r"已超时 0 分 0[1-9] 秒"))


# Lost answers


def test_news_whose_answer_was_lost_come_later_and_the_page_says_that_it_stands_still(
    visitor: Visitor, binding: TakeawayStore, talk: Conversation
) -> None:
    page = visitor.page(user=clerk(binding, "小王"))
    with page.expect_response(NEWS):
        page.goto(f"{CHAT}{talk.pk}/")
    page.route(NEWS, lambda route: route.fulfill(status=502))
    says(binding, "还在吗")
    expect(page.locator("[data-standstill]")).to_be_visible(timeout=8000)
    page.unroute(NEWS)
    expect(page.locator(".bubble")).to_have_count(2, timeout=4000)
    expect(page.locator("[data-standstill]")).to_be_hidden()
    lose(visitor, "502")


def test_what_arrives_while_a_question_is_under_way_is_asked_for_afterwards(
    visitor: Visitor, binding: TakeawayStore, talk: Conversation
) -> None:
    page = visitor.page(user=clerk(binding, "小王"))

    def late(route: Route) -> None:
        answer = route.fetch()
        says(binding, "还在吗")
        # Meanwhile the pulse tells of it.
        time.sleep(3)
        route.fulfill(response=answer)

    page.route(NEWS, late, times=1)
    page.goto(f"{CHAT}{talk.pk}/")
    expect(page.locator(".bubble")).to_have_count(2, timeout=8000)


# Who else is here


def test_a_page_hears_that_a_colleague_has_stopped_and_left(
    visitor: Visitor, binding: TakeawayStore, talk: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = opened(visitor, talk, clerk(binding, "小王"))
    second = opened(visitor, talk, clerk(binding, "小李"))
    first.locator("textarea").fill("马上")
    others = second.locator("#others")
    expect(others).to_have_text("小王 正在输入", timeout=4000)
    expect(others).not_to_contain_text("正在输入", timeout=16000)
    expect(others).to_contain_text("小王")
    monkeypatch.setattr(presence, "GONE", timedelta(seconds=1))
    first.close()
    expect(others).to_be_empty(timeout=10000)


# Two tabs


def test_a_draft_in_two_tabs_is_one_message_and_the_same_text_again_a_second(
    visitor: Visitor, binding: TakeawayStore, talk: Conversation
) -> None:
    first = opened(visitor, talk, clerk(binding, "小王"))
    drafted(first, "马上到")
    second, third = first.context.new_page(), first.context.new_page()
    for page in (second, third):
        page.goto(f"{CHAT}{talk.pk}/")
        expect(page.locator("textarea")).to_have_value("马上到")
    second.route(NEWS, lambda route: route.abort())
    for page in (first, second):
        page.locator("textarea").press("Enter")
        expect(page.locator("textarea")).to_have_value("")
        expect(page.locator(".bubble.ours")).to_have_count(1)
    # The third tab hears that its draft was sent.
    expect(third.locator("textarea")).to_have_value("", timeout=4000)
    assert ours() == 1
    third.locator("textarea").fill("马上到")
    third.locator("textarea").press("Enter")
    expect(third.locator("textarea")).to_have_value("")
    assert ours() == 2
    lose(visitor, "ERR_FAILED")


# Pictures


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "a.png"
    path.write_bytes(PNG)
    return path


def test_a_picture_chosen_again_after_a_lost_answer_is_sent_once(
    visitor: Visitor, binding: TakeawayStore, talk: Conversation, photo: Path
) -> None:
    page = opened(visitor, talk, clerk(binding, "小王"))

    def lost(route: Route) -> None:
        route.fetch()
        route.abort()

    page.route("**/picture/", lost, times=1)
    chosen = page.locator(".talk-box input[type=file]")
    chosen.set_input_files(photo)
    expect(page.locator("[data-trouble]")).to_be_visible()
    with page.expect_response(re.compile("/picture/")):
        chosen.set_input_files(photo)
    expect(page.locator(".bubble.ours img")).to_have_count(1)
    assert ours() == 1
    chosen.set_input_files(photo)
    expect(page.locator(".bubble.ours img")).to_have_count(2)
    lose(visitor, "ERR_FAILED")


def test_a_picture_that_may_not_have_arrived_is_sent_again_after_a_warning(
    visitor: Visitor, binding: TakeawayStore, talk: Conversation, photo: Path
) -> None:
    page = opened(visitor, talk, clerk(binding, "小王"))
    page.locator(".talk-box input[type=file]").set_input_files(photo)
    expect(page.locator(".bubble.ours img")).to_have_count(1)
    Message.objects.filter(direction="shop").update(state="unknown")
    page.reload()
    again = page.locator("[data-picture-again]")
    page.once("dialog", lambda dialog: dialog.dismiss())
    again.click()
    assert ours() == 1
    page.once("dialog", lambda dialog: dialog.accept())
    again.click()
    expect(page.locator(".bubble.ours img")).to_have_count(2)
