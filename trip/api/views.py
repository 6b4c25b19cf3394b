"""The API's views: read the request, call a service, answer with the row."""

import json
from collections.abc import Sequence
from typing import Any

from django.db.models import Q, QuerySet
from drf_spectacular.utils import extend_schema_view
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from stores.api.serializers import AGREE, MAX_ID
from stores.api.views import ApiList, ApiView
from stores.fields import keyed_hash
from trip import services
from trip.api import schema
from trip.api.serializers import (
    ConsumeBody,
    ConsumptionSerializer,
    DecisionBody,
    IssueBody,
    OrderFilter,
    TicketOrderSerializer,
    TicketRefundSerializer,
)
from trip.choices import TRIP, Method
from trip.models import Order, Refund

MAX_REFUND_ID = 80


class OrderView(ApiView):
    """A view of the orders that the key reaches."""

    def order(self, order_id: int) -> Order:
        """By Meituan's number; raises NotFound."""
        if order_id > MAX_ID:
            raise NotFound
        rows = Order.objects.for_staff(self.key).filter(connection__merchant=self.key.merchant_id)
        return self.row(rows.filter(order_id=order_id).order_by("-id"))

    def answer(self, order: Order) -> Response:
        row = with_details(Order.objects.filter(pk=order.pk)).get()
        return Response(TicketOrderSerializer(row, context=self.context([row])).data)

    def context(self, rows: Sequence[Order]) -> dict[str, Any]:
        return {"whole": self.key.sees_personal}


def with_details(rows: QuerySet[Order]) -> QuerySet[Order]:
    """With everything that is shown of them, in as many queries for one as for many."""
    return rows.select_related("product").prefetch_related("vouchers", "refunds", "visitors")


@extend_schema_view(get=schema.LIST_ORDERS)
class Orders(OrderView, ApiList):
    scopes = {"GET": (TRIP,)}
    filters = OrderFilter
    serializer = TicketOrderSerializer

    def rows(self, given: dict[str, Any]) -> QuerySet[Order]:
        rows = with_details(Order.objects.filter(store_id__in=self.store_ids(given.get("store"))))
        for name, chosen in (
            ("needs_issue", Q(status=Order.Status.ISSUING)),
            ("needs_person", ~Q(needs_person="")),
        ):
            if (wanted := given.get(name)) is not None:
                rows = rows.filter(chosen if wanted else ~chosen)
        return rows


@extend_schema_view(get=schema.READ_ORDER)
class OrderDetail(OrderView):
    scopes = {"GET": (TRIP,)}

    def get(self, request: Request, order_id: int) -> Response:
        return self.answer(self.order(order_id))


class Issue(OrderView):
    scopes = {"POST": (TRIP,)}

    @schema.ISSUE_ORDER
    def post(self, request: Request, order_id: int) -> Response:
        order, body = self.order(order_id), self.body(IssueBody)
        by: Any = {"order_pk": order.pk, "actor": self.key, "method": Method.API}
        if "vouchers" in body:
            services.order_issue(codes=body["vouchers"], **by)
        else:
            services.order_fail(reason=body["failed"], **by)
        return self.answer(order)


class Consume(OrderView):
    scopes = {"POST": (TRIP,)}

    @schema.CONSUME_ORDER
    def post(self, request: Request, order_id: int) -> Response:
        order, body = self.order(order_id), self.body(ConsumeBody)
        codes, quantity = body.get("vouchers", []), body.get("quantity")
        consumption = services.order_consume(
            order_pk=order.pk,
            codes=codes,
            quantity=quantity,
            actor=self.key,
            method=Method.API,
            request_key=self.idempotency_key(),
            fingerprint=keyed_hash(json.dumps([codes, quantity])),
            any_day=True,
        )
        shown = ConsumptionSerializer(consumption, context={"order": order})
        return Response(shown.data, status=200 if consumption.is_repeat else 201)


class Decide(OrderView):
    scopes = {"POST": (TRIP,)}

    @schema.DECIDE_REFUND
    def post(self, request: Request, order_id: int, refund_id: str) -> Response:
        refund, body = self._refund(self.order(order_id), refund_id), self.body(DecisionBody)
        decided = services.refund_decide(
            refund_pk=refund.pk,
            agree=body["decision"] == AGREE,
            reason=body.get("reason", ""),
            actor=self.key,
            method=Method.API,
        )
        return Response(TicketRefundSerializer(decided).data)

    def _refund(self, order: Order, refund_id: str) -> Refund:
        if len(refund_id) > MAX_REFUND_ID or not refund_id.isprintable():
            raise NotFound
        return self.row(order.refunds.filter(refund_id=refund_id))
