"""Many codes at once, through the background lane."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.db.models import Count

from coupons import codes
from coupons.models import Batch, BatchItem, Verification, VerificationRequest
from coupons.reasons import Reason
from coupons.services.verifying import batch_verification, live_call
from stores import audit
from stores.errors import KeyReused
from stores.models import Store
from stores.platforms.outbox.owe import ring_for
from stores.platforms.secrets import keyed_hash
from stores.platforms.words import storable

MAX_CODES = 1000
# Doorbells per batch: each wakes a worker, and every worker goes on until nothing is due.
RINGS = 4


@dataclass(frozen=True)
class Progress:
    """How far a batch is: counts of its lines."""

    total: int
    verified: int
    refused: int
    malformed: int
    waiting: int
    unknown: int

    @property
    def settled(self) -> int:
        return self.verified + self.refused + self.malformed

    @property
    def percent(self) -> int:
        return round(100 * self.settled / self.total) if self.total else 100


def batch_create(
    *, store: Store, raw_codes: Sequence[object], actor: audit.Actor, ip: str = "", request_key: str = ""
) -> Batch:
    """Writes down every line: a verification for each code, a reason for what is none.

    Each line commits by itself: a long batch keeps nobody else from writing, and work begins with its first line.
    """
    lines = raw_codes[:MAX_CODES]
    with transaction.atomic():
        batch = Batch.objects.create(store=store, requested_by=audit.name_of(actor))
        audit.record("batch created", actor=actor, store=store, target=batch.pk, ip=ip, lines=len(lines))
        if request_key:
            VerificationRequest.objects.create(
                merchant_id=store.merchant_id,
                key=request_key,
                fingerprint=_fingerprint(store, raw_codes),
                batch=batch,
            )
    _write_lines(batch, lines, actor)
    return batch


def batch_request(
    *, store: Store, raw_codes: Sequence[object], actor: audit.Actor, request_key: str
) -> tuple[Batch, bool]:
    """A batch for a caller who may ask twice: the same key gets the first batch, and False. Raises KeyReused.

    Lines that the first request did not come to write, because its process died, are written then.
    """
    if not request_key:
        return batch_create(store=store, raw_codes=raw_codes, actor=actor), True
    if known := _known(store, raw_codes, request_key):
        _write_lines(known, raw_codes, actor)
        return known, False
    try:
        return batch_create(store=store, raw_codes=raw_codes, actor=actor, request_key=request_key), True
    except IntegrityError:
        # A twin was faster between our look and our insert.
        known = _known(store, raw_codes, request_key)
        if known is None:
            raise
        return known, False


def _known(store: Store, raw_codes: Sequence[object], request_key: str) -> Batch | None:
    """The batch that the key got; raises KeyReused when it was for something else."""
    requests = VerificationRequest.objects.filter(merchant_id=store.merchant_id, key=request_key)
    first = requests.select_related("batch__store").first()
    if first and first.fingerprint != _fingerprint(store, raw_codes):
        raise KeyReused
    return first.batch if first else None


def _fingerprint(store: Store, raw_codes: Sequence[object]) -> str:
    return keyed_hash(json.dumps([store.pk, *raw_codes]))


def _write_lines(batch: Batch, lines: Sequence[object], actor: audit.Actor) -> None:
    """Every line that is not there yet."""
    written, rings = set(batch.items.values_list("position", flat=True)), 0
    for position, raw in enumerate(lines, 1):
        if position in written:
            continue
        try:
            with transaction.atomic():
                item = _line(batch, position, raw, actor)
        except IntegrityError:
            # The first request is still at work, and was faster.
            continue
        if rings < RINGS and item.verification and (call := live_call(item.verification)):
            ring_for(call.pk)
            rings += 1


def _line(batch: Batch, position: int, raw: object, actor: audit.Actor) -> BatchItem:
    try:
        code = codes.normalise(raw)
    except codes.MalformedCode:
        tail = storable(str(raw).strip()[-4:], 4)
        return batch.items.create(position=position, code_tail=tail, reason=Reason.MALFORMED_CODE)
    verification = batch_verification(batch, code, actor)
    return batch.items.create(position=position, code_tail=codes.tail_of(code), verification=verification)


def batch_progress(batch: Batch) -> Progress:
    rows = batch.items.order_by().values_list("verification__status").annotate(Count("pk"))
    counts: Counter[str | None] = Counter(dict(rows))
    status = Verification.Status
    return Progress(
        total=sum(counts.values()),
        verified=counts[status.VERIFIED],
        refused=counts[status.REFUSED],
        malformed=counts[None],
        waiting=counts[status.QUEUED] + counts[status.SENDING],
        unknown=counts[status.UNKNOWN],
    )
