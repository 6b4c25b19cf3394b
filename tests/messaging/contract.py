"""The data of takeaway for the contract tests: bound stores, orders, refunds, pushes and calls."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import time
from typing import Any

from django.db.models import Model
from django.http import HttpResponse
from django.utils import timezone

from messaging.choices import (
    CardKind,
    CardState,
    CardWay,
    DeliveryState,
    Direction,
    MessageKind,
    OrderState,
    Origin,
    PaperState,
    PrinterReach,
    PushKind,
    ReceiptCopy,
    RefundState,
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
from messaging.services import deciding
from messaging.services.cards.asking import owe_reading
from messaging.services.cards.saving import card_save
from messaging.services.chat.asking import owe_rate
from messaging.services.chat.connecting import connect
from messaging.services.chat.presence import messages_read, read_mark_ask
from messaging.services.chat.quick_replies import VARIABLES
from messaging.services.chat.sending import message_send
from messaging.services.printing.reporting import report_printed
from messaging.services.reading import owe_order, owe_refunds
from messaging.webhooks import endpoints
from messaging.wire.cards import Card, CardRow
from stores.models import Connection, IdempotencyKey, OutboundCall, Store
from stores.platforms import pace
from tests.contract.kinds import EndpointContract, Expect, OperationContract, Route, Side
from tests.messaging.calls import CALLS, CARD, NUMBER, client
from tests.messaging.factories import (
    DeveloperFactory,
    OrderFactory,
    PrinterFactory,
    RefundFactory,
    TakeawayStoreFactory,
)
from tests.messaging.pushing import FIELDS, Pusher
from tests.messaging.samples import ORDER_ID
from tests.messaging.samples import order as sample
from tests.stores.factories import StoreFactory, UserFactory

State = OutboundCall.State
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
    return _paper(order_of(store))


def _paper(order: Order, printer: str = "后厨") -> PrintJob:
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
    missed = MissedPush.objects.create(order=order, kind=PushKind.ORDER_NEW)
    paper = _paper(order, f"{word}-printer")
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
    _paper(order, f"{word}-printer")
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


# The API

DECISION = {"decision": "reject", "reason": "已经送到"}
FETCHED = "6f9d2c1e-4a57-4a8e-9d0b-2f6b1c3d5e7f"
MESSAGES = "conversations/<int:pk>/messages/"
ROUTES = [
    Route("GET", "conversations/", "takeaway", (200, 403, 200, 200, 401, 401), is_list=True),
    Route("GET", MESSAGES, "takeaway", (200, 403, 404, 404, 401, 401)),
    Route("POST", MESSAGES, "takeaway", (202, 403, 404, 404, 401, 401), {"text": "马上到"}),
    Route("GET", "takeaway/orders/", "takeaway", (200, 403, 200, 200, 401, 401), is_list=True),
    Route("GET", "takeaway/orders/<int:number>/", "takeaway", (200, 403, 404, 404, 401, 401)),
    *(
        Route(
            "POST",
            f"takeaway/orders/<int:number>/{action}/",
            "takeaway",
            (status, 403, 404, 404, 401, 401),
            body,
        )
        for action, status, body in (
            ("accept", 200, {}),
            ("cancel", 202, {"reason_code": "2009"}),
            ("ready", 202, {}),
            ("refund-decision", 202, DECISION),
        )
    ),
    Route("GET", "takeaway/printers/", "print", (200, 403, 200, 200, 401, 401), is_list=True),
    Route(
        "POST",
        "takeaway/printers/<int:printer>/next-receipt/",
        "print",
        (200, 403, 404, 404, 401, 401),
        {"claim": FETCHED, "state": "paper"},
    ),
    Route(
        "POST",
        "takeaway/receipts/<int:receipt>/report/",
        "print",
        (200, 403, 404, 404, 401, 401),
        {"claim": FETCHED, "result": "confirmed"},
    ),
]


def api_ids(store: Store) -> dict[str, int | str]:
    """The number of an accepted order with a refund to be decided, a conversation whose account has
    no free slot, so that no message is sent, and a receipt that an agent has fetched.
    """
    number = f"{ORDER_ID + store.pk}"
    order = OrderFactory(binding=binding_of(store), order_id=number, state=OrderState.CONFIRMED)
    RefundFactory(order=order)
    conversation = conversation_of(store)
    pace.postpone(conversation.connection.pace_id, 600)
    receipt = _paper(order)
    Printer.objects.filter(pk=receipt.printer_id).update(reach=PrinterReach.AGENT)
    PrintJob.objects.filter(pk=receipt.pk).update(
        state=PaperState.SENT, claim=FETCHED, printed_by=receipt.printer, sent_at=timezone.now()
    )
    return {
        "number": number,
        "conversations": conversation.pk,
        "printer": receipt.printer_id,
        "receipt": receipt.pk,
    }


def _cancel_what_is_over(ask: Callable[..., Any]) -> Any:
    Order.objects.update(state=OrderState.FINISHED)
    return ask({"reason_code": "2009"})


def _ready_what_is_new(ask: Callable[..., Any]) -> Any:
    Order.objects.update(state=OrderState.NEW)
    return ask({})


def _accept_what_is_cancelled(ask: Callable[..., Any]) -> Any:
    Order.objects.update(state=OrderState.CANCELLED)
    return ask({})


def _decide_what_is_decided(ask: Callable[..., Any]) -> Any:
    Refund.objects.update(state=RefundState.AGREED)
    return ask(DECISION)


def _write_to_who_is_blocked(ask: Callable[..., Any]) -> Any:
    Conversation.objects.update(blocked_at=timezone.now())
    return ask({"text": "马上到"})


def _report_with_another_claim(ask: Callable[..., Any]) -> Any:
    claim = "00000000-0000-4000-8000-000000000000"
    return ask({"claim": claim, "result": "confirmed"})


def _reused(first: Any, second: Any) -> Callable[..., Any]:
    """Asks twice with one key, for different things."""

    def provoke(ask: Callable[..., Any]) -> Any:
        key = {"Idempotency-Key": "till-1"}
        ask(first, **key)
        return ask(second, **key)

    return provoke


def _reused_elsewhere(ask: Callable[..., Any]) -> Any:
    """Asks with a key that was used for something else."""
    key = {"Idempotency-Key": "till-1"}
    ask({}, **key)
    IdempotencyKey.objects.update(fingerprint="something else")
    return ask({}, **key)


PROBLEMS = {
    ("takeaway_orders_accept", "key_reused"): _reused_elsewhere,
    ("takeaway_orders_ready", "key_reused"): _reused_elsewhere,
    ("takeaway_orders_accept", "invalid"): lambda ask: ask([]),
    ("takeaway_orders_ready", "invalid"): lambda ask: ask([]),
    ("takeaway_orders_accept", "takeaway_conflict"): _accept_what_is_cancelled,
    ("takeaway_orders_cancel", "takeaway_conflict"): _cancel_what_is_over,
    ("takeaway_orders_ready", "takeaway_conflict"): _ready_what_is_new,
    ("takeaway_orders_refund_decision", "takeaway_conflict"): _decide_what_is_decided,
    ("takeaway_orders_cancel", "key_reused"): _reused(
        {"reason_code": "2009"}, {"reason_code": "2008"}
    ),
    ("takeaway_orders_refund_decision", "key_reused"): _reused({"decision": "agree"}, DECISION),
    ("takeaway_printers_next_receipt", "invalid"): lambda ask: ask({"state": "ready"}),
    ("takeaway_receipts_report", "invalid"): lambda ask: ask({"claim": FETCHED}),
    ("takeaway_receipts_report", "takeaway_conflict"): _report_with_another_claim,
    ("conversations_messages_create", "chat_conflict"): _write_to_who_is_blocked,
    ("conversations_messages_create", "key_reused"): _reused({"text": "一"}, {"text": "二"}),
}

# Calls


def _accepted(**fields: Any) -> Order:
    order: Order = OrderFactory(
        state=OrderState.CONFIRMED, order_id=NUMBER, urged_at=timezone.now(), **fields
    )
    return order


def _decided(decide: Callable[[], object]) -> OutboundCall:
    decide()
    return OutboundCall.objects.get()


def _calls_about(order: Order, act: Callable[..., object], **given: Any) -> OutboundCall:
    return _decided(lambda: act(order=order, actor=None, **given))


def enqueue_decision() -> OutboundCall:
    refund = RefundFactory(order=_accepted())
    return _decided(
        lambda: deciding.refund_decide(refund=refund, actor=None, agree=True, reason="好")
    )


def enqueue_report() -> OutboundCall:
    order = _accepted(view_id=NUMBER)
    _paper(order)
    return _decided(lambda: report_printed(order))


def _state(call: OutboundCall) -> Any:
    return Order.objects.get(pk=call.subject_id).state


def _refund_state(call: OutboundCall) -> Any:
    return Refund.objects.get(order=call.subject_id).state


def contract(
    remote_call: str,
    enqueue: Callable[[], OutboundCall],
    row: Callable[[OutboundCall], Any],
    *,
    before: Any,
    after: set[Any],
    is_repeatable: bool = False,
) -> OperationContract:
    """Returns the contract of a call: its row changes when the call is done, and never before."""
    return OperationContract(
        platform="takeaway",
        remote_call=remote_call,
        answer=lambda url: CALLS[remote_call](client(url)),
        enqueue=enqueue,
        row=row,
        allowed={state: after if state == State.DONE else {before} for state in State.values},
        # Never sent again unasked, where that could do it twice.
        retried={True: True, False: is_repeatable},
    )


def harmless(remote_call: str, act: Callable[[Order], object], field: str) -> OperationContract:
    """The contract of what may be done twice; `field` says that it was done."""

    def enqueue() -> OutboundCall:
        order = _accepted(logistics="0000", new_time=timezone.now())
        return _decided(lambda: act(order))

    def row(call: OutboundCall) -> bool:
        return getattr(Order.objects.get(pk=call.subject_id), field) not in (None, "none")

    return contract(remote_call, enqueue, row, before=False, after={True}, is_repeatable=True)


def question(
    remote_call: str, ask: Callable[[Order], object], answer: Callable[[str], Any]
) -> OperationContract:
    """The contract of a question about an order, which changes nothing of what we owe."""
    return OperationContract(
        platform="takeaway",
        remote_call=remote_call,
        answer=answer,
        enqueue=lambda: _decided(lambda: ask(_accepted())),
        row=lambda call: Order.objects.filter(pk=call.subject_id).exists(),
        allowed={state: {True} for state in State.values},
        retried={True: True, False: True},
    )


def about_chat(
    remote_call: str, owe: Callable[[Conversation], object], answer: Callable[[str], Any]
) -> OperationContract:
    """The contract of a call about a conversation that may be made again."""
    return OperationContract(
        platform="takeaway",
        remote_call=remote_call,
        answer=answer,
        enqueue=lambda: _decided(lambda: owe(conversation_of(StoreFactory()))),
        row=lambda call: OutboundCall.objects.filter(pk=call.pk).exists(),
        allowed={state: {True} for state in State.values},
        retried={True: True, False: True},
    )


def read_and_mark(talk: Conversation) -> None:
    message = message_in(talk)
    message.msg_id = "7"
    message.save()
    Conversation.objects.filter(pk=talk.pk).update(unread=1)
    messages_read(conversation=talk, until=message.pk)


def enqueue_message() -> OutboundCall:
    talk = conversation_of(StoreFactory())
    return _decided(
        lambda: message_send(conversation=talk, actor=UserFactory(), text="马上到", key="k")
    )


def _delivery(delivered: bool) -> Callable[[Order], object]:
    return lambda order: deciding.own_delivery(
        order=order, actor=None, delivered=delivered, courier="李", phone="13800000000"
    )


OPERATIONS = {
    ("takeaway", "order.accept"): contract(
        "confirm",
        lambda: _calls_about(OrderFactory(order_id=NUMBER), deciding.order_accept),
        _state,
        before="new",
        after={"confirmed"},
    ),
    ("takeaway", "order.cancel"): contract(
        "cancel",
        lambda: _calls_about(_accepted(), deciding.order_cancel, code="2009", reason="卖完了"),
        _state,
        before="confirmed",
        after={"cancelled"},
    ),
    ("takeaway", "refund.decide"): contract(
        "agree_refund",
        enqueue_decision,
        _refund_state,
        before="open",
        # Whoever learns by asking that it is decided, reads how.
        after={"open", "agreed"},
    ),
    ("takeaway", "refund.part"): contract(
        "refund_part",
        lambda: _calls_about(
            _accepted(), deciding.order_refund_part, reason="少送", dishes=[{"sku_id": "s1"}]
        ),
        _state,
        before="confirmed",
        after={"confirmed"},
    ),
    ("takeaway", "rider.call"): contract(
        "call_rider",
        lambda: _calls_about(_accepted(logistics="1001"), deciding.rider_call),
        _state,
        before="confirmed",
        after={"confirmed"},
    ),
    ("takeaway", "rider.cancel"): contract(
        "cancel_rider",
        lambda: _calls_about(_accepted(delivery=DeliveryState.SENT), deciding.rider_cancel),
        _state,
        before="confirmed",
        after={"confirmed"},
    ),
    ("takeaway", "order.urge"): harmless(
        "answer_urge",
        lambda order: deciding.urge_answer(order=order, actor=None),
        "urge_answered_at",
    ),
    ("takeaway", "order.ready"): harmless(
        "meal_ready", lambda order: deciding.order_ready(order=order, actor=None), "ready_at"
    ),
    ("takeaway", "order.time"): harmless(
        "agree_time",
        lambda order: deciding.time_decide(order=order, actor=None, agree=True),
        "new_time_answered_at",
    ),
    ("takeaway", "order.printed"): contract(
        "report_printed",
        enqueue_report,
        _state,
        before="confirmed",
        after={"confirmed"},
        is_repeatable=True,
    ),
    ("takeaway", "order.on_the_way"): harmless("on_the_way", _delivery(False), "delivery"),
    ("takeaway", "order.delivered"): harmless("delivered", _delivery(True), "delivery"),
    ("takeaway", "order.read"): question("order", owe_order, lambda url: client(url).order(NUMBER)),
    ("takeaway", "chat.connect"): about_chat(
        "is_chat_on",
        lambda talk: connect(talk.connection.takeaway_store),
        lambda url: client(url).is_chat_on(),
    ),
    ("takeaway", "message.read"): about_chat(
        "mark_read",
        read_and_mark,
        lambda url: CALLS["mark_read"](client(url)),
    ),
    ("takeaway", "message.read_time"): about_chat(
        "read_until", read_mark_ask, lambda url: CALLS["read_until"](client(url))
    ),
    ("takeaway", "message.send"): OperationContract(
        platform="takeaway",
        remote_call="send",
        answer=lambda url: CALLS["send"](client(url)),
        enqueue=enqueue_message,
        row=lambda call: Message.objects.get(pk=call.subject_id).state,
        allowed={
            # Nobody can ask Meituan for a message: only an echo settles one that may have arrived.
            State.PENDING: {"waiting", "unknown"},
            State.SENDING: {"waiting"},
            State.UNKNOWN: {"unknown"},
            State.DONE: {"sent"},
            State.REFUSED: {"failed"},
            State.DEAD: {"failed", "unknown"},
        },
        retried={True: False, False: False},
    ),
    ("takeaway", "card.save"): OperationContract(
        platform="takeaway",
        remote_call="save_card",
        answer=lambda url: CALLS["save_card"](client(url)),
        enqueue=lambda: _decided(
            lambda: card_save(binding=binding_of(StoreFactory()), rows=CARD.rows, actor=None)
        ),
        row=lambda call: SavedCard.objects.get(pk=call.subject_id).state,
        allowed={
            State.PENDING: {"waiting"},
            State.SENDING: {"waiting"},
            State.UNKNOWN: {"waiting"},
            State.DONE: {"saved"},
            State.REFUSED: {"refused"},
            State.DEAD: {"failed"},
        },
        retried={True: True, False: True},
    ),
    ("takeaway", "card.read"): OperationContract(
        platform="takeaway",
        remote_call="card",
        answer=lambda url: client(url).card(),
        enqueue=lambda: _decided(lambda: owe_reading(card_of(StoreFactory()))),
        row=lambda call: SafetyCard.objects.get(pk=call.subject_id).is_signed,
        allowed={state: {True if state == State.DONE else None} for state in State.values},
        retried={True: True, False: True},
    ),
    ("takeaway", "chat.rate"): OperationContract(
        platform="takeaway",
        remote_call="rate",
        answer=lambda url: client(url).rate(),
        enqueue=lambda: _decided(lambda: owe_rate(chat_of(StoreFactory()))),
        row=lambda call: ChatStore.objects.get(pk=call.subject_id).rate_at is not None,
        allowed={state: {state == State.DONE} for state in State.values},
        retried={True: True, False: True},
    ),
    ("takeaway", "refunds.read"): question(
        "refunds", owe_refunds, lambda url: (timezone.now(), client(url).refunds_of([NUMBER]))
    ),
}


# Pushes


@dataclass(frozen=True)
class Caller:
    """Implements tests.contract.kinds.Caller for one address."""

    pusher: Pusher
    address: str
    fields: dict[str, str]

    def post(self, body: bytes | None = None, *, is_signed: bool = True) -> HttpResponse:
        answer: HttpResponse
        if body is not None:
            answer = self.pusher.raw(self.address, body)
        else:
            key = {} if is_signed else {"key": "another sign key"}
            answer = self.pusher.form(self.address, **key, **self.fields)
        return answer


def told(endpoint: type[endpoints.Push]) -> EndpointContract:
    """Returns the contract of a push: Meituan reads its acknowledgement to the letter."""
    address = endpoint.kind.value.replace("_", "-")

    def caller() -> Caller:
        pusher = Pusher(TakeawayStoreFactory())
        return Caller(pusher, address, PLAIN.get(address) or {FIELDS[address]: SAID[address]})

    def is_taken(answer: HttpResponse) -> bool:
        known = json.dumps(endpoint.success, separators=(",", ":")).encode()
        return (answer.status_code, answer.content) == (200, known)

    return EndpointContract(caller, is_taken)


ABOUT = {"orderId": ORDER_ID}
PLAIN = {
    "privacy": {"order": ""},
    "bind": {"appAuthToken": "tok-demo-0002", "businessId": "2", "poiId": "7", "poiName": "演示店"},
    "unbind": {"businessId": "2"},
}
SAID = {
    address: json.dumps(said)
    for address, said in {
        "order-new": sample(),
        "order-confirmed": sample(status=4),
        "order-finished": sample(status=8),
        "order-cancelled": ABOUT | {"reasonCode": "1103", "reason": "不想要了"},
        "refund": ABOUT | {"notifyType": "apply", "reason": "少送了"},
        "part-refund": ABOUT | {"notifyType": "part", "money": 12.5, "reason": "少送了"},
        "shipping": ABOUT | {"shippingStatus": 20, "time": 1616400600},
        "remind": ABOUT,
        "poi-status": {"poiStatus": 121},
        "settlement": ABOUT | {"settleCent": 4870},
        "message": {"biz_type": 1, "push_content": {"msg_id": 1}},
    }.items()
}
ENDPOINTS = {endpoint: told(endpoint) for endpoint in endpoints.ENDPOINTS}
