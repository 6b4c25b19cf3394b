"""Gives back the tickets that the drill ordered, so that it costs the merchant none."""

from typing import Any

from django.db import transaction
from django.db.models import Case, F, IntegerField, OuterRef, QuerySet, Subquery, Sum, When
from django.db.models.functions import Coalesce
from django.utils import timezone

from stores.models import Connection, DrillRun
from trip.models import Offer, Order, Voucher, tally
from trip.sandbox.orders import refund_id
from trip.sandbox.player import Player
from trip.services import orders, stock
from trip.services.notices import revoke_drill_notices

OPEN = (Order.Status.CREATED, Order.Status.ISSUING)


def drill_orders(connection: Connection) -> QuerySet[Order]:
    return Order.objects.filter(connection=connection, is_drill=True).prefetch_related(
        "vouchers", "refunds", "consumptions"
    )


def orders_of_run(run: DrillRun) -> QuerySet[Order]:
    return drill_orders(run.connection).filter(created_at__gte=run.started_at)


def unreturned(run: DrillRun) -> int:
    """Counts the tickets that the orders of the run still keep from being sold."""
    kept = 0
    for row in orders_of_run(run):
        if row.status in OPEN:
            kept += row.quantity
        elif row.status == Order.Status.ISSUED:
            counts = tally(row.vouchers.all())
            kept += counts.unused + (0 if row.closed_at else counts.used)
    return kept


def unbalanced(run: DrillRun) -> QuerySet[Any]:
    """Returns the offers of the run whose stock differs from what their orders say: `held` must be
    the tickets not paid yet (`unpaid`), `sold` those being issued and those not given back
    (`kept`).

    It is one statement, because others may buy at the same time.
    """
    of_offer = Order.objects.filter(product=OuterRef("product"), offer=OuterRef("pk")).order_by()
    vouchers = Voucher.objects.filter(
        order__product=OuterRef("product"), order__offer=OuterRef("pk")
    ).order_by()
    # Tickets used in a drill were given back when their order was tidied up.
    not_used = Case(
        When(order__is_drill=True, order__closed_at__isnull=False, then=F("used")), default=0
    )
    return (
        Offer.objects.filter(pk__in=orders_of_run(run).order_by().values("offer"))
        .annotate(
            unpaid=_sum(of_offer.filter(status=Order.Status.CREATED), "offer", F("quantity")),
            issuing=_sum(of_offer.filter(status=Order.Status.ISSUING), "offer", F("quantity")),
            tickets=_sum(
                vouchers, "order__offer", F("quantity") - F("refunded") - F("voided") - not_used
            ),
            kept=F("issuing") + F("tickets"),
        )
        .exclude(held=F("unpaid"), sold=F("kept"))
    )


def _sum(rows: QuerySet[Any], group: str, tickets: Any) -> Coalesce:
    summed = rows.values(group).annotate(sum=Sum(tickets)).values("sum")
    return Coalesce(Subquery(summed, output_field=IntegerField()), 0)


def end(player: Player, rows: QuerySet[Order]) -> None:
    """Closes or refunds orders with Meituan's own messages, and gives used tickets back."""
    for row in rows:
        if row.status in OPEN:
            _send(
                player, row, "close", {"closeType": 1 if row.status == Order.Status.CREATED else 3}
            )
        elif row.status == Order.Status.ISSUED:
            _end_issued(player, row)
    revoke_drill_notices(rows)


def _end_issued(player: Player, row: Order) -> None:
    counts = tally(row.vouchers.all())
    if counts.unused and not counts.used:
        _send(player, row, "close", {"closeType": 3})
    elif counts.unused:
        # Closing an order that was used would note it for a person.
        codes = [voucher.code for voucher in row.vouchers.all() if voucher.unused and voucher.code]
        _send(player, row, "refunded", _refunded(row, codes, counts.unused))
    if counts.used:
        _give_back_used(row.pk)


def _refunded(row: Order, codes: list[str], count: int) -> dict[str, object]:
    return {
        "refundSerialNo": refund_id(row.order_id),
        "voucherList": codes,
        "voucherType": row.voucher_type,
        "refundPrice": -1,
        "refundMessageType": 1,
        "reason": "演练结束",
        "refundTime": f"{timezone.localtime():%Y-%m-%d %H:%M:%S}",
        "count": count,
    }


def _send(player: Player, row: Order, operation: str, more: dict[str, object]) -> None:
    player.send(
        operation, {"orderId": row.order_id, "partnerOrderId": row.partner_order_id, **more}
    )


@transaction.atomic
def _give_back_used(pk: int) -> None:
    """Gives the tickets back that were used in a drill. The order then counts as closed, so this
    happens once.

    A stock that is wrong already is reported by the check overall.stock and does not stop this.
    """
    row = orders.lock(pk)
    if row.closed_at is None:
        sold = Offer.objects.select_for_update().get(pk=row.offer_id).sold
        stock.give_back(row, min(sold, tally(row.vouchers.all()).used))
        row.closed_at = timezone.now()
        row.save(update_fields=["closed_at"])
