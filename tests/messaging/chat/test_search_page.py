"""Searching a store's messages, and opening a conversation at a hit."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from messaging.models import Conversation, Message, TakeawayStore
from messaging.services.chat import listing, searching
from stores.models import Merchant, Store
from stores.roles import Role
from tests.messaging.chat.test_desk import add
from tests.messaging.chat.writing import write
from tests.messaging.contract.rows import conversation_of, message_in
from tests.messaging.factories import TakeawayStoreFactory
from tests.messaging.pushing import Pusher
from tests.pages import HOSTILE, english
from tests.stores.factories import StoreFactory, member

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("quick")]
SEARCH = "/takeaway/chat/search/"


@pytest.fixture
def talk(pusher: Pusher) -> Conversation:
    write(pusher, "开头")
    return Conversation.objects.get()


@pytest.fixture
def clerk(merchant: Merchant, store: Store) -> Client:
    return english(member(merchant, Role.CLERK, store, password=None))


def page(client: Client, path: str, **asked: str | int) -> str:
    answer = client.get(path, asked)
    assert answer.status_code == 200
    return answer.content.decode()


def numbers(shown: str) -> list[int]:
    """The messages of a thread, in their order."""
    return [int(pk) for pk in re.findall(r'data-message="(\d+)"', shown)]


@pytest.fixture
def long_talk(talk: Conversation) -> list[Message]:
    """120 messages, one in each minute."""
    begin = timezone.now() - timedelta(hours=3)
    return [add(talk, f"第{n}句", at=begin + timedelta(minutes=n)) for n in range(120)]


def test_a_hit_leads_to_its_message_with_what_stands_around_it(
    clerk: Client, talk: Conversation, long_talk: list[Message]
) -> None:
    hit = long_talk[40]
    shown = page(clerk, SEARCH, q="第40句")
    assert shown.count('class="chat-line"') == 1
    address = f"/takeaway/chat/{talk.pk}/?at={hit.pk}#m{hit.pk}"
    assert address in shown
    opened = page(clerk, f"/takeaway/chat/{talk.pk}/", at=hit.pk)
    assert f'id="m{hit.pk}"' in opened
    assert numbers(opened) == [row.pk for row in long_talk[15:65]]
    assert "Earlier messages" in opened
    assert "data-past" in opened


def test_later_messages_come_by_pages_until_the_newest(
    clerk: Client, talk: Conversation, long_talk: list[Message]
) -> None:
    at, seen = long_talk[40].pk, 0
    for _page in range(10):
        opened = page(clerk, f"/takeaway/chat/{talk.pk}/", at=at)
        shown = numbers(opened)
        assert max(shown) > seen
        at = seen = max(shown)
        if "data-past" not in opened:
            break
        assert f"?at={at}#m{at}" in opened
        assert re.search(r'class="talk-box"[^>]* hidden', opened)
    assert seen == long_talk[-1].pk
    assert not re.search(r'class="talk-box"[^>]* hidden', opened)


def test_messages_of_one_second_are_each_shown_once(talk: Conversation) -> None:
    at = timezone.now()
    rows = [add(talk, f"{n}", at=at, tie=n // 2) for n in range(10)]
    found, _earlier, has_later = listing.around(talk, listing.Place.of(rows[5]), size=4)
    assert [row.text for row in found] == ["3", "4", "5", "6"]
    assert has_later
    found, has_earlier, has_later = listing.around(talk, listing.Place.of(rows[9]), size=4)
    assert ([row.text for row in found], has_earlier, has_later) == (["7", "8", "9"], True, False)


def test_what_lies_further_back_is_searched_when_asked_for(
    clerk: Client, long_talk: list[Message], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "No message has these words." in page(clerk, SEARCH, q="第999句第")
    monkeypatch.setattr(searching, "MOST_OPENED", 100)
    shown = page(clerk, SEARCH, q="第2句")
    assert "Nothing among the messages" in shown
    further = re.search(r'href="(\?[^"]*before=\d+)"', shown)
    assert further
    assert "第2句" in page(clerk, SEARCH + further[1].replace("&amp;", "&")).partition("<ul>")[2]


@pytest.mark.parametrize("words", [*HOSTILE, "第 40", "%", "_"])
def test_any_words_may_be_searched_for(clerk: Client, long_talk: list[Message], words: str) -> None:
    shown = page(clerk, SEARCH, q=words)
    assert "<script>alert" not in shown
    assert shown.count('class="chat-line"') == (1 if words == "第 40" else 0)


def test_a_long_message_shows_what_stands_around_the_word(
    clerk: Client, talk: Conversation
) -> None:
    add(talk, "前" * 200 + "发票 <b>" + "后" * 200)
    shown = page(clerk, SEARCH, q="发票")
    assert "…" + "前" * 30 + "发票 &lt;b&gt;" in shown
    assert "前" * 31 not in shown


@pytest.mark.parametrize("at", ["0", "9" * 18])
def test_a_message_of_another_conversation_is_not_found(
    clerk: Client, talk: Conversation, at: str
) -> None:
    assert clerk.get(f"/takeaway/chat/{talk.pk}/", {"at": at}).status_code == 404
    assert clerk.get(f"/takeaway/chat/{talk.pk}/", {"at": "x"}).status_code == 200


def test_only_the_chosen_store_of_ones_own_is_searched(
    merchant: Merchant, store: Store, talk: Conversation
) -> None:
    second: TakeawayStore = TakeawayStoreFactory(store=StoreFactory(merchant=merchant))
    message_in(conversation_of(second.store, second), "开头二")
    owner = english(member(merchant, Role.OWNER, password=None))
    assert "开头二" in page(owner, SEARCH, q="开头", store=second.store_id)
    assert "开头二" not in page(owner, SEARCH, q="开头", store=store.pk)
    theirs: TakeawayStore = TakeawayStoreFactory()
    for other in (str(theirs.store_id), "x", ""):
        assert owner.get(SEARCH, {"q": "开头", "store": other}).status_code == 404
    clerk = english(member(merchant, Role.CLERK, store, password=None))
    assert clerk.get(SEARCH, {"q": "开头", "store": str(second.store_id)}).status_code == 404
