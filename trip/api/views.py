"""The API's views: check the request, call a service, return its result."""

import json
from typing import Any

from django.db.models import Q, QuerySet
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from stores.api.inputs import MAX_ID
from stores.api.paging import Pages
from stores.api.views import ApiView
from stores.fields import keyed_hash
from stores.models import ApiKey
from trip import services
from trip.api import inputs, schema
from trip.api.shown import consumption_shown, order_shown, refund_shown
from trip.choices import TRIP, Method
from trip.models import Order, Refund

MAX_REFUND_ID = 80


class OrderView(ApiView):
    """A view of the orders that the key reaches."""

    def order(self, order_id: int) -> Order:
        """Returns the order with Meituan's number. Raises NotFound."""
        rows = Order.objects.for_staff(self.key).filter(connection__merchant=self.key.merchant_id)
        if order_id > MAX_ID:
            raise NotFound
        found = rows.filter(order_id=order_id).order_by("-id").first()
        if found is None:
            raise NotFound
        return found

    def shown(self, order: Order) -> Response:
        row = with_details(Order.objects.filter(pk=order.pk)).get()
        return Response(order_shown(row, whole=self.sees_personal_data))

    @property
    def sees_personal_data(self) -> bool:
        return ApiKey.Scope.PERSONAL in self.key.scopes


def with_details(rows: QuerySet[Order]) -> QuerySet[Order]:
    """Reads everything that the JSON needs, with a number of queries that does not depend on the
    number of rows.
    """
    return rows.select_related("product").prefetch_related("vouchers", "refunds", "visitors")


class Orders(OrderView):
    scopes = {"GET": (TRIP,)}
    pagination_class = Pages

    @schema.LIST_ORDERS
    def get(self, request: Request) -> Response:
        pages = Pages()
        rows = pages.paginate_queryset(with_details(self._wanted()), request) or []
        return pages.get_paginated_response(
            [order_shown(row, whole=self.sees_personal_data) for row in rows]
        )

    def _wanted(self) -> QuerySet[Order]:
        given = self.asked_for(inputs.OrderFilter)
        lookups = {
            "created_after": "created_at__gte",
            "created_before": "created_at__lt",
            "status": "status__in",
            "product": "product__deal_id",
            "travel_date": "travel_date",
        }
        rows = Order.objects.filter(store_id__in=self.store_ids(given.get("store")))
        rows = rows.filter(
            **{lookups[name]: value for name, value in given.items() if name in lookups}
        )
        waiting = given.get("needs_issue")
        if waiting is None:
            return rows
        is_issuing = Q(status=Order.Status.ISSUING)
        return rows.filter(is_issuing if waiting else ~is_issuing)


class OrderDetail(OrderView):
    scopes = {"GET": (TRIP,)}

    @schema.READ_ORDER
    def get(self, request: Request, order_id: int) -> Response:
        return self.shown(self.order(order_id))


class Issue(OrderView):
    scopes = {"POST": (TRIP,)}

    @schema.ISSUE_ORDER
    def post(self, request: Request, order_id: int) -> Response:
        order, body = self.order(order_id), request.data
        by: Any = {"order_pk": order.pk, "actor": self.key, "method": Method.API}
        if inputs.either(body, "vouchers", "failed") == "vouchers":
            services.order_issue(codes=inputs.new_codes_in(body), **by)
        else:
            services.order_fail(reason=inputs.reason_in(body, "failed"), **by)
        return self.shown(order)


class Consume(OrderView):
    scopes = {"POST": (TRIP,)}

    @schema.CONSUME_ORDER
    def post(self, request: Request, order_id: int) -> Response:
        order, body = self.order(order_id), request.data
        by_code = inputs.either(body, "vouchers", "quantity") == "vouchers"
        codes = inputs.used_codes_in(body) if by_code else []
        quantity = None if by_code else inputs.quantity_in(body)
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
        status = 200 if consumption.is_repeat else 201
        return Response(consumption_shown(order, consumption), status=status)


class Decide(OrderView):
    scopes = {"POST": (TRIP,)}

    @schema.DECIDE_REFUND
    def post(self, request: Request, order_id: int, refund_id: str) -> Response:
        refund = self._refund(self.order(order_id), refund_id)
        agree, reason = inputs.decision_in(request.data)
        decided = services.refund_decide(
            refund_pk=refund.pk, agree=agree, reason=reason, actor=self.key, method=Method.API
        )
        return Response(refund_shown(decided))

    @staticmethod
    def _refund(order: Order, refund_id: str) -> Refund:
        if len(refund_id) > MAX_REFUND_ID or not refund_id.isprintable():
            raise NotFound
        refund = order.refunds.filter(refund_id=refund_id).first()
        if refund is None:
            raise NotFound
        return refund
