"""The voucher kind of the counter's one box."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from django.contrib.auth.models import User
from django.db.models import DecimalField, F, Sum
from django.utils import timezone
from django_stubs_ext import StrOrPromise

from stores.conflicts import Conflict
from stores.counter import kinds
from stores.counter.kinds import CounterKind, Found, ScanResult
from stores.idempotency import form_key
from stores.models import Store
from trip import codes, services
from trip.choices import Method, VoucherType
from trip.counter import cards, finding
from trip.counter.standing import free, free_codes, free_in_order, objection
from trip.models import Consumption, Order, PlannedChange, Voucher
from trip.services.changes import change_text, coming_changes


class VoucherKind(CounterKind):
    """Implements stores.counter.kinds.CounterKind.

    Keys of results: c… a use, v… a voucher, g… a voucher with the other tickets of its order, o… an
    order without vouchers.
    """

    name = cards.KIND

    def blocked_reason(self, store: Store) -> StrOrPromise:
        # Tickets are used on our side, whatever the state of Meituan's; the notice is sent when it
        # answers again. A planned change is told.
        changes = PlannedChange.objects.filter(
            connection__merchant=store.merchant_id, announced_at__isnull=False
        )
        change = coming_changes(changes).first()
        return change_text(change) if change else ""

    def find(self, text: str, store: Store) -> Found:
        if found := finding.codes_in(text, store):
            return Found(found)
        return Found(results=_of_mobile(text, store))

    def may_be_code(self, code: str) -> bool:
        return codes.is_voucher(code)

    def redeem(
        self,
        *,
        user: User,
        store: Store,
        code: str,
        request_key: str,
        patience: float | None = None,
    ) -> ScanResult:
        if named := finding.vouchers_in(code, store):
            return _redeem(user, named[0], request_key)
        orders = finding.orders_in(code, store)
        order = next((order for order in orders if order.store_id == store.pk), None)
        if order is None:
            return cards.stranger(user, store, code, orders)
        # An order with codes is opened by its codes only.
        voucher = None
        if order.voucher_type == VoucherType.NONE:
            voucher = finding.vouchers().filter(order=order).first()
        if voucher is None:
            return cards.order_refused(order)
        return _redeem(user, voucher, request_key)

    def redeem_quantity(
        self, *, user: User, store: Store, key: str, amount: int, request_key: str
    ) -> ScanResult | None:
        if voucher := finding.voucher_by(user, key, "g"):
            if voucher.order.store_id != store.pk:
                return None
            return _redeem_group(user, voucher, amount, request_key)
        voucher = finding.voucher_by(user, key)
        if voucher is None or voucher.order.store_id != store.pk:
            return None
        if not amount:
            return cards.standing(voucher)
        return _use(user, voucher, amount, request_key)

    def result(self, *, user: User, key: str) -> ScanResult | None:
        if voucher := finding.voucher_by(user, key):
            return cards.standing(voucher)
        if voucher := finding.voucher_by(user, key, "g"):
            return cards.group_standing(voucher)
        if use := finding.uses().for_staff(user).filter(pk=finding.pk_in(key, "c")).first():
            return cards.used(use)
        order = (
            Order.objects.for_staff(user)
            .select_related("product")
            .filter(pk=finding.pk_in(key, "o"))
            .first()
        )
        return cards.order_refused(order) if order else None

    def recent(
        self, *, user: User, store: Store, limit: int, since: datetime | None = None
    ) -> list[ScanResult]:
        rows = (
            finding.uses()
            .for_staff(user)
            .filter(store=store, order__is_drill=False)
            .prefetch_related("order__vouchers")
        )
        if since:
            rows = rows.filter(at__gte=since)
        return [cards.used(row) for row in rows.order_by("-at", "-id")[:limit]]

    def with_tail(self, *, user: User, store: Store, tail: str, limit: int) -> list[ScanResult]:
        since = timezone.now() - kinds.SEARCHED
        rows = finding.uses_with_tail(user, store, tail, since)
        rows = rows.prefetch_related("order__vouchers").order_by("-at", "-id")
        return [replace(cards.used(row), code=f"…{tail}") for row in rows[:limit]]

    def redeemed_since(self, *, store: Store, moment: datetime) -> kinds.Sum:
        uses = Consumption.objects.filter(store=store, at__gte=moment, order__is_drill=False)
        money = DecimalField[Decimal, Decimal](max_digits=12, decimal_places=2)
        worth = Sum(F("quantity") * F("order__unit_price"), output_field=money)
        found = uses.order_by().aggregate(count=Sum("quantity"), worth=worth)
        return kinds.Sum(found["count"] or 0, found["worth"] or Decimal(0))


def _of_mobile(text: str, store: Store) -> list[ScanResult]:
    """Asks about the orders of a mobile that can be used now, or says why the newest cannot; a
    mobile alone uses nothing.
    """
    orders = finding.orders_of_mobile(text, store)
    found = finding.vouchers().filter(order__in=orders).order_by("-order_id")
    questions = [
        cards.question(voucher, count)
        for voucher in found
        if (count := free(voucher)) and objection(voucher, count) is None
    ]
    return questions or [cards.standing(voucher) for voucher in found[:1]]


def _redeem(user: User, voucher: Voucher, request_key: str) -> ScanResult:
    """Uses a single ticket at once; if there are several, the result asks how many."""
    count = free(voucher)
    if not count or objection(voucher, count):
        return _use(user, voucher, 1, request_key)
    if count > 1:
        return cards.question(voucher, count)
    if (together := free_in_order(voucher)) > 1:
        return cards.group_question(voucher, together)
    return _use(user, voucher, 1, request_key)


def _redeem_group(user: User, voucher: Voucher, amount: int, request_key: str) -> ScanResult:
    """Uses the scanned ticket alone, or all of the order; a part of them would be the tickets of
    other guests. Asks again when they are not as many as the card said.
    """
    if amount == 1:
        return _use(user, voucher, 1, request_key)
    left = free_in_order(voucher)
    if left > amount:
        return cards.group_standing(voucher)
    result = _use(user, voucher, amount, request_key, free_codes(voucher))
    return cards.group_standing(voucher) if left and result.state == "refused" else result


def _use(
    user: User,
    voucher: Voucher,
    quantity: int,
    request_key: str,
    of_codes: Sequence[str] | None = None,
) -> ScanResult:
    """Uses tickets of the voucher, or of these codes of its order."""
    own = [voucher.code] if voucher.code else []
    try:
        use = services.order_consume(
            order_pk=voucher.order_id,
            codes=own if of_codes is None else of_codes,
            quantity=quantity,
            actor=user,
            method=Method.COUNTER,
            request_key=form_key(request_key, voucher.pk),
        )
    except Conflict as conflict:
        return cards.refused(voucher, conflict)
    return cards.used(finding.uses().get(pk=use.pk))
