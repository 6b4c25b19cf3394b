"""Reads the gateway's lists and records what is new, changed or vanished; nothing is deleted."""

import logging
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import pairwise
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from coupons.choices import PLATFORM
from coupons.models import GatewayStore, Product, QuotaReading, SyncRun
from coupons.services.gateway import Gateway
from coupons.wire import RemoteProduct, RemoteStore
from stores import audit
from stores.models import Connection, Pace, Store
from stores.platforms import pace, tokens
from stores.platforms.errors import LoginRefused, NoSlot, PlatformError, Refused, Throttled
from stores.platforms.tools import TOO_MANY_CALLS, audit_test, trouble_text
from stores.platforms.workers import queue

log = logging.getLogger(__name__)
SYNC_PATIENCE = 8.0
OUTLOOK = timedelta(days=7)


@dataclass(frozen=True)
class QuotaOutlook:
    """Calls left, calls used per day in the last week, and the days that the rest will last (None:
    not known).
    """

    left: int | None
    per_day: float | None
    days_left: float | None


def _gateway(connection: Connection, patience: float = SYNC_PATIENCE) -> Gateway:
    def wait_for_slot() -> None:
        pace.take(connection.pace, patience=patience)
        if not connection.is_proved:
            # The name may be another merchant's: only slots that its pace can spare are taken.
            for named in Pace.objects.filter(platform=PLATFORM, account=connection.account):
                pace.take(named, patience=patience)

    return Gateway(connection, wait_for_slot)


def connection_test(*, connection: Connection, actor: audit.Actor) -> str:
    """Logs in with the stored credentials; returns "" or a message for the user."""
    tokens.forget(connection)
    error = message = ""
    try:
        _gateway(connection).call(lambda client, token: token)
    except PlatformError as problem:
        error, message = _detail(problem), _message(problem)
        log.warning("testing connection %s: %s", connection.pk, error)
        # The result of a login is stored already, also if another process logged in meanwhile.
        untested = Connection.objects.filter(pk=connection.pk, state=Connection.State.NEW)
        untested.update(last_error=message[:300], checked_at=timezone.now())
    audit_test(connection, actor=actor, error=error)
    return message


def _detail(error: PlatformError) -> str:
    return error.detail or type(error).__name__


def _message(error: PlatformError) -> str:
    """Returns a refusal in the gateway's own words, or a general message; technical details stay in
    the log.
    """
    if isinstance(error, LoginRefused):
        return error.detail
    # A login that the gateway refused is raised as an error that was not sent; its cause has the
    # words.
    refusal = error.__cause__ if isinstance(error.__cause__, Refused) else error
    if isinstance(refusal, Refused):
        return refusal.message
    if isinstance(error, NoSlot | Throttled):
        return str(TOO_MANY_CALLS)
    return str(trouble_text(error))


def stores_sync(*, connection: Connection, actor: audit.Actor = None) -> SyncRun:
    """Reads the account's stores; a new one becomes a store of the merchant. Errors are stored in
    the run.
    """
    run = SyncRun.objects.create(connection=connection, kind=SyncRun.Kind.STORES)
    return _run(
        run,
        lambda: _gateway(connection).call(lambda client, token: client.stores(token)),
        _apply_stores,
        actor,
    )


def products_sync(*, store: Store, actor: audit.Actor = None) -> SyncRun:
    """Reads one store's deals on sale. Errors are stored in the run."""
    gateway = GatewayStore.objects.select_related("connection__pace").get(store=store)
    connection = gateway.connection
    run = SyncRun.objects.create(connection=connection, store=store, kind=SyncRun.Kind.PRODUCTS)

    def read() -> Any:
        return _gateway(connection).call(
            lambda client, token: client.products(token, gateway.remote_id)
        )

    return _run(run, read, _apply_products, actor)


def _run(
    run: SyncRun,
    read: Callable[[], Any],
    apply: Callable[[SyncRun, Any, datetime], None],
    actor: audit.Actor,
) -> SyncRun:
    try:
        rows = read()
    except PlatformError as problem:
        run.error, run.message = _detail(problem)[:300], _message(problem)
    else:
        with transaction.atomic():
            apply(run, rows, timezone.now())
    run.ended_at = timezone.now()
    run.save()
    if actor:
        audit.record(
            f"synced {run.kind}",
            actor=actor,
            merchant=run.connection.tenant,
            store=run.store,
            target=run,
        )
    return run


def _apply_stores(run: SyncRun, rows: list[RemoteStore], now: datetime) -> None:
    # Two syncs at once would both insert a new store, and one list may name a store twice.
    Connection.objects.select_for_update(no_key=True).only("pk").get(pk=run.connection_id)
    known = {row.remote_id: row for row in GatewayStore.objects.filter(connection=run.connection)}
    for remote in {row.remote_id: row for row in rows}.values():
        row = known.pop(remote.remote_id, None)
        if row is None:
            run.added.append(remote.name)
            store = Store.objects.create(
                merchant=run.connection.tenant, name=remote.name[:100], address=remote.address
            )
            row = GatewayStore(connection=run.connection, remote_id=remote.remote_id, store=store)
        elif _differs(row, remote):
            run.changed.append(remote.name)
        row.remote_name, row.authorisation, row.request_count = (
            remote.name,
            remote.authorisation,
            remote.request_count,
        )
        row.synced_at, row.vanished_at = now, None
        row.save()
        if remote.request_count is not None:
            QuotaReading.objects.create(
                gateway_store=row, request_count=remote.request_count, at=now
            )
    run.vanished += _mark_vanished([row for row in known.values() if not row.vanished_at], now)
    run.stores_without_products = _ring_for_products(run.connection)


def _ring_for_products(connection: Connection) -> int:
    """Asks workers to read the deals of stores where that never succeeded: until then each coupon
    is one of an unknown deal. Returns how many stores.
    """
    read = SyncRun.objects.filter(
        store=OuterRef("store"), kind=SyncRun.Kind.PRODUCTS, error="", ended_at__isnull=False
    )
    unread = GatewayStore.objects.read_regularly().filter(~Exists(read), connection=connection)
    pks = list(unread.values_list("store_id", flat=True))
    for pk in pks:
        ring = partial(queue.wake_worker, "coupons.tasks.sync_products", pk)
        transaction.on_commit(ring, robust=True)
    return len(pks)


def _differs(row: GatewayStore, remote: RemoteStore) -> bool:
    return (row.remote_name, row.authorisation) != (
        remote.name,
        remote.authorisation,
    ) or row.vanished_at is not None


def _apply_products(run: SyncRun, rows: list[RemoteProduct], now: datetime) -> None:
    assert run.store is not None
    Store.objects.select_for_update(no_key=True).get(pk=run.store.pk)
    known = {row.sku_id: row for row in Product.objects.filter(store=run.store)}
    for remote in {row.sku_id: row for row in rows}.values():
        row = known.pop(remote.sku_id, None)
        values = {
            "name": remote.name,
            "sku_name": remote.sku_name,
            "price": remote.price,
            "list_price": remote.list_price,
        }
        if row is None:
            run.added.append(remote.name)
            row = Product(store=run.store, sku_id=remote.sku_id)
        elif row.vanished_at or any(getattr(row, name) != value for name, value in values.items()):
            run.changed.append(remote.name)
        for name, value in values.items():
            setattr(row, name, value)
        row.synced_at, row.vanished_at = now, None
        row.save()
    run.vanished += _mark_vanished([row for row in known.values() if not row.vanished_at], now)


def _mark_vanished(rows: list[Any], now: datetime) -> list[str]:
    for row in rows:
        row.vanished_at = now
        row.save(update_fields=["vanished_at"])
    return [str(row) for row in rows]


def quota_outlooks(gateways: Sequence[GatewayStore]) -> dict[int, QuotaOutlook]:
    """Computes the outlooks from the readings of the last week, by the gateway stores' primary
    keys, with one query.

    Bought calls are not counted as negative use.
    """
    since = timezone.now() - OUTLOOK
    rows = QuotaReading.objects.filter(
        gateway_store__in=[gateway.pk for gateway in gateways], at__gt=since
    )
    readings: defaultdict[int, list[tuple[datetime, int]]] = defaultdict(list)
    for pk, at, count in rows.order_by("gateway_store", "at").values_list(
        "gateway_store", "at", "request_count"
    ):
        readings[pk].append((at, count))
    return {
        gateway.pk: _outlook(gateway.request_count, readings[gateway.pk]) for gateway in gateways
    }


def _outlook(left: int | None, readings: list[tuple[datetime, int]]) -> QuotaOutlook:
    if len(readings) < 2 or left is None:
        return QuotaOutlook(left, None, None)
    used = sum(max(0, before - after) for (_, before), (_, after) in pairwise(readings))
    days = max((readings[-1][0] - readings[0][0]) / timedelta(days=1), 1 / 24)
    per_day = used / days
    return QuotaOutlook(left, per_day, left / per_day if per_day else None)
