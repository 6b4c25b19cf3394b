"""Binding a store of ours to one at Meituan (docs/platforms/takeaway.md §2)."""

from datetime import datetime
from typing import Any

from django.utils import timezone

from messaging.choices import Opening, Provider
from messaging.models import TakeawayStore
from messaging.services.chat import connecting
from messaging.wire.values import any_moment
from stores import audit
from stores.fields import decrypt
from stores.models import Connection
from stores.platforms import tokens
from stores.transitions import move

State = TakeawayStore.State


def store_bound(*, connection: Connection, said: dict[str, Any], at: datetime) -> None:
    """Keeps the token that Meituan gives for a store; a later one replaces it. `at` is when the
    call-back came; one without a token binds nothing.
    """
    row = _locked(connection)
    if "sealed_token" not in said or not _is_latest(row, said, at):
        return
    connection.token = decrypt(said["sealed_token"])
    connection.token_serial += 1
    connection.state, connection.last_error = Connection.State.WORKING, ""
    connection.checked_at = timezone.now()
    connection.save(update_fields=["token", "token_serial", "state", "last_error", "checked_at"])
    tokens.prove(connection)
    provider = str(said.get("businessId", ""))
    changes: dict[str, Any] = {
        "bound_at": timezone.now(),
        "poi_id": str(said.get("poiId", ""))[:20],
        "poi_name": str(said.get("poiName", ""))[:100],
    }
    if provider in {str(value) for value in Provider.values}:
        changes["provider"] = int(provider)
    for name, value in changes.items():
        setattr(row, name, value)
    row.save(update_fields=list(changes))
    if row.state != State.BOUND:
        move(row, State.BOUND)
    audit.record("takeaway.bound", actor=None, store=row.store, target=connection)
    row.connection = connection
    connecting.connect(row)


def store_unbound(*, connection: Connection, said: dict[str, Any], at: datetime) -> None:
    """Forgets the token of a store; its open orders are only shown from now on."""
    row = _locked(connection)
    if not _is_latest(row, said, at) or row.state != State.BOUND:
        return
    connection.token = ""
    connection.token_serial += 1
    connection.save(update_fields=["token", "token_serial"])
    move(row, State.UNBOUND, unbound_at=timezone.now())
    audit.record("takeaway.unbound", actor=None, store=row.store, target=connection)


def opening_told(*, connection: Connection, opening: Opening, at: datetime) -> None:
    """Takes over whether the store is open at Meituan, unless something later is known."""
    row = _locked(connection)
    if row.opening_at is None or row.opening_at <= at:
        row.opening, row.opening_at = opening, at
        row.save(update_fields=["opening", "opening_at"])


def _locked(connection: Connection) -> TakeawayStore:
    rows = TakeawayStore.objects.select_for_update().select_related("store")
    return rows.get(connection=connection)


def _is_latest(row: TakeawayStore, said: dict[str, Any], at: datetime) -> bool:
    """Whether nothing later was told of the binding: Meituan repeats what was not acknowledged."""
    told_at = min(any_moment(said, "timestamp") or at, at)
    if row.binding_told_at and told_at < row.binding_told_at:
        return False
    row.binding_told_at = told_at
    row.save(update_fields=["binding_told_at"])
    return True
