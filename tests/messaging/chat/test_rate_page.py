"""The reply rate of a day: our count with its messages, beside Meituan's."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from messaging.choices import AutoReply, OrderState
from messaging.models import ChatStore, Conversation, Message, Order, TakeawayStore
from messaging.pages import rates
from stores.models import Merchant, Store
from stores.roles import Role
from tests.messaging.chat.test_desk import add
from tests.messaging.chat.writing import write
from tests.messaging.contract.rows import conversation_of
from tests.messaging.factories import OrderFactory, TakeawayStoreFactory
from tests.messaging.meituan import Meituan
from tests.messaging.pushing import Pusher
from tests.pages import HOSTILE, english
from tests.stores.factories import StoreFactory, member

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("quick")]
RATE = "/takeaway/chat/rate/"
DAY = datetime(2026, 11, 20, tzinfo=timezone.get_current_timezone())


@pytest.fixture
def clerk(merchant: Merchant, store: Store) -> Client:
    return english(member(merchant, Role.CLERK, store, password=None))


@pytest.fixture
def asked(pusher: Pusher) -> None:
    """On 20 November three questions: answered in time, too late, and never; and an urgent one."""
    noon = int(DAY.timestamp()) + 12 * 3600
    for customer, after in ((1, 60), (2, 400), (3, 0)):
        write(pusher, f"问{customer}", open_user_id=customer, cts=noon)
        if after:
            write(pusher, "答", open_user_id=customer, cts=noon + after, msg_source=1)
    write(pusher, "急", open_user_id=4, cts=noon, scene_tag=9003)


def page(client: Client, **given: str) -> str:
    answer = client.get(RATE, {"day": "2026-11-20", **given})
    assert answer.status_code == 200
    return answer.content.decode()


def counts(shown: str) -> list[str]:
    return re.findall(r"#messages\"[^>]*><span>[^<]*</span><strong>(\d+)<", shown)


def texts(shown: str) -> list[str]:
    return re.findall(r"<span>(问\d|急)</span>", shown)


@pytest.mark.usefixtures("asked")
def test_every_counted_message_can_be_opened(clerk: Client) -> None:
    shown = page(clerk)
    assert counts(shown) == ["1", "2", "0", "0", "1", "0"]
    assert "</a> 33%" in shown
    assert texts(shown) == ["问1", "问2", "问3"]
    assert "answered after 1 min 00 s" in shown
    for row in Message.objects.filter(direction="customer", is_urgent=False):
        assert f"/takeaway/chat/{row.conversation_id}/?at={row.pk}#m{row.pk}" in shown


@pytest.mark.usefixtures("asked")
@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"part": "in_time"}, ["问1"]),
        ({"part": "late"}, ["问2", "问3"]),
        ({"part": "waiting"}, []),
        ({"kind": "urgent"}, ["急"]),
        ({"kind": "urgent", "part": "in_time"}, []),
        ({"day": "2026-11-19"}, []),
    ],
)
def test_each_number_shows_its_messages(
    clerk: Client, given: dict[str, str], expected: list[str]
) -> None:
    assert texts(page(clerk, **given)) == expected


def test_a_question_in_its_time_waits(clerk: Client, pusher: Pusher) -> None:
    with time_machine.travel(DAY + timedelta(hours=12), tick=False) as clock:
        write(pusher, "问1", cts=int(timezone.now().timestamp()))
        assert counts(page(clerk))[:3] == ["0", "0", "1"]
        assert texts(page(clerk, part="waiting")) == ["问1"]
        clock.shift(timedelta(minutes=6))
        assert counts(page(clerk))[:3] == ["0", "1", "0"]


@pytest.mark.parametrize(
    ("kind", "words"), [(2, "[picture]"), (3, "[voice message or card]"), (1, "&lt;b&gt;")]
)
def test_what_is_no_text_is_said_as_in_the_list_and_at_the_desk(
    clerk: Client, pusher: Pusher, kind: int, words: str
) -> None:
    """The address of a picture is nothing to read."""
    text = "<b>" if kind == 1 else "https://p.example.com/1.jpg"
    with time_machine.travel(DAY + timedelta(hours=12), tick=False):
        write(pusher, text, msg_type=kind, cts=int(timezone.now().timestamp()))
        for shown in (
            page(clerk),
            clerk.get("/takeaway/chat/").content.decode(),
            clerk.get("/takeaway/desk/").content.decode(),
        ):
            assert words in shown
            assert "p.example.com" not in shown


def test_automatic_replies_are_counted_apart(clerk: Client, binding: TakeawayStore) -> None:
    talk: Conversation = conversation_of(binding.store, binding)
    day = DAY.date()
    add(talk, "您好", direction="shop", rule=AutoReply.GREETING, rule_day=day, at=DAY)
    assert "1 automatic reply, not counted." in page(clerk)


@pytest.mark.parametrize("text", [*HOSTILE, "2026-13-01", "0001-01-01", "9999-12-31"])
def test_odd_addresses_show_something(clerk: Client, binding: TakeawayStore, text: str) -> None:
    given = {"day": text, "kind": text, "part": text, "page": text}
    assert clerk.get(RATE, given).status_code == 200


@pytest.mark.usefixtures("asked")
def test_many_messages_stand_on_pages(clerk: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rates, "ON_A_PAGE", 2)
    first = page(clerk)
    assert texts(first) == ["问1", "问2"]
    later = re.search(r'href="(\?[^"]*page=2)#', first)
    assert later
    assert texts(clerk.get(RATE + later[1].replace("&amp;", "&")).content.decode()) == ["问3"]


def test_meituans_figure_is_asked_for_and_kept(
    clerk: Client, meituan: Meituan, store: Store
) -> None:
    assert "Meituan was not asked yet." in page(clerk)
    meituan.post("settings", reply_rate=95)
    shown = clerk.post(RATE, {"store": store.pk}, follow=True).content.decode()
    assert "<strong>95%</strong>" in shown
    assert "target 90% · reached" in shown
    assert "Unlocked by it: 评价联系" in shown
    meituan.post("settings", reply_rate=50)
    shown = clerk.post(RATE, {"store": store.pk}, follow=True).content.decode()
    assert "target 90% · not reached" in shown
    assert "It unlocks no rights now." in shown


def test_that_meituan_does_not_answer_is_said(
    clerk: Client, meituan: Meituan, store: Store
) -> None:
    meituan.server.stop()
    answer = clerk.post(RATE, {"store": store.pk})
    assert answer.status_code == 409
    assert "Nothing listens at the platform" in answer.content.decode()
    assert not ChatStore.objects.exclude(rate_at=None).exists()


def test_another_store_is_neither_shown_nor_asked_for(
    merchant: Merchant, binding: TakeawayStore, clerk: Client
) -> None:
    other: TakeawayStore = TakeawayStoreFactory(store=StoreFactory(merchant=merchant))
    for store in (str(other.store_id), "x", ""):
        assert clerk.get(RATE, {"store": store}).status_code == 404
        assert clerk.post(RATE, {"store": store}).status_code == 404
    assert clerk.post(RATE).status_code == 404


WORDS = "这次用餐还满意吗"


@pytest.fixture
def talk(binding: TakeawayStore) -> Conversation:
    """About an order that is over, at a store whose rate unlocks talking about reviews."""
    order: Order = OrderFactory(
        binding=binding, state=OrderState.FINISHED, finished_at=timezone.now()
    )
    ChatStore.objects.create(binding=binding, rate={"codes": [1, 3]}, rate_at=timezone.now())
    made: Conversation = conversation_of(binding.store, binding)
    made.order = order
    made.save()
    return made


def test_the_rate_unlocks_words_about_the_review(clerk: Client, talk: Conversation) -> None:
    shown = clerk.get(f"/takeaway/chat/{talk.pk}/").content.decode()
    assert f'data-reply="您好，感谢您的订单！{WORDS}' in shown
    assert "Ask about the review" in page(clerk)


def _without_the_right() -> None:
    ChatStore.objects.update(rate={"codes": [3]})


def _with_an_old_answer() -> None:
    ChatStore.objects.update(rate_at=timezone.now() - timedelta(days=1))


def _while_the_order_runs() -> None:
    Order.objects.update(state=OrderState.CONFIRMED, finished_at=None)


def _without_an_order() -> None:
    Conversation.objects.update(order=None)


def _to_who_is_blocked() -> None:
    Conversation.objects.update(blocked_at=timezone.now())


def _after_the_last_hour() -> None:
    Order.objects.update(finished_at=timezone.now() - timedelta(hours=48))


@pytest.mark.parametrize(
    "change",
    [
        _without_the_right,
        _with_an_old_answer,
        _while_the_order_runs,
        _without_an_order,
        _to_who_is_blocked,
        _after_the_last_hour,
    ],
)
def test_nothing_is_said_about_reviews_where_it_is_not_allowed(
    clerk: Client, talk: Conversation, change: Callable[[], None]
) -> None:
    change()
    assert WORDS not in clerk.get(f"/takeaway/chat/{talk.pk}/").content.decode()
