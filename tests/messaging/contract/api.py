"""The routes of the takeaway API, and what provokes each of its problems."""

from collections.abc import Callable
from typing import Any

from django.utils import timezone

from messaging.choices import (
    OrderState,
    PaperState,
    PrinterReach,
    RefundState,
)
from messaging.models import (
    Conversation,
    Order,
    Printer,
    PrintJob,
    Refund,
)
from stores.models import Store
from stores.platforms import pace
from tests.contract.keys import reused, reused_elsewhere
from tests.contract.kinds import Route
from tests.messaging.contract.rows import binding_of, conversation_of, paper_about
from tests.messaging.factories import (
    OrderFactory,
    RefundFactory,
)
from tests.messaging.samples import ORDER_ID

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
    receipt = paper_about(order)
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


PROBLEMS = {
    ("takeaway_orders_accept", "key_reused"): reused_elsewhere,
    ("takeaway_orders_ready", "key_reused"): reused_elsewhere,
    ("takeaway_orders_accept", "invalid"): lambda ask: ask([]),
    ("takeaway_orders_ready", "invalid"): lambda ask: ask([]),
    ("takeaway_orders_accept", "takeaway_conflict"): _accept_what_is_cancelled,
    ("takeaway_orders_cancel", "takeaway_conflict"): _cancel_what_is_over,
    ("takeaway_orders_ready", "takeaway_conflict"): _ready_what_is_new,
    ("takeaway_orders_refund_decision", "takeaway_conflict"): _decide_what_is_decided,
    ("takeaway_orders_cancel", "key_reused"): reused(
        {"reason_code": "2009"}, {"reason_code": "2008"}
    ),
    ("takeaway_orders_refund_decision", "key_reused"): reused({"decision": "agree"}, DECISION),
    ("takeaway_printers_next_receipt", "invalid"): lambda ask: ask({"state": "ready"}),
    ("takeaway_receipts_report", "invalid"): lambda ask: ask({"claim": FETCHED}),
    ("takeaway_receipts_report", "takeaway_conflict"): _report_with_another_claim,
    ("conversations_messages_create", "chat_conflict"): _write_to_who_is_blocked,
    ("conversations_messages_create", "key_reused"): reused({"text": "一"}, {"text": "二"}),
}
