"""Asking for a verification: written down first, joined or replayed when it was asked before, then pursued."""

import hashlib
import threading
import time
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from coupons import codes
from coupons.models import Batch, Channel, Lookup, Verification, VerificationRequest
from coupons.reasons import Reason
from coupons.services.lookups import PATIENCE, call_of, fresh_lookup, gateway_of, lane_of, owe_detail
from coupons.services.operations import SpendCoupon, adopt_detail, owe_verify
from stores import audit
from stores.models import OutboundCall, Store
from stores.platforms import pace
from stores.platforms.outbox import attempt_now, place_in_line
from stores.platforms.outbox.owe import ring_for
from stores.platforms.outbox.work import PlaceInLine

Status = Verification.Status
# The same person scanning the same code again this soon sees the first answer, not "already used".
SAME_SCAN = timedelta(seconds=10)
_waiters = threading.BoundedSemaphore(settings.WEB_WAITERS)


class KeyReused(Exception):
    """The idempotency key was used before, for another store or code."""


@dataclass(frozen=True)
class Requested:
    """The verification that answers a request; `created` is False when it was joined or replayed."""

    verification: Verification
    created: bool


@dataclass(frozen=True)
class Request:
    """Who asks for what. `code` is digits; `flow` names who read the detail before; `request_key` may be empty."""

    store: Store
    code: str
    channel: str
    actor: audit.Actor
    flow: str
    request_key: str = ""

    @property
    def code_hash(self) -> str:
        return codes.hash_of(self.code)

    @property
    def fingerprint(self) -> str:
        return hashlib.sha256(f"{self.store.pk}:{self.code_hash}".encode()).hexdigest()

    @property
    def requested_by(self) -> str:
        return "guest" if self.channel == Channel.GUEST else audit.name_of(self.actor)


def verification_request(
    *,
    store: Store,
    code: str,
    channel: str,
    actor: audit.Actor = None,
    flow: str,
    request_key: str = "",
) -> Requested:
    """Writes the verification down and owes its first call; sends nothing yet (see verification_pursue).

    The same request key gets the first answer; a code in flight is joined; a code that we verified before is refused as
    already used, naming that verification. Raises KeyReused.
    """
    request = Request(store, code, channel, actor, flow, request_key)
    for _ in range(3):
        if found := _answered_before(request):
            return found
        try:
            with transaction.atomic():
                return _join_or_create(request)
        except IntegrityError:
            # A twin was faster between our look and our insert: look again, and join it.
            continue
    raise RuntimeError("a verification could be neither created nor joined")


def _answered_before(request: Request) -> Requested | None:
    if not request.request_key:
        return None
    before = (
        VerificationRequest.objects.select_related("verification__store", "verification__product")
        .filter(merchant_id=request.store.merchant_id, key=request.request_key)
        .first()
    )
    if before is None:
        return None
    if before.fingerprint != request.fingerprint:
        raise KeyReused
    return Requested(before.verification, created=False)


def _join_or_create(request: Request) -> Requested:
    existing = (
        Verification.objects.filter(store=request.store, code_hash=request.code_hash)
        .exclude(status=Status.REFUSED)
        .first()
    )
    if existing and (existing.status in Verification.LIVE or _is_same_scan(existing, request)):
        result = Requested(existing, created=False)
    else:
        result = Requested(_create(request, existing), created=True)
    if request.request_key:
        VerificationRequest.objects.create(
            merchant_id=request.store.merchant_id,
            key=request.request_key,
            fingerprint=request.fingerprint,
            verification=result.verification,
        )
    return result


def _is_same_scan(existing: Verification, request: Request) -> bool:
    same_person = isinstance(request.actor, User) and existing.user_id == request.actor.pk
    return same_person and timezone.now() - (existing.settled_at or existing.created_at) < SAME_SCAN


def _create(request: Request, verified_before: Verification | None) -> Verification:
    gateway = gateway_of(request.store)
    blocked = gateway.blocking_reason if gateway else Reason.STORE_UNAUTHORISED
    if verified_before:
        return _row(request, refused=Reason.ALREADY_USED, duplicate_of=verified_before)
    if gateway is None or blocked:
        return _row(request, refused=blocked or Reason.STORE_UNAUTHORISED)
    lookup = fresh_lookup(request.store, request.code_hash, request.flow)
    lane, patience = lane_of(request.channel), PATIENCE[request.channel]
    if lookup:
        verification = _row(request)
        adopt_detail(verification, lookup)
        owe_verify(verification, lane, patience=patience)
    else:
        lookup = Lookup.objects.create(
            store=request.store,
            code_hash=request.code_hash,
            code_tail=codes.tail_of(request.code),
            code=request.code,
            channel=request.channel,
            flow=request.flow,
        )
        verification = _row(request, lookup=lookup)
        owe_detail(lookup, gateway, request.channel)
    return verification


def _row(
    request: Request,
    *,
    refused: str = "",
    duplicate_of: Verification | None = None,
    lookup: Lookup | None = None,
) -> Verification:
    first = duplicate_of
    return Verification.objects.create(
        store=request.store,
        code_hash=request.code_hash,
        code_tail=codes.tail_of(request.code),
        code="" if refused else request.code,
        status=Status.REFUSED if refused else Status.QUEUED,
        reason=refused,
        settled_at=timezone.now() if refused else None,
        duplicate_of=first,
        product=first.product if first else None,
        sku_id=first.sku_id if first else "",
        sku_name=first.sku_name if first else "",
        order_id=first.order_id if first else "",
        lookup=lookup,
        channel=request.channel,
        requested_by=request.requested_by,
        user=request.actor if isinstance(request.actor, User) else None,
    )


def live_call(verification: Verification) -> OutboundCall | None:
    """The call that the verification is waiting for, if any."""
    if verification.status in Verification.FINAL:
        return None
    spend = OutboundCall.objects.filter(
        platform=SpendCoupon.platform,
        operation=SpendCoupon.name,
        subject_id=verification.pk,
        state__in=OutboundCall.LIVE,
    ).first()
    return spend or (call_of(verification.lookup) if verification.lookup else None)


def place_of(verification: Verification) -> PlaceInLine | None:
    """Where a waiting verification stands; None once it is being sent or settled."""
    call = live_call(verification) if verification.status == Status.QUEUED else None
    return place_in_line(call) if call else None


def verification_pursue(verification: Verification, *, wait: float = 0.0, ring: bool = True) -> Verification:
    """Works the verification off in the caller's own thread while slots are free, and otherwise leaves it to a worker.

    `wait` seconds at most are spent waiting for a result, if this process has a place left for one more who waits.
    Returns the row as it is now.
    """
    until = time.monotonic() + wait
    _walk(verification, ring=ring)
    if wait > 0 and verification.status not in Verification.FINAL and _waiters.acquire(blocking=False):
        try:
            _wait(verification, until)
        finally:
            _waiters.release()
    return verification


def _walk(verification: Verification, *, ring: bool) -> None:
    """Detail, then verify, or the question after a lost answer: each at once if first in line and its slot is near."""
    patience, rung = pace.NEAR, not ring
    while verification.status in Verification.LIVE:
        call = live_call(verification)
        if call is None or not attempt_now(call.pk, patience=patience):
            if call and not rung:
                ring_for(call.pk)
            break
        # Having had the first slot, this thread may wait for the next one: that is one interval away.
        patience = pace.interval(call.platform) + pace.NEAR
        verification.refresh_from_db()
    verification.refresh_from_db()


def _wait(verification: Verification, until: float) -> None:
    pause = 0.05
    while verification.status not in Verification.FINAL and time.monotonic() < until:
        if not connection.in_atomic_block:
            connection.close()
        time.sleep(min(pause, max(0.0, until - time.monotonic())))
        pause = min(0.4, pause * 1.5)
        _walk(verification, ring=False)


def batch_verification(batch: Batch, code: str, actor: audit.Actor) -> Verification:
    """One line of a batch; the batch rings once for all of them."""
    return verification_request(
        store=batch.store, code=code, channel=Channel.BATCH, actor=actor, flow=f"batch:{batch.pk}"
    ).verification
