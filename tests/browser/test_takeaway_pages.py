"""The pages of a restaurant at noon: they open without complaint, on a desk and on a phone. The
README has pictures of them.
"""

from collections.abc import Callable
from dataclasses import asdict
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

import messaging.webhooks.handlers  # noqa: F401
from messaging.choices import CardKind, CardState, OrderState, PaperState, PrinterState
from messaging.models import (
    ChatStore,
    Conversation,
    Order,
    Printer,
    PrintJob,
    SafetyCard,
    SavedCard,
    TakeawayStore,
)
from messaging.wire.cards import Card, CardRow
from messaging.wire.orders import Dish
from messaging.wire.rates import RemoteRate
from stores.clock import start_of_day
from stores.roles import Role
from tests.back_office import page as address
from tests.browser.conftest import Visitor, fits
from tests.messaging.chat.writing import SECRET, write
from tests.messaging.factories import (
    SIGN_KEY,
    OrderFactory,
    PrinterFactory,
    RefundFactory,
    TakeawayStoreFactory,
)
from tests.messaging.pushing import Pusher
from tests.stores.factories import StoreFactory, member

PRINTERS = "/admin/messaging/printer/"
NAME = "港记茶餐厅（人民路店）"
PEOPLE = (
    CardRow("厨师", "王师傅", "36.5"),
    CardRow("厨师", "陈师傅", "36.4"),
    CardRow("打包员", "小李", "36.7"),
)
NOODLES, BEEF = ("鲜虾云吞面", "", 2600), ("干炒牛河", "大份", 3000)
LEMON, BUN, MILK = ("冻柠茶", "", 1200), ("菠萝包", "", 900), ("丝袜奶茶", "中杯", 1400)
# Customer, remark, state, minutes ago, dishes with their prices in fen.
ORDERS: tuple[tuple[str, str, str, int, tuple[tuple[str, str, int], ...]], ...] = (
    ("林女士", "不要香菜", OrderState.CONFIRMED, 14, (NOODLES, LEMON)),
    ("周先生", "", OrderState.CONFIRMED, 9, (BEEF,)),
    ("吴女士", "多给一双筷子", OrderState.NEW, 2, (BUN, MILK)),
    ("李女士", "", OrderState.NEW, 1, (NOODLES,)),
)
# The customer, what was written, after how many minutes it was answered, and with what.
QUESTIONS = (
    (1, "请问大概几点能到？", 1, "您好，后厨正在做，预计 20 分钟送到。"),
    (2, "可以开发票吗", 2, "可以的，请在订单里填写抬头。"),
    (3, "少了一份冻柠茶", 8, "非常抱歉，马上为您补送。"),
)


@pytest.fixture
def binding(transactional_db: None) -> TakeawayStore:
    made: TakeawayStore = TakeawayStoreFactory(
        store=StoreFactory(name=NAME),
        poi_name=NAME,
        accept_minutes=30,
        developer__credentials={"sign_key": SIGN_KEY, "im_secret": SECRET},
    )
    return made


@pytest.fixture
def orders(binding: TakeawayStore) -> list[Order]:
    made: list[Order] = [
        OrderFactory(
            binding=binding,
            day_number=number,
            state=state,
            ordered_at=timezone.now() - timedelta(minutes=ago),
            accepted_at=timezone.now() - timedelta(minutes=ago - 1),
            ready_until=timezone.now() + timedelta(minutes=20 - ago),
            paid=sum(price for _name, _spec, price in dishes),
            received=sum(price for _name, _spec, price in dishes) * 82 // 100,
            content={
                "dishes": [
                    asdict(Dish(name, spec, "", 1, "份", price, 1, 100, 1, name))
                    for name, spec, price in dishes
                ],
                "discounts": [],
            },
            customer={"recipient": who, "phones": ["13800138000"], "remark": remark},
        )
        for number, (who, remark, state, ago, dishes) in enumerate(ORDERS, 1)
    ]
    RefundFactory(order=made[0], is_part=True, money=1200, reason="少送了一份冻柠茶")
    made[1].urged_at = timezone.now() - timedelta(minutes=3)
    made[1].urge_answered_at = timezone.now() - timedelta(minutes=2)
    made[1].save()
    return made


@pytest.fixture
def printed(orders: list[Order]) -> None:
    """What two printers did."""
    store = orders[0].store
    usual = {"state": PrinterState.READY, "checked_at": timezone.now()}
    kitchen = PrinterFactory(store=store, name="后厨", address="192.168.8.21:9100", **usual)
    front = PrinterFactory(store=store, name="前台", address="192.168.8.22:9100", width=80, **usual)
    for order in orders[:2]:
        for copy, printer in (("kitchen", kitchen), ("customer", kitchen)):
            PrintJob.objects.create(
                order=order, printer=printer, copy=copy, state=PaperState.CONFIRMED
            )
    PrintJob.objects.create(order=orders[1], printer=front, copy="rider", state=PaperState.QUEUED)


@pytest.fixture
def talks(binding: TakeawayStore, orders: list[Order]) -> None:
    """Yesterday's questions, and one that waits now."""
    pusher, noon = Pusher(binding), start_of_day() - timedelta(hours=12)
    for customer, question, minutes, answer in QUESTIONS:
        at = int((noon + timedelta(minutes=7 * customer)).timestamp())
        about = {"open_user_id": customer, "order_id": int(orders[customer].order_id)}
        write(pusher, question, cts=at, **about)
        write(pusher, answer, cts=at + 60 * minutes, msg_source=1, **about)
    now = int(timezone.now().timestamp())
    about = {"open_user_id": 9, "order_id": int(orders[0].order_id)}
    write(pusher, "请问大概几点能到？", cts=now - 60, **about)
    rate = RemoteRate(96, 90, True, 100, 90, True, ("评价联系", "邀请顾客评价"), (1, 5))
    ChatStore.objects.update_or_create(
        binding=binding, defaults={"is_on": True, "rate": asdict(rate), "rate_at": timezone.now()}
    )


@pytest.fixture
def card(binding: TakeawayStore) -> None:
    """Today's card, as it was saved in the morning."""
    row = SafetyCard.objects.create(
        binding=binding, on_receipt=True, tips="每一份餐都现点现做，请放心食用。", is_signed=True
    )
    said = Card(CardKind.NORMAL, PEOPLE, tips=row.tips, on_receipt=True)
    SavedCard.objects.create(
        card=row,
        day=timezone.localdate(),
        content=said.as_biz(),
        state=CardState.SAVED,
        filled_by="小李",
        filled_at=timezone.now(),
        saved_at=timezone.now(),
    )


@pytest.fixture
def owner(binding: TakeawayStore) -> User:
    return member(binding.store.merchant, Role.OWNER, password=None, first_name="陈老板")


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (360, 740)])
@pytest.mark.usefixtures("printed", "talks", "card")
def test_the_pages_of_takeaway_open_without_complaint(
    visitor: Visitor,
    binding: TakeawayStore,
    owner: User,
    width: int,
    height: int,
    screenshot: Callable[[Page, str], None],
) -> None:
    page = visitor.page(width=width, height=height, user=owner)
    waiting = Conversation.objects.get(open_user_id="9")
    yesterday = timezone.localdate() - timedelta(days=1)
    for name, path, shown in (
        ("order-desk", reverse("takeaway:desk"), '[data-column="new"] .live-card >> nth=1'),
        ("chat", reverse("takeaway:talk", args=[waiting.pk]), ".bubble"),
        ("reply-rate", f"{reverse('takeaway:chat-rate')}?day={yesterday}", ".chat-line >> nth=2"),
        ("safety-card", reverse("takeaway:card", args=[binding.pk]), ".card-poster"),
        (
            "printers",
            reverse("admin:messaging_printer_changelist"),
            '#result_list a:text-is("前台")',
        ),
        ("receipts", address(binding), ".papers figure >> nth=2"),
    ):
        if name == "printers":
            Printer.objects.filter(name="前台").update(state=PrinterState.PAPER)
        page.goto(path, wait_until="load")
        expect(page.locator(shown)).to_be_visible()
        assert fits(page)
        if (open_tab := page.locator("[aria-current=page]:visible")).count():
            expect(open_tab.first).to_be_in_viewport(ratio=0.9)
        if name == "receipts":
            page.locator(".papers-of").scroll_into_view_if_needed()
            page.locator(".papers-of").evaluate("each => each.scrollIntoView()")
        screenshot(page, f"{name}-{width}")
