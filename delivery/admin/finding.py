"""How deliveries are found: by the shop's number, that at the courier, the receiver's phone."""

from django.db.models import Q

from delivery.models import Attempt, Delivery
from stores.backoffice.search import Searcher
from stores.models import Store
from stores.text import plain

LONGEST = 128


def of_number(text: str) -> Q:
    """Returns the condition of deliveries with this number, of the shop or at a courier, where it
    is case-sensitive.
    """
    called = Attempt.objects.filter(shop_order_id=text).order_by().values("delivery")
    # The index of the shop's numbers begins with the store.
    stores = Store.objects.order_by().values("pk")
    return Q(pk__in=called) | Q(store__in=stores, reference=text)


def of_tail(text: str) -> Q:
    return Q(phone_tail=text)


def condition_of(typed: str) -> Q:
    """Returns the condition of what a person typed into the search of the list."""
    text = plain(typed)[:LONGEST]
    number = text.removeprefix("#")
    found = of_number(text)
    if number != text and number.isascii() and number.isdecimal() and len(number) < 19:
        found |= Q(pk=int(number))
    return found | of_tail(text) if len(text) == 4 else found


SEARCHER = Searcher(
    rows=Delivery.objects.all,
    said=lambda row: f"{_tail(row)} · {row.get_state_display()}",
    number=of_number,
    tail=of_tail,
)


def _tail(row: Delivery) -> str:
    return f"…{row.reference[-4:]}" if row.reference else str(row)
