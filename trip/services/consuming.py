"""Use at the door. Meituan is told of each use, with quantities that are cumulative."""

import secrets
from collections.abc import Sequence

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from stores import audit
from stores.audit import Actor
from stores.conflicts import Conflict, KeyReused
from trip.models import Consumption, Order, Voucher
from trip.services import booking, orders, tickets
from trip.services.notices import enqueue_consume_notice
from trip.services.terms import promised
from trip.wire.values import BEIJING


def order_consume(
    *,
    order_pk: int,
    codes: Sequence[str] = (),
    quantity: int | None = None,
    actor: Actor,
    method: str,
    request_key: str = "",
    fingerprint: str = "",
    any_day: bool = False,
) -> Consumption:
    """Uses the tickets of these codes (all that is left on them, or `quantity`), or any `quantity` of the order.

    The same `request_key` again gives the first use, with `is_repeat`. Raises KeyReused when that was for another order
    or `fingerprint`, and Conflict when the tickets cannot be used; then nothing was used.
    """
    with transaction.atomic():
        order = orders.lock(order_pk)
        if request_key and (earlier := Consumption.objects.filter(request_key=request_key).first()):
            return _repeated(earlier, order, fingerprint)
        if order.status != Order.Status.ISSUED:
            raise Conflict(orders.not_now(order))
        if not any_day:
            check_day(order)
        portions = _chosen(order, orders.vouchers_of(order), codes, quantity)
        now = timezone.now()
        tickets.use(portions, now)
        consumption = _written(
            Consumption(
                order=order,
                store_id=order.store_id,
                request_key=request_key or secrets.token_hex(16),
                fingerprint=fingerprint,
                tickets=tickets.shown(portions),
                quantity=tickets.count(portions),
                method=method,
                by=audit.name_of(actor),
                at=now,
            )
        )
        enqueue_consume_notice(consumption)
        # A drill's uses are nobody's deeds; that it was started is in the log.
        if not order.is_drill:
            audit.record(
                "trip.order.consumed",
                actor=actor,
                store=order.store,
                target=f"{order.order_id}",
                method=method,
                quantity=consumption.quantity,
            )
    return consumption


def _written(consumption: Consumption) -> Consumption:
    try:
        with transaction.atomic():
            consumption.save()
    except IntegrityError as error:
        # A twin with this key, for another order, was faster.
        raise KeyReused from error
    return consumption


def _repeated(earlier: Consumption, order: Order, fingerprint: str) -> Consumption:
    if (earlier.order_id, earlier.fingerprint) != (order.pk, fingerprint):
        raise KeyReused
    earlier.is_repeat = True
    return earlier


def _chosen(
    order: Order, vouchers: Sequence[Voucher], codes: Sequence[str], quantity: int | None
) -> list[tickets.Portion]:
    """All the tickets that were asked for, or a Conflict: never fewer."""
    if not set(codes) <= {voucher.code for voucher in vouchers if voucher.code}:
        raise Conflict(_("A code does not belong to this order."))
    wanted = quantity if quantity is not None else _all_of(order, vouchers, codes)
    portions = tickets.free_portions(order, vouchers, codes=codes, quantity=wanted)
    touched = {portion.voucher.code for portion in portions}
    if (
        not portions
        or tickets.count(portions) < wanted
        or (quantity is None and not set(codes) <= touched)
    ):
        raise tickets.why_not(order, vouchers, codes)
    return portions


def _all_of(order: Order, vouchers: Sequence[Voucher], codes: Sequence[str]) -> int:
    named = [voucher for voucher in vouchers if not codes or voucher.code in codes]
    return sum(voucher.unused for voucher in named)


def check_day(order: Order) -> None:
    """Raises Conflict on a day on which the ticket opens no door."""
    today = timezone.now().astimezone(BEIJING).date()
    first, last = booking.usable_days(promised(order), order.travel_date)
    if first and today < first:
        raise Conflict(_("This ticket is valid from %(day)s.") % {"day": first})
    if last and today > last:
        raise Conflict(_("This ticket was valid until %(day)s.") % {"day": last})
