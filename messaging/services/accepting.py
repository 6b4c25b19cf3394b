"""Accepting orders without a person, by the rule of the store."""

import logging
from datetime import datetime, time, timedelta

from django.utils import timezone

from messaging.choices import OrderState
from messaging.models import Order, TakeawayStore
from messaging.services.deciding import order_accept
from stores.conflicts import Conflict

log = logging.getLogger(__name__)
# An order that nobody accepted so long ago, Meituan has cancelled.
TOO_OLD = timedelta(hours=1)


def accept_by_rule(order: Order) -> bool:
    """Owes the acceptance of a new order if its store's rule says so; returns whether it does."""
    binding = order.connection.takeaway_store
    if order.state != OrderState.NEW or not _allows(binding, order, timezone.now()):
        return False
    try:
        return order_accept(order=order, actor=None) is not None
    except Conflict as conflict:
        log.info("order %s is not accepted by rule: %s", order.pk, conflict.reason)
        return False


def accept_due() -> int:
    """Owes what the rules allow by now: booked orders in their time, and what no push told."""
    rows = Order.objects.open().filter(
        state=OrderState.NEW,
        connection__takeaway_store__accepts_itself=True,
        connection__takeaway_store__state=TakeawayStore.State.BOUND,
    )
    found = rows.select_related("connection__takeaway_store").order_by("ordered_at")
    return sum(accept_by_rule(order) for order in found[:200])


def cook_from(order: Order, binding: TakeawayStore) -> datetime | None:
    """Returns when a booked order comes to the front; None for one that is wanted at once."""
    if order.wanted_at is None:
        return None
    return order.wanted_at - timedelta(minutes=binding.booked_minutes)


def _allows(binding: TakeawayStore, order: Order, now: datetime) -> bool:
    if not (binding.accepts_itself and binding.takes_orders):
        return False
    if order.said_at is None or order.unreadable:
        return False
    begins = cook_from(order, binding)
    if begins is None and now - order.ordered_at > TOO_OLD:
        return False
    if begins and begins > now:
        return False
    if not _is_within(timezone.localtime(now).time(), binding.accepts_from, binding.accepts_until):
        return False
    running = Order.objects.open().filter(store=order.store_id, state=OrderState.CONFIRMED)
    return running.count() < binding.accepts_most


def _is_within(now: time, first: time | None, last: time | None) -> bool:
    """Whether a time of the day lies between two, which may span midnight; None has no limit."""
    first, last = first or time.min, last or time.max
    return first <= now <= last if first <= last else now >= first or now <= last
