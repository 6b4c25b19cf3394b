"""Admins and a row for each: bound stores, orders, talks, printers and cards."""

from collections.abc import Callable
from datetime import time, timedelta
from typing import Any

from django.db.models import Model
from django.utils import timezone

from messaging.choices import (
    CardKind,
    CardState,
    CardWay,
    Direction,
    MessageKind,
    Origin,
    PaperState,
    PushKind,
    ReceiptCopy,
)
from messaging.models import (
    CardDelivery,
    CardMeasure,
    CardTest,
    ChatHours,
    ChatPicture,
    ChatRevision,
    ChatStore,
    Conversation,
    Draft,
    Message,
    MissedPush,
    Onlooker,
    Order,
    Printer,
    PrintJob,
    QuickReply,
    Refund,
    SafetyCard,
    SavedCard,
    TakeawayStore,
)
from messaging.services.chat.quick_replies import VARIABLES
from messaging.wire.cards import Card, CardRow
from stores.models import Connection, Store
from tests.contract.kinds import Expect, Side
from tests.messaging.factories import (
    DeveloperFactory,
    OrderFactory,
    PrinterFactory,
    RefundFactory,
    TakeawayStoreFactory,
)
from tests.stores.factories import UserFactory

# The account that both sides share.
OPERATORS = "100000"

ADMINS = {
    "messaging.TakeawayStore": Expect("clerk", add="owner", change="manager"),
    "messaging.Order": Expect(
        "clerk",
        buttons=(
            "accept",
            "ready",
            "urge",
            "time_agreed",
            "time_refused",
            "on_the_way",
            "delivered",
            "call_rider",
            "call_off_rider",
            "cancel",
            "print_again",
            "print_here",
            "chat",
        ),
    ),
    "messaging.Refund": Expect("clerk"),
    "messaging.MissedPush": Expect("manager"),
    "messaging.Printer": Expect("clerk", add="manager", change="manager", buttons=("test",)),
    "messaging.PrintJob": Expect("clerk", buttons=("again",)),
    "messaging.ChatStore": Expect("clerk", change="manager", buttons=("missed_seen",)),
    "messaging.QuickReply": Expect("clerk", add="manager", change="manager"),
}
EXPORTS = {"messaging.Order": "store"}
# What Meituan calls a developer's account and its name of a store; the variables of quick replies.
ENGLISH = {"developerId", "SignKey", "ePoiId"} | {each.name for each in VARIABLES}


def binding_of(store: Store) -> TakeawayStore:
    row: TakeawayStore = TakeawayStoreFactory(store=store)
    return row


def order_of(store: Store) -> Order:
    order: Order = OrderFactory(binding=binding_of(store))
    return order


def conversation_of(store: Store, binding: TakeawayStore | None = None) -> Conversation:
    made: Conversation = Conversation.objects.create(
        connection=(binding or binding_of(store)).connection, store=store, open_user_id="880012345"
    )
    return made


def message_of(store: Store) -> Message:
    return message_in(conversation_of(store))


def message_in(conversation: Conversation, text: str = "还要多久") -> Message:
    made: Message = Message.objects.create(
        conversation=conversation,
        connection=conversation.connection,
        store=conversation.store,
        direction=Direction.CUSTOMER,
        origin=Origin.CUSTOMER,
        kind=MessageKind.TEXT,
        text=text,
        at=timezone.now(),
    )
    return made


def chat_of(store: Store) -> ChatStore:
    made: ChatStore = ChatStore.objects.create(binding=binding_of(store))
    return made


def reply_of(store: Store, title: str = "催单", text: str = "马上送到") -> QuickReply:
    made: QuickReply = QuickReply.objects.create(
        merchant=store.merchant, store=store, title=title, text=text
    )
    return made


def paper_of(store: Store) -> PrintJob:
    return paper_about(order_of(store))


def paper_about(order: Order, printer: str = "后厨") -> PrintJob:
    made: PrintJob = PrintJob.objects.create(
        printer=PrinterFactory(store=order.store, name=printer),
        order=order,
        copy=ReceiptCopy.KITCHEN,
        state=PaperState.CONFIRMED,
    )
    return made


def card_of(store: Store, binding: TakeawayStore | None = None) -> SafetyCard:
    made: SafetyCard = SafetyCard.objects.create(binding=binding or binding_of(store))
    return made


def saved_card(card: SafetyCard, name: str = "王师傅") -> SavedCard:
    """The card of today with one person."""
    rows = (CardRow("厨师", name, "36.5"),)
    made: SavedCard = SavedCard.objects.create(
        card=card,
        day=timezone.localdate(),
        content=Card(CardKind.NORMAL, rows).as_biz(),
        state=CardState.SAVED,
        filled_by=name,
    )
    return made


def card_test(card: SafetyCard) -> CardTest:
    made: CardTest = CardTest.objects.create(card=card, day=timezone.localdate(), content=b"JPEG")
    return made


def desk_row(model: type[Model]) -> Callable[[Store], Model]:
    """Returns a function that makes a person's draft, or notes that she looks on."""
    return lambda store: model._default_manager.create(
        conversation=conversation_of(store), user=UserFactory()
    )


ROWS: dict[type[Model], Any] = {
    CardDelivery: lambda store: CardDelivery.objects.create(
        order=order_of(store), way=CardWay.PAPER
    ),
    CardMeasure: lambda store: CardMeasure.objects.create(card=card_of(store), kind=1),
    CardTest: lambda store: card_test(card_of(store)),
    ChatHours: lambda store: ChatHours.objects.create(
        chat=chat_of(store), opens=time(9), closes=time(21)
    ),
    ChatPicture: lambda store: ChatPicture.objects.create(
        store=store, content=b"", width=1, height=1
    ),
    ChatRevision: lambda store: ChatRevision.objects.create(merchant=store.merchant),
    ChatStore: chat_of,
    Conversation: conversation_of,
    Draft: desk_row(Draft),
    Message: message_of,
    Onlooker: desk_row(Onlooker),
    QuickReply: reply_of,
    MissedPush: lambda store: MissedPush.objects.create(
        order=order_of(store), kind=PushKind.ORDER_NEW
    ),
    Order: order_of,
    Printer: lambda store: PrinterFactory(store=store),
    PrintJob: paper_of,
    Refund: lambda store: RefundFactory(order=order_of(store)),
    SafetyCard: card_of,
    SavedCard: lambda store: saved_card(card_of(store)),
    TakeawayStore: binding_of,
}


def admin_rows(side: Side) -> dict[str, Model]:
    """Creates a store below the operator's account, which both sides share, an order that waits, a
    refund, and something that was not told.
    """
    word = side.word
    operators = Connection.objects.filter(merchant=None, account=OPERATORS).first()
    binding = TakeawayStoreFactory(
        developer=operators or DeveloperFactory(account=OPERATORS),
        store=side.store,
        e_poi_id=f"{word}-epoi",
        poi_name=f"{word}-poi",
    )
    order = _order(binding, word)
    refund = RefundFactory(order=order, refund_id=f"{word}-refund", reason=f"{word}-reason")
    missed = MissedPush.objects.create(
        order=order, kind=PushKind.ORDER_NEW, found_at=timezone.now() - timedelta(hours=1)
    )
    paper = paper_about(order, f"{word}-printer")
    conversation = conversation_of(side.store, binding)
    message_in(conversation, f"{word}-words")
    chat = ChatStore.objects.create(binding=binding, greeting=f"{word}-greeting")
    card = card_of(side.store, binding)
    saved_card(card, f"{word}-cook")
    CardMeasure.objects.create(card=card, kind=1, picture="https://p.example.com/1", content=b"J")
    reply = reply_of(side.store, f"{word}-reply", f"{word}-text")
    return {
        # No admin has them, but pages do.
        "messaging.Conversation": conversation,
        "messaging.CardTest": card_test(card),
        "messaging.TakeawayStore": binding,
        "messaging.Order": order,
        "messaging.Refund": refund,
        "messaging.MissedPush": missed,
        "messaging.Printer": paper.printer,
        "messaging.PrintJob": paper,
        "messaging.ChatStore": chat,
        "messaging.QuickReply": reply,
    }


def hidden_rows(side: Side, store: Store) -> dict[str, Model]:
    word = f"{side.word}-hidden"
    binding = TakeawayStoreFactory(store=store, e_poi_id=f"{word}-epoi", poi_name=f"{word}-poi")
    order = _order(binding, word)
    RefundFactory(order=order, refund_id=f"{word}-refund", reason=f"{word}-reason")
    paper_about(order, f"{word}-printer")
    reply_of(store, f"{word}-reply", f"{word}-text")
    return {"": order}


def _order(binding: TakeawayStore, word: str) -> Order:
    order: Order = OrderFactory(
        binding=binding, order_id=f"{word}-number", customer={"recipient": f"{word}-customer"}
    )
    for dish in order.dishes:
        dish |= {"name": f"{word}-dish", "spec": "", "wishes": ""}
    order.save()
    return order
