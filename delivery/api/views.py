"""The API's views: read the request, call a service, answer with the delivery."""

import json
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from django.db.models import Prefetch, QuerySet
from django.urls import reverse
from drf_spectacular.utils import extend_schema_view
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from delivery.api import schema
from delivery.api.order_bodies import OrderBody
from delivery.api.serializers import (
    CancelDeliveryBody,
    DeliveryFilter,
    DeliveryQuoteSerializer,
    DeliverySerializer,
    DispatchBody,
    NoDeliveryBody,
    TipBody,
)
from delivery.choices import DELIVERIES, PLATFORM
from delivery.models import Attempt, Delivery
from delivery.services import calls, cancelling, creating, dispatching, quoting, saying, tips
from delivery.services.refusals import FeeTooHigh
from stores import idempotency
from stores.api.problems import Problem
from stores.api.serializers import MAX_ID, Body
from stores.api.views import ApiList, ApiView
from stores.fields import keyed_hash
from stores.models import OutboundCall
from stores.money import yuan_json
from stores.web.problems import titles

# What the caller waits for; questions are ours.
WAITED_FOR = [
    kind.name
    for kind in (
        calls.RiderCalling,
        calls.RiderCancelling,
        tips.TipRaising,
        tips.ReturnConfirming,
    )
]


def with_details(rows: QuerySet[Delivery]) -> QuerySet[Delivery]:
    """With everything that is shown of them, in as many queries for one as for many."""
    attempts = Attempt.objects.select_related("courier__account").defer("courier__secret")
    rows = rows.select_related("store__delivery_store")
    return rows.prefetch_related("moments", Prefetch("attempts", attempts))


class DeliveryView(ApiView):
    """A view of the deliveries that the key reaches."""

    def delivery(self, pk: int) -> Delivery:
        """Raises NotFound."""
        if pk > MAX_ID:
            raise NotFound
        return self.row(Delivery.objects.for_staff(self.key).filter(pk=pk))

    def answer(self, delivery: Delivery, status: int = 200, **headers: str) -> Response:
        row = with_details(Delivery.objects.filter(pk=delivery.pk)).get()
        shown = DeliverySerializer(row, context=self.context([row])).data
        return Response(shown, status=status, headers=headers)

    def context(self, rows: Sequence[Delivery]) -> dict[str, Any]:
        return {"whole": self.key.sees_personal}

    def fingerprint(self, subject: int, body: dict[str, Any]) -> str:
        """Stands for what a request is about."""
        said = json.dumps(body, sort_keys=True, default=str)
        return keyed_hash(f"{type(self).__name__} {subject} {said}")


class Create(DeliveryView):
    scopes = {"POST": (DELIVERIES,)}

    @schema.CREATE
    def post(self, request: Request, store_id: int) -> Response:
        store, key = self.store(store_id), self.idempotency_key()
        body = self.body(OrderBody)

        def make() -> Delivery:
            return creating.delivery_create(
                store=store, given=body, actor=self.key, is_ready=body["ready"]
            )

        try:
            row, is_new = idempotency.once(
                actor=self.key,
                key=key,
                fingerprint=self.fingerprint(store.pk, body),
                rows=Delivery.objects.all(),
                make=make,
            )
        except creating.WrongOrder as wrong:
            raise _as_problem(wrong) from wrong
        is_created = is_new and not row.is_repeat
        location = reverse("delivery-api:delivery", args=[row.pk])
        return self.answer(row, 201 if is_created else 200, Location=location)


def _as_problem(wrong: creating.WrongOrder) -> Problem:
    extra: dict[str, Any] = {"errors": wrong.errors}
    if wrong.meant:
        extra["meant"] = {"lng": str(wrong.meant.lng), "lat": str(wrong.meant.lat)}
    return Problem("wrong_order", titles()["wrong_order"], status=422, **extra)


@extend_schema_view(get=schema.LIST)
class Deliveries(DeliveryView, ApiList):
    scopes = {"GET": (DELIVERIES,)}
    filters = DeliveryFilter
    serializer = DeliverySerializer

    def rows(self, given: dict[str, Any]) -> QuerySet[Delivery]:
        stores = self.store_ids(given.get("store"))
        return with_details(Delivery.objects.filter(store_id__in=stores))


@extend_schema_view(get=schema.READ)
class DeliveryDetail(DeliveryView):
    scopes = {"GET": (DELIVERIES,)}

    def get(self, request: Request, pk: int) -> Response:
        return self.answer(self.delivery(pk))


class Quotes(DeliveryView):
    scopes = {"GET": (DELIVERIES,), "POST": (DELIVERIES,)}

    @schema.READ_QUOTES
    def get(self, request: Request, pk: int) -> Response:
        return self.quotes(self.delivery(pk))

    @schema.ASK_QUOTES
    def post(self, request: Request, pk: int) -> Response:
        delivery = self.delivery(pk)
        self.body(NoDeliveryBody)
        quoting.quotes_ask(delivery=delivery)
        return self.quotes(delivery)

    def quotes(self, delivery: Delivery) -> Response:
        rows = quoting.last_quotes(delivery)
        return Response({"results": DeliveryQuoteSerializer(rows, many=True).data})


class ActionView(DeliveryView):
    """Does something with a delivery: 202 while a courier is being asked for it, else 200."""

    scopes = {"POST": (DELIVERIES,)}
    body_of: ClassVar[type[Body]] = NoDeliveryBody

    def prepare(self, delivery: Delivery, body: dict[str, Any]) -> Callable[[], Any]:
        """Asks couriers what must be known, and returns what is then done in one transaction.

        Raises Conflict.
        """
        raise NotImplementedError

    def act(self, pk: int) -> Response:
        delivery, body = self.delivery(pk), self.body(self.body_of)
        asked: dict[str, Any] = {
            "actor": self.key,
            "key": self.idempotency_key(),
            "fingerprint": self.fingerprint(pk, body),
            "rows": Delivery.objects.all(),
        }
        if idempotency.known(**asked) is None:
            do = self.prepare(delivery, body)

            def make() -> Delivery:
                do()
                return delivery

            idempotency.once(**asked, make=make, look=False)
        return self.answer(delivery, 202 if _is_waited_for(delivery) else 200)


def _is_waited_for(delivery: Delivery) -> bool:
    attempts = list(delivery.attempts.values_list("pk", flat=True))
    owed = OutboundCall.objects.live().filter(
        platform=PLATFORM, operation__in=WAITED_FOR, subject_id__in=attempts
    )
    return owed.exists()


class Dispatch(ActionView):
    body_of = DispatchBody

    @schema.DISPATCH
    def post(self, request: Request, pk: int) -> Response:
        return self.act(pk)

    def prepare(self, delivery: Delivery, body: dict[str, Any]) -> Callable[[], Any]:
        courier = body["courier"]
        plan = dispatching.dispatch_plan(delivery=delivery, courier=courier, actor=self.key)
        return lambda: dispatching.rider_call(plan, actor=self.key)


class Tip(ActionView):
    body_of = TipBody

    @schema.TIP
    def post(self, request: Request, pk: int) -> Response:
        return self.act(pk)

    def prepare(self, delivery: Delivery, body: dict[str, Any]) -> Callable[[], Any]:
        total = body["tip"]
        return lambda: dispatching.delivery_tip(delivery=delivery, total=total, actor=self.key)


class Cancel(ActionView):
    body_of = CancelDeliveryBody

    @schema.CANCEL
    def post(self, request: Request, pk: int) -> Response:
        return self.act(pk)

    def prepare(self, delivery: Delivery, body: dict[str, Any]) -> Callable[[], Any]:
        most = body["max_fee"]
        try:
            attempt = cancelling.rider_of(delivery)
            cancelling.check_cancel_fee(attempt, most)
        except FeeTooHigh as error:
            fee = yuan_json(error.fee)
            raise Problem(error.code, error.reason, status=409, fee=fee) from error
        return lambda: cancelling.cancel_carry_out(
            delivery=delivery, attempt=attempt, actor=self.key, max_fee=most
        )


class Ready(ActionView):
    @schema.READY
    def post(self, request: Request, pk: int) -> Response:
        return self.act(pk)

    def prepare(self, delivery: Delivery, body: dict[str, Any]) -> Callable[[], Any]:
        return lambda: saying.delivery_ready(delivery=delivery, actor=self.key)


class ConfirmReturn(ActionView):
    @schema.CONFIRM_RETURN
    def post(self, request: Request, pk: int) -> Response:
        return self.act(pk)

    def prepare(self, delivery: Delivery, body: dict[str, Any]) -> Callable[[], Any]:
        return lambda: saying.delivery_return_confirm(delivery=delivery, actor=self.key)
