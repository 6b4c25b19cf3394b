"""What customers write arrives once, in order, and as it was written."""

import json
import random
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from messaging.choices import Direction, MessageKind, MessageState, Origin
from messaging.models import Conversation, Message, Order, TakeawayStore
from messaging.services.chat import secrets
from messaging.services.chat.arriving import message_arrived
from messaging.services.chat.sending import message_send
from messaging.wire.messages import parse_message
from stores.models import InboundEvent
from tests.messaging.chat.writing import (
    CUSTOMER,
    MORNING,
    envelope,
    push,
    sealed,
    sealed_as_is,
    write,
)
from tests.messaging.factories import TakeawayStoreFactory
from tests.messaging.pushing import Pusher, handle_all

pytestmark = [pytest.mark.django_db, pytest.mark.urls("messaging.urls")]
TEXTS = {
    "long": "十" * 3400,
    "emoji": "餐洒了😀👨‍👩‍👧",
    "right to left": "\u202eשלום\u202c abc",
    "html": "<script>alert(1)</script><b>&amp;",
    "lines": "一\r\n二\t三",
    "percent": "50%+20% %E4%BD%A0",
}


def texts() -> list[str]:
    return [message.text for message in Message.objects.in_order()]


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_a_text_arrives_as_it_was_written(pusher: Pusher, text: str) -> None:
    write(pusher, text)
    message = Message.objects.get()
    assert (message.text, message.kind) == (text, MessageKind.TEXT)
    assert (message.direction, message.state) == (Direction.CUSTOMER, "")
    assert message.conversation.open_user_id == str(CUSTOMER)
    assert message.conversation.unread == 1


def test_copies_of_a_message_leave_no_empty_conversation(pusher: Pusher) -> None:
    said = envelope(open_user_id=-1)
    for number in range(3):
        push(pusher, said, key=f"copy-{number}")
        handle_all()
    said["push_content"]["open_user_id"] = CUSTOMER
    push(pusher, said, key="copy-of-somebody")
    handle_all()
    assert (Message.objects.count(), Conversation.objects.count()) == (1, 1)


def test_an_answer_follows_the_largest_number_of_the_future(pusher: Pusher) -> None:
    future = int(timezone.now().timestamp()) + 300
    write(pusher, msg_id=2**63 - 1, cts=future)
    talk = Conversation.objects.get()
    with transaction.atomic():
        message_send(conversation=talk, text="马上", actor=None)
    last = talk.messages.in_order().last()
    assert last
    assert (last.text, last.at.timestamp()) == ("马上", future + 1)


@pytest.mark.parametrize("in_fields", [True, False])
def test_a_message_is_one_without_a_type_as_well(pusher: Pusher, in_fields: bool) -> None:
    said = envelope("在吗")
    fields = {"message": json.dumps(said)}
    if in_fields:
        fields = {"biz_type": "1", "push_content": json.dumps(said["push_content"])}
    assert pusher.form("message", **fields).json() == {"code": 0, "message": "success"}
    handle_all()
    assert Message.objects.get().text == "在吗"


@pytest.mark.parametrize(("of_type", "key"), [("21\0", "1"), ("210069", "a\0b")])
def test_no_name_of_a_push_is_refused_by_the_database(
    pusher: Pusher, of_type: str, key: str
) -> None:
    answer = pusher.form("message", msgType=of_type, msgId=key, message="{}")
    assert answer.status_code == 200
    event = InboundEvent.objects.get()
    assert "\0" not in event.kind + event.dedup_key


def test_texts_are_encrypted_in_the_database(
    pusher: Pusher, django_assert_num_queries: Any
) -> None:
    write(pusher, "不要香菜谢谢")
    with connection.cursor() as cursor:
        for table, column in (
            ("messaging_message", "text"),
            ("messaging_conversation", "preview"),
            ("stores_inboundevent", "body"),
        ):
            cursor.execute(f"SELECT {column} FROM {table}")
            assert "香菜" not in str(cursor.fetchall())


def test_a_message_that_comes_again_is_one(pusher: Pusher) -> None:
    said = envelope()
    for _time in range(3):
        push(pusher, said)
        handle_all()
    assert Message.objects.count() == 1
    assert Conversation.objects.get().unread == 1


def test_a_hundred_messages_shuffled_and_doubled_are_a_hundred_in_order(pusher: Pusher) -> None:
    said = [envelope(f"第 {n} 条", cts=MORNING + n // 7) for n in range(100)]
    twice = said + said
    random.Random(7).shuffle(twice)
    for each in twice:
        push(pusher, each)
    handle_all()
    assert texts() == [f"第 {n} 条" for n in range(100)]
    conversation = Conversation.objects.get()
    assert conversation.unread == 100
    assert conversation.preview == "第 99 条"
    assert conversation.waiting_since == datetime.fromtimestamp(
        MORNING, tz=timezone.get_current_timezone()
    )


@pytest.mark.parametrize("customer", [-1, 0, "", None, "-1"])
def test_customers_without_a_name_never_share_a_conversation(pusher: Pusher, customer: Any) -> None:
    for text in ("一", "二"):
        write(pusher, text, open_user_id=customer)
    assert Conversation.objects.filter(open_user_id="").count() == 2


def test_two_customers_of_one_order_have_two_conversations(pusher: Pusher) -> None:
    write(pusher, order_id=27060130000000001, open_user_id=1)
    write(pusher, order_id=27060130000000001, open_user_id=2)
    assert Conversation.objects.count() == 2


def test_an_order_that_was_never_told_is_asked_for(pusher: Pusher) -> None:
    write(pusher, order_id=27060130000000001)
    order = Order.objects.get()
    assert order.conversations.get().order == order
    assert order.order_id == "27060130000000001"


@pytest.mark.parametrize(
    "content",
    [
        sealed(b"\xff\xfe\x00\x81"),
        sealed("在吗", secret="another-secret-of-old"),
        sealed_as_is(b"no padding here!"),
        "AAAA",
        "not base64 at all",
    ],
)
def test_what_no_secret_opens_is_kept_and_shown_as_unreadable(pusher: Pusher, content: str) -> None:
    write(pusher, msg_content=content)
    message = Message.objects.get()
    assert (message.kind, message.text) == (MessageKind.UNREADABLE, content)
    assert message.conversation.unread == 1


def test_what_was_unreadable_is_read_with_a_new_secret(pusher: Pusher) -> None:
    new = "fedcba9876543210-new"
    write(pusher, msg_content=sealed("新的", secret=new))
    write(pusher, "旧的")
    secrets.learn(pusher.developer, new)
    assert texts() == ["新的", "旧的"]
    write(pusher, "还是旧的")
    assert Message.objects.filter(kind=MessageKind.UNREADABLE).count() == 0


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (2, MessageKind.PICTURE),
        (3, MessageKind.OTHER),
        (9, MessageKind.OTHER),
        ("x", MessageKind.OTHER),
    ],
)
def test_other_kinds_are_kept_as_what_they_are(pusher: Pusher, kind: Any, expected: str) -> None:
    write(pusher, "https://p.example.com/1.jpg", msg_type=kind)
    assert Message.objects.get().kind == expected


@pytest.mark.parametrize("biz_type", [4, 5, 6, 99])
def test_talks_of_other_kinds_stay_in_the_ledger(pusher: Pusher, biz_type: int) -> None:
    push(pusher, envelope() | {"biz_type": biz_type})
    handle_all()
    assert not Message.objects.exists()
    assert InboundEvent.objects.get().state == InboundEvent.State.HANDLED


@pytest.mark.parametrize("said", ["{", "[]", '{"biz_type":1}', '{"biz_type":1,"push_content":"{"}'])
def test_a_broken_message_waits_for_a_person(pusher: Pusher, said: str) -> None:
    push(pusher, said)
    handle_all()
    assert not Message.objects.exists()
    assert InboundEvent.objects.get().state == InboundEvent.State.FAILED


def test_a_message_of_an_unknown_store_is_kept(pusher: Pusher) -> None:
    text = '{"biz_type":1}'
    pusher.form("message", msgType="210069", msgId="5", ePoiId="nobody", message=text)
    handle_all()
    assert "nobody" in InboundEvent.objects.get().error


def test_what_is_written_in_meituans_app_appears_as_the_shops(pusher: Pusher) -> None:
    write(pusher, "在吗")
    write(pusher, "在的", msg_source=1, cts=MORNING + 30)
    ours = Message.objects.get(direction=Direction.SHOP)
    assert (ours.origin, ours.state) == (Origin.ELSEWHERE, MessageState.SENT)
    conversation = Conversation.objects.get()
    assert (conversation.unread, conversation.reply_until) == (0, None)


def test_a_later_copy_that_names_the_store_moves_a_message_there(
    pusher: Pusher, binding: TakeawayStore
) -> None:
    other = TakeawayStoreFactory(developer=binding.connection.parent)
    remote = parse_message(envelope())
    now = timezone.now()
    message_arrived(connection=other.connection, remote=remote, at=now, is_named=False)
    message_arrived(connection=binding.connection, remote=remote, at=now, is_named=False)
    assert Message.objects.get().store == other.store
    message_arrived(connection=binding.connection, remote=remote, at=now)
    assert Message.objects.get().store == binding.store
    assert Conversation.objects.get().store == binding.store


def test_the_reply_clock_runs_from_the_first_message_that_nobody_answered(pusher: Pusher) -> None:
    said = [
        envelope("一", cts=MORNING),
        envelope("二", cts=MORNING + 10),
        envelope("急", cts=MORNING + 20, scene_tag=9003),
        envelope("又急", cts=MORNING + 25, scene_tag=9003),
    ]
    random.Random(3).shuffle(said)
    for each in said:
        push(pusher, each)
    handle_all()
    rows = {row.text: row for row in Message.objects.all()}
    assert [rows[text].reply_until is not None for text in ("一", "二", "急", "又急")] == [
        True,
        False,
        True,
        False,
    ]
    conversation = Conversation.objects.get()
    assert conversation.is_urgent
    assert conversation.reply_until == rows["急"].at + timedelta(minutes=1)
    write(pusher, "在", msg_source=1, cts=MORNING + 50)
    assert Conversation.objects.get().reply_until is None
    assert Message.objects.get(pk=rows["急"].pk).answered_at


def test_an_answer_that_comes_late_is_counted_at_its_place(pusher: Pusher) -> None:
    write(pusher, "一", cts=MORNING)
    write(pusher, "三", cts=MORNING + 100)
    write(pusher, "二", msg_source=1, cts=MORNING + 50)
    first, _answer, second = Message.objects.in_order()
    assert first.answered_at == first.at + timedelta(seconds=50)
    assert (second.answered_at, second.reply_until) == (None, second.at + timedelta(minutes=5))
    assert Conversation.objects.get().waiting_since == second.at
