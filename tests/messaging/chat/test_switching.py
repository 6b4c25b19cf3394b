"""A store's chat at Meituan: connected, on and off, its rate, and blocked customers."""

import io
from typing import Any

import pytest
from django.utils import timezone
from PIL import Image

from messaging.models import ChatStore, Conversation, TakeawayStore
from messaging.services.chat import asking, bookkeeping, listing, presence, switching
from messaging.services.chat.closing import ChatConflict
from messaging.services.chat.connecting import connect
from stores.models import OutboundCall
from stores.platforms.errors import Refused
from tests.messaging.chat.test_desk import add, news
from tests.messaging.chat.writing import CUSTOMER, SECRET, write
from tests.messaging.factories import SIGN_KEY
from tests.messaging.meituan import Meituan, deliver_all
from tests.messaging.pushing import Pusher
from tests.processes import wait_until

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("quick"),
    pytest.mark.urls("messaging.urls"),
]
UPLOAD = "/waimai/ng/card/uploadCardImage"


def chat(binding: TakeawayStore) -> ChatStore:
    return bookkeeping.chat_of(binding.connection_id)


def at_meituan(meituan: Meituan) -> dict[str, Any]:
    rows = meituan.get("stores")["stores"]
    found: dict[str, Any] = next(
        row for row in rows if row["e_poi_id"] == meituan.binding.connection.account
    )
    return found


def test_a_bound_store_is_subscribed_and_its_secret_known(
    meituan: Meituan, binding: TakeawayStore
) -> None:
    developer = binding.connection.parent
    assert developer
    developer.credentials = {"sign_key": SIGN_KEY}
    developer.save()
    connect(binding)
    connect(binding)
    deliver_all()
    assert at_meituan(meituan)["im_subscribed"]
    assert (chat(binding).is_on, chat(binding).is_subscribed) == (True, True)
    developer.refresh_from_db()
    assert developer.credentials["im_secret"] == SECRET
    assert OutboundCall.objects.count() == 1


def test_the_chat_is_switched_and_checked(meituan: Meituan, binding: TakeawayStore) -> None:
    switching.chat_switch(binding=binding, is_on=False, actor=None)
    assert at_meituan(meituan)["im_status"] == 0
    assert chat(binding).is_on is False
    meituan.post(f"stores/{binding.connection.account}", im_status=1)
    found = switching.chat_check(binding=binding)
    assert (found.is_on, found.is_subscribed) == (True, False)
    switching.chat_subscribe(binding=binding, actor=None)
    assert at_meituan(meituan)["im_subscribed"]
    switching.chat_subscribe(binding=binding, wanted=False, actor=None)
    assert chat(binding).is_subscribed is False


def test_the_rate_and_the_rights_that_it_unlocks(meituan: Meituan, binding: TakeawayStore) -> None:
    meituan.post("settings", reply_rate=95)
    found = asking.rate_read(binding=binding)
    assert (found.rate["rate"], found.rate["target"], found.rate["is_reached"]) == (95, 90, True)
    assert asking.may_ask_for_review(found)
    meituan.post("settings", reply_rate=50)
    found = asking.rate_read(binding=binding)
    assert not asking.may_ask_for_review(found)
    assert found.rate_at


def test_a_worker_asks_for_the_rates_where_the_chat_is_on_once_in_six_hours(
    meituan: Meituan, binding: TakeawayStore
) -> None:
    meituan.post("settings", reply_rate=95)
    switching.chat_switch(binding=binding, is_on=False, actor=None)
    assert asking.ask_all() == 0
    switching.chat_switch(binding=binding, is_on=True, actor=None)
    assert (asking.ask_all(), asking.ask_all()) == (1, 1)
    deliver_all()
    assert asking.may_ask_for_review(chat(binding))
    assert OutboundCall.objects.filter(operation="chat.rate").count() == 1
    TakeawayStore.objects.update(state=TakeawayStore.State.UNBOUND)
    assert asking.ask_all() == 0


@pytest.fixture
def talk(meituan: Meituan, pusher: Pusher) -> Conversation:
    body = {"epoi_id": meituan.binding.connection.account, "open_user_id": CUSTOMER}
    said = meituan.post("messages", **body, text="在吗")
    write(pusher, "在吗", msg_id=int(said["msg_id"]), cts=int(timezone.now().timestamp()))
    return Conversation.objects.get()


def photo() -> bytes:
    written = io.BytesIO()
    Image.new("RGB", (4, 4)).save(written, "JPEG")
    return written.getvalue()


def block(talk: Conversation, **changes: Any) -> None:
    given: dict[str, Any] = {"code": 1, "reason": "", "pictures": [photo()]} | changes
    switching.customer_block(conversation=talk, actor=None, **given)


def test_blocking_needs_a_path_that_is_not_published(talk: Conversation) -> None:
    with pytest.raises(ChatConflict):
        block(talk)


@pytest.mark.parametrize(
    "changes", [{"code": 9}, {"code": 3}, {"pictures": []}, {"pictures": [b"x"] * 10}]
)
def test_a_block_that_meituan_would_refuse_is_not_sent(
    talk: Conversation, settings: Any, changes: dict[str, Any]
) -> None:
    settings.TAKEAWAY_EVIDENCE_PATH = UPLOAD
    with pytest.raises(ChatConflict):
        block(talk, **changes)


def test_a_customer_is_blocked_and_let_in_again(
    meituan: Meituan, talk: Conversation, settings: Any
) -> None:
    settings.TAKEAWAY_EVIDENCE_PATH = UPLOAD
    block(talk, code=3, reason="骚扰")
    assert at_meituan(meituan)["blocked"] == {str(CUSTOMER): 3}
    talk.refresh_from_db()
    assert talk.blocked_at
    switching.customer_unblock(conversation=talk, actor=None)
    assert at_meituan(meituan)["blocked"] == {}
    with pytest.raises(Refused):
        switching.customer_unblock(conversation=talk, actor=None)


def test_read_marks_go_both_ways(meituan: Meituan, talk: Conversation) -> None:
    presence.messages_read(conversation=talk, until=talk.messages.get().pk)
    deliver_all()
    assert [row["was_read"] for row in meituan.get("messages")["messages"]] == [True]
    account = talk.connection.account
    meituan.post(f"conversations/{account}/{CUSTOMER}/read", at=1616400000123)
    presence.read_mark_ask(talk)
    presence.read_mark_ask(Conversation.objects.get())
    assert OutboundCall.objects.filter(operation="message.read_time").count() == 1
    wait_until(lambda: _read_at(talk))
    assert Conversation.objects.get().customer_read_at == _read_at(talk)


def test_what_the_customer_reads_is_new_on_a_page_that_stays_open(
    meituan: Meituan, talk: Conversation
) -> None:
    presence.read_mark_watch(talk)
    assert not OutboundCall.objects.filter(operation="message.read_time").exists()
    ours = add(talk, "马上到", direction="shop", state="sent", at=timezone.now())
    cursor = listing.cursor_now([talk.store.merchant_id])
    presence.read_mark_watch(talk)
    at = int(timezone.now().timestamp() * 1000) + 1000
    meituan.post(f"conversations/{talk.connection.account}/{CUSTOMER}/read", at=at)
    wait_until(lambda: _read_at(talk))
    found = news(talk, cursor)
    assert found
    assert found.messages == [ours]
    OutboundCall.objects.all().delete()
    Conversation.objects.update(read_asked_at=None)
    presence.read_mark_watch(Conversation.objects.get())
    assert not OutboundCall.objects.exists()


def _read_at(talk: Conversation) -> Any:
    deliver_all()
    talk.refresh_from_db()
    return talk.customer_read_at
