"""The search for ticket orders: by Meituan's number, by ours, by the code of a voucher; and how
operators find them over all merchants.
"""

from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest

from stores.backoffice.scoping import access_for
from stores.backoffice.search import Searcher, number_begins
from stores.models import Connection
from stores.platforms.reading import MAX_INT64, Malformed
from stores.prepared import Literal
from trip.choices import PLATFORM
from trip.models import Order, Visitor, Voucher
from trip.services.limits import hash_of
from trip.wire.requests import mobile_of


def _of_number(text: str) -> Q:
    """Returns the condition of orders whose number at Meituan begins so, or whose number with us or
    whole code is the text.
    """
    connections = Connection.objects.filter(platform=PLATFORM).order_by().values("pk")
    return number_begins("order_id")(text) | _named(text, connections)


def _named(text: str, connections: Any) -> Q:
    """Returns the condition of orders whose number with us or whole code is exactly the text."""
    spelled = {text, text.upper()}
    of_code = Voucher.objects.filter(connection__in=connections, code__in=spelled)
    return Q(partner_order_id__in=spelled) | Q(pk__in=of_code.order_by().values("order"))


def _of_phone(text: str) -> Q:
    """Returns the condition of orders with a visitor of this whole mobile: its hash is compared."""
    try:
        mobile = mobile_of(text)
    except Malformed:
        return Q(pk__in=())
    # By the partial index of the hash.
    named = Visitor.objects.filter(~Q(mobile_hash=Literal("")), mobile_hash=hash_of(mobile))
    return Q(pk__in=named.order_by().values("order"))


SEARCHER = Searcher(
    rows=lambda: Order.objects.filter(is_drill=False),
    said=lambda order: f"…{order.order_id % 10_000:04} · {order.get_status_display()}",
    number=_of_number,
    tail=lambda tail: Q(vouchers__code__endswith=tail.upper()),
    phone=_of_phone,
)


def found(request: HttpRequest, rows: QuerySet[Order], text: str) -> QuerySet[Order]:
    """Filters `rows` by a number or code that is exactly the text; it uses indexes, so it is fast
    in a long list.
    """
    term = "".join(text.split()).replace("\x00", "")
    if not term:
        return rows
    connections = _connections(request)
    wanted = _named(term, connections)
    if term.isascii() and term.isdecimal() and int(term[:20]) <= MAX_INT64:
        wanted |= Q(connection__in=connections, order_id=int(term[:20]))
    return rows.filter(
        pk__in=list(Order.objects.filter(wanted).order_by().values_list("pk", flat=True))
    )


def _connections(request: HttpRequest) -> list[int]:
    rows = Connection.objects.filter(platform=PLATFORM).order_by()
    if not access_for(request).everything:
        rows = rows.filter(merchant__in=access_for(request).merchants_in_part)
    return list(rows.values_list("pk", flat=True))
