"""What the shop writes arrives once and in order, and nobody is told more than is known."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from messaging.choices import Direction, MessageState, OrderState, Origin
from messaging.models import Conversation, Message, Order, TakeawayStore
from messaging.services.chat import bookkeeping, closing, sending
from messaging.services.chat.closing import ChatConflict
from messaging.services.chat.sending import message_send
from stores.conflicts import KeyReused
from stores.models import OutboundCall
from stores.platforms import outbox
from stores.sandbox.faults import KINDS
from tests.messaging.chat.writing import CUSTOMER, write
from tests.messaging.meituan import Meituan, deliver_all
from tests.messaging.pushing import Pusher, handle_all
from tests.processes import wait_until
from tests.stores.factories import UserFactory

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("quick_tries"),
    pytest.mark.urls("messaging.urls"),
]
State = OutboundCall.State


@pytest.fixture
def user(transactional_db: None) -> User:
    made: User = UserFactory()
    return made


@pytest.fixture
def talk(meituan: Meituan, pusher: Pusher) -> Conversation:
    """A conversation that both sides know, with an order that runs."""
    order = meituan.known(open_user_id=CUSTOMER)
    meituan.post("messages", order_id=order.order_id, text="在吗")
    write(pusher, "在吗", order_id=int(order.order_id), cts=int(timezone.now().timestamp()))
    return Conversation.objects.get()


def send(talk: Conversation, user: User, text: str = "您好", key: str = "") -> Message:
    return message_send(conversation=talk, actor=user, text=text, key=key)[0]


def arrived(meituan: Meituan) -> list[str]:
    """What the customer has got from the provider, in its order."""
    rows = meituan.get("messages")["messages"]
    return [row["text"] for row in rows if row["origin"] == "provider"]


def ended(message: Message) -> bool:
    deliver_all()
    message.refresh_from_db()
    return message.state != MessageState.WAITING


def echo(pusher: Pusher, text: str, **changes: Any) -> None:
    changes = {"cts": int(timezone.now().timestamp())} | changes
    write(pusher, text, msg_source=1, **changes)


def test_a_message_waits_and_is_sent(meituan: Meituan, talk: Conversation, user: User) -> None:
    message = send(talk, user)
    assert message.state == MessageState.WAITING
    assert arrived(meituan) == []
    deliver_all()
    message.refresh_from_db()
    assert (message.state, message.author) == (MessageState.SENT, user.username)
    assert arrived(meituan) == ["您好"]
    talk.refresh_from_db()
    assert (talk.reply_until, talk.waiting_since) == (None, None)
    question = talk.messages.get(direction=Direction.CUSTOMER)
    assert question.answered_at == message.sent_at


def test_the_messages_of_a_conversation_go_in_order(
    meituan: Meituan, talk: Conversation, user: User
) -> None:
    texts = [f"第 {n} 句" for n in range(6)]
    for text in texts:
        send(talk, user, text)
    workers = [threading.Thread(target=_work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert arrived(meituan) == texts
    ours = talk.messages.filter(direction=Direction.SHOP).in_order()
    assert [message.text for message in ours] == texts


def _work() -> None:
    from django.db import connections

    try:
        outbox.work(seconds=5)
    finally:
        connections.close_all()


def test_the_same_press_twice_is_one_message(
    meituan: Meituan, talk: Conversation, user: User
) -> None:
    first, second = send(talk, user, key="k1"), send(talk, user, key="k1")
    assert first == second
    with pytest.raises(KeyReused):
        send(talk, user, "别的", key="k1")
    third = send(talk, user, key="k2")
    assert third != first
    deliver_all()
    assert arrived(meituan) == ["您好", "您好"]


def test_two_people_answer_at_once(meituan: Meituan, talk: Conversation, user: User) -> None:
    other = UserFactory()
    gate = threading.Barrier(2)

    def press(person: User, text: str) -> None:
        from django.db import connections

        try:
            gate.wait()
            send(talk, person, text, key="same-key")
        finally:
            connections.close_all()

    threads = [
        threading.Thread(target=press, args=given) for given in ((user, "甲"), (other, "乙"))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    deliver_all()
    written = [row.text for row in talk.messages.filter(direction=Direction.SHOP).in_order()]
    assert sorted(written) == ["乙", "甲"]
    assert arrived(meituan) == written


@pytest.mark.parametrize("fault", sorted(set(KINDS)))
def test_whatever_happens_to_the_answer_nothing_arrives_twice(
    meituan: Meituan, talk: Conversation, user: User, fault: str
) -> None:
    meituan.server.faults.add(kind=fault, seconds=2.5)
    message = send(talk, user)
    following = send(talk, user, "还在吗")
    wait_until(lambda: ended(message) or OutboundCall.objects.filter(state=State.PENDING).exists())
    if fault != "auth":
        wait_until(lambda: ended(following))
    message.refresh_from_db()
    assert arrived(meituan).count("您好") <= 1
    assert arrived(meituan).count("还在吗") <= 1
    if message.state == MessageState.SENT:
        assert arrived(meituan)[0] == "您好"
    if message.state == MessageState.FAILED:
        assert "您好" not in arrived(meituan)


def test_an_unknown_message_is_never_sent_again_and_its_echo_settles_it(
    meituan: Meituan, talk: Conversation, pusher: Pusher, user: User
) -> None:
    meituan.server.faults.add(kind="drop_after")
    message = send(talk, user)
    wait_until(lambda: ended(message))
    assert message.state == MessageState.UNKNOWN
    call = OutboundCall.objects.get(operation="message.send")
    wait_until(lambda: _is(call, State.DEAD))
    assert not outbox.retry_dead(call, ask_first=False)
    talk.refresh_from_db()
    assert talk.reply_until
    echo(pusher, "您好")
    message.refresh_from_db()
    call.refresh_from_db()
    assert (message.state, call.state) == (MessageState.SENT, State.DONE)
    assert arrived(meituan) == ["您好"]
    assert talk.messages.filter(direction=Direction.SHOP).count() == 1
    talk.refresh_from_db()
    assert talk.reply_until is None


def _is(call: OutboundCall, state: str) -> bool:
    deliver_all()
    call.refresh_from_db()
    return call.state == state


def test_echoes_belong_to_the_oldest_message_with_their_text(
    talk: Conversation, pusher: Pusher, user: User
) -> None:
    first, second, other = send(talk, user), send(talk, user), send(talk, user, "别的")
    deliver_all()
    echo(pusher, "您好", msg_id=11)
    echo(pusher, "别的", msg_id=12)
    echo(pusher, "您好", msg_id=13)
    echo(pusher, "您好", msg_id=14)
    for message in (first, second, other):
        message.refresh_from_db()
    assert [message.msg_id for message in (first, second, other)] == ["11", "13", "12"]
    written_elsewhere = Message.objects.get(msg_id="14")
    assert written_elsewhere.origin == Origin.ELSEWHERE


def test_an_echo_overtakes_the_answer(talk: Conversation, pusher: Pusher, user: User) -> None:
    message = send(talk, user)
    Message.objects.filter(pk=message.pk).update(handed_at=timezone.now())
    echo(pusher, "您好")
    message.refresh_from_db()
    assert message.state == MessageState.SENT
    deliver_all()
    assert OutboundCall.objects.get(operation="message.send").state == State.DONE


def test_what_meituan_refuses_is_shown_with_its_words(
    meituan: Meituan, talk: Conversation, user: User
) -> None:
    meituan.post(f"stores/{talk.connection.account}", im_status=0)
    message = send(talk, user)
    deliver_all()
    message.refresh_from_db()
    assert message.state == MessageState.FAILED
    assert "在线联系" in message.error


def test_the_box_closes_before_meituan_does(talk: Conversation, user: User) -> None:
    order = talk.order
    assert order
    assert closing.closes_at(talk) is None
    Order.objects.update(
        state=OrderState.FINISHED, finished_at=timezone.now() - timedelta(hours=47)
    )
    talk.refresh_from_db()
    end = closing.closes_at(talk)
    assert end
    assert timedelta(minutes=45) < end - timezone.now() < timedelta(minutes=51)
    send(talk, user)
    Order.objects.update(finished_at=timezone.now() - timedelta(hours=47, minutes=51))
    talk.refresh_from_db()
    with pytest.raises(ChatConflict, match="48"):
        send(talk, user)


def test_a_message_that_waited_until_the_box_closed_is_not_sent(
    meituan: Meituan, talk: Conversation, user: User
) -> None:
    message = send(talk, user)
    Order.objects.update(
        state=OrderState.FINISHED, finished_at=timezone.now() - timedelta(hours=48)
    )
    deliver_all()
    message.refresh_from_db()
    assert message.state == MessageState.FAILED
    assert arrived(meituan) == []


def test_a_customer_who_asks_anew_after_the_end_can_be_answered(
    talk: Conversation, pusher: Pusher, user: User
) -> None:
    Order.objects.update(
        state=OrderState.FINISHED, finished_at=timezone.now() - timedelta(hours=49)
    )
    write(pusher, "今天开门吗", cts=int(timezone.now().timestamp()))
    talk.refresh_from_db()
    assert talk.order is None
    assert closing.why_closed(talk) is None


REASONS = {
    "nobody": lambda talk: Conversation.objects.update(open_user_id=""),
    "blocked": lambda talk: Conversation.objects.update(blocked_at=timezone.now()),
    "unbound": lambda talk: TakeawayStore.objects.update(state=TakeawayStore.State.UNBOUND),
    "off": lambda talk: _switch_off(talk),
}


def _switch_off(talk: Conversation) -> None:
    chat = bookkeeping.chat_of(talk.connection_id)
    chat.is_on = False
    chat.save()


@pytest.mark.parametrize("close", REASONS.values(), ids=REASONS)
def test_a_closed_box_says_why_and_owes_nothing(talk: Conversation, user: User, close: Any) -> None:
    close(talk)
    talk.refresh_from_db()
    with pytest.raises(ChatConflict) as refusal:
        send(talk, user)
    assert str(refusal.value.reason)
    assert not OutboundCall.objects.filter(operation="message.send").exists()


@pytest.mark.parametrize("text", ["", "  \n ", "长" * 1001])
def test_nothing_and_too_much_is_not_sent(talk: Conversation, user: User, text: str) -> None:
    with pytest.raises(ChatConflict):
        send(talk, user, text)


def test_while_meituan_is_down_messages_wait_and_go_in_order_afterwards(
    meituan: Meituan, talk: Conversation, user: User
) -> None:
    meituan.server.stop()
    for text in ("一", "二", "三"):
        send(talk, user, text)
    outbox.work(seconds=0.5)
    assert set(talk.messages.filter(direction="shop").values_list("state", flat=True)) == {
        MessageState.WAITING
    }
    meituan.server.start()
    last = talk.messages.filter(direction="shop").in_order().last()
    assert last
    wait_until(lambda: ended(last))
    assert arrived(meituan) == ["一", "二", "三"]


def test_what_waits_can_be_withdrawn(meituan: Meituan, talk: Conversation, user: User) -> None:
    message = send(talk, user)
    sending.message_withdraw(message=message)
    deliver_all()
    message.refresh_from_db()
    assert message.state == MessageState.FAILED
    assert arrived(meituan) == []
    with pytest.raises(ChatConflict):
        sending.message_withdraw(message=message)


def test_a_message_is_sent_while_the_sender_waits(
    meituan: Meituan, talk: Conversation, user: User
) -> None:
    message = send(talk, user)
    sending.send_now(message, wait=5)
    assert message.state == MessageState.SENT
    assert arrived(meituan) == ["您好"]


def test_the_secret_is_asked_for_when_it_is_not_known(
    meituan: Meituan, talk: Conversation, user: User, pusher: Pusher
) -> None:
    developer = pusher.developer
    developer.credentials = {"sign_key": developer.credentials["sign_key"]}
    developer.save()
    send(talk, user)
    deliver_all()
    assert arrived(meituan) == ["您好"]
    developer.refresh_from_db()
    assert developer.credentials["im_secret"]
    handle_all()
