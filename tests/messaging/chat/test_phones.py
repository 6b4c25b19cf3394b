"""Phones that customers write into the chat: whole for whoever may see personal data, else masked,
and nobody finds out their digits by searching.
"""

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from messaging.choices import ORDERS, Direction, MessageState, Origin
from messaging.models import Conversation, Message
from stores.models import ApiKey, Merchant, Store
from stores.roles import Role
from tests.api import api_of
from tests.back_office import at_work
from tests.messaging.chat.test_desk import add
from tests.messaging.chat.writing import write
from tests.messaging.pushing import Pusher

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("quick")]
PHONE, MASKED = "15512340001", "155****01"
SEARCH = "/takeaway/chat/search/"


@pytest.fixture
def talk(pusher: Pusher) -> Conversation:
    write(pusher, f"打我电话 {PHONE} 谢谢", cts=int(timezone.now().timestamp()))
    return Conversation.objects.get()


def text(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, address
    return answer.content.decode()


def test_a_clerk_sees_them_masked_and_a_manager_whole(talk: Conversation, store: Store) -> None:
    add(talk, "最后一句")
    clerk, manager = at_work(store, Role.CLERK), at_work(store, Role.MANAGER)
    last = Message.objects.latest("pk").pk
    first = talk.messages.earliest("pk").pk
    earlier = f"{reverse('takeaway:talk-earlier', args=[talk.pk])}?before={last}"
    for address in (
        reverse("takeaway:chat"),
        reverse("takeaway:talk", args=[talk.pk]),
        f"{reverse('takeaway:talk', args=[talk.pk])}?at={first}",
        f"{reverse('takeaway:chat-news')}?cursor=&open={talk.pk}",
        f"{SEARCH}?q=谢谢",
        f"{reverse('takeaway:chat-rate')}?part=waiting",
        earlier,
    ):
        said = text(clerk, address)
        assert MASKED in said, address
        assert PHONE not in said, address
        assert PHONE in text(manager, address), address


def test_the_order_desk_shows_them_to_nobody(talk: Conversation, store: Store) -> None:
    for role in (Role.CLERK, Role.MANAGER):
        said = text(at_work(store, role), reverse("takeaway:desk"))
        assert MASKED in said
        assert PHONE not in said


@pytest.mark.parametrize("ahead", range(46, 61))
@pytest.mark.parametrize("phone", [PHONE, "１５５１２３４０００１", "1 5 5 1 2 3 4 0 0 0 1"])
def test_a_number_that_the_preview_cuts_is_not_shown_in_part(
    pusher: Pusher, store: Store, phone: str, ahead: int
) -> None:
    write(pusher, "字" * ahead + phone + "转1234", cts=int(timezone.now().timestamp()))
    for address in (reverse("takeaway:chat"), reverse("takeaway:desk")):
        assert "字" + phone[:4] not in text(at_work(store, Role.CLERK), address)


@pytest.mark.parametrize("words", [PHONE, "1234", "15512340", "40001", f"谢谢 {PHONE}", "2340"])
def test_digits_are_not_found_out_by_searching(
    talk: Conversation, store: Store, words: str
) -> None:
    assert "chat-line" not in text(at_work(store, Role.CLERK), f"{SEARCH}?q={words}")
    assert "chat-line" in text(at_work(store, Role.MANAGER), f"{SEARCH}?q={words}")


def test_a_masked_text_is_not_sent_again(talk: Conversation, store: Store) -> None:
    ours = {"direction": Direction.SHOP, "origin": Origin.PERSON, "state": MessageState.FAILED}
    add(talk, f"骑手 {PHONE}", **ours)
    here = reverse("takeaway:talk", args=[talk.pk])
    assert "data-write-again" not in text(at_work(store, Role.CLERK), here)
    assert f'data-write-again="骑手 {PHONE}"' in text(at_work(store, Role.MANAGER), here)


def test_the_address_of_a_picture_stays_whole(
    pusher: Pusher, store: Store, merchant: Merchant
) -> None:
    address = f"https://example.com/{PHONE}.jpg"
    write(pusher, address, msg_type=2, cts=int(timezone.now().timestamp()))
    talk = Conversation.objects.get()
    assert address in text(at_work(store, Role.CLERK), reverse("takeaway:talk", args=[talk.pk]))


@pytest.mark.parametrize(
    ("scopes", "expected"), [((ORDERS,), MASKED), ((ORDERS, ApiKey.Scope.PERSONAL), PHONE)]
)
def test_a_key_sees_them_by_its_scope(
    talk: Conversation, merchant: Merchant, scopes: tuple[str, ...], expected: str
) -> None:
    api = api_of(merchant, scopes=scopes)
    path = f"conversations/{talk.pk}/messages/"
    (row,) = api.get(path).json()["results"]
    assert row["text"] == f"打我电话 {expected} 谢谢"
    sent = api.post(path, {"text": f"是 {PHONE} 吗"})
    assert sent.json()["text"] == f"是 {expected} 吗"
    assert Message.objects.latest("pk").text == f"是 {PHONE} 吗"
