"""Finds the tickets and orders that a scanned text names, at one store."""

import re
from datetime import datetime

from django.contrib.auth.models import User
from django.db.models import F, Q
from django.db.models.functions import Mod

from stores.models import Store
from stores.platforms.reading import Malformed
from stores.tenancy import TenantQuerySet
from stores.text import is_id, plain
from trip import codes
from trip.choices import VoucherType
from trip.models import Consumption, Order, Visitor, Voucher
from trip.services import limits, pictures
from trip.wire.requests import mobile_of

# A mobile alone, as it is typed; what has letters or other numbers beside it is a message.
_MOBILE = re.compile(r"\+?[0-9][0-9 \-()]{6,20}")
MOST_ORDERS = 5


def pk_in(key: str, letter: str) -> int:
    """Returns the primary key in a result's key; 0 if the key has another letter."""
    digits = key.removeprefix(letter)
    return int(digits) if digits != key and is_id(digits) else 0


def uses() -> TenantQuerySet[Consumption]:
    return Consumption.objects.select_related("order__product")


def vouchers() -> TenantQuerySet[Voucher]:
    return Voucher.objects.select_related("order__product")


def voucher_by(user: User, key: str, letter: str = "v") -> Voucher | None:
    return vouchers().for_staff(user).filter(pk=pk_in(key, letter)).first()


def codes_in(text: str, store: Store) -> list[str]:
    """Returns the codes of all tickets that are named in the text, wherever they are valid, and the
    numbers of orders. Tickets of one order count as one: its card asks about the others.
    """
    named = [*_pictured(text), *vouchers_in(text, store)]
    known = {voucher.code.upper() for voucher in named}
    by_order: dict[int, Voucher] = {}
    for voucher in named:
        first = by_order.setdefault(voucher.order_id, voucher)
        if voucher.unused and not first.unused:
            by_order[voucher.order_id] = voucher
    found = [voucher.code for voucher in by_order.values()]
    found += [code for code in codes.own_codes(text) if code not in known]
    orders = orders_in(text, store)
    return found + [str(order.order_id) for order in orders if order.pk not in by_order]


def vouchers_in(text: str, store: Store) -> list[Voucher]:
    """Returns the store's vouchers that are named in the text, the most likely first."""
    possible = codes.candidates(text)
    # Vouchers are indexed by connection, so the query names the connections.
    own = vouchers().filter(connection__merchant=store.merchant_id, order__store=store)
    found = {voucher.code: voucher for voucher in own.filter(code__in=possible).exclude(code="")}
    return [found[code] for code in possible if code in found]


def orders_in(text: str, store: Store) -> list[Order]:
    """Returns the orders of the store's merchant whose number is in the text."""
    numbers = codes.order_numbers(text)
    if not numbers:
        return []
    # The query uses connection and number, which are unique; with the store in it too, a database
    # may read all orders of the store.
    rows = Order.objects.filter(connection__merchant=store.merchant_id, order_id__in=numbers)
    return sorted(rows.select_related("product"), key=lambda order: numbers.index(order.order_id))


def _pictured(text: str) -> list[Voucher]:
    named = [pictures.voucher_of(token) for token in codes.picture_tokens(text)]
    return [voucher for voucher in named if voucher]


def orders_of_mobile(text: str, store: Store) -> list[Order]:
    """Returns the store's issued orders without codes that name this mobile, the newest first.

    Only a whole number finds anything: its hash is compared.
    """
    if not _MOBILE.fullmatch(plain(text)):
        return []
    try:
        mobile = mobile_of(text)
    except Malformed:
        return []
    named = Visitor.objects.filter(product__store=store, mobile_hash=limits.hash_of(mobile))
    orders = Order.objects.filter(
        pk__in=named.values("order"),
        store=store,
        status=Order.Status.ISSUED,
        voucher_type=VoucherType.NONE,
        is_drill=False,
    )
    return list(orders.select_related("product").order_by("-created_at", "-id")[:MOST_ORDERS])


def uses_with_tail(
    user: User, store: Store, tail: str, since: datetime
) -> TenantQuerySet[Consumption]:
    """Filters the store's uses by the last four characters of a code, or of the order's number when
    its tickets have no codes.
    """
    rows = uses().for_staff(user).filter(store=store, at__gte=since, order__is_drill=False)
    number = Mod(F("order__order_id"), 10_000)
    by_code = Q(order__vouchers__code__endswith=tail)
    by_number = Q(number=int(tail), order__voucher_type=VoucherType.NONE)
    return rows.annotate(number=number).filter(by_code | by_number).distinct()
