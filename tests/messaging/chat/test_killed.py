"""Processes that are killed in the middle of a send: nothing is sent twice, nothing is lost."""

import os
import signal

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from messaging.choices import MessageState
from messaging.models import Conversation, Message
from messaging.services.chat.sending import message_send
from tests import children
from tests.killing import KILL_AT, WORK, dying, end_leases
from tests.messaging.chat.writing import CUSTOMER, write
from tests.messaging.meituan import Meituan, deliver_all
from tests.messaging.pushing import Pusher
from tests.processes import wait_until
from tests.stores.factories import UserFactory

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("quick"),
    pytest.mark.urls("messaging.urls"),
    pytest.mark.slow,
]
WEB = """
    from messaging.models import Message
    from messaging.services.chat.sending import send_now
    send_now(Message.objects.get(state="waiting"), wait=20)
"""


@pytest.fixture
def talk(meituan: Meituan, pusher: Pusher) -> Conversation:
    developer = pusher.developer
    developer.base_url = f"{meituan.server.url}/takeaway"
    developer.save()
    body = {"epoi_id": meituan.binding.connection.account, "open_user_id": CUSTOMER}
    meituan.post("messages", **body, text="在吗")
    write(pusher, "在吗", cts=int(timezone.now().timestamp()))
    return Conversation.objects.get()


@pytest.fixture
def user(transactional_db: None) -> User:
    made: User = UserFactory()
    return made


def send(talk: Conversation, user: User, text: str) -> Message:
    return message_send(conversation=talk, actor=user, text=text)[0]


def arrived(meituan: Meituan) -> list[str]:
    rows = meituan.get("messages")["messages"]
    return [row["text"] for row in rows if row["origin"] == "provider"]


def ended(message: Message) -> bool:
    deliver_all()
    message.refresh_from_db()
    return message.state != MessageState.WAITING


@pytest.mark.parametrize("moment", KILL_AT)
@pytest.mark.parametrize("process", ["worker", "web"])
def test_a_process_killed_at_any_moment_sends_nothing_twice(
    meituan: Meituan, talk: Conversation, user: User, pusher: Pusher, moment: str, process: str
) -> None:
    message = send(talk, user, "马上送到")
    work = WORK if process == "worker" else WEB
    children.killed(dying("takeaway", "message.send", moment, work=work))
    following = send(talk, user, "谢谢")
    end_leases()
    wait_until(lambda: ended(message) and ended(following))
    assert message.state == MessageState.UNKNOWN
    assert following.state == MessageState.SENT
    was_sent = moment != "between claim and call"
    assert arrived(meituan) == (["马上送到"] if was_sent else []) + ["谢谢"]
    if was_sent:
        write(pusher, "马上送到", msg_source=1, cts=int(timezone.now().timestamp()))
        message.refresh_from_db()
        assert message.state == MessageState.SENT


def test_a_worker_frozen_past_its_lease_changes_nothing_when_it_thaws(
    meituan: Meituan, talk: Conversation, user: User
) -> None:
    message = send(talk, user, "马上送到")
    meituan.server.faults.add(kind="slow_after", operation="im/msg/send", seconds=0.5)
    with children.running(WORK, WORK_SECONDS="3") as [worker]:
        wait_until(lambda: arrived(meituan))
        os.kill(worker.pid, signal.SIGSTOP)
        end_leases()
        wait_until(lambda: ended(message))
        os.kill(worker.pid, signal.SIGCONT)
        assert worker.wait(timeout=60) == 0
    message.refresh_from_db()
    assert message.state == MessageState.UNKNOWN
    assert arrived(meituan) == ["马上送到"]
