"""The listener as a real process, on real sockets of a simulated Meituan."""

import json
import random
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps

from messaging.models import ChatStore, Message, TakeawayStore
from messaging.services.chat import bookkeeping
from messaging.services.chat.hearing import address_of, frame_heard, opening
from stores.demo.environment import Places, Ports
from stores.demo.running import programs
from stores.models import InboundEvent
from tests import children
from tests.messaging.chat.writing import CUSTOMER, MORNING, envelope, push, write
from tests.messaging.factories import TakeawayStoreFactory
from tests.messaging.meituan import Meituan
from tests.messaging.pushing import Pusher, handle_all
from tests.processes import environment, kill, manage, wait_until

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.urls("messaging.urls"),
    pytest.mark.slow,
]
MANY = 15


@pytest.fixture(autouse=True)
def _at_the_sandbox(meituan: Meituan) -> None:
    developer = meituan.binding.connection.parent
    assert developer
    developer.base_url = f"{meituan.server.url}/takeaway"
    developer.save()


@contextmanager
def listening(log: Path, **env: str) -> Iterator[Any]:
    names = {"TAKEAWAY_BEAT_SECONDS": "0.5"} | env
    with manage("im_listen", log=log, env=environment(**names)) as process:
        yield process


# Notes signs of life more often than every fifteen seconds.
OFTEN = """
    from django.core.management import call_command
    from messaging.webhooks import listener
    listener.ALIVE_EVERY = 0.5
    call_command("im_listen")
"""


def sockets(meituan: Meituan) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = meituan.get("sockets")["sockets"]
    return [row for row in found if row["beats"]]


def both_open(meituan: Meituan) -> bool:
    return len(sockets(meituan)) == 2


def say(meituan: Meituan, text: str, **changes: Any) -> None:
    body = {"epoi_id": meituan.binding.connection.account, "open_user_id": CUSTOMER}
    meituan.post("messages", **body | {"text": text} | changes)


def texts() -> list[str]:
    return [message.text for message in Message.objects.in_order()]


def test_what_customers_write_is_heard_once_on_several_sockets(meituan: Meituan) -> None:
    """Frames are percent-encoded, doubled, and come in another order; kinds are unknown."""
    meituan.post("settings", socket_percent_encoded=True, socket_copies=1, socket_reordered=True)
    with children.running(OFTEN, TAKEAWAY_BEAT_SECONDS="0.5") as [process]:
        wait_until(lambda: both_open(meituan))
        meituan.post("sockets/send", text="成功")
        meituan.post("sockets/send", text="not JSON at all")
        meituan.post("sockets/send", text='{"biz_type":5,"push_content":{}}')
        expected = [f"第 {n} 条 50%+2" for n in range(MANY)]
        for text in expected:
            say(meituan, text)
        wait_until(lambda: len(texts()) == MANY)
        assert texts() == expected
        wait_until(lambda: ChatStore.objects.filter(socket_at__isnull=False).exists())
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    states = InboundEvent.objects.exclude(state=InboundEvent.State.HANDLED)
    assert [event.body["text"] for event in states] == ["not JSON at all"]


def test_a_socket_without_signs_of_life_is_opened_anew_with_a_fresh_token(
    meituan: Meituan, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    with listening(log):
        wait_until(lambda: both_open(meituan), about=log.read_text)
        before = {row["token"] for row in sockets(meituan)}
        meituan.post("settings", socket_answers_beat=False)
        wait_until(lambda: "no sign of life" in log.read_text())
        meituan.post("settings", socket_answers_beat=True)
        wait_until(
            lambda: both_open(meituan) and not before & {row["token"] for row in sockets(meituan)},
            about=log.read_text,
        )
        say(meituan, "还在吗")
        wait_until(lambda: texts() == ["还在吗"], about=log.read_text)


def test_while_the_sockets_are_dead_all_messages_come_by_push(
    meituan: Meituan, pusher: Pusher, tmp_path: Path
) -> None:
    """Shuffled and doubled; afterwards the sockets bring some of them again."""
    log = tmp_path / "log"
    with listening(log):
        wait_until(lambda: both_open(meituan), about=log.read_text)
        meituan.post("settings", sockets="refuse")
        assert meituan.post("sockets/cut")["cut"] == 2
        said = [envelope(f"第 {n} 条", cts=MORNING + n // 7) for n in range(MANY)]
        twice = said + said
        random.Random(11).shuffle(twice)
        for each in twice:
            push(pusher, each)
        handle_all()
        meituan.post("settings", sockets="open")
        wait_until(lambda: both_open(meituan), about=log.read_text)
        say(meituan, "最后", cts=MORNING + MANY)
        wait_until(lambda: "最后" in texts(), about=log.read_text)
    assert texts() == [f"第 {n} 条" for n in range(MANY)] + ["最后"]


def test_a_killed_listener_that_is_started_again_hears_on(meituan: Meituan, tmp_path: Path) -> None:
    meituan.post("settings", im_needs_subscription=False)
    log = tmp_path / "log"
    with listening(log) as process:
        wait_until(lambda: both_open(meituan), about=log.read_text)
        say(meituan, "一")
        wait_until(lambda: texts() == ["一"], about=log.read_text)
        kill(process.pid)
        process.wait()
    say(meituan, "没有人听")
    with listening(log):
        wait_until(lambda: both_open(meituan), about=log.read_text)
        chat = bookkeeping.chat_of(meituan.binding.connection_id)
        assert chat.missed == 1
        assert chat.missed_at
        say(meituan, "二")
        wait_until(lambda: texts() == ["一", "二"], about=log.read_text)


def test_a_store_whose_chat_is_switched_on_later_is_heard_too(
    meituan: Meituan, binding: TakeawayStore, tmp_path: Path
) -> None:
    chat = bookkeeping.chat_of(binding.connection_id)
    ChatStore.objects.filter(pk=chat.pk).update(is_on=False)
    log = tmp_path / "log"
    with listening(log, TAKEAWAY_SOCKETS="1"):
        ChatStore.objects.filter(pk=chat.pk).update(is_on=True)
        wait_until(lambda: len(sockets(meituan)) == 1, about=log.read_text)
        say(meituan, "在吗")
        wait_until(lambda: texts() == ["在吗"], about=log.read_text)


def test_a_frame_without_a_store_belongs_to_that_of_its_order(
    meituan: Meituan, binding: TakeawayStore, pusher: Pusher
) -> None:
    order = meituan.known(open_user_id=CUSTOMER)
    other = TakeawayStoreFactory(developer=binding.connection.parent)
    said = envelope("少了筷子", order_id=int(order.order_id))
    frame_heard(other.connection_id, json.dumps(said))
    assert Message.objects.get().store == binding.store


def test_a_frame_is_taken_for_the_sockets_store_until_the_push_names_another(
    binding: TakeawayStore, pusher: Pusher
) -> None:
    other = TakeawayStoreFactory(developer=binding.connection.parent)
    said = envelope()
    frame_heard(other.connection_id, json.dumps(said))
    assert Message.objects.get().store == other.store
    push(pusher, said)
    handle_all()
    assert Message.objects.get().store == binding.store


@pytest.mark.parametrize(
    ("base_url", "setting", "expected"),
    [
        ("https://api-open-cater.meituan.com", "", "wss://wpush.meituan.com"),
        ("http://api.open.cater.meituan.com", "", "wss://wpush.meituan.com"),
        ("http://127.0.0.1:8100/takeaway", "", "ws://127.0.0.1:8100/takeaway"),
        ("https://evilmeituan.com", "", "wss://evilmeituan.com"),
        ("http://127.0.0.1:8100", "ws://elsewhere", "ws://elsewhere"),
    ],
)
def test_sockets_are_where_the_calls_are(
    binding: TakeawayStore, settings: Any, base_url: str, setting: str, expected: str
) -> None:
    developer = binding.connection.parent
    assert developer
    developer.base_url, settings.TAKEAWAY_WS_URL = base_url, setting
    assert address_of(developer) == expected


def test_the_demo_runs_the_processes_that_a_domain_adds(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    domain = type(apps.get_app_config("messaging"))
    monkeypatch.setattr(domain, "programs", {"listener": ["im_listen"]})
    found = programs(Places(tmp_path), Ports(1, 2))
    assert found["listener"][1:] == [found["worker"][1], "im_listen"]


@pytest.mark.parametrize("fault", ["html", "status_502", "half_body"])
def test_where_the_call_for_several_tokens_is_missing_one_for_all_stores_is_asked_for(
    meituan: Meituan, fault: str
) -> None:
    meituan.server.faults.add(kind=fault, operation="im/getConnectionTokenWithCount", times=None)
    (address,) = opening(meituan.binding.connection.pk, 2).urls
    assert "/websocket/" in address


def test_a_customer_of_two_stores_has_two_conversations(pusher: Pusher, binding: Any) -> None:
    write(pusher)
    other = TakeawayStoreFactory(developer=binding.connection.parent)
    write(Pusher(other))
    assert Message.objects.values("store").distinct().count() == 2
