"""The same text or picture twice goes on purpose, and never by accident."""

import re
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connections
from django.test import Client
from django.utils import timezone

from messaging.choices import MessageKind, MessageState
from messaging.models import ChatPicture, Conversation, Draft, Message
from stores.models import Merchant, Store
from stores.roles import Role
from tests.messaging.chat.test_page import CHAT, PNG, page
from tests.messaging.chat.writing import write
from tests.messaging.pushing import Pusher
from tests.pages import english
from tests.stores.factories import member

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("quick")]


@pytest.fixture
def talk(pusher: Pusher) -> Conversation:
    write(pusher, "我的餐到哪里了", cts=int(timezone.now().timestamp()))
    return Conversation.objects.get()


@pytest.fixture
def clerk(merchant: Merchant, store: Store) -> Client:
    return english(member(merchant, Role.CLERK, store, password=None, first_name="小王"))


def key_of(client: Client, talk: Conversation) -> str:
    """The key that a tab holds which is opened now."""
    found = re.search(r'name="request_key" value="(\w+)"', page(client, f"{talk.pk}/"))
    assert found
    return found[1]


def press(client: Client, talk: Conversation, text: str, key: str) -> dict[str, Any]:
    said: dict[str, Any] = client.post(
        f"{CHAT}{talk.pk}/send/", {"text": text, "request_key": key}
    ).json()
    return said


def ours() -> list[str]:
    return [row.text for row in Message.objects.filter(direction="shop").order_by("pk")]


def test_a_draft_in_two_tabs_is_sent_once(clerk: Client, talk: Conversation) -> None:
    first, second = key_of(clerk, talk), key_of(clerk, talk)
    sent = press(clerk, talk, "马上到", first)
    again = press(clerk, talk, "马上到", second)
    assert ours() == ["马上到"]
    assert [each["id"] for each in sent["bubbles"]] == [each["id"] for each in again["bubbles"]]


def test_two_tabs_at_the_same_moment_send_once(clerk: Client, talk: Conversation) -> None:
    keys = [key_of(clerk, talk), key_of(clerk, talk)]
    start = threading.Barrier(2)

    def tab(key: str) -> list[Any]:
        browser = Client()
        browser.cookies = clerk.cookies
        start.wait()
        try:
            return [each["id"] for each in press(browser, talk, "马上到", key)["bubbles"]]
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as tabs:
        first, second = tabs.map(tab, keys)
    assert first == second
    assert ours() == ["马上到"]


def test_the_same_text_typed_again_is_a_second_message(clerk: Client, talk: Conversation) -> None:
    first = press(clerk, talk, "马上到", key_of(clerk, talk))
    assert first["key"] == key_of(clerk, talk)
    press(clerk, talk, "马上到", first["key"])
    assert ours() == ["马上到", "马上到"]


def test_another_text_in_the_second_tab_is_said_and_then_sent(
    clerk: Client, talk: Conversation
) -> None:
    first, second = key_of(clerk, talk), key_of(clerk, talk)
    press(clerk, talk, "马上到", first)
    refused = press(clerk, talk, "还要十分钟", second)
    assert refused["trouble"].startswith("Another text of yours")
    assert ours() == ["马上到"]
    press(clerk, talk, "还要十分钟", refused["key"])
    assert ours() == ["马上到", "还要十分钟"]


def test_the_key_is_each_persons_and_each_conversations_own(
    clerk: Client, talk: Conversation, merchant: Merchant, store: Store, pusher: Pusher
) -> None:
    colleague = english(member(merchant, Role.CLERK, store, password=None, first_name="小李"))
    write(pusher, "在吗", open_user_id=5)
    other = Conversation.objects.get(open_user_id="5")
    before = key_of(clerk, talk)
    assert len({before, key_of(colleague, talk), key_of(clerk, other)}) == 3
    press(colleague, talk, "马上到", key_of(colleague, talk))
    assert key_of(clerk, talk) == before


def test_the_key_stays_when_a_person_is_renamed(clerk: Client, talk: Conversation) -> None:
    press(clerk, talk, "马上到", key_of(clerk, talk))
    before = key_of(clerk, talk)
    User.objects.update(first_name="小王", last_name="新")
    assert key_of(clerk, talk) == before
    press(clerk, talk, "还要十分钟", before)
    press(clerk, talk, "还要十分钟", before)
    assert ours() == ["马上到", "还要十分钟"]
    assert key_of(clerk, talk) != before


def test_a_namesake_has_a_key_of_their_own(
    clerk: Client, talk: Conversation, merchant: Merchant, store: Store
) -> None:
    namesake = english(member(merchant, Role.CLERK, store, password=None))
    User.objects.update(first_name="小王", last_name="")
    before = key_of(clerk, talk)
    press(namesake, talk, "马上到", key_of(namesake, talk))
    assert key_of(clerk, talk) == before


def test_what_was_sent_in_another_tab_is_no_draft_any_more(
    clerk: Client, talk: Conversation
) -> None:
    key = key_of(clerk, talk)
    here = f"{CHAT}{talk.pk}/here/"
    kept = clerk.post(here, {"draft": "马上到", "request_key": key}).json()
    assert (kept["is_sent"], kept["key"]) == (False, key)
    next_key = press(clerk, talk, "马上到", key)["key"]
    late = clerk.post(here, {"draft": "马上到", "request_key": key}).json()
    assert (late["is_sent"], late["key"]) == (True, next_key)
    assert not Draft.objects.exists()
    other = clerk.post(here, {"draft": "还要十分钟", "request_key": key}).json()
    assert (other["is_sent"], other["key"]) == (False, next_key)
    assert Draft.objects.get().text == "还要十分钟"


def test_open_pages_hear_of_the_next_key(clerk: Client, talk: Conversation) -> None:
    said = press(clerk, talk, "马上到", key_of(clerk, talk))
    assert clerk.get(f"{CHAT}news/", {"open": talk.pk}).json()["key"] == said["key"]


# Pictures


@pytest.fixture
def upload(clerk: Client, talk: Conversation) -> Callable[..., Any]:
    def post(content: bytes, key: str) -> Any:
        return clerk.post(
            f"{CHAT}{talk.pk}/picture/",
            content,
            content_type="application/octet-stream",
            headers={"Idempotency-Key": key},
        )

    return post


def test_a_picture_is_sent_once_per_key(upload: Callable[..., Any]) -> None:
    first, again = upload(PNG, "a" * 32), upload(PNG, "a" * 32)
    assert first.json()["bubbles"][0]["id"] == again.json()["bubbles"][0]["id"]
    assert (len(ours()), ChatPicture.objects.count()) == (1, 1)
    assert upload(PNG + b"other", "a" * 32).status_code == 409
    upload(PNG, "b" * 32)
    assert (len(ours()), ChatPicture.objects.count()) == (2, 2)


def test_a_refused_picture_is_not_kept(upload: Callable[..., Any], talk: Conversation) -> None:
    Conversation.objects.update(blocked_at=timezone.now())
    assert upload(PNG, "a" * 32).status_code == 409
    assert not ChatPicture.objects.exists()


@pytest.mark.parametrize("state", [MessageState.FAILED, MessageState.UNKNOWN])
def test_a_picture_that_may_not_have_arrived_is_sent_again_once(
    clerk: Client, talk: Conversation, upload: Callable[..., Any], state: MessageState
) -> None:
    upload(PNG, "a" * 32)
    lost = Message.objects.get(kind=MessageKind.PICTURE)
    address = f"{CHAT}{talk.pk}/picture/?again={lost.pk}"
    Message.objects.filter(pk=lost.pk).update(state=MessageState.SENT)
    assert clerk.post(address).status_code == 409
    Message.objects.filter(pk=lost.pk).update(state=state)
    assert f'data-picture-again="{lost.pk}"' in page(clerk, f"{talk.pk}/")
    for _press in range(2):
        assert clerk.post(address).status_code == 200
    assert ours() == [lost.text, lost.text]
