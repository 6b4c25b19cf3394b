"""The API's output described for OpenAPI; a test compares these fields with the output of
shown.py.
"""

from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers

from stores.api.schema import IDEMPOTENCY_KEY, problem_examples, problems
from trip.api.inputs import ConsumeBody, DecisionBody, IssueBody, OrderFilter
from trip.choices import Trouble, VoucherType
from trip.models import Order, Refund

LONG_NUMBER = "Meituan's number. Up to 19 digits and more than JavaScript's numbers hold: a string"


def yuan(**options: Any) -> serializers.DecimalField:
    return serializers.DecimalField(max_digits=12, decimal_places=2, help_text="yuan", **options)


class TicketProductShown(serializers.Serializer[Any]):
    partner_deal_id = serializers.CharField()
    title = serializers.CharField()


class TicketVoucherShown(serializers.Serializer[Any]):
    code = serializers.CharField()
    quantity = serializers.IntegerField(help_text="How many tickets the code stands for")
    used = serializers.IntegerField()
    refunded = serializers.IntegerField()
    voided = serializers.IntegerField(help_text="Worthless without having been used")


class VisitorShown(serializers.Serializer[Any]):
    name = serializers.CharField(help_text="Masked, unless the key may see personal data")
    mobile = serializers.CharField()
    credentials = serializers.DictField(
        child=serializers.CharField(), help_text="Number by Meituan's credentialType"
    )


class TicketRefundShown(serializers.Serializer[Any]):
    refund_id = serializers.CharField()
    status = serializers.ChoiceField(choices=Refund.Status.choices)
    quantity = serializers.IntegerField()
    vouchers = serializers.ListField(
        child=serializers.CharField(), help_text="The codes that it names, if any"
    )
    price = yuan(allow_null=True)
    fee = yuan(allow_null=True)
    applied_at = serializers.DateTimeField()
    deadline = serializers.DateTimeField(
        allow_null=True, help_text="After this, Meituan agrees by itself"
    )
    reason = serializers.CharField()
    decided_by = serializers.CharField()
    decided_at = serializers.DateTimeField(allow_null=True)


class TicketOrderShown(serializers.Serializer[Any]):
    order_id = serializers.CharField(help_text=LONG_NUMBER)
    partner_order_id = serializers.CharField(help_text="Our number")
    status = serializers.ChoiceField(choices=Order.Status.choices)
    failure = serializers.CharField(help_text="Why no tickets could be issued")
    store = serializers.IntegerField()
    product = TicketProductShown()
    quantity = serializers.IntegerField()
    used = serializers.IntegerField()
    refunded = serializers.IntegerField()
    voided = serializers.IntegerField()
    voucher_type = serializers.ChoiceField(choices=VoucherType.choices)
    vouchers = TicketVoucherShown(many=True)
    travel_date = serializers.DateField(allow_null=True)
    unit_price = yuan()
    settlement_price = yuan()
    total_price = yuan()
    visitors = VisitorShown(many=True)
    refunds = TicketRefundShown(many=True)
    needs_person = serializers.ChoiceField(choices=Trouble.choices, allow_null=True)
    created_at = serializers.DateTimeField()
    paid_at = serializers.DateTimeField(allow_null=True)
    issued_at = serializers.DateTimeField(allow_null=True)


class UsedVoucherShown(serializers.Serializer[Any]):
    code = serializers.CharField()
    quantity = serializers.IntegerField()


class ConsumptionShown(serializers.Serializer[Any]):
    order_id = serializers.CharField(help_text=LONG_NUMBER)
    quantity = serializers.IntegerField(help_text="How many tickets were used")
    vouchers = UsedVoucherShown(many=True)
    used_by = serializers.CharField()
    used_at = serializers.DateTimeField()


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
}
CONSUMPTION: dict[str, Any] = {
    "order_id": "4914350072036425728",
    "quantity": 1,
    "vouchers": [{"code": "B4RXW8KQ2NTHM6", "quantity": 1}],
    "used_by": "API 闸机",
    "used_at": "2026-05-01T01:02:03.115000Z",
}
# With plain numbers as keys, drf-spectacular takes a problem for the main answer, and shows lists
# without their pages.
JSON = "application/json"


def _shown(name: str, value: dict[str, Any], status: int = 200) -> OpenApiExample:
    return OpenApiExample(name, value=value, response_only=True, status_codes=[str(status)])


def _sent(name: str, value: dict[str, Any]) -> OpenApiExample:
    return OpenApiExample(name, value=value, request_only=True)


LIST_ORDERS = extend_schema(
    operation_id="trip_orders_list",
    tags=["trip"],
    summary="Ticket orders, newest first",
    description=(
        "Those of all stores that the key reaches, page by page. The key needs the scope `trip`."
    ),
    parameters=[OrderFilter],
    responses={(200, JSON): TicketOrderShown(many=True), **problems(400, 404)},
)
READ_ORDER = extend_schema(
    operation_id="trip_orders_retrieve",
    tags=["trip"],
    summary="One ticket order, by Meituan's order number",
    description="With its codes, refunds and visitors. The key needs the scope `trip`.",
    responses={(200, JSON): TicketOrderShown, **problems(400, 404)},
    examples=[_shown("issued", ORDER)],
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
    responses={(200, JSON): TicketOrderShown, **problems(400, 404, 409, 413, 415)},
    examples=[
        _sent("issued", {"vouchers": ["B4RXW8KQ2NTHM6", "K7M2Q9XWTA4RBD"]}),
        _sent("failed", {"failed": "当日票已售罄"}),
        _shown("order", ORDER),
        *problem_examples(400, 409),
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
        (201, JSON): OpenApiResponse(ConsumptionShown, "Used"),
        (200, JSON): OpenApiResponse(ConsumptionShown, "The first answer again"),
        **problems(400, 404, 409, 413, 415),
    },
    examples=[
        _sent("codes", {"vouchers": ["B4RXW8KQ2NTHM6"]}),
        _sent("number", {"quantity": 2}),
        _shown("used", CONSUMPTION, 201),
        *problem_examples(400, 409),
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
    responses={(200, JSON): TicketRefundShown, **problems(400, 404, 409, 413, 415)},
    examples=[
        _sent("agree", {"decision": "agree"}),
        _sent("refuse", {"decision": "refuse", "reason": "门票已使用"}),
        _shown("refund", REFUND),
        *problem_examples(400, 409),
    ],
)
