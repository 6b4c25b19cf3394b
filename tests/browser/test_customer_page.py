"""Customers at Meituan's side, two colleagues at ours, and real pushes and calls between them."""

import re
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from django.db.models import QuerySet
from django.utils import timezone
from playwright.sync_api import Browser, Page, Route, expect
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

import messaging.webhooks.handlers  # noqa: F401
from messaging.choices import Direction, OrderState
from messaging.models import Conversation, Message, Order, TakeawayStore
from stores.models import InboundEvent, OutboundCall
from tests.browser.conftest import Visitor
from tests.browser.test_chat import CHAT, clerk, opened
from tests.browser.test_order_desk import DESK, card
from tests.messaging.chat.writing import CUSTOMER, SECRET
from tests.messaging.factories import SIGN_KEY, TakeawayStoreFactory
from tests.messaging.meituan import Meituan, deliver_all, meituan_of
from tests.messaging.pushing import handle_all
from tests.processes import wait_until

pytestmark = pytest.mark.usefixtures("quick")
SEND = re.compile("/send/$")
SENT = '.bubble.ours[data-state="sent"]'


@pytest.fixture
def binding(transactional_db: None) -> TakeawayStore:
    made: TakeawayStore = TakeawayStoreFactory(
        developer__credentials={"sign_key": SIGN_KEY, "im_secret": SECRET}
    )
    return made


@pytest.fixture
def meituan(
    binding: TakeawayStore, settings: Settings, live_server: LiveServer, quick: None
) -> Iterator[Meituan]:
    """Meituan, which pushes to our running server."""
    with meituan_of(binding, settings) as made:
        made.push_to(live_server.url)
        yield made


@pytest.fixture
def customer(browser: Browser, meituan: Meituan) -> Iterator[Page]:
    """The page of Meituan's side on which a person plays the customer."""
    with ExitStack() as closing:
        visitor = Visitor(browser, meituan.server.url, closing)
        page = visitor.page()
        page.goto(f"/takeaway/customer?store={meituan.binding.connection.account}")
        yield page
    assert visitor.complaints == []


def told_of(rows: QuerySet[Message] | QuerySet[Order], count: int = 1) -> None:
    """Waits for pushes until there are so many rows, handling what comes as a worker does."""

    def are_there() -> bool:
        handle_all()
        return rows.count() == count

    wait_until(are_there)


def presses(page: Page, button: str, text: str) -> None:
    form = page.locator("form").filter(has=page.get_by_role("button", name=button))
    form.locator("[name=text]").fill(text)
    form.get_by_role("button", name=button).click()


def opens(page: Page, text: str) -> None:
    """Opens the conversation with this last text."""
    page.locator(".chat-line", has_text=text).click()
    page.wait_for_url(re.compile(r"/chat/\d+/$"))


def answers(page: Page, text: str) -> None:
    page.locator("textarea").fill(text)
    page.keyboard.press("Enter")


def test_a_customer_asks_orders_and_asks_again_and_two_colleagues_serve(
    visitor: Visitor, binding: TakeawayStore, customer: Page
) -> None:
    desk = visitor.page(user=clerk(binding, "小王"))
    desk.goto(DESK)
    chat = visitor.page(user=clerk(binding, "小李"))
    chat.goto(CHAT)
    talk = customer.frame_locator("iframe")

    presses(customer, "先问商家", "今天营业到几点？")
    told_of(Message.objects.filter(direction=Direction.CUSTOMER))
    opens(chat, "今天营业到几点？")
    answers(chat, "到晚上十点")
    expect(chat.locator(SENT)).to_have_count(1, timeout=8000)
    expect(talk.locator(".shop")).to_have_text("到晚上十点")
    expect(talk.locator("body")).to_contain_text("今天营业到几点？")

    presses(customer, "下单并付款", "少辣")
    told_of(Order.objects.filter(state=OrderState.NEW))
    expect(talk.locator("body")).to_contain_text("等商家接单")
    desk.locator(card(desk, "new")).get_by_role("button").click()
    wait_until(OutboundCall.objects.filter(operation="order.accept").exists)
    deliver_all()
    told_of(Order.objects.filter(state=OrderState.CONFIRMED))
    expect(desk.locator(card(desk, "cooking"))).to_have_count(1, timeout=4000)
    expect(talk.locator("body")).to_contain_text("商家已接单")

    presses(customer, "发送", "请放前台")
    told_of(Message.objects.filter(conversation__order__isnull=False))
    opens(chat, "请放前台")
    expect(chat.locator("#talk-head")).to_contain_text("已接单")
    answers(chat, "好的，已告诉骑手")
    expect(chat.locator(SENT)).to_have_count(1, timeout=8000)
    expect(talk.locator(".shop")).to_have_text("好的，已告诉骑手")
    expect(talk.locator("body")).not_to_contain_text("到晚上十点")


def test_a_picture_of_a_customer_can_be_seen_by_both(
    visitor: Visitor, binding: TakeawayStore, customer: Page
) -> None:
    """Our page loads nothing of it: a link leads there."""
    presses(customer, "下单并付款", "")
    customer.get_by_role("button", name="发图片").click()
    told_of(Message.objects.filter(direction=Direction.CUSTOMER))
    shown = customer.frame_locator("iframe").get_by_alt_text("图片")
    expect(shown).to_have_js_property("naturalWidth", 640)
    page = opened(visitor, Conversation.objects.get(), clerk(binding, "小王"))
    address = page.get_by_role("link", name="打开图片").get_attribute("href")
    assert address == shown.get_attribute("src")
    assert page.locator(".bubble img").count() == 0


@pytest.fixture
def talk(meituan: Meituan) -> Conversation:
    writes(meituan, "第 50 条", minute=5)
    told_of(Message.objects.all())
    return Conversation.objects.get()


def writes(meituan: Meituan, text: str, *, minute: float = 0) -> None:
    """A customer writes, in one of the last ten minutes."""
    meituan.post(
        "messages",
        epoi_id=meituan.binding.connection.account,
        open_user_id=CUSTOMER,
        text=text,
        cts=int(timezone.now().timestamp() - 600 + 60 * minute),
    )


def test_a_hundred_messages_of_ten_minutes_without_a_socket_appear_once_and_in_order(
    visitor: Visitor, binding: TakeawayStore, meituan: Meituan, talk: Conversation
) -> None:
    """No socket listens: they come by push, each twice, in any order, while the page is open."""
    page = opened(visitor, talk, clerk(binding, "小王"))
    expect(page.locator(".bubble")).to_have_count(1)
    page.evaluate("window.isTheSame = true")
    meituan.post("settings", push_copies=1, push_shuffle_seconds=4)
    for n in range(100):
        if n != 50:
            writes(meituan, f"第 {n} 条", minute=n / 10)
    is_back: list[str] = []
    page.on("framenavigated", lambda frame: is_back.append(frame.url))

    def all_came() -> bool:
        handle_all()
        return InboundEvent.objects.filter(repeats=1).count() == 99

    wait_until(all_came)
    assert Message.objects.count() == 100
    expected = [f"第 {n} 条" for n in range(100)]
    expect(page.locator(".bubble-text")).to_have_text(expected, timeout=8000)
    assert page.evaluate("window.isTheSame")
    assert is_back == []


def test_what_two_colleagues_write_at_once_arrives_once_and_in_one_order(
    visitor: Visitor, binding: TakeawayStore, meituan: Meituan, talk: Conversation
) -> None:
    pages = [opened(visitor, talk, clerk(binding, name)) for name in ("小王", "小李")]
    held: list[Route] = []

    def together(route: Route) -> None:
        """Lets nothing through before both are on their way."""
        held.append(route)
        if len(held) == 2:
            for each in held:
                each.continue_()

    with ExitStack() as answered:
        for page, text in zip(pages, ("马上到", "已经催了"), strict=True):
            page.route(SEND, together)
            answered.enter_context(page.expect_response(SEND))
            answers(page, text)
    deliver_all()
    for page in pages:
        expect(page.locator(SENT)).to_have_count(2, timeout=8000)
    # Meituan sends each of them back to us.
    told_of(Message.objects.filter(direction=Direction.SHOP).exclude(msg_id=""), 2)
    assert Message.objects.filter(direction=Direction.SHOP).count() == 2
    arrived = [row for row in meituan.get("messages")["messages"] if row["origin"] == "provider"]
    texts = [row["text"] for row in arrived]
    assert sorted(texts) == ["已经催了", "马上到"]
    for page in pages:
        expect(page.locator(".bubble.ours .bubble-text")).to_have_text(texts)
