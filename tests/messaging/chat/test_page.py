"""The chat page: what it shows to whom, what is new, and what pressing its buttons does."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from messaging.choices import MessageKind, MessageState
from messaging.models import (
    Conversation,
    Draft,
    Message,
    Onlooker,
    TakeawayStore,
)
from messaging.pages.chat import ANSWERED_SHOWN
from messaging.services.chat import presence, sending
from stores.models import Merchant, OutboundCall, Store
from stores.roles import Role
from tests.messaging.chat.writing import write
from tests.messaging.factories import (
    OrderFactory,
    TakeawayStoreFactory,
)
from tests.messaging.pushing import Pusher
from tests.pages import english
from tests.stores.factories import StoreFactory, member

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("quick")]
CHAT = "/takeaway/chat/"
PNG = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89"
    b"\x00\x00\x00\rIDATx\x9cc\xf8\xcf\xc0\xf0\x1f\x00\x05\x00\x01\xff\x89\x99=\x1d\x00\x00\x00\x00IEND\xaeB`\x82"
)


@pytest.fixture
def talk(pusher: Pusher) -> Conversation:
    write(pusher, "我的餐到哪里了", cts=int(timezone.now().timestamp()))
    return Conversation.objects.get()


@pytest.fixture
def clerk(merchant: Merchant, store: Store) -> Client:
    return english(member(merchant, Role.CLERK, store, password=None))


def page(client: Client, path: str = "") -> str:
    answer = client.get(CHAT + path)
    assert answer.status_code == 200
    return answer.content.decode()


def cursor_of(text: str) -> str:
    found = re.search(r'data-cursor="([^"]*)"', text)
    assert found
    return found[1]


def test_who_waits_stands_on_top_with_the_time_left(clerk: Client, talk: Conversation) -> None:
    shown = page(clerk)
    assert "我的餐到哪里了" in shown
    assert re.search(r"[45] min \d\d s left", shown)
    assert "Choose a conversation." in shown


def test_what_is_urgent_says_so_while_it_waits(clerk: Client, talk: Conversation) -> None:
    assert ">urgent</b>" not in page(clerk)
    Conversation.objects.update(is_urgent=True)
    assert ">urgent</b>" in page(clerk)
    Conversation.objects.update(reply_until=None)
    assert ">urgent</b>" not in page(clerk)


def test_a_conversation_shows_its_messages_and_a_box(clerk: Client, talk: Conversation) -> None:
    shown = page(clerk, f"{talk.pk}/")
    assert shown.count('<li class="bubble') == 1
    assert f"{CHAT}{talk.pk}/send/" in shown
    assert Onlooker.objects.get().conversation == talk


def test_the_list_says_so_where_the_last_message_has_no_text(
    clerk: Client, talk: Conversation
) -> None:
    Conversation.objects.update(preview="")
    assert "no text to show" in page(clerk)


def test_another_text_after_a_lost_answer_is_not_taken_for_the_first(
    clerk: Client, talk: Conversation
) -> None:
    address = f"{CHAT}{talk.pk}/send/"
    clerk.post(address, {"text": "马上到", "request_key": "c" * 32})
    answer = clerk.post(address, {"text": "还要十分钟", "request_key": "c" * 32})
    assert answer.status_code == 409
    assert answer.json()["trouble"].startswith("Another text of yours was taken")
    assert Message.objects.filter(direction="shop").count() == 1


def test_the_list_can_be_made_longer(clerk: Client, talk: Conversation) -> None:
    Conversation.objects.update(reply_until=None, waiting_since=None)
    talk.refresh_from_db()
    for number in range(2 * ANSWERED_SHOWN - 1):
        talk.pk, talk.open_user_id = None, str(number)
        talk.save(force_insert=True)
    first = page(clerk)
    assert first.count('class="chat-line"') == ANSWERED_SHOWN
    assert f'href="?list={2 * ANSWERED_SHOWN}"' in first
    longer = page(clerk, f"?list={2 * ANSWERED_SHOWN}")
    assert longer.count('class="chat-line"') == 2 * ANSWERED_SHOWN
    assert "More conversations" not in longer
    news = clerk.get(f"{CHAT}news/", {"list": str(2 * ANSWERED_SHOWN)}).json()
    assert news["list"].count('class="chat-line"') == 2 * ANSWERED_SHOWN
    assert page(clerk, "?list=x").count('class="chat-line"') == ANSWERED_SHOWN


def test_messages_are_text_whatever_they_hold(clerk: Client, pusher: Pusher) -> None:
    write(pusher, "<script>alert(1)</script> \u202eabc", cts=int(timezone.now().timestamp()))
    talk = Conversation.objects.get()
    for shown in (page(clerk), page(clerk, f"{talk.pk}/")):
        assert "<script>alert" not in shown
        assert "&lt;script&gt;" in shown


@pytest.mark.parametrize(
    ("address", "is_linked"),
    [("https://p.meituan.net/a.jpg", True), ("javascript:alert(1)", False), ("", False)],
)
def test_a_customers_picture_is_linked_and_not_loaded(
    clerk: Client, talk: Conversation, address: str, is_linked: bool
) -> None:
    Message.objects.update(kind=MessageKind.PICTURE)
    message = Message.objects.get()
    message.text = address
    message.save()
    shown = page(clerk, f"{talk.pk}/")
    assert "<img" not in shown
    assert (f'href="{address}"' in shown) is is_linked
    assert "javascript:" not in shown


def test_sending_twice_by_one_press_is_one_message(clerk: Client, talk: Conversation) -> None:
    for _press in range(2):
        answer = clerk.post(f"{CHAT}{talk.pk}/send/", {"text": "马上到", "request_key": "a" * 32})
        assert "马上到" in answer.json()["bubbles"][0]["html"]
    clerk.post(f"{CHAT}{talk.pk}/send/", {"text": "马上到", "request_key": "b" * 32})
    assert Message.objects.filter(direction="shop").count() == 2
    assert OutboundCall.objects.filter(operation="message.send").count() == 2


@pytest.mark.parametrize("text", ["", "   ", "长" * (sending.LONGEST + 1)])
def test_what_cannot_be_sent_is_said(clerk: Client, talk: Conversation, text: str) -> None:
    answer = clerk.post(f"{CHAT}{talk.pk}/send/", {"text": text, "request_key": "a" * 32})
    assert answer.status_code == 409
    assert answer.json()["trouble"]
    assert not OutboundCall.objects.filter(operation="message.send").exists()


def test_a_picture_is_the_body_itself(clerk: Client, talk: Conversation) -> None:
    path = f"{CHAT}{talk.pk}/picture/"
    answer = clerk.post(path, PNG, content_type="application/octet-stream")
    assert answer.status_code == 200
    shown = answer.json()["bubbles"][0]["html"]
    found = re.search(r'<img src="(/takeaway/pictures/[^"]+)"', shown)
    assert found
    assert clerk.get(found[1])["Content-Type"] == "image/jpeg"


@pytest.mark.parametrize("content", [b"", b"MZ\x90\x00" * 50, b"<svg xmlns='x'/>", b"no picture"])
def test_what_is_no_picture_is_said(clerk: Client, talk: Conversation, content: bytes) -> None:
    path = f"{CHAT}{talk.pk}/picture/"
    answer = clerk.post(path, content, content_type="application/octet-stream")
    assert (answer.status_code, bool(answer.json()["trouble"])) == (409, True)
    assert not Message.objects.filter(direction="shop").exists()


def test_nothing_new_is_204_and_news_is_what_changed(
    clerk: Client, talk: Conversation, pusher: Pusher
) -> None:
    cursor = cursor_of(page(clerk, f"{talk.pk}/"))
    asked: dict[str, str | int] = {"cursor": cursor, "open": talk.pk}
    clerk.get(f"{CHAT}news/", asked)
    cursor = cursor_of(page(clerk, f"{talk.pk}/"))
    asked = {"cursor": cursor, "open": talk.pk}
    assert clerk.get(f"{CHAT}news/", asked).status_code == 204
    write(pusher, "还要多久", cts=int(timezone.now().timestamp()))
    answer = clerk.get(f"{CHAT}news/", asked).json()
    assert [("还要多久" in each["html"]) for each in answer["bubbles"]] == [True]
    assert "还要多久" in answer["list"]
    assert answer["cursor"] != cursor


def test_drafts_typing_and_reading_are_noted(clerk: Client, talk: Conversation) -> None:
    theirs = Message.objects.get()
    said = {"draft": "稍等", "typing": "1", "read": theirs.pk}
    assert clerk.post(f"{CHAT}{talk.pk}/here/", said).status_code == 200
    assert Draft.objects.get().text == "稍等"
    assert Onlooker.objects.get().typed_at
    talk.refresh_from_db()
    assert talk.unread == 0
    assert "稍等" in page(clerk, f"{talk.pk}/")


def test_a_colleague_is_seen(merchant: Merchant, store: Store, talk: Conversation) -> None:
    first = english(member(merchant, Role.CLERK, store, password=None, first_name="小王"))
    second = english(member(merchant, Role.CLERK, store, password=None))
    first.post(f"{CHAT}{talk.pk}/here/", {"typing": "1"})
    assert "小王 is writing here" in page(second, f"{talk.pk}/")


def test_with_each_sign_of_life_a_page_hears_who_else_is_there(
    merchant: Merchant, store: Store, talk: Conversation
) -> None:
    first = english(member(merchant, Role.CLERK, store, password=None, first_name="小王"))
    second = english(member(merchant, Role.CLERK, store, password=None, first_name="小李"))
    address = f"{CHAT}{talk.pk}/here/"

    def heard() -> str:
        others: str = second.post(address).json()["others"]
        return others

    with time_machine.travel(timezone.now(), tick=False) as clock:
        first.post(address, {"typing": "1"})
        assert "小王 is writing here" in heard()
        clock.shift(5)
        first.post(address)
        assert "小王 is writing here" in heard()
        clock.shift(2)
        assert "小王 is looking at this" in heard()
        clock.shift(8)
        # The last words of a page that is closed are no sign of life.
        first.post(address, {"draft": "稍等", "leaves": "1"})
        clock.shift(6)
        assert "小王" not in heard()
        assert "小李" not in heard()


def test_who_has_sent_is_no_longer_writing(
    merchant: Merchant, store: Store, talk: Conversation
) -> None:
    first = english(member(merchant, Role.CLERK, store, password=None, first_name="小王"))
    second = english(member(merchant, Role.CLERK, store, password=None))
    first.post(f"{CHAT}{talk.pk}/here/", {"typing": "1"})
    first.post(f"{CHAT}{talk.pk}/send/", {"text": "马上到"})
    assert "小王 is looking at this" in page(second, f"{talk.pk}/")


def test_an_open_conversation_says_until_when_it_is_to_be_answered(
    clerk: Client, talk: Conversation
) -> None:
    until = talk.reply_until
    assert until
    shown = page(clerk, f"{talk.pk}/")
    assert f'To be answered: <time data-until="{until.timestamp()}">' in shown
    presence.conversation_dismiss(conversation=talk, actor=None)
    assert "To be answered" not in page(clerk, f"{talk.pk}/")


def test_time_alone_closes_a_box_that_is_open(clerk: Client, talk: Conversation) -> None:
    order = OrderFactory(binding=talk.connection.takeaway_store, finished_at=timezone.now())
    Conversation.objects.update(order=order)
    with time_machine.travel(timezone.now(), tick=False) as clock:
        page(clerk, f"{talk.pk}/")
        cursor = cursor_of(page(clerk, f"{talk.pk}/"))
        asked: dict[str, str | int] = {"cursor": cursor, "open": talk.pk, "writable": "1"}
        clock.shift(timedelta(hours=47, minutes=49))
        assert clerk.get(f"{CHAT}news/", asked).status_code == 204
        clock.shift(timedelta(minutes=2))
        answer = clerk.get(f"{CHAT}news/", asked).json()
        assert "Meituan closes a conversation 48 hours" in answer["head"]
        assert (answer["cursor"], answer["bubbles"]) == (cursor, [])
        del asked["writable"]
        assert clerk.get(f"{CHAT}news/", asked).status_code == 204


def test_what_needs_no_answer_leaves_the_top(clerk: Client, talk: Conversation) -> None:
    assert clerk.post(f"{CHAT}{talk.pk}/dismiss/").status_code == 204
    assert "Nobody waits." in page(clerk)


def test_a_closed_conversation_says_why(clerk: Client, talk: Conversation) -> None:
    Conversation.objects.update(blocked_at=timezone.now())
    shown = page(clerk, f"{talk.pk}/")
    assert "This customer is blocked." in shown
    answer = clerk.post(f"{CHAT}{talk.pk}/send/", {"text": "在", "request_key": "a" * 32})
    assert answer.status_code == 409


@pytest.mark.parametrize("state", [MessageState.UNKNOWN, MessageState.FAILED])
def test_what_may_not_have_arrived_can_be_written_again(
    clerk: Client, talk: Conversation, state: MessageState
) -> None:
    Message.objects.update(direction="shop", state=state, error="超时")
    shown = page(clerk, f"{talk.pk}/")
    assert 'data-write-again="我的餐到哪里了"' in shown
    assert ("No answer from Meituan" in shown) is (state == MessageState.UNKNOWN)


def test_earlier_messages_come_by_pages(clerk: Client, talk: Conversation, pusher: Pusher) -> None:
    begin = int(timezone.now().timestamp()) - 1000
    for number in range(60):
        write(pusher, f"第{number}句", msg_id=1000 + number, cts=begin + number)
    shown = page(clerk, f"{talk.pk}/")
    first = re.search(r'data-message="(\d+)"', shown)
    assert first
    assert "第3句" not in shown
    older = clerk.get(f"{CHAT}{talk.pk}/earlier/", {"before": first[1]}).json()["bubbles"]
    assert len(older) == 11
    assert "第0句" in older[0]["html"]


class TestWhose:
    PATHS = ("", "earlier/?before=1")
    POSTS = ("send/", "picture/", "here/", "dismiss/")

    def expect_nothing(self, client: Client, talk: Conversation) -> None:
        for path in self.PATHS:
            assert client.get(f"{CHAT}{talk.pk}/{path}").status_code == 404
        for path in self.POSTS:
            assert client.post(f"{CHAT}{talk.pk}/{path}", {"text": "x"}).status_code == 404
        assert client.get(f"{CHAT}news/", {"open": talk.pk}).status_code == 404
        assert "我的餐到哪里了" not in page(client)

    def test_strangers(self, talk: Conversation) -> None:
        other: TakeawayStore = TakeawayStoreFactory(store=StoreFactory())
        self.expect_nothing(english(member(other.store.merchant, Role.OWNER, password=None)), talk)

    def test_a_clerk_of_another_store(self, merchant: Merchant, talk: Conversation) -> None:
        other: TakeawayStore = TakeawayStoreFactory(store=StoreFactory(merchant=merchant))
        self.expect_nothing(english(member(merchant, Role.CLERK, other.store, password=None)), talk)

    def test_nobody_signed_in(self, talk: Conversation, client: Client) -> None:
        assert client.get(f"{CHAT}{talk.pk}/").status_code == 302
        assert client.post(f"{CHAT}{talk.pk}/send/", {"text": "x"}).status_code == 302
        assert not Message.objects.filter(direction="shop").exists()

    @pytest.mark.parametrize("pk", ["0", "9" * 19, "9" * 40])
    def test_numbers_that_are_none(self, clerk: Client, talk: Conversation, pk: str) -> None:
        assert clerk.get(f"{CHAT}{pk}/").status_code == 404
