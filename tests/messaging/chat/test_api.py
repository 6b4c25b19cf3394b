"""The chat's API: what it shows, and that an answer is sent once per key."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from messaging.choices import OrderState
from messaging.models import Conversation, Message, TakeawayStore
from messaging.services.chat.sending import LONGEST
from stores.models import Merchant, OutboundCall, Store
from tests.api import Api, api_of
from tests.messaging.chat.writing import write
from tests.messaging.factories import ConversationFactory, OrderFactory, TakeawayStoreFactory
from tests.messaging.meituan import Meituan
from tests.messaging.pushing import Pusher
from tests.stores.factories import StoreFactory

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("quick")]
LIST = "conversations/"


@pytest.fixture
def api(merchant: Merchant) -> Api:
    return api_of(merchant)


@pytest.fixture
def talk(pusher: Pusher) -> Conversation:
    write(pusher, "在吗", cts=int(timezone.now().timestamp()))
    return Conversation.objects.get()


def path(talk: Conversation) -> str:
    return f"{LIST}{talk.pk}/messages/"


def owed() -> int:
    return OutboundCall.objects.filter(operation="message.send").count()


def test_the_list_says_who_waits_until_when(api: Api, talk: Conversation) -> None:
    (row,) = api.get(LIST).json()["results"]
    assert (row["id"], row["store"]) == (talk.pk, talk.store_id)
    assert (row["open_user_id"], row["order_id"]) == (talk.open_user_id, "")
    assert row["unanswered"] is True
    assert row["deadlines"][0]["what"] == "reply"
    assert api.get(f"{LIST}?store={talk.store_id}").json()["results"]


def test_the_list_says_until_when_one_can_write(
    api: Api, talk: Conversation, binding: TakeawayStore
) -> None:
    finished_at = timezone.now().replace(microsecond=0)
    order = OrderFactory(binding=binding, state=OrderState.FINISHED, finished_at=finished_at)
    Conversation.objects.update(order=order)

    def deadlines() -> list[tuple[str, datetime]]:
        (row,) = api.get(LIST).json()["results"]
        return [(each["what"], datetime.fromisoformat(each["until"])) for each in row["deadlines"]]

    assert talk.reply_until
    end = ("closes", finished_at + timedelta(hours=47, minutes=50))
    assert deadlines() == [("reply", talk.reply_until), end]
    Conversation.objects.update(reply_until=None)
    assert deadlines() == [end]
    Conversation.objects.update(blocked_at=timezone.now())
    assert deadlines() == []


def test_many_conversations_need_as_many_queries_as_one(
    api: Api, talk: Conversation, binding: TakeawayStore
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as found:
            assert api.get(LIST).status_code == 200
        return len(found)

    api.get(LIST)
    one = queries()
    for _ in range(5):
        order = OrderFactory(binding=binding, state=OrderState.FINISHED, finished_at=timezone.now())
        ConversationFactory(order=order)
    assert queries() == one


def test_messages_come_as_they_arrived(api: Api, talk: Conversation, pusher: Pusher) -> None:
    now = int(timezone.now().timestamp())
    (first,) = api.get(path(talk)).json()["results"]
    assert (first["text"], first["direction"], first["state"]) == ("在吗", "customer", None)
    write(pusher, "早先写的", cts=now - 100)
    later = api.get(f"{path(talk)}?after={first['id']}").json()
    assert [row["text"] for row in later["results"]] == ["早先写的"]
    assert later["results"][0]["cts"] == now - 100
    assert later["next"] is None


def test_messages_of_one_second_that_came_shuffled_can_be_put_in_order(
    api: Api, talk: Conversation, pusher: Pusher
) -> None:
    later = int(timezone.now().timestamp()) + 5
    for number in (11, 8, 10, 9):
        write(pusher, str(number), cts=later, msg_id=2**62 + number)
    rows = api.get(path(talk)).json()["results"]
    rows.sort(key=lambda row: (row["cts"], row["tie"]))
    assert [row["text"] for row in rows] == ["在吗", "8", "9", "10", "11"]


def test_long_threads_come_by_pages(api: Api, talk: Conversation, pusher: Pusher) -> None:
    now = int(timezone.now().timestamp())
    for number in range(60):
        write(pusher, f"第{number}句", cts=now + number)
    page = api.get(path(talk)).json()
    assert len(page["results"]) == 50
    rest = api.get(page["next"].partition("/api/v1/")[2]).json()
    assert [row["text"] for row in rest["results"]][-1] == "第59句"
    assert rest["next"] is None


def test_one_key_is_one_message(api: Api, talk: Conversation) -> None:
    first = api.post(path(talk), {"text": "马上到"}, key="k-1")
    again = api.post(path(talk), {"text": "马上到"}, key="k-1")
    assert first.status_code in (201, 202)
    assert again.json()["id"] == first.json()["id"]
    assert owed() == 1
    other = api.post(path(talk), {"text": "另一句"}, key="k-1")
    assert (other.status_code, other.json()["code"]) == (409, "key_reused")
    api.post(path(talk), {"text": "马上到"}, key="k-2")
    assert owed() == 2


@pytest.mark.parametrize("body", [{}, {"text": 5}, {"text": "长" * (LONGEST + 1)}, {"text": ""}])
def test_what_is_no_text(api: Api, talk: Conversation, body: Any) -> None:
    assert api.post(path(talk), body).status_code == 400
    assert owed() == 0


def test_a_closed_conversation_says_why(api: Api, talk: Conversation) -> None:
    Conversation.objects.update(blocked_at=timezone.now())
    answer = api.post(path(talk), {"text": "在"})
    assert (answer.status_code, answer.json()["code"]) == (409, "chat_conflict")


@pytest.mark.parametrize("query", ["after=-1", "after=x", "after=1&page=2", "after="])
def test_parameters_that_say_nothing(api: Api, talk: Conversation, query: str) -> None:
    assert api.get(f"{path(talk)}?{query}").status_code == 400


def test_strangers_find_nothing(api: Api, store: Store) -> None:
    other: TakeawayStore = TakeawayStoreFactory(store=StoreFactory())
    pusher = Pusher(other)
    developer = pusher.developer
    developer.credentials = {"sign_key": "demoSignKey00001", "im_secret": "0123456789abcdef"}
    developer.save()
    write(pusher, "别家的")
    talk = Conversation.objects.get()
    assert api.get(LIST).json()["results"] == []
    assert api.get(path(talk)).status_code == 404
    assert api.post(path(talk), {"text": "在"}).status_code == 404
    assert not Message.objects.filter(direction="shop").exists()


def test_a_key_without_the_scope(merchant: Merchant, talk: Conversation) -> None:
    assert api_of(merchant, scopes=("trip",)).get(LIST).status_code == 403


def test_at_meituan_it_arrives_once(api: Api, meituan: Meituan, pusher: Pusher) -> None:
    order = meituan.known(open_user_id=880012345)
    meituan.post("messages", order_id=order.order_id, text="在吗")
    now = int(timezone.now().timestamp())
    write(pusher, "在吗", order_id=int(order.order_id), cts=now)
    talk = Conversation.objects.get()
    answers = [api.post(path(talk), {"text": "在的"}, key="k-1").json() for _try in range(3)]
    assert answers[-1]["state"] == "sent"
    arrived = [row["text"] for row in meituan.get("messages")["messages"] if row["source"] == 1]
    assert arrived == ["在的"]
