"""The OpenAPI description of the trip routes; shapes are in serializers.py."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema

from stores.api.schema import (
    IDEMPOTENCY_KEY,
    IN_BODIES,
    JSON,
    NO_SUCH_PARAMETER,
    example,
    problems,
    sent,
    without,
    without_either,
)
from trip.api.serializers import (
    ConsumeBody,
    ConsumptionSerializer,
    DecisionBody,
    IssueBody,
    OrderFilter,
    TicketOrderSerializer,
    TicketRefundSerializer,
)
from trip.choices import TRIP

REFUND: dict[str, Any] = {
    "refund_id": "4914350072036425728-20260501093012115",
    "status": "review",
    "quantity": 1,
    "vouchers": ["K7M2Q9XWTA4RBD"],
    "price": "95.00",
    "fee": "0.00",
    "applied_at": "2026-05-01T01:30:12Z",
    "deadline": "2026-05-07T15:59:59Z",
    "reason": "",
    "decided_by": "",
    "decided_at": None,
}
ORDER: dict[str, Any] = {
    "order_id": "4914350072036425728",
    "partner_order_id": "T260430X7M2Q9",
    "status": "issued",
    "failure": "",
    "store": 1,
    "product": {"partner_deal_id": "P-7", "title": _("Adult ticket")},
    "quantity": 2,
    "used": 1,
    "refunded": 0,
    "voided": 0,
    "voucher_type": 1,
    "vouchers": [
        {"code": "B4RXW8KQ2NTHM6", "quantity": 1, "used": 1, "refunded": 0, "voided": 0},
        {"code": "K7M2Q9XWTA4RBD", "quantity": 1, "used": 0, "refunded": 0, "voided": 0},
    ],
    "travel_date": "2026-05-01",
    "unit_price": "95.00",
    "settlement_price": "80.00",
    "total_price": "190.00",
    "visitors": [{"name": _("W**"), "mobile": "138****1234", "credentials": {}}],
    "refunds": [REFUND],
    "needs_person": None,
    "created_at": "2026-04-30T08:12:22.115000Z",
    "paid_at": "2026-04-30T08:13:01.004000Z",
    "issued_at": "2026-04-30T08:13:01.004000Z",
    "closed_at": None,
}
CONSUMPTION: dict[str, Any] = {
    "order_id": "4914350072036425728",
    "quantity": 1,
    "vouchers": [{"code": "B4RXW8KQ2NTHM6", "quantity": 1}],
    "used_by": _("API gate"),
    "used_at": "2026-05-01T01:02:03.115000Z",
}
LIST_ORDERS = extend_schema(
    operation_id="trip_orders_list",
    tags=["trip"],
    summary=_("Ticket orders, newest first"),
    description=_(
        "Those of all stores that the key reaches, page by page. The key needs the scope `trip`."
    ),
    parameters=[OrderFilter],
    responses={
        (200, JSON): TicketOrderSerializer(many=True),
        **problems("not_found", scopes=(TRIP,), invalid=NO_SUCH_PARAMETER),
    },
)
READ_ORDER = extend_schema(
    operation_id="trip_orders_retrieve",
    tags=["trip"],
    summary=_("One ticket order, by Meituan's order number"),
    description=_("With its codes, refunds and visitors. The key needs the scope `trip`."),
    responses={
        (200, JSON): TicketOrderSerializer,
        **problems("not_found", scopes=(TRIP,), invalid=NO_SUCH_PARAMETER),
    },
    examples=[example("issued", _("Issued"), ORDER)],
)
ISSUE_ORDER = extend_schema(
    operation_id="trip_orders_issue",
    tags=["trip"],
    summary=_("Give a paid order its codes, or say why it gets none"),
    description=_(
        "For products whose codes come from your ticketing system. Meituan is told in the"
        " background. The same codes again change nothing; other codes, or a failure after an"
        " issue, are a conflict."
    ),
    request=IssueBody,
    responses={
        (200, JSON): TicketOrderSerializer,
        **problems(
            *IN_BODIES,
            scopes=(TRIP,),
            invalid=without_either("vouchers", "failed"),
            order_conflict={"detail": _("This order was issued already, with other codes.")},
        ),
    },
    examples=[
        sent("issued", _("Codes"), {"vouchers": ["B4RXW8KQ2NTHM6", "K7M2Q9XWTA4RBD"]}),
        sent("failed", _("No tickets"), {"failed": _("Sold out for this day")}),
        example("order", _("Order"), ORDER),
    ],
)
CONSUME_ORDER = extend_schema(
    operation_id="trip_orders_consume",
    tags=["trip"],
    summary=_("Use tickets at the door"),
    description=_(
        "Uses all the tickets asked for, or none. The ticket's day is not checked: your system"
        " knows whom it lets in. Meituan is told in the background. Repeat a request with the same"
        " Idempotency-Key whenever its answer was lost."
    ),
    parameters=[IDEMPOTENCY_KEY],
    request=ConsumeBody,
    responses={
        (201, JSON): OpenApiResponse(ConsumptionSerializer, _("Used")),
        (200, JSON): OpenApiResponse(ConsumptionSerializer, _("The first answer again")),
        **problems(
            *IN_BODIES,
            "key_reused",
            scopes=(TRIP,),
            invalid=without_either("vouchers", "quantity"),
            order_conflict={"detail": _("The tickets were used already.")},
        ),
    },
    examples=[
        sent("codes", _("By codes"), {"vouchers": ["B4RXW8KQ2NTHM6"]}),
        sent("number", _("By number"), {"quantity": 2}),
        example("used", _("Used"), CONSUMPTION, 201),
    ],
)
DECIDE_REFUND = extend_schema(
    operation_id="trip_refunds_decide",
    tags=["trip"],
    summary=_("Agree to a refund, or refuse it"),
    description=_(
        "Meituan is told in the background, and shows a refusal's reason to the buyer. A refusal"
        " may still become an agreement; an agreement is final. The same decision again changes"
        " nothing."
    ),
    parameters=[
        OpenApiParameter(
            "refund_id", str, OpenApiParameter.PATH, description=_("Meituan's refund number")
        )
    ],
    request=DecisionBody,
    responses={
        (200, JSON): TicketRefundSerializer,
        **problems(
            *IN_BODIES,
            scopes=(TRIP,),
            invalid=without("decision"),
            order_conflict={"detail": _("This refund was agreed already; that is final.")},
        ),
    },
    examples=[
        sent("agree", _("Agree"), {"decision": "agree"}),
        sent("refuse", _("Refuse"), {"decision": "refuse", "reason": _("The ticket was used")}),
        example("refund", _("Refund"), REFUND),
    ],
)
