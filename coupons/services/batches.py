"""Verifies many codes in the background lane."""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from django.db import IntegrityError, transaction
from django.db.models import Count

from coupons import codes
from coupons.models import Batch, BatchItem, Verification
from coupons.reasons import Reason
from coupons.services.lookups import gateway_of
from coupons.services.verifying import batch_verification, live_call
from stores import audit
from stores.fields import keyed_hash
from stores.idempotency import once
from stores.models import Store
from stores.platforms.outbox.enqueuing import notify
from stores.prepared import insert

MAX_CODES = 1000
# Tasks queued per batch: each one starts a worker, and every worker continues until nothing is due.
WAKE_UPS = 4


@dataclass(frozen=True)
class Progress:
    """The progress of a batch, as counts of its lines; a repeated code counts once, at its first
    line.
    """

    total: int
    verified: int
    refused: int
    malformed: int
    repeated: int
    waiting: int
    unknown: int

    @property
    def settled(self) -> int:
        return self.verified + self.refused + self.malformed + self.repeated

    @property
    def percent(self) -> int:
        if not self.total:
            return 100
        # Rounded down: 100 means that nothing is left to wait for.
        return 100 * self.settled // self.total


def batch_request(
    *, store: Store, raw_codes: Sequence[object], actor: audit.Actor, request_key: str = ""
) -> tuple[Batch, bool]:
    """Creates a batch with a line for each code: its verification, or the reason why the line is
    not a code.

    A repeated request key returns the first batch, and False; it also writes the lines that are
    missing because the first request's process died. Each line commits by itself, so a long batch
    does not block other writers, and the work begins with its first line. Raises KeyReused.
    """
    lines = raw_codes[:MAX_CODES]
    batch, is_new = once(
        actor=actor,
        key=request_key,
        fingerprint=keyed_hash(json.dumps([store.pk, *raw_codes])),
        rows=Batch.objects.select_related("store"),
        make=partial(_create, store, len(lines), actor),
    )
    _write_lines(batch, lines, actor)
    return batch, is_new


def _create(store: Store, lines: int, actor: audit.Actor) -> Batch:
    batch = Batch.objects.create(store=store, requested_by=audit.name_of(actor))
    audit.record("batch created", actor=actor, store=store, target=batch.pk, lines=lines)
    return batch


def _write_lines(batch: Batch, lines: Sequence[object], actor: audit.Actor) -> None:
    """Writes every line that does not exist yet."""
    written = {item.position: item for item in batch.items.select_related("verification")}
    known = {row.code_hash: row for item in written.values() if (row := item.verification)}
    woken, gateway = 0, gateway_of(batch.store)
    request = partial(batch_verification, batch, actor=actor, gateway=gateway)
    for position, raw in enumerate(lines, 1):
        if position in written:
            continue
        try:
            with transaction.atomic():
                item = _line(batch, position, raw, request, known)
        except IntegrityError:
            # The first request is still running and has written this line.
            continue
        if woken < WAKE_UPS and item.verification and (call := live_call(item.verification)):
            notify(call.pk)
            woken += 1


def _line(
    batch: Batch,
    position: int,
    raw: object,
    request: Callable[[str], Verification],
    known: dict[str, Verification],
) -> BatchItem:
    """Writes one line; a code that is `known` from an earlier line shares its verification."""
    item = BatchItem(batch=batch, position=position)
    try:
        code = codes.one_code(raw)
    except codes.MalformedCode as malformed:
        # Nothing else is kept of it: it may be a guest's name or number.
        item.reason, item.read_as = Reason.MALFORMED_CODE, malformed.reading.read_as
    else:
        verification = known.get(keyed_hash(code)) or request(code)
        known[verification.code_hash] = verification
        item.code_tail, item.verification = codes.tail_of(code), verification
    insert(item)
    return item


class BatchLine(NamedTuple):
    """One line, with the number of the earlier line that it repeats, if any."""

    item: BatchItem
    same_as: int | None


def batch_lines(batch: Batch) -> list[BatchLine]:
    """Returns all lines in order."""
    first: dict[int, int] = {}
    items = batch.items.select_related("verification__product").order_by("position")
    return [BatchLine(item, _repeated(item, first)) for item in items]


def _repeated(item: BatchItem, first: dict[int, int]) -> int | None:
    if item.verification_id is None:
        return None
    line = first.setdefault(item.verification_id, item.position)
    return None if line == item.position else line


def batch_progress(batch: Batch) -> Progress:
    statuses = batch.items.order_by().values_list("verification__status")
    rows = list(statuses.annotate(Count("pk"), Count("verification", distinct=True)))
    counts: Counter[str | None] = Counter({status: first for status, _lines, first in rows})
    total = sum(lines for _status, lines, _first in rows)
    malformed = sum(lines for status, lines, _first in rows if status is None)
    status = Verification.Status
    return Progress(
        total=total,
        verified=counts[status.VERIFIED],
        refused=counts[status.REFUSED],
        malformed=malformed,
        repeated=total - malformed - counts.total(),
        waiting=counts[status.QUEUED] + counts[status.SENDING],
        unknown=counts[status.UNKNOWN],
    )
