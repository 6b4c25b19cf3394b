"""Requests that may be sent twice: a caller's key gets its first row again for 24 hours."""

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar

from django.db import transaction
from django.db.models import Model, QuerySet
from django.utils import timezone

from stores.audit import Actor
from stores.conflicts import KeyReused
from stores.models import ApiKey, IdempotencyKey
from stores.prepared import insert

KEPT = timedelta(hours=24)
Row = TypeVar("Row", bound=Model)


def once(
    *,
    actor: Actor | str,
    key: str,
    fingerprint: str,
    rows: QuerySet[Row],
    make: Callable[[], Row],
    look: bool = True,
) -> tuple[Row, bool]:
    """Returns the row of an earlier request with this key and False, or the row that `make` creates
    and True.

    `make` runs in one transaction with the writing of the key, so a `make` that raises leaves no
    key. An empty key is never known. `actor` is a user or an API key; a text names a guest.
    `fingerprint` (at most 100 characters) stands for the content. `rows` reads the earlier row.
    `look=False` saves a query when the caller knows that the key is new.

    Raises KeyReused when the key came with another fingerprint or for rows of another model.
    """
    if not key:
        with transaction.atomic():
            return make(), True
    entry = IdempotencyKey(
        digest=digest_of(actor, key), fingerprint=fingerprint, kind=rows.model._meta.label_lower
    )
    if look and (earlier := _earlier_row(entry, rows)):
        return earlier, False
    try:
        with transaction.atomic():
            row = make()
            entry.subject_id = row.pk
            insert(entry)
    except Exception:
        # A request with this key that ran at the same time may be the reason; then its row is the
        # answer.
        if earlier := _earlier_row(entry, rows):
            return earlier, False
        raise
    return row, True


def known(*, actor: Actor | str, key: str, fingerprint: str, rows: QuerySet[Row]) -> Row | None:
    """Returns the row of an earlier request with this key, for what must be asked before anything
    is made. Raises KeyReused as `once` does.
    """
    if not key:
        return None
    kind = rows.model._meta.label_lower
    entry = IdempotencyKey(digest=digest_of(actor, key), fingerprint=fingerprint, kind=kind)
    return _earlier_row(entry, rows)


def _earlier_row(entry: IdempotencyKey, rows: QuerySet[Row]) -> Row | None:
    """Returns the row that an earlier request with the key got.

    Deletes a key that is too old or whose row is gone.
    """
    earlier = IdempotencyKey.objects.filter(pk=entry.pk).first()
    if earlier is None:
        return None
    if earlier.created_at > too_old():
        if (earlier.kind, earlier.fingerprint) != (entry.kind, entry.fingerprint):
            raise KeyReused
        if row := rows.filter(pk=earlier.subject_id).first():
            return row
    # A request at the same time may have put a new key in its place: that one stays.
    IdempotencyKey.objects.filter(pk=earlier.pk, created_at=earlier.created_at).delete()
    return None


def digest_of(actor: Actor | str, key: str) -> str:
    """Returns the stored form of a key: a hash of the caller and the key."""
    match actor:
        case ApiKey():
            caller = f"{actor.pk}"
        case None | str():
            caller = f"guest {actor or ''}"
        case _:
            caller = f"user {actor.pk}"
    return hashlib.sha256(f"{caller}:{key}".encode()).hexdigest()


def form_key(request_key: str, *content: object) -> str:
    """Returns the key of a form's request, its content included.

    A page from the browser's history sends its old key with new content, which is another request.
    """
    return ":".join(str(part) for part in (request_key, *content))


def too_old() -> datetime:
    return timezone.now() - KEPT


def prune() -> int:
    """Deletes the keys that no longer count; returns how many."""
    return IdempotencyKey.objects.filter(created_at__lte=too_old()).delete()[0]
