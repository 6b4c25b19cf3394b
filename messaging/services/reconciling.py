"""Asking Meituan every two minutes for what its pushes should have told.

All stores together for orders that nobody accepted and for those that went wrong; each store for
its open orders and for refunds, which may come after the end of an order.
"""

import contextlib
import itertools
import logging
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from messaging.choices import PLATFORM, OrderState, Provider, RefundState
from messaging.client import TakeawayClient
from messaging.models import Order, Refund, TakeawayStore
from messaging.services.answers import order_read, refunds_read
from messaging.services.orders import locked
from messaging.services.reading import (
    ask_what_a_refund_ended,
    client_of,
    of_order,
    owe_order,
)
from messaging.wire.orders import RemoteOrder
from stores.models import Connection
from stores.platforms import pace, tokens
from stores.platforms.errors import LoginRefused, PlatformError, Refused, Throttled
from stores.platforms.inbound import inbox

log = logging.getLogger(__name__)
PATIENCE = 5.0
# One order is asked for so often.
READ_EVERY = timedelta(seconds=100)
ABNORMAL_EVERY = timedelta(minutes=10)
# Refunds come that long after the end.
REFUNDS_UNTIL = timedelta(hours=48)
# Per store and run; the next run takes the next ones.
MOST_ORDERS = 60
# So many refused questions of a store are no accident of one order.
MOST_REFUSED = 5
ORDERS_PER_QUESTION = 50
NIGHT_ENDS = 4
# Shorter than the time between two runs, so that each one tries: the refusal may have been an
# accident, and customers wait for their orders to be accepted.
TRY_REFUSED_EVERY = timedelta(minutes=1)
# Orders per run that no push has told, and of each how many stores are asked for it.
MOST_STRANGE, MOST_STORES = 5, 20


def developers() -> QuerySet[Connection]:
    """Returns the developer accounts below which stores are bound."""
    bound = Q(children__takeaway_store__state=TakeawayStore.State.BOUND)
    return Connection.objects.filter(
        bound, platform=PLATFORM, parent=None, is_active=True
    ).distinct()


def reconcile(developer: Connection) -> int:
    """Asks for everything of one developer account; returns how many orders were read.

    What one store refuses or loses stops none of the others.
    """
    bound = list(_bound(developer))
    read = 0
    if any(row.takes_orders for row in bound):
        read += _of_the_account(developer)
    for row in bound:
        read += _of_the_store(row)
    return read


def _bound(developer: Connection) -> QuerySet[TakeawayStore]:
    """Returns the stores to ask about; a store that Meituan refused rests for a while."""
    refused_lately = Q(
        connection__state=Connection.State.REFUSED,
        connection__checked_at__gt=timezone.now() - TRY_REFUSED_EVERY,
    )
    rows = TakeawayStore.objects.filter(
        connection__parent=developer,
        connection__is_active=True,
        connection__merchant__is_active=True,
        state=TakeawayStore.State.BOUND,
    ).exclude(refused_lately)
    return rows.select_related("connection__parent", "connection__pace", "store")


def _of_the_account(developer: Connection) -> int:
    client = TakeawayClient.of(
        developer, provider=Provider.TAKING, wait_for_slot=_slots_of(developer)
    )
    found = _answer(developer, client.unconfirmed) or []
    read = sum(_found(developer, remote) for remote in found)
    strange = []
    for order_id in _answer(developer, client.abnormal) or []:
        if order := Order.objects.filter(connection__parent=developer, order_id=order_id).first():
            _ask_again(order)
        else:
            strange.append(order_id)
    return read + sum(_look_for(developer, order_id) for order_id in strange[:MOST_STRANGE])


def _found(developer: Connection, remote: RemoteOrder) -> bool:
    """Merges an order of a list; False for a store that is not bound here."""
    connection = inbox.store_below(developer, remote.store_name)
    if connection is None or not hasattr(connection, "takeaway_store"):
        log.warning("an order of a store that is not known at connection %s", developer.pk)
        return False
    with transaction.atomic():
        order_read(order=locked(connection, remote.order_id), remote=remote)
    return True


def _ask_again(order: Order) -> None:
    """Owes the question for an order that Meituan thinks went wrong, unless it was asked lately."""
    if not order.read_at or order.read_at < timezone.now() - ABNORMAL_EVERY:
        with transaction.atomic():
            owe_order(order)


def _look_for(developer: Connection, order_id: str) -> bool:
    """Asks one store after the other for an order of which only the number is known; True when one
    has it.
    """
    stores = (row for row in _bound(developer) if row.takes_orders)
    for row in itertools.islice(stores, MOST_STORES):
        client = client_of(row.connection, _slots_of(row.connection))
        remote = _answer(row.connection, partial(client.order, order_id))
        if remote is not None:
            with transaction.atomic():
                order_read(order=locked(row.connection, order_id), remote=remote)
            return True
    log.warning("an abnormal order that is not known at connection %s", developer.pk)
    return False


def _of_the_store(row: TakeawayStore) -> int:
    client = client_of(row.connection, _slots_of(row.connection))
    if row.connection.state == Connection.State.REFUSED:
        # Its calls rest until an answer comes, and there may be no order to ask for.
        _answer(row.connection, client.is_chat_on)
    read = 0 if row.takes_orders else _of_the_day(row, client)
    # What has no answer now, the next run asks again.
    with contextlib.suppress(_NoAnswer):
        read += _orders(row, client)
        _refunds(row, client)
    return read


def _orders(row: TakeawayStore, client: TakeawayClient) -> int:
    """Reads the orders that run; one that Meituan refuses to tell stops no other. Raises
    _NoAnswer.
    """
    read = refused = 0
    for order in _to_read(row):
        remote = _ask(row.connection, partial(client.order, order.order_id))
        if remote is None:
            # The others come first the next time.
            Order.objects.filter(pk=order.pk).update(read_at=timezone.now())
            refused += 1
            if refused == MOST_REFUSED:
                break
            continue
        with transaction.atomic():
            order_read(order=_lock(order), remote=remote)
        read += 1
    return read


def _refunds(row: TakeawayStore, client: TakeawayClient) -> None:
    """Raises _NoAnswer."""
    for orders in _refundable(row):
        asked_at, numbers = timezone.now(), [order.order_id for order in orders]
        facts = _ask(row.connection, partial(client.refunds_of, numbers))
        for order in orders if facts is not None else ():
            told = of_order(facts, order)
            if not told and not order.refunds.all():
                continue
            with transaction.atomic():
                row_of_order = _lock(order)
                refunds_read(order=row_of_order, facts=told, asked_at=asked_at)
                ask_what_a_refund_ended(row_of_order)


def _of_the_day(row: TakeawayStore, client: TakeawayClient) -> int:
    """Reads the day's orders of a store of whose orders Meituan tells us nothing."""
    today = timezone.localdate()
    # Orders of the evening go on after midnight; one question a minute is allowed.
    is_night = timezone.localtime().hour < NIGHT_ENDS and timezone.localtime().minute % 4 < 2
    day = today - timedelta(days=1) if is_night else today
    found = _answer(row.connection, lambda: client.orders_of(day)) or []
    for remote in found:
        with transaction.atomic():
            order = locked(row.connection, remote.order_id)
            order_read(order=order, remote=remote, is_told=False)
    return len(found)


def _to_read(row: TakeawayStore) -> list[Order]:
    """Returns the open orders that were not read lately, those that never were first. What Meituan
    has not told for a day, it does not know.
    """
    now = timezone.now()
    is_due = Q(read_at=None) | Q(read_at__lt=now - READ_EVERY)
    is_known = Q(said_at__isnull=False) | Q(heard_at__gt=now - timedelta(days=1))
    rows = Order.objects.open().filter(is_due, is_known, connection=row.connection)
    return list(rows.order_by(F("read_at").asc(nulls_first=True), "pk")[:MOST_ORDERS])


def _refundable(row: TakeawayStore) -> Iterator[list[Order]]:
    """Yields the orders of which refunds may come or wait, so many as one question may name."""
    since = timezone.now() - REFUNDS_UNTIL
    runs = Q(state__in=[OrderState.CONFIRMED, OrderState.NEW])
    ended = Q(finished_at__gte=since) | Q(cancelled_at__gte=since)
    is_recent = Q(ordered_at__gte=since - REFUNDS_UNTIL)
    waits = Q(Exists(Refund.objects.filter(order=OuterRef("pk"), state=RefundState.OPEN)))
    rows = Order.objects.filter((runs | ended) & is_recent | waits, connection=row.connection)
    found = list(rows.prefetch_related("refunds").order_by("-pk"))
    for first in range(0, len(found), ORDERS_PER_QUESTION):
        yield found[first : first + ORDERS_PER_QUESTION]


def _lock(order: Order) -> Order:
    return Order.objects.select_for_update().get(pk=order.pk)


def _slots_of(connection: Connection) -> Callable[[], None]:
    return lambda: pace.take(connection.pace, patience=PATIENCE)


class _NoAnswer(Exception):
    """Meituan tells nothing of this account now."""


def _answer(connection: Connection, ask: Callable[[], Any]) -> Any:
    """Returns the answer, or None when there is none now: the next run asks again."""
    try:
        return _ask(connection, ask)
    except _NoAnswer:
        return None


def _ask(connection: Connection, ask: Callable[[], Any]) -> Any:
    """Returns the answer; None when Meituan refuses this question. Raises _NoAnswer when no other
    question would be answered now.
    """
    try:
        answer = ask()
    except Refused as error:
        log.warning("connection %s: a question was refused: %s", connection.pk, error)
        answer = None
    except PlatformError as error:
        log.warning("connection %s was not reconciled: %s", connection.pk, error)
        if isinstance(error, LoginRefused):
            tokens.note_refused(connection, error.detail)
        elif isinstance(error, Throttled):
            pace.throttled(connection.pace, error.after or settings.OUTBOX.after_throttle)
        raise _NoAnswer from error
    tokens.note_accepted(connection)
    return answer
