"""The OpenAPI description of the trip routes; shapes are in serializers.py."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema

from stores.api.schema import (
    IDEMPOTENCY_KEY,
    JSON,
    example,
    problem_examples,
    problems,
    sent,
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
    "product": {"partner_deal_id": "P-7", "title": "成人票"},
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
    "visitors": [{"name": "王**", "mobile": "138****1234", "credentials": {}}],
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
    "used_by": "API 闸机",
    "used_at": "2026-05-01T01:02:03.115000Z",
}
LIST_ORDERS = extend_schema(
    operation_id="trip_orders_list",
    tags=["trip"],
    summary="Ticket orders, newest first",
    description=(
        "Those of all stores that the key reaches, page by page. The key needs the scope `trip`."
    ),
    parameters=[OrderFilter],
    responses={(200, JSON): TicketOrderSerializer(many=True), **problems(400, 404)},
)
READ_ORDER = extend_schema(
    operation_id="trip_orders_retrieve",
    tags=["trip"],
    summary="One ticket order, by Meituan's order number",
    description="With its codes, refunds and visitors. The key needs the scope `trip`.",
    responses={(200, JSON): TicketOrderSerializer, **problems(400, 404)},
    examples=[example("issued", ORDER)],
)
ISSUE_ORDER = extend_schema(
    operation_id="trip_orders_issue",
    tags=["trip"],
    summary="Give a paid order its codes, or say why it gets none",
    description=(
        "For products whose codes come from your ticketing system. Meituan is told in the"
        " background. The same codes again change nothing; other codes, or a failure after an"
        " issue, are a conflict."
    ),
    request=IssueBody,
    responses={(200, JSON): TicketOrderSerializer, **problems(400, 404, 409, 413, 415)},
    examples=[
        sent("issued", {"vouchers": ["B4RXW8KQ2NTHM6", "K7M2Q9XWTA4RBD"]}),
        sent("failed", {"failed": "当日票已售罄"}),
        example("order", ORDER),
        *problem_examples((400, "invalid"), (409, "order_conflict")),
    ],
)
CONSUME_ORDER = extend_schema(
    operation_id="trip_orders_consume",
    tags=["trip"],
    summary="Use tickets at the door",
    description=(
        "Uses all the tickets asked for, or none. The ticket's day is not checked: your system"
        " knows whom it lets in. Meituan is told in the background. Repeat a request with the same"
        " Idempotency-Key whenever its answer was lost."
    ),
    parameters=[IDEMPOTENCY_KEY],
    request=ConsumeBody,
    responses={
        (201, JSON): OpenApiResponse(ConsumptionSerializer, "Used"),
        (200, JSON): OpenApiResponse(ConsumptionSerializer, "The first answer again"),
        **problems(400, 404, 409, 413, 415),
    },
    examples=[
        sent("codes", {"vouchers": ["B4RXW8KQ2NTHM6"]}),
        sent("number", {"quantity": 2}),
        example("used", CONSUMPTION, 201),
        *problem_examples((400, "invalid"), (409, "order_conflict"), (409, "key_reused")),
    ],
)
DECIDE_REFUND = extend_schema(
    operation_id="trip_refunds_decide",
    tags=["trip"],
    summary="Agree to a refund, or refuse it",
    description=(
        "Meituan is told in the background, and shows a refusal's reason to the buyer. A refusal"
        " may still become an agreement; an agreement is final. The same decision again changes"
        " nothing."
    ),
    parameters=[
        OpenApiParameter(
            "refund_id", str, OpenApiParameter.PATH, description="Meituan's refund number"
        )
    ],
    request=DecisionBody,
    responses={(200, JSON): TicketRefundSerializer, **problems(400, 404, 409, 413, 415)},
    examples=[
        sent("agree", {"decision": "agree"}),
        sent("refuse", {"decision": "refuse", "reason": "门票已使用"}),
        example("refund", REFUND),
        *problem_examples((400, "invalid"), (409, "order_conflict")),
    ],
)
