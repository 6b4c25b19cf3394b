"""Blocking a customer from the conversation, and letting them in again."""

from typing import Any

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from messaging.models import ChatPicture, Conversation, TakeawayStore
from stores.models import AuditEntry, Merchant, Store
from stores.roles import Role
from tests.messaging.chat.test_page import PNG
from tests.messaging.chat.test_switching import UPLOAD, at_meituan
from tests.messaging.chat.writing import CUSTOMER, write
from tests.messaging.factories import TakeawayStoreFactory
from tests.messaging.meituan import Meituan
from tests.messaging.pushing import Pusher
from tests.pages import english
from tests.stores.factories import StoreFactory, member

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("quick")]


@pytest.fixture
def talk(meituan: Meituan, pusher: Pusher, settings: Settings) -> Conversation:
    settings.TAKEAWAY_EVIDENCE_PATH = UPLOAD
    body = {"epoi_id": meituan.binding.connection.account, "open_user_id": CUSTOMER}
    said = meituan.post("messages", **body, text="加微信")
    write(pusher, "加微信", msg_id=int(said["msg_id"]))
    return Conversation.objects.get()


@pytest.fixture
def clerk(merchant: Merchant, store: Store) -> Client:
    return english(member(merchant, Role.CLERK, store, password=None))


def path(talk: Conversation, act: str) -> str:
    return f"/takeaway/chat/{talk.pk}/{act}/"


def uploaded(client: Client, talk: Conversation) -> str:
    answer = client.post(path(talk, "evidence"), PNG, content_type="application/octet-stream")
    slug: str = answer.json()["slug"]
    assert answer.json()["url"] == f"/takeaway/pictures/{slug}.jpg"
    return slug


def said(client: Client, address: str, **data: Any) -> str:
    return client.post(address, data, follow=True).content.decode()


def test_a_customer_is_blocked_with_evidence_and_let_in_again(
    clerk: Client, meituan: Meituan, talk: Conversation
) -> None:
    assert path(talk, "block") in clerk.get(f"/takeaway/chat/{talk.pk}/").content.decode()
    slugs = [uploaded(clerk, talk), uploaded(clerk, talk)]
    shown = said(clerk, path(talk, "block"), code=3, reason="骚扰", picture=slugs)
    assert "This customer is blocked." in shown
    assert at_meituan(meituan)["blocked"] == {str(CUSTOMER): 3}
    assert "Blocked since" in clerk.get(path(talk, "block")).content.decode()
    assert "This customer is blocked." not in said(clerk, path(talk, "unblock"))
    assert at_meituan(meituan)["blocked"] == {}
    verbs = AuditEntry.objects.order_by("pk").values_list("verb", flat=True)
    assert list(verbs) == ["takeaway.chat.block", "takeaway.chat.unblock"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"code": ""}, "Choose one of the reasons."),
        ({"code": "9"}, "Choose one of the reasons."),
        ({"code": "١"}, "Choose one of the reasons."),
        ({"code": "3", "reason": " "}, "Say why."),
        ({"picture": []}, "Add one to nine pictures as evidence."),
        ({"picture": ["x", "\x00", "x" * 500]}, "Add one to nine pictures as evidence."),
    ],
)
def test_what_is_missing_is_said_and_what_was_typed_stays(
    clerk: Client, meituan: Meituan, talk: Conversation, changes: dict[str, Any], words: str
) -> None:
    slug = uploaded(clerk, talk)
    given = {"code": "1", "reason": "骂人", "picture": [slug]} | changes
    answer = clerk.post(path(talk, "block"), given)
    assert answer.status_code == 409
    shown = answer.content.decode()
    assert words in shown
    assert (f'value="{slug}"' in shown) is (slug in given["picture"])
    assert f'value="{given["reason"]}"' in shown
    assert at_meituan(meituan)["blocked"] == {}


def test_ten_pictures_are_too_many(clerk: Client, meituan: Meituan, talk: Conversation) -> None:
    slugs = [uploaded(clerk, talk) for _ in range(10)]
    assert "one to nine" in said(clerk, path(talk, "block"), code=1, picture=slugs)
    assert at_meituan(meituan)["blocked"] == {}


def test_a_picture_of_another_store_is_none(
    clerk: Client, meituan: Meituan, talk: Conversation
) -> None:
    theirs = ChatPicture.objects.create(store=StoreFactory(), content=b"x", width=1, height=1)
    shown = said(clerk, path(talk, "block"), code=1, picture=[theirs.slug])
    assert "one to nine" in shown
    assert theirs.slug not in shown


def test_without_a_path_at_meituan_the_page_says_where_to_block(
    clerk: Client, talk: Conversation, settings: Settings
) -> None:
    settings.TAKEAWAY_EVIDENCE_PATH = ""
    shown = clerk.get(path(talk, "block")).content.decode()
    assert "Block this customer in Meituan&#x27;s own app." in shown
    assert 'name="code"' not in shown
    answer = clerk.post(path(talk, "evidence"), PNG, content_type="application/octet-stream")
    assert answer.status_code == 409
    assert not ChatPicture.objects.exists()


def test_that_meituan_refuses_is_said(clerk: Client, meituan: Meituan, talk: Conversation) -> None:
    answer = clerk.post(path(talk, "unblock"))
    assert answer.status_code == 409
    assert "Let write again" not in answer.content.decode()
    meituan.server.stop()
    shown = said(clerk, path(talk, "block"), code=1, picture=[uploaded(clerk, talk)])
    assert "Nothing listens at the platform" in shown
    talk.refresh_from_db()
    assert talk.blocked_at is None


@pytest.mark.parametrize("content", [b"", b"MZ\x90\x00" * 50, b"no picture"])
def test_evidence_that_is_no_picture_is_refused(
    clerk: Client, talk: Conversation, content: bytes
) -> None:
    answer = clerk.post(path(talk, "evidence"), content, content_type="application/octet-stream")
    assert (answer.status_code, bool(answer.json()["trouble"])) == (409, True)
    assert not ChatPicture.objects.exists()


def test_another_stores_clerk_finds_nothing(merchant: Merchant, talk: Conversation) -> None:
    other: TakeawayStore = TakeawayStoreFactory(store=StoreFactory(merchant=merchant))
    stranger = english(member(merchant, Role.CLERK, other.store, password=None))
    assert stranger.get(path(talk, "block")).status_code == 404
    for act in ("block", "unblock", "evidence"):
        assert stranger.post(path(talk, act), {"code": 1}).status_code == 404
