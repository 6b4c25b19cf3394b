"""The API's views: read the request, call a service, answer with the order."""

from typing import Any, ClassVar

from django.db.models import Prefetch, QuerySet
from drf_spectacular.utils import extend_schema_view
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from messaging.api import schema
from messaging.api.serializers import (
    CALL_NAMES,
    CancelBody,
    NoBody,
    TakeawayDecisionBody,
    TakeawayFilter,
    TakeawayOrderDetailSerializer,
    TakeawayOrderSerializer,
)
from messaging.choices import ORDERS, RefundState
from messaging.models import Order, Refund
from messaging.services import acting, deciding
from messaging.services.acting import Action
from stores import idempotency
from stores.api.paging import Pages
from stores.api.serializers import AGREE, MAX_ID, Body
from stores.api.views import ApiList, ApiView
from stores.fields import keyed_hash
from stores.models import OutboundCall


class PagesOfOrders(Pages):
    ordering = ("-ordered_at", "-id")


class OrderView(ApiView):
    """A view of the orders that the key reaches."""

    def order(self, number: int) -> Order:
        """By Meituan's number; raises NotFound."""
        if number > MAX_ID:
            raise NotFound
        rows = Order.objects.for_staff(self.key).filter(order_id=str(number))
        return self.row(rows.select_related("connection__takeaway_store").order_by("-id"))

    def answer(self, order: Order, status: int = 200) -> Response:
        rows = Order.objects.select_related("connection__takeaway_store")
        row = rows.prefetch_related("refunds", "print_jobs").get(pk=order.pk)
        context = {"whole": self.key.sees_personal, "calls": _calls(row)}
        return Response(TakeawayOrderDetailSerializer(row, context=context).data, status=status)


def _calls(order: Order) -> list[OutboundCall]:
    """Returns the newest call of each kind."""
    calls = OutboundCall.objects.filter(operation__in=CALL_NAMES, subject_id=order.pk)
    newest = {call.operation: call for call in calls.order_by("pk")}
    return list(newest.values())


@extend_schema_view(get=schema.LIST_ORDERS)
class Orders(ApiList):
    scopes = {"GET": (ORDERS,)}
    filters = TakeawayFilter
    serializer = TakeawayOrderSerializer
    pagination_class = PagesOfOrders

    def rows(self, given: dict[str, Any]) -> QuerySet[Order]:
        rows = Order.objects.filter(store_id__in=self.store_ids(given.get("store")))
        return rows.prefetch_related(Prefetch("refunds", Refund.objects.defer("reason")))


@extend_schema_view(get=schema.READ_ORDER)
class OrderDetail(OrderView):
    scopes = {"GET": (ORDERS,)}

    def get(self, request: Request, number: int) -> Response:
        return self.answer(self.order(number))


class ActionView(OrderView):
    """Owes Meituan one call: 202 while it is under way, 200 when there was nothing to do."""

    scopes = {"POST": (ORDERS,)}
    kind: ClassVar[type[Action]]
    body_of: ClassVar[type[Body]] = NoBody

    def decide(self, order: Order, body: dict[str, Any]) -> Any:
        """Calls the service. Raises Conflict."""
        raise NotImplementedError

    def act(self, number: int) -> Response:
        order, body = self.order(number), self.body(self.body_of)

        def make() -> Order:
            self.decide(order, body)
            return order

        said = sorted((name, str(value)) for name, value in body.items())
        fingerprint = keyed_hash(f"{type(self).__name__} {order.pk} {said}")
        idempotency.once(
            actor=self.key,
            key=self.idempotency_key(),
            fingerprint=fingerprint,
            rows=Order.objects.all(),
            make=make,
        )
        calls = OutboundCall.objects.live().filter(operation=self.kind.name, subject_id=order.pk)
        return self.answer(order, 202 if calls.exists() else 200)


class Accept(ActionView):
    kind = acting.Accepting

    @schema.ACCEPT_ORDER
    def post(self, request: Request, number: int) -> Response:
        return self.act(number)

    def decide(self, order: Order, body: dict[str, Any]) -> Any:
        return deciding.order_accept(order=order, actor=self.key)


class Cancel(ActionView):
    kind = acting.Cancelling
    body_of = CancelBody

    @schema.CANCEL_ORDER
    def post(self, request: Request, number: int) -> Response:
        return self.act(number)

    def decide(self, order: Order, body: dict[str, Any]) -> Any:
        return deciding.order_cancel(
            order=order, actor=self.key, code=body["reason_code"], reason=body.get("reason", "")
        )


class Ready(ActionView):
    kind = acting.MealReady

    @schema.READY_ORDER
    def post(self, request: Request, number: int) -> Response:
        return self.act(number)

    def decide(self, order: Order, body: dict[str, Any]) -> Any:
        return deciding.order_ready(order=order, actor=self.key)


class Decide(ActionView):
    kind = acting.RefundDeciding
    body_of = TakeawayDecisionBody

    @schema.DECIDE_REFUND
    def post(self, request: Request, number: int) -> Response:
        return self.act(number)

    def decide(self, order: Order, body: dict[str, Any]) -> Any:
        refunds = order.refunds.filter(state=RefundState.OPEN).order_by("is_appeal", "pk")
        refund = refunds.first()
        if refund is None:
            raise deciding.TakeawayConflict(deciding.NO_REFUND)
        return deciding.refund_decide(
            refund=refund,
            actor=self.key,
            agree=body["decision"] == AGREE,
            reason=body.get("reason", ""),
        )
