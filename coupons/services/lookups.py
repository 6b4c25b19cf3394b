"""Looking a coupon up without spending it."""

from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from coupons import codes
from coupons.models import Channel, GatewayStore, Lookup, Verification
from coupons.reasons import Reason
from coupons.services.operations import LookUp, Reading
from stores.fields import keyed_hash
from stores.models import OutboundCall, Store
from stores.platforms.outbox import enqueue, place_in_line, process
from stores.platforms.outbox.place import PlaceInLine

# A detail read this recently by the same flow counts as a verification's first step.
FRESH = timedelta(seconds=60)
KEEP = timedelta(days=30)

# How long a request may wait for the gateway before it is given up, unspent: a guest leaves, a system does not.
PATIENCE: dict[str, timedelta] = {
    Channel.GUEST: timedelta(minutes=15),
    Channel.COUNTER: timedelta(hours=2),
    Channel.API: timedelta(hours=24),
    Channel.BATCH: timedelta(hours=24),
    Channel.COMMAND: timedelta(hours=24),
}


def gateway_of(store: Store) -> GatewayStore | None:
    # The secrets are read by whoever delivers the call.
    rows = GatewayStore.objects.select_related("connection").defer(
        "connection__credentials", "connection__token"
    )
    return rows.filter(store=store).first()


def lane_of(channel: str) -> OutboundCall.Lane:
    return (
        OutboundCall.Lane.BACKGROUND if channel == Channel.BATCH else OutboundCall.Lane.INTERACTIVE
    )


def lookup_known(store: Store, code: str, flow: str) -> Lookup | None:
    """The flow's own unused reading of `code` that is less than a minute old, or else the one that is under way."""
    mine = Lookup.objects.filter(store=store, code_hash=keyed_hash(code), flow=flow)
    fresh = mine.filter(is_unused=True, read_at__gt=timezone.now() - FRESH).first()
    return fresh or mine.filter(status=Lookup.Status.QUEUED).first()


@transaction.atomic
def lookup_request(
    *, store: Store, code: str, channel: str, flow: str, address_hash: str = ""
) -> Lookup:
    """Owes a reading of `code` (digits), or returns the flow's fresh or open one; owes none that would surely fail.

    A wrong code counts against `address_hash`, if there is one (abuse.py).
    """
    known = lookup_known(store, code, flow)
    if known and known.is_unused:
        return known
    gateway = gateway_of(store)
    blocked = gateway.blocking_reason if gateway else Reason.STORE_UNAUTHORISED
    if gateway is None or blocked:
        return _lookup(
            store, code, channel, flow, address_hash, reason=blocked or Reason.STORE_UNAUTHORISED
        )
    if known:
        return known
    lookup = _lookup(store, code, channel, flow, address_hash)
    owe_reading(LookUp, lookup, gateway, channel)
    return lookup


def _lookup(
    store: Store, code: str, channel: str, flow: str, address_hash: str, reason: str = ""
) -> Lookup:
    """One that waits to be read, or that failed for `reason`."""
    return Lookup.objects.create(
        store=store,
        code_hash=keyed_hash(code),
        code_tail=codes.tail_of(code),
        code="" if reason else code,
        channel=channel,
        flow=flow,
        address_hash=address_hash,
        status=Lookup.Status.FAILED if reason else Lookup.Status.QUEUED,
        reason=reason,
        read_at=timezone.now() if reason else None,
    )


def owe_reading(
    reading: type[Reading], subject: Lookup | Verification, gateway: GatewayStore, channel: str
) -> OutboundCall:
    """Owes the first call of a row that was made in this very transaction."""
    return enqueue(
        reading,
        connection=gateway.connection,
        key=str(subject.pk),
        subject_id=subject.pk,
        store_id=subject.store_id,
        lane=lane_of(channel),
        patience=PATIENCE[channel],
        wake=False,
        known_new=True,
    )


def _live_call(lookup: Lookup) -> OutboundCall | None:
    """The call that the reading is waiting for, if any."""
    if lookup.status != Lookup.Status.QUEUED:
        return None
    return OutboundCall.objects.filter(
        platform=LookUp.platform,
        operation=LookUp.name,
        subject_id=lookup.pk,
        state__in=OutboundCall.LIVE,
    ).first()


@dataclass
class WaitingLookup:
    """Implements stores.platforms.outbox.processing.Waiting."""

    row: Lookup

    def live_call(self) -> OutboundCall | None:
        return _live_call(self.row)

    def is_final(self) -> bool:
        return self.row.status != Lookup.Status.QUEUED

    def reload(self) -> None:
        self.row.refresh_from_db()


def lookup_process(
    lookup: Lookup, *, wait: float = 0.0, wake: bool = True, in_background: bool = False
) -> Lookup:
    """Reads at once if a slot is free, and otherwise leaves it to a worker (see outbox.process)."""
    process(WaitingLookup(lookup), wait=wait, wake=wake, in_background=in_background)
    return lookup


def lookup_place(lookup: Lookup) -> PlaceInLine | None:
    """Where a waiting reading stands; None once it is settled."""
    call = _live_call(lookup)
    return place_in_line(call) if call else None


def prune_lookups() -> int:
    """Old readings; verifications keep what they took from them."""
    return (
        Lookup.objects.filter(created_at__lt=timezone.now() - KEEP)
        .exclude(status=Lookup.Status.QUEUED)
        .delete()[0]
    )
