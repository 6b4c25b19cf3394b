"""Every kind of call to Meituan, with what its row may say beside it."""

from collections.abc import Callable
from typing import Any

from django.utils import timezone

from messaging.choices import (
    DeliveryState,
    OrderState,
)
from messaging.models import (
    ChatStore,
    Conversation,
    Message,
    Order,
    Refund,
    SafetyCard,
    SavedCard,
)
from messaging.services import deciding
from messaging.services.cards.asking import owe_reading
from messaging.services.cards.saving import card_save
from messaging.services.chat.asking import owe_rate
from messaging.services.chat.connecting import connect
from messaging.services.chat.presence import messages_read, read_mark_ask
from messaging.services.chat.sending import message_send
from messaging.services.printing.reporting import report_printed
from messaging.services.reading import owe_order, owe_refunds
from stores.models import OutboundCall
from tests.contract.kinds import OperationContract
from tests.messaging.calls import CALLS, CARD, NUMBER, client
from tests.messaging.contract.rows import (
    binding_of,
    card_of,
    chat_of,
    conversation_of,
    message_in,
    paper_about,
)
from tests.messaging.factories import (
    OrderFactory,
    RefundFactory,
)
from tests.stores.factories import StoreFactory, UserFactory

State = OutboundCall.State


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
    paper_about(order)
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
