"""Limits on how many tickets one mobile or one certificate may buy. Keyed hashes are counted, so
that no number has to be decrypted.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import timedelta

from django.db.models import Exists, F, OuterRef, Q, Sum
from django.utils import timezone

from stores.fields import keyed_hash
from trip.choices import Code, Refusal
from trip.models import Order, Product, Visitor, Voucher
from trip.services import booking
from trip.wire.requests import VisitorData


def hash_of(number: str) -> str:
    return keyed_hash(number) if number else ""


def credential_of(product: Product, visitor: VisitorData) -> str:
    """Returns the certificate that the product counts: the first type of its list that the visitor
    has.
    """
    for kind in product.credential_types:
        if kind in visitor.credentials:
            return f"{kind}:{visitor.credentials[kind]}"
    return ""


def check(product: Product, visitors: tuple[VisitorData, ...], quantity: int) -> None:
    """Raises Refusal when a mobile or a certificate would have more tickets than the product
    allows.
    """
    if not visitors or not (product.phone_limit or product.credential_limit):
        return
    # Counts two orders of the same person at the same moment, for any days, one after the other.
    # The lock is no_key, so that writers of the product's offers do not wait for it: otherwise each
    # could wait for the other.
    Product.objects.select_for_update(no_key=True).only("pk").get(pk=product.pk)
    tickets = [
        booking.tickets_of_visitor(product, quantity, position) for position in range(len(visitors))
    ]
    if product.phone_limit:
        wanted = _wanted((hash_of(visitor.mobile) for visitor in visitors), tickets)
        _check(
            product,
            "mobile_hash",
            wanted,
            product.phone_limit,
            product.phone_limit_days,
            "每个手机号",
        )
    if product.credential_limit:
        wanted = _wanted(
            (hash_of(credential_of(product, visitor)) for visitor in visitors), tickets
        )
        _check(
            product,
            "credential_hash",
            wanted,
            product.credential_limit,
            product.credential_limit_days,
            "每个证件号",
        )


def _wanted(hashes: Iterable[str], tickets: list[int]) -> Counter[str]:
    wanted: Counter[str] = Counter()
    for digest, count in zip(hashes, tickets, strict=True):
        if digest:
            wanted[digest] += count
    return wanted


def _check(
    product: Product, field: str, wanted: Counter[str], most: int, days: int, whose: str
) -> None:
    bought = Visitor.objects.filter(product=product, **{f"{field}__in": list(wanted)})
    bought = bought.filter(order__closed_at=None).exclude(order__status__in=Order.GONE)
    # A buyer whose tickets were all refunded may buy again.
    left = Voucher.objects.filter(order=OuterRef("order"), quantity__gt=F("refunded"))
    bought = bought.filter(Q(order__issued_at=None) | Exists(left))
    if days:
        bought = bought.filter(created_at__gte=timezone.now() - timedelta(days=days))
    had = dict(bought.order_by().values_list(field).annotate(Sum("tickets")))
    if any(had.get(digest, 0) + count > most for digest, count in wanted.items()):
        period = f"{days}天内" if days else ""
        raise Refusal(Code.INVALID, f"超过限购：{whose}{period}最多购买{most}张")
