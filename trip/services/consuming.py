"""Uses of tickets at the entrance. Each use is reported to Meituan with cumulative quantities."""

from collections.abc import Sequence
from functools import partial

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from stores import audit
from stores.audit import Actor
from stores.idempotency import once
from stores.platforms.reading import BEIJING
from trip.models import Consumption, Order, Voucher
from trip.services import booking, orders, tickets
from trip.services.notices import enqueue_consume_notice
from trip.services.orders import OrderConflict
from trip.services.terms import promised


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
    """Uses the tickets of these codes (all unused ones, or `quantity`), or any `quantity` of the
    order.

    A repeated `request_key` returns the first use with `is_repeat`. Raises KeyReused when that use
    was for another order or `fingerprint`, and Conflict when the tickets cannot be used; in both
    cases no ticket is used.
    """
    consumption, is_new = once(
        actor=actor,
        key=request_key,
        fingerprint=f"{order_pk}:{fingerprint}",
        rows=Consumption.objects.all(),
        make=partial(_consume, order_pk, codes, quantity, actor, method, any_day),
    )
    consumption.is_repeat = not is_new
    return consumption


def _consume(
    order_pk: int,
    codes: Sequence[str],
    quantity: int | None,
    actor: Actor,
    method: str,
    any_day: bool,
) -> Consumption:
    order = orders.lock(order_pk)
    if order.status != Order.Status.ISSUED:
        raise OrderConflict(orders.not_now(order))
    if not any_day:
        check_day(order)
    portions = _chosen(order, orders.vouchers_of(order), codes, quantity)
    now = timezone.now()
    tickets.use(portions, now)
    consumption = Consumption.objects.create(
        order=order,
        store_id=order.store_id,
        tickets=tickets.as_rows(portions),
        quantity=tickets.count(portions),
        method=method,
        by=audit.name_of(actor),
        at=now,
    )
    enqueue_consume_notice(consumption)
    orders.note(
        order,
        "trip.order.consumed",
        actor=actor,
        method=method,
        quantity=consumption.quantity,
    )
    return consumption


def _chosen(
    order: Order, vouchers: Sequence[Voucher], codes: Sequence[str], quantity: int | None
) -> list[tickets.Portion]:
    """Returns all the tickets that were asked for. Raises Conflict if there are fewer."""
    if not set(codes) <= {voucher.code for voucher in vouchers if voucher.code}:
        raise OrderConflict(_("A code does not belong to this order."))
    wanted = _all_of(order, vouchers, codes) if quantity is None else quantity
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
    """Raises Conflict when the ticket cannot be used today."""
    today = timezone.now().astimezone(BEIJING).date()
    first, last = booking.usable_days(promised(order), order.travel_date)
    if first and today < first:
        raise OrderConflict(_("This ticket is valid from %(day)s.") % {"day": first})
    if last and today > last:
        raise OrderConflict(_("This ticket was valid until %(day)s.") % {"day": last})
