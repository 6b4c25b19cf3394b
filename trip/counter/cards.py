"""The cards that the counter shows for tickets: questions, uses and refusals, and their texts."""

from collections.abc import Sequence

from django.contrib.auth.models import User
from django.db.models import Q
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django_stubs_ext import StrOrPromise

from stores import audit
from stores.conflicts import Conflict
from stores.counter.kinds import ScanResult
from stores.models import Store
from trip.choices import VoucherType
from trip.counter.standing import free, free_in_order, objection
from trip.models import Consumption, Order, Voucher
from trip.services import visitors
from trip.services.orders import not_now

KIND = "voucher"
USES_SHOWN = 3
Status = Order.Status
_UNISSUED: dict[str, StrOrPromise] = {
    Status.CREATED: gettext_lazy("Ask the guest to pay in Meituan, then scan again."),
    Status.ISSUING: gettext_lazy("Enter the codes in the list of ticket orders, then scan again."),
    Status.EXPIRED: gettext_lazy("Ask the guest to order again in Meituan."),
    Status.FAILED: gettext_lazy("The guest gets the money back from Meituan, and may order again."),
    Status.CLOSED: gettext_lazy("The guest gets the money back from Meituan, and may order again."),
}


def standing(voucher: Voucher) -> ScanResult:
    """Returns the question how many tickets to use, or the reason why none can be used now."""
    count = free(voucher)
    if conflict := objection(voucher, count):
        return refused(voucher, conflict)
    return question(voucher, count)


def group_standing(voucher: Voucher) -> ScanResult:
    """Returns the question whether all tickets of the order are used, if it has more than this
    one.
    """
    if objection(voucher, free(voucher)) is None and (count := free_in_order(voucher)) > 1:
        return group_question(voucher, count)
    return standing(voucher)


def question(voucher: Voucher, count: int) -> ScanResult:
    return ScanResult(
        kind=KIND,
        key=f"v{voucher.pk}",
        state="ask",
        title=_("How many go in?"),
        lines=[voucher.order.product.title, *_who_comes(voucher.order), _left(count)],
        next_step=_("Nothing is used yet."),
        code=_tail(voucher.code or str(voucher.order)),
        most=count,
    )


def group_question(voucher: Voucher, count: int) -> ScanResult:
    """Asks whether all `count` tickets of the order are used, of which each has its own code."""
    order = voucher.order
    title = _("This order has %(count)d tickets. Use them all?")
    if count < order.quantity:
        title = _("This order has %(count)d unused tickets. Use them all?")
    return ScanResult(
        kind=KIND,
        key=f"g{voucher.pk}",
        state="ask",
        title=title % {"count": count},
        lines=[order.product.title],
        next_step=_("Nothing is used yet."),
        code=_tail(voucher.code),
        most=count,
        is_group=True,
    )


def used(use: Consumption) -> ScanResult:
    order = use.order
    code = next((item["voucher"] for item in use.tickets if item["voucher"]), "")
    codes = {item["voucher"] for item in use.tickets}
    left = sum(voucher.unused for voucher in order.vouchers.all() if voucher.code in codes)
    lines = [order.product.title, _("Let in by: %(who)s") % {"who": audit.shown(use.by)}]
    return ScanResult(
        kind=KIND,
        key=f"c{use.pk}",
        state="ok",
        title=ngettext("%(count)d ticket used", "%(count)d tickets used", use.quantity)
        % {"count": use.quantity},
        lines=[*lines, _left(left)] if left else lines,
        code=_tail(code or str(order)),
        at=use.at,
    )


def refused(voucher: Voucher, conflict: Conflict) -> ScanResult:
    return ScanResult(
        kind=KIND,
        key=f"v{voucher.pk}",
        state="refused",
        title=conflict.reason,
        lines=[voucher.order.product.title, *_uses_of(voucher)],
        next_step=_next_step(voucher),
        code=_tail(voucher.code or str(voucher.order)),
        at=timezone.now(),
    )


def order_refused(order: Order) -> ScanResult:
    """The result for an order number that is not enough: the order is not issued yet, or its
    tickets have codes.
    """
    title, next_step = not_now(order), _UNISSUED.get(order.status, "")
    if order.status == Status.ISSUED:
        title = _("The tickets of this order have codes")
        next_step = _("Scan the code that the guest shows; the order number is not enough.")
    return ScanResult(
        kind=KIND,
        key=f"o{order.pk}",
        state="refused",
        title=title,
        lines=[order.product.title],
        next_step=next_step,
        code=_tail(str(order)),
        at=timezone.now(),
    )


def stranger(user: User, store: Store, code: str, orders: Sequence[Order]) -> ScanResult:
    """The result for a code, or the number of these orders, that is no ticket of this store; the
    other store is named only to staff who may see it.
    """
    coded = Voucher.objects.filter(connection__merchant=store.merchant_id, code=code)
    named = Q(pk__in=coded.exclude(code="").values("order")) | Q(pk__in=[o.pk for o in orders])
    elsewhere = Order.objects.filter(named, connection__merchant=store.merchant_id)
    if not elsewhere.exists():
        return _not_found(code)
    order = elsewhere.for_staff(user).select_related("store").first()
    lines = []
    if order:
        lines.append(_("It is for: %(store)s") % {"store": order.store})
    return ScanResult(
        kind=KIND,
        key="",
        state="refused",
        title=_("Not a ticket of this store"),
        lines=lines,
        next_step=_("Look in the guest's order for the store that it is for. Nothing was used."),
        code=_tail(code),
    )


def _not_found(code: str) -> ScanResult:
    return ScanResult(
        kind=KIND,
        key="",
        state="refused",
        title=_("This ticket was not found"),
        next_step=_(
            "Scan again, or compare each letter and digit with the guest's order. Nothing was used."
        ),
        code=_tail(code),
    )


def _next_step(voucher: Voucher) -> StrOrPromise:
    order = voucher.order
    if order.status != Status.ISSUED:
        return _UNISSUED[order.status]
    if free(voucher):
        return _("Nothing was used.")
    if voucher.unused:
        return _("Decide the refund in the list of refunds; the ticket opens no door before.")
    if voucher.used:
        return _(
            "Nobody else goes in with it. If the guest disagrees, say when and by whom it was used."
        )
    return _("The guest gets the money back from Meituan, and may order again.")


def _uses_of(voucher: Voucher) -> list[str]:
    """Returns the last uses of the voucher as texts, the newest first."""
    uses = [
        use
        for use in voucher.order.consumptions.all()
        if voucher.code in (item["voucher"] for item in use.tickets)
    ]
    lines = []
    for use in uses[:USES_SHOWN]:
        at = date_format(timezone.localtime(use.at), "Y-m-d H:i")
        lines.append(_("Used by %(who)s on %(when)s") % {"who": audit.shown(use.by), "when": at})
    return lines


def _who_comes(order: Order) -> Sequence[str]:
    """Returns masked names and phone numbers for staff to compare when the ticket has no code."""
    if order.voucher_type != VoucherType.NONE:
        return []
    masked = [
        visitors.readable(visitor, whole=False) for visitor in order.visitors.all()[:USES_SHOWN]
    ]
    return [f"{visitor['name']} {visitor['mobile']}".strip() for visitor in masked]


def _left(count: int) -> str:
    return ngettext(
        "%(count)d ticket is still unused", "%(count)d tickets are still unused", count
    ) % {"count": count}


def _tail(code: str) -> str:
    return f"…{code[-4:]}"
