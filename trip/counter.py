"""Tickets at the counter: the voucher kind of the scan box, and the texts that staff read about a
ticket's use.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from django.contrib.auth.models import User
from django.db.models import DecimalField, F, Sum
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django_stubs_ext import StrOrPromise

from stores import audit
from stores.conflicts import Conflict
from stores.counter import kinds
from stores.counter.kinds import Found, ScanResult
from stores.idempotency import form_key
from stores.models import Store
from stores.tenancy import TenantQuerySet
from stores.text import is_id
from trip import codes, services
from trip.choices import Method, VoucherType
from trip.models import Consumption, Order, PlannedChange, Voucher
from trip.services import pictures, tickets, visitors
from trip.services.changes import change_text, coming_changes
from trip.services.consuming import check_day
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


class VoucherKind:
    """Implements stores.counter.kinds.CounterKind.

    Keys of results: c… a use, v… a voucher, o… an order without vouchers.
    """

    name = KIND

    def blocked_reason(self, store: Store) -> StrOrPromise:
        # Tickets are used on our side, whatever the state of Meituan's; the notice is sent when it
        # answers again. A planned change is told.
        changes = PlannedChange.objects.filter(
            connection__merchant=store.merchant_id, announced_at__isnull=False
        )
        change = coming_changes(changes).first()
        return change_text(change) if change else ""

    def find(self, text: str, store: Store) -> Found:
        code = self._code_in(text, store)
        return Found([code] if code else ())

    def may_be_code(self, code: str) -> bool:
        return codes.is_voucher(code)

    @staticmethod
    def _code_in(text: str, store: Store) -> str | None:
        if token := codes.picture_token(text):
            pictured = pictures.voucher_of(token)
            return pictured.code if pictured else None
        if voucher := _voucher_in(text, store):
            return voucher.code
        if order := _order_in(text, store):
            return str(order.order_id)
        return codes.own_code(text)

    def redeem(self, *, user: User, store: Store, code: str, request_key: str) -> ScanResult:
        if voucher := _voucher_in(code, store):
            return _redeem(user, voucher, request_key)
        order = _order_in(code, store)
        if order is None:
            return _stranger(user, store, code)
        # An order with codes is opened by its codes only.
        if order.voucher_type == VoucherType.NONE:
            voucher = _vouchers().filter(order=order).first()
        if voucher is None:
            return _order_refused(order)
        return _redeem(user, voucher, request_key)

    def redeem_quantity(
        self, *, user: User, store: Store, key: str, amount: int, request_key: str
    ) -> ScanResult | None:
        voucher = _voucher_by(user, key)
        if voucher is None or voucher.order.store_id != store.pk:
            return None
        if not amount:
            return _standing(voucher)
        return _use(user, voucher, amount, request_key)

    def result(self, *, user: User, key: str) -> ScanResult | None:
        if voucher := _voucher_by(user, key):
            return _standing(voucher)
        if use := _uses().for_staff(user).filter(pk=_pk(key, "c")).first():
            return _used(use)
        order = (
            Order.objects.for_staff(user).select_related("product").filter(pk=_pk(key, "o")).first()
        )
        return _order_refused(order) if order else None

    def recent(
        self, *, user: User, store: Store, limit: int, since: datetime | None = None
    ) -> list[ScanResult]:
        rows = (
            _uses()
            .for_staff(user)
            .filter(store=store, order__is_drill=False)
            .prefetch_related("order__vouchers")
        )
        if since:
            rows = rows.filter(at__gte=since)
        return [_used(row) for row in rows.order_by("-at", "-id")[:limit]]

    def redeemed_since(self, *, store: Store, moment: datetime) -> kinds.Sum:
        uses = Consumption.objects.filter(store=store, at__gte=moment, order__is_drill=False)
        money = DecimalField[Decimal, Decimal](max_digits=12, decimal_places=2)
        worth = Sum(F("quantity") * F("order__unit_price"), output_field=money)
        found = uses.order_by().aggregate(count=Sum("quantity"), worth=worth)
        return kinds.Sum(found["count"] or 0, found["worth"] or Decimal(0))


def _pk(key: str, letter: str) -> int:
    """Returns the primary key in a result's key; 0 if the key has another letter."""
    digits = key.removeprefix(letter)
    return int(digits) if digits != key and is_id(digits) else 0


def _uses() -> TenantQuerySet[Consumption]:
    return Consumption.objects.select_related("order__product")


def _vouchers() -> TenantQuerySet[Voucher]:
    return Voucher.objects.select_related("order__product")


def _voucher_by(user: User, key: str) -> Voucher | None:
    return _vouchers().for_staff(user).filter(pk=_pk(key, "v")).first()


def _voucher_in(text: str, store: Store) -> Voucher | None:
    """Returns the store's first voucher that is named in the text."""
    possible = codes.candidates(text)
    # Vouchers are indexed by connection, so the query names the connections.
    own = _vouchers().filter(connection__merchant=store.merchant_id, order__store=store)
    found = {voucher.code: voucher for voucher in own.filter(code__in=possible).exclude(code="")}
    return next((found[code] for code in possible if code in found), None)


def _order_in(text: str, store: Store) -> Order | None:
    """Returns the store's first order whose number is in the text."""
    numbers = codes.order_numbers(text)
    if not numbers:
        return None
    # The query uses connection and number, which are unique; with the store in it too, a database
    # may read all orders of the store.
    rows = Order.objects.filter(
        connection__merchant=store.merchant_id, order_id__in=numbers
    ).select_related("product")
    return next((order for order in rows if order.store_id == store.pk), None)


def _redeem(user: User, voucher: Voucher, request_key: str) -> ScanResult:
    """Uses a single ticket at once; if there are several, the result asks how many."""
    free = _free(voucher)
    if free > 1 and _objection(voucher, free) is None:
        return _question(voucher, free)
    return _use(user, voucher, 1, request_key)


def _use(user: User, voucher: Voucher, quantity: int, request_key: str) -> ScanResult:
    try:
        use = services.order_consume(
            order_pk=voucher.order_id,
            codes=[voucher.code] if voucher.code else [],
            quantity=quantity,
            actor=user,
            method=Method.COUNTER,
            request_key=form_key(request_key, voucher.pk),
        )
    except Conflict as conflict:
        return _refused(voucher, conflict)
    return _used(_uses().get(pk=use.pk))


def _free(voucher: Voucher) -> int:
    """Counts the voucher's tickets that are neither used, gone, nor under review."""
    vouchers = list(voucher.order.vouchers.order_by("id"))
    return voucher.unused - tickets.frozen_by_reviews(voucher.order, vouchers).get(voucher.pk, 0)


def _objection(voucher: Voucher, free: int) -> Conflict | None:
    """Returns why none of the voucher's tickets can be used now, with the texts of order_consume;
    else None.
    """
    order = voucher.order
    try:
        if order.status != Status.ISSUED:
            raise Conflict(not_now(order))
        check_day(order)
        if not free:
            raise tickets.why_not(
                order, list(order.vouchers.order_by("id")), [voucher.code] if voucher.code else []
            )
    except Conflict as conflict:
        return conflict
    return None


def _standing(voucher: Voucher) -> ScanResult:
    """Returns the question how many tickets to use, or the reason why none can be used now."""
    free = _free(voucher)
    objection = _objection(voucher, free)
    if objection:
        return _refused(voucher, objection)
    return _question(voucher, free)


def _question(voucher: Voucher, free: int) -> ScanResult:
    return ScanResult(
        kind=KIND,
        key=f"v{voucher.pk}",
        state="ask",
        title=_("How many go in?"),
        lines=[voucher.order.product.title, *_who_comes(voucher.order), _left(free)],
        next_step=_("Nothing is used yet."),
        code=_tail(voucher.code or str(voucher.order)),
        most=free,
    )


def _used(use: Consumption) -> ScanResult:
    order = use.order
    code = next((item["voucher"] for item in use.tickets if item["voucher"]), "")
    left = sum(
        voucher.unused for voucher in order.vouchers.all() if not code or voucher.code == code
    )
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


def _refused(voucher: Voucher, conflict: Conflict) -> ScanResult:
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


def _order_refused(order: Order) -> ScanResult:
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


def _stranger(user: User, store: Store, code: str) -> ScanResult:
    """The result for a code that is no ticket of this store; the other store is named only to staff
    who may see it.
    """
    elsewhere = Voucher.objects.filter(connection__merchant=store.merchant_id, code=code).exclude(
        code=""
    )
    if not elsewhere.exists():
        return _not_found(code)
    voucher = elsewhere.for_staff(user).select_related("order__store").first()
    lines = []
    if voucher:
        lines.append(_("It is for: %(store)s") % {"store": voucher.order.store})
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
    if _free(voucher):
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
