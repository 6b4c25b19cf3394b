"""The OpenAPI description of the delivery routes; shapes are in serializers.py."""

from collections.abc import Callable
from typing import Any, TypeVar

from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiResponse, extend_schema

from delivery.api.order_bodies import OrderBody
from delivery.api.serializers import (
    CancelDeliveryBody,
    DeliveryFilter,
    DeliveryQuotesSerializer,
    DeliverySerializer,
    DispatchBody,
    NoDeliveryBody,
    TipBody,
)
from delivery.choices import DELIVERIES
from delivery.services.creating import words_of
from delivery.services.places import Finding, Place, Wrong
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
TAG = ["deliveries"]
SCOPES = (DELIVERIES,)
ORDER: dict[str, Any] = {
    "reference": "KD20261130-0001",
    "openid": "oTESTopenid0001",
    "receiver": {
        "name": _("Ms Chen"),
        "phone": "13800000002",
        "city": _("Hangzhou, in Chinese"),
        "address": _("8 Garden Road"),
        "address_detail": _("House 3, flat 502"),
        "lng": 120.12531,
        "lat": 30.28712,
    },
    "cargo": {
        "goods_value": 46.5,
        "goods_weight": 1.2,
        "cargo_first_class": _("First class, in Chinese"),
        "cargo_second_class": _("Second class, in Chinese"),
    },
    "order_info": {"poi_seq": "12", "note": _("Not too spicy")},
    "shop": {
        "wxa_path": "/pages/order/detail?id=1",
        "img_url": "https://shop.example/1.png",
        "goods_name": _("Noodles and more"),
        "goods_count": 2,
    },
}
ATTEMPT: dict[str, Any] = {
    "courier": "SS",
    "shop_order_id": "ZG4711-9f2c1b7a4e",
    "order_status": 102,
    "state": "live",
    "fee": "18.08",
    "tip": "0.00",
    "deduction": None,
    "distance": 1043,
    "seconds": 1800,
    "waybill_id": "6120260001",
    "refusal": "",
    "pickup_code": "",
    "finish_code": None,
    "rider": {"name": _("Mr Li"), "phone": "137****78", "lng": None, "lat": None, "at": None},
    "called_at": "2026-11-30T03:41:20.004000Z",
    "accepted_at": "2026-11-30T03:42:02Z",
    "arrives_at": "2026-11-30T04:10:00Z",
    "ended_at": None,
}
DELIVERY: dict[str, Any] = {
    "id": 4711,
    "reference": "KD20261130-0001",
    "store": 1,
    "status": "waiting",
    "needs_person": False,
    "person_reasons": [],
    "created_at": "2026-11-30T03:41:12.115000Z",
    "ready_at": "2026-11-30T03:41:12.115000Z",
    "wanted_at": None,
    "call": None,
    "ended_at": None,
    "goods_value": "46.50",
    "goods_weight": "1.20",
    "receiver": {
        "name": _("C**"),
        "phone": "138****02",
        "city": _("Hangzhou, in Chinese"),
        "address": _("8 Gard…"),
        "address_detail": "…",
        "lng": "120.13",
        "lat": "30.29",
    },
    "moments": [],
    "live_attempt": None,
    "attempts": [],
    "cost": "0.00",
    "tracking_url": "https://shop.example/d/q3Zl0T3mUe1nVtq8cHnX2A/",
}
RIDING: dict[str, Any] = DELIVERY | {
    "status": "running",
    "moments": [{"kind": "accepted", "at": "2026-11-30T03:42:02Z"}],
    "live_attempt": ATTEMPT,
    "attempts": [ATTEMPT],
    "cost": "18.08",
}
QUOTES: dict[str, Any] = {
    "results": [
        {
            "courier": "DADA",
            "fee": "7.56",
            "distance": 1043,
            "seconds": 1800,
            "reason": "",
            "expires_at": "2026-11-30T03:44:20Z",
        },
        {
            "courier": "SFTC",
            "fee": None,
            "distance": None,
            "seconds": None,
            "reason": _("The address is too far away"),
            "expires_at": None,
        },
    ]
}
NOT_AN_OBJECT: dict[str, Any] = {"errors": {"body": [_("Give a JSON object.")]}}
# What swapped coordinates are answered with.
SWAPPED: dict[str, Any] = {
    "errors": {
        "receiver": {
            "lng": [
                lazy(words_of, str)(Finding(Wrong.SWAPPED, Place.of(120.12531, 30.28712))),
            ]
        }
    },
    "meant": {"lng": "120.125310", "lat": "30.287120"},
}
OVER = _("This delivery is over.")

CREATE = extend_schema(
    operation_id="deliveries_create",
    tags=TAG,
    summary=_("Enter an order to be delivered"),
    description=_(
        "The order in WeChat's words; the sender is the store. Nothing is sent yet: read `quotes/`"
        " and ask for `dispatch/`, unless the store calls riders by itself. What is wrong is named"
        " in `errors`; coordinates that were probably meant stand in `meant`. The key needs the"
        " scope `deliveries`."
    ),
    parameters=[IDEMPOTENCY_KEY],
    request=OrderBody,
    responses={
        (201, JSON): OpenApiResponse(DeliverySerializer, _("Created")),
        (200, JSON): OpenApiResponse(
            DeliverySerializer, _("The same order again, by its key or its `reference`")
        ),
        **problems(
            *IN_BODIES,
            "key_reused",
            scopes=SCOPES,
            invalid=without("shop"),
            delivery_conflict={"detail": _("Another order of this store has this number.")},
            wrong_order=SWAPPED,
        ),
    },
    examples=[
        sent("order", _("An order"), ORDER),
        example("created", _("Created"), DELIVERY, 201),
    ],
)
LIST = extend_schema(
    operation_id="deliveries_list",
    tags=TAG,
    summary=_("Deliveries, newest first"),
    description=_(
        "Those of all stores that the key reaches, page by page. The key needs the scope"
        " `deliveries`."
    ),
    parameters=[DeliveryFilter],
    responses={
        (200, JSON): DeliverySerializer(many=True),
        **problems("not_found", scopes=SCOPES, invalid=NO_SUCH_PARAMETER),
    },
)
READ = extend_schema(
    operation_id="deliveries_retrieve",
    tags=TAG,
    summary=_("One delivery"),
    description=_("With all riders that were called, what they cost and how far they are."),
    responses={
        (200, JSON): DeliverySerializer,
        **problems("not_found", scopes=SCOPES, invalid=NO_SUCH_PARAMETER),
    },
    examples=[example("riding", _("With a rider"), RIDING)],
)
READ_QUOTES = extend_schema(
    operation_id="deliveries_quotes_retrieve",
    tags=TAG,
    summary=_("What couriers want, as they said last"),
    description=_("The cheapest first. Empty before they were asked."),
    responses={
        (200, JSON): DeliveryQuotesSerializer,
        **problems("not_found", scopes=SCOPES, invalid=NO_SUCH_PARAMETER),
    },
    examples=[example("quotes", _("Quotes"), QUOTES)],
)
ASK_QUOTES = extend_schema(
    operation_id="deliveries_quotes_create",
    tags=TAG,
    summary=_("Ask all couriers for their price now"),
    description=_("Takes as long as the slowest of them; one that says nothing has a `reason`."),
    request=NoDeliveryBody,
    responses={
        (200, JSON): DeliveryQuotesSerializer,
        **problems(*IN_BODIES, scopes=SCOPES, invalid=NOT_AN_OBJECT, conflict={"detail": OVER}),
    },
    examples=[example("quotes", _("Quotes"), QUOTES)],
)


def _action(
    name: str,
    summary: Any,
    description: Any,
    body: Any,
    *examples: Any,
    invalid: Any,
    conflict: Any = OVER,
    **more: dict[str, Any],
) -> Callable[[View], View]:
    described: Callable[[View], View] = extend_schema(
        operation_id=f"deliveries_{name}",
        tags=TAG,
        summary=summary,
        description=description,
        parameters=[IDEMPOTENCY_KEY],
        request=body,
        responses={
            (200, JSON): OpenApiResponse(DeliverySerializer, _("Done")),
            (202, JSON): OpenApiResponse(
                DeliverySerializer, _("The courier is being asked: read the delivery again")
            ),
            **problems(
                *IN_BODIES,
                "key_reused",
                scopes=SCOPES,
                invalid=invalid,
                delivery_conflict={"detail": conflict},
                **more,
            ),
        },
        examples=[*examples, example("riding", _("With a rider"), RIDING, 202)],
    )
    return described


DISPATCH = _action(
    "dispatch",
    _("Call a rider"),
    _(
        "At most one rider is called at a time: the next one only once the courier has said that"
        " nobody rides any more."
    ),
    DispatchBody,
    sent("rule", _("By the store's rule"), {"courier": None}),
    sent("one", _("Of this courier"), {"courier": "SS"}),
    invalid=without("courier"),
    conflict=_("A rider is called already."),
)
TIP = _action(
    "tip",
    _("Raise the tip"),
    _("To this total, as long as no rider has accepted. A tip cannot be lowered."),
    TipBody,
    sent("tip", _("Three yuan in all"), {"tip": "3.00"}),
    invalid=without("tip"),
    conflict=_("No rider of a courier is called."),
)
CANCEL = _action(
    "cancel",
    _("Cancel a delivery"),
    _(
        "With its rider, if one was called. The courier is asked what that costs; above `max_fee`,"
        " or where it does not say it, nothing is cancelled. `null`: whatever it costs."
    ),
    CancelDeliveryBody,
    sent("limit", _("For two yuan at most"), {"max_fee": "2.00"}),
    invalid=without("max_fee"),
    cancel_fee={"detail": _("The courier does not say what cancelling costs now."), "fee": None},
)
READY = _action(
    "ready",
    _("Say that the goods are ready"),
    _("A store that calls riders by itself then calls one."),
    NoDeliveryBody,
    invalid=NOT_AN_OBJECT,
)
CONFIRM_RETURN = _action(
    "confirm_return",
    _("Confirm that goods came back"),
    _("For goods that the rider brings back to the shop (WeChat's 303 to 305)."),
    NoDeliveryBody,
    invalid=NOT_AN_OBJECT,
    conflict=_("Nothing is on its way back."),
)
