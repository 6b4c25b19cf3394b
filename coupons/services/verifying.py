"""Requests for a verification: each is stored first, or joined or replayed if it was requested
before, and then processed.
"""

import hashlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import timedelta

from django.contrib.auth.models import User
from django.db import IntegrityError
from django.utils import timezone

from coupons import codes
from coupons.models import Batch, Channel, GatewayStore, Lookup, Verification, prepared
from coupons.reasons import SLOW, Reason
from coupons.services.lookups import FRESH, PATIENCE, gateway_of, lane_of, owe_reading
from coupons.services.operations import ReadDetail, SpendCoupon, adopt_detail, owe_verify
from stores import audit
from stores.fields import keyed_hash
from stores.idempotency import digest_of, once
from stores.models import OutboundCall, Store
from stores.platforms.outbox import places_in_line, process
from stores.platforms.outbox.place import PlaceInLine
from stores.prepared import insert

Status = Verification.Status
# A second scan of one code by one person within this time returns the first result, not "already
# used".
SAME_SCAN = timedelta(seconds=10)
# The platform answers within a second or two; after this a person wonders.
SLOW_SECONDS = 6


@dataclass(frozen=True)
class Requested:
    """The verification that answers a request.

    `created` is False when it was joined or replayed; `call` is the call that the request enqueued,
    if any; `joined` means that an earlier request, with a key of its own, was for this code.
    """

    verification: Verification
    created: bool
    call: OutboundCall | None = None
    joined: bool = False


@dataclass(frozen=True)
class Request:
    """One request. `code` is digits; a look-up of the same `flow` counts as the first step;
    `request_key` may be empty.
    """

    store: Store
    code: str
    channel: str
    actor: audit.Actor
    flow: str
    request_key: str = ""
    gateway: GatewayStore | None = None

    @property
    def code_hash(self) -> str:
        return keyed_hash(self.code)

    @property
    def fingerprint(self) -> str:
        return hashlib.sha256(f"{self.store.pk}:{self.code_hash}".encode()).hexdigest()

    @property
    def caller(self) -> audit.Actor | str:
        """The owner of the request key; a guest has no account, so the flow is the owner."""
        return self.actor or self.flow

    @property
    def requested_by(self) -> str:
        if self.channel == Channel.GUEST:
            return audit.GUEST
        return audit.name_of(self.actor)


def verification_request(
    *,
    store: Store,
    code: str,
    channel: str,
    actor: audit.Actor = None,
    flow: str,
    request_key: str = "",
    gateway: GatewayStore | None = None,
) -> Requested:
    """Stores the verification and enqueues its first call; nothing is sent yet (see
    verification_process).

    A repeated request key returns the first verification; a code in flight is joined; a code that
    was verified before at any store of the merchant is refused as already used, with a link to that
    verification. `gateway` saves a query when it was read with the store. Raises KeyReused.
    """
    request = Request(store, code, channel, actor, flow, request_key, gateway)
    for _ in range(3):
        try:
            return _request(request, find_existing(request))
        except IntegrityError:
            # A concurrent request was inserted after our query: query again, and join it.
            continue
    raise RuntimeError("a verification could be neither created nor joined")


@dataclass(frozen=True)
class Existing:
    """The existing rows that matter for a request.

    `has_key`: its key was used before; `elsewhere_ids`: verifications of the code at other stores,
    of any merchant.
    """

    has_key: bool = False
    verification_id: int | None = None
    elsewhere_ids: tuple[int, ...] = ()
    lookup_id: int | None = None


def find_existing(request: Request) -> Existing:
    """Reads all of them in one short query, because nearly every request is new and finds
    nothing.
    """
    # Constraints detect a concurrent request that is inserted after this query.
    rows = prepared.ON_RECORD.rows(
        key_digest=digest_of(request.caller, request.request_key),
        store=request.store.pk,
        code_hash=request.code_hash,
        flow=request.flow,
        read_since=timezone.now() - FRESH,
    )
    found = dict(rows)
    return Existing(
        has_key="key" in found,
        verification_id=found.get("verification"),
        elsewhere_ids=tuple(pk for kind, pk in rows if kind == "elsewhere"),
        lookup_id=found.get("lookup"),
    )


def _request(request: Request, known: Existing) -> Requested:
    made: list[Requested] = []

    def make() -> Verification:
        made.append(_join_or_create(request, known))
        return made[-1].verification

    verification, is_new = once(
        actor=request.caller,
        key=request.request_key,
        fingerprint=request.fingerprint,
        rows=Verification.objects.select_related("store", "product"),
        make=make,
        look=known.has_key,
    )
    if is_new:
        return made[-1]
    return Requested(verification, created=False)


def _join_or_create(request: Request, known: Existing) -> Requested:
    existing = _existing(known.verification_id)
    if existing and (existing.status in Verification.LIVE or _is_same_scan(existing, request)):
        if lane_of(request.channel) < lane_of(existing.channel):
            _move_ahead(existing, lane_of(request.channel))
        return Requested(existing, created=False, joined=True)
    verified_before = existing or _verified_elsewhere(request.store, known.elsewhere_ids)
    return _create(request, verified_before, known.lookup_id)


def _move_ahead(verification: Verification, lane: OutboundCall.Lane) -> None:
    """Moves the waiting call of a verification to the lane of the person who joined it."""
    if call := live_call(verification):
        OutboundCall.objects.live().filter(pk=call.pk, lane__gt=lane).update(lane=lane)


def _existing(pk: int | None) -> Verification | None:
    """Returns the verification, unless it was refused after the query."""
    if pk is None:
        return None
    return Verification.objects.filter(pk=pk).exclude(status=Status.REFUSED).one()


def _verified_elsewhere(store: Store, ids: Collection[int]) -> Verification | None:
    """Returns the verification, of these, that another store of the same merchant made."""
    if not ids:
        return None
    return Verification.objects.filter(pk__in=ids, store__merchant=store.merchant_id).first()


def _is_same_scan(existing: Verification, request: Request) -> bool:
    same_person = isinstance(request.actor, User) and existing.user_id == request.actor.pk
    return same_person and timezone.now() - (existing.settled_at or existing.created_at) < SAME_SCAN


def _create(
    request: Request, verified_before: Verification | None, lookup_id: int | None
) -> Requested:
    if verified_before:
        return Requested(
            _row(request, refused=Reason.ALREADY_USED, duplicate_of=verified_before), created=True
        )
    gateway = request.gateway or gateway_of(request.store)
    blocked = gateway.blocking_reason if gateway else Reason.STORE_UNAUTHORISED
    if gateway is None or blocked:
        return Requested(_row(request, refused=blocked or Reason.STORE_UNAUTHORISED), created=True)
    lookup = None
    if lookup_id:
        lookup = Lookup.objects.filter(pk=lookup_id).first()
    verification = _row(request)
    if lookup is None:
        return Requested(
            verification, True, owe_reading(ReadDetail, verification, gateway, request.channel)
        )
    adopt_detail(verification, lookup)
    call = owe_verify(
        verification,
        lane_of(request.channel),
        gateway.connection,
        patience=PATIENCE[request.channel],
    )
    return Requested(verification, True, call)


def _row(
    request: Request, *, refused: str = "", duplicate_of: Verification | None = None
) -> Verification:
    # The deal of another store's verification is not copied, because this store may not accept the
    # coupon at all.
    first = duplicate_of
    if first and first.store_id != request.store.pk:
        first = None
    now = timezone.now()
    row = Verification(
        store=request.store,
        code_hash=request.code_hash,
        code_tail=codes.tail_of(request.code),
        code="" if refused else request.code,
        status=Status.REFUSED if refused else Status.QUEUED,
        reason=refused,
        created_at=now,
        settled_at=now if refused else None,
        duplicate_of=duplicate_of,
        product=first.product if first else None,
        sku_id=first.sku_id if first else "",
        sku_name=first.sku_name if first else "",
        order_id=first.order_id if first else "",
        channel=request.channel,
        flow=request.flow,
        requested_by=request.requested_by,
        user=request.actor if isinstance(request.actor, User) else None,
    )
    insert(row)
    return row


def live_call(verification: Verification) -> OutboundCall | None:
    """Returns the call that the verification waits for, if any: first the detail, then the
    verify.
    """
    if verification.status not in Verification.LIVE:
        return None
    return prepared.LIVE_CALL.one(
        platform=SpendCoupon.platform,
        detail=ReadDetail.name,
        verify=SpendCoupon.name,
        verification=verification.pk,
    )


def _live_calls(verifications: Iterable[Verification]) -> dict[int, OutboundCall]:
    """Returns the live calls of queued verifications, by the verification's key."""
    queued = [row.pk for row in verifications if row.status == Status.QUEUED]
    calls = OutboundCall.objects.filter(
        platform=SpendCoupon.platform,
        operation__in=[ReadDetail.name, SpendCoupon.name],
        state__in=OutboundCall.LIVE,
        subject_id__in=queued,
    )
    return {call.subject_id: call for call in calls.order_by()}


def places_of(verifications: Iterable[Verification]) -> dict[int, PlaceInLine]:
    """Returns the places in line by the verifications' keys, in two queries; those being sent or
    settled are left out.
    """
    calls = _live_calls(verifications)
    places = places_in_line([call.pk for call in calls.values()])
    return {pk: places[call.pk] for pk, call in calls.items() if call.pk in places}


def place_of(verification: Verification, call: OutboundCall | None = None) -> PlaceInLine | None:
    """Returns the place in line; None once the verification is being sent or settled. `call` saves
    a query.
    """
    if verification.status != Status.QUEUED:
        return None
    known = places_in_line([call.pk]).get(call.pk) if call else None
    return known or places_of([verification]).get(verification.pk)


def slow_text(row: Verification | Lookup, place: PlaceInLine | None) -> str:
    """Returns a text once the platform has kept us waiting for some seconds; "" while others are
    before us in line, or when it is known that the platform does not answer.
    """
    waited = (timezone.now() - row.created_at).total_seconds()
    is_waiting = row.status in (Status.QUEUED, Status.SENDING)
    is_own_turn = place is None or (place.position <= 1 and not place.is_held_up)
    if waited < SLOW_SECONDS or not is_waiting or not is_own_turn:
        return ""
    return SLOW % {"seconds": int(waited)}


@dataclass
class WaitingVerification:
    """Implements stores.platforms.outbox.processing.Waiting."""

    row: Verification

    def live_call(self) -> OutboundCall | None:
        return live_call(self.row)

    def is_final(self) -> bool:
        return self.row.status in Verification.FINAL

    def reload(self) -> None:
        self.row.refresh_from_db(from_queryset=Verification.objects.select_related("product"))


def verification_process(
    verification: Verification,
    *,
    wait: float = 0.0,
    wake: bool = True,
    call: OutboundCall | None = None,
    in_background: bool = False,
    patience: float | None = None,
) -> Verification:
    """Verifies while slots are free, and otherwise leaves it to a worker (see outbox.process)."""
    process(
        WaitingVerification(verification),
        wait=wait,
        wake=wake,
        in_background=in_background,
        patience=patience,
        call=call,
    )
    return verification


def batch_verification(
    batch: Batch, code: str, *, actor: audit.Actor, gateway: GatewayStore | None
) -> Verification:
    """Requests one line of a batch; no worker is woken here, because the batch does it for all
    lines.
    """
    return verification_request(
        store=batch.store,
        code=code,
        channel=Channel.BATCH,
        actor=actor,
        flow=f"batch:{batch.pk}",
        gateway=gateway,
    ).verification
