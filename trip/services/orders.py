"""Finds, locks and moves orders. A change of an order or its vouchers first locks the order's
row.
"""

from typing import Any

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from stores import audit
from stores.audit import Actor
from stores.conflicts import Conflict
from stores.models import Connection
from trip.choices import Refusal, Trouble
from trip.models import Order, Voucher, prepared


class OrderConflict(Conflict):
    """The order does not allow this in its present status."""

    code = "order_conflict"


def lock(pk: int) -> Order:
    """Locks the order's row until the transaction ends."""
    return (
        Order.objects.select_for_update(of=("self",))
        .select_related("product", "connection", "store__merchant")
        .get(pk=pk)
    )


def lock_numbered(connection: Connection, order_id: int) -> Order | None:
    """Locks the row of Meituan's order number until the transaction ends; None if there is no such
    order.
    """
    order = prepared.LOCKED_ORDER.one(connection=connection.pk, order_id=order_id)
    if order is not None:
        order.connection = connection
    return order


def expect_same(order: Order, partner_order_id: str, code: int) -> None:
    """Raises Refusal when the message names another order; Meituan may leave our number out."""
    if partner_order_id and partner_order_id != order.partner_order_id:
        raise Refusal(code, "partnerOrderId与orderId不是同一订单")


def not_now(order: Order) -> StrOrPromise:
    """Returns why a request is impossible in the order's present status."""
    text = _("This is not possible now. The order is: {status}")
    return format_lazy(text, status=order.get_status_display())


def note(order: Order, verb: str, *, actor: Actor, target: str = "", **data: Any) -> None:
    """Writes into the audit log what was done with an order; of a drill stands there that it was
    started.
    """
    if not order.is_drill:
        target = target or str(order.order_id)
        audit.record(verb, actor=actor, store=order.store, target=target, **data)


def vouchers_of(order: Order) -> list[Voucher]:
    """Returns the vouchers in the order in which they were issued."""
    return prepared.VOUCHERS.rows(order=order.pk)


def note_for_person(order: Order, trouble: Trouble) -> None:
    """Notes a problem of this order that a person must settle with Meituan."""
    order.needs_person = trouble
    order.save(update_fields=["needs_person"])
