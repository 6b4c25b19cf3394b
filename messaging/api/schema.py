"""The OpenAPI description of the takeaway routes; shapes are in serializers.py."""

from collections.abc import Callable
from typing import Any, TypeVar

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiResponse, extend_schema

from messaging.api.serializers import (
    CancelBody,
    NoBody,
    TakeawayDecisionBody,
    TakeawayFilter,
    TakeawayOrderDetailSerializer,
    TakeawayOrderSerializer,
)
from messaging.choices import ORDERS
from messaging.services.allowed import ONLY_ACCEPTED_READY, ONLY_NEW, OVER
from messaging.services.deciding import NO_REFUND
from stores.api.schema import (
    IDEMPOTENCY_KEY,
    IN_BODIES,
    JSON,
    NO_SUCH_PARAMETER,
    example,
    problems,
    sent,
    without,
)

View = TypeVar("View", bound=Callable[..., Any])
ROW: dict[str, Any] = {
    "order_id": "27060130000000001",
    "view_id": "270601300000000018",
    "day_number": 12,
    "state": "new",
    "delivery": "none",
    "store": 1,
    "ordered_at": "2026-11-30T03:41:12Z",
    "wanted_at": None,
    "paid": "59.00",
    "received": "48.70",
    "received_before_refunds": False,
    "refunded_in_part": "0.00",
}
ORDER: dict[str, Any] = ROW | {
    "accepted_at": None,
    "ready_at": None,
    "finished_at": None,
    "cancelled_at": None,
    "cancel_code": "",
    "cancel_reason": "",
    "remark": _("Not too spicy"),
    "customer": {"recipient": _("Ms Lin"), "phones": ["138****00"], "address": _("8 Garden Road…")},
    "dishes": [
        {
            "name": _("Kung Pao chicken"),
            "spec": _("large"),
            "wishes": _("mild"),
            "quantity": 2,
            "boxes": 2,
            "bag": 1,
            "price": "23.80",
        }
    ],
    "shipping_fee": "4.00",
    "refunds": [],
    "deadlines": [{"what": "accept", "until": "2026-11-30T03:46:12Z"}],
    "papers": [],
    "calls": [],
}
OWED: dict[str, Any] = ORDER | {
    "calls": [{"name": "order.accept", "state": "pending", "error": ""}]
}
LIST_ORDERS = extend_schema(
    operation_id="takeaway_orders_list",
    tags=["takeaway"],
    summary=_("Takeaway orders, newest first"),
    description=_(
        "Those of all stores that the key reaches, page by page. The key needs the scope"
        " `takeaway`."
    ),
    parameters=[TakeawayFilter],
    responses={
        (200, JSON): TakeawayOrderSerializer(many=True),
        **problems("not_found", scopes=(ORDERS,), invalid=NO_SUCH_PARAMETER),
    },
)
READ_ORDER = extend_schema(
    operation_id="takeaway_orders_retrieve",
    tags=["takeaway"],
    summary=_("One takeaway order, by Meituan's order number"),
    description=_("With dishes, refunds, deadlines and what Meituan is asked to do."),
    responses={
        (200, JSON): TakeawayOrderDetailSerializer,
        **problems("not_found", scopes=(ORDERS,), invalid=NO_SUCH_PARAMETER),
    },
    examples=[example("new", _("New"), ORDER)],
)


def _action(
    name: str,
    summary: Any,
    description: Any,
    body: Any,
    *examples: Any,
    conflict: Any,
    invalid: Any,
) -> Callable[[View], View]:
    described: Callable[[View], View] = extend_schema(
        operation_id=f"takeaway_orders_{name}",
        tags=["takeaway"],
        summary=summary,
        description=description,
        parameters=[IDEMPOTENCY_KEY],
        request=body,
        responses={
            (200, JSON): OpenApiResponse(
                TakeawayOrderDetailSerializer, _("Nothing to do: it stands so already")
            ),
            (202, JSON): OpenApiResponse(
                TakeawayOrderDetailSerializer, _("Meituan is being asked: see `calls`")
            ),
            **problems(
                *IN_BODIES,
                "key_reused",
                scopes=(ORDERS,),
                invalid=invalid,
                takeaway_conflict={"detail": conflict},
            ),
        },
        examples=[*examples, example("owed", _("Being asked"), OWED, 202)],
    )
    return described


NOT_AN_OBJECT: dict[str, Any] = {"errors": {"body": [_("Give a JSON object.")]}}
ACCEPT_ORDER = _action(
    "accept",
    _("Accept an order"),
    _("Read the order again to see what Meituan answered; an accepted one stays accepted."),
    NoBody,
    conflict=ONLY_NEW,
    invalid=NOT_AN_OBJECT,
)
CANCEL_ORDER = _action(
    "cancel",
    _("Cancel an order"),
    _("The customer gets the money back. This cannot be taken back."),
    CancelBody,
    sent("sold out", _("Sold out"), {"reason_code": "2009", "reason": _("Sold out today")}),
    conflict=OVER,
    invalid=without("reason_code"),
)
READY_ORDER = _action(
    "ready",
    _("Report a meal as ready"),
    _("Also for stores whose orders are only read here."),
    NoBody,
    conflict=ONLY_ACCEPTED_READY,
    invalid=NOT_AN_OBJECT,
)
DECIDE_REFUND = _action(
    "refund_decision",
    _("Agree to a refund, or reject it"),
    _(
        "Decides the refund of this order that is open. A rejection needs a reason, and the"
        " customer may appeal to it."
    ),
    TakeawayDecisionBody,
    sent("agree", _("Agree"), {"decision": "agree"}),
    sent("reject", _("Reject"), {"decision": "reject", "reason": _("It was handed over whole")}),
    conflict=NO_REFUND,
    invalid=without("decision"),
)
