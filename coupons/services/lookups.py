"""Looks coupons up without spending them."""

from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from coupons import codes
from coupons.models import Channel, GatewayStore, Lookup, Verification, prepared
from coupons.reasons import Reason
from coupons.services.operations import LookUp, Reading
from stores.fields import keyed_hash
from stores.models import OutboundCall, Store
from stores.platforms.outbox import enqueue, place_in_line, process
from stores.platforms.outbox.place import PlaceInLine
from stores.prepared import insert

# A detail of the same flow that was read within this time counts as a verification's first step.
FRESH = timedelta(seconds=60)
KEEP = timedelta(days=30)

# The longest wait for the gateway before a request is given up, unspent: guests leave sooner than
# systems.
PATIENCE: dict[str, timedelta] = {
    Channel.GUEST: timedelta(minutes=15),
    Channel.COUNTER: timedelta(hours=2),
    Channel.API: timedelta(hours=24),
    Channel.BATCH: timedelta(hours=24),
    Channel.COMMAND: timedelta(hours=24),
}


def gateway_of(store: Store) -> GatewayStore | None:
    return prepared.GATEWAY.one(store=store.pk)


LANES: dict[str, OutboundCall.Lane] = {
    Channel.COUNTER: OutboundCall.Lane.COUNTER,
    Channel.BATCH: OutboundCall.Lane.BACKGROUND,
}


def lane_of(channel: str) -> OutboundCall.Lane:
    """Returns the lane of a channel's calls: a clerk, before whom a guest stands, goes before the
    guests on their phones.
    """
    return LANES.get(channel, OutboundCall.Lane.INTERACTIVE)


def lookup_known(store: Store, code: str, flow: str) -> Lookup | None:
    """Returns the flow's own unused look-up of `code` that is less than a minute old, or else its
    open one.
    """
    mine = Lookup.objects.filter(store=store, code_hash=keyed_hash(code), flow=flow)
    fresh = mine.filter(is_unused=True, read_at__gt=timezone.now() - FRESH).first()
    return fresh or mine.filter(status=Lookup.Status.QUEUED).first()


@transaction.atomic
def lookup_request(
    *, store: Store, code: str, channel: str, flow: str, address_hash: str = ""
) -> Lookup:
    """Enqueues a look-up of `code` (digits), or returns the flow's fresh or open one.

    A look-up that would surely fail is stored as failed and not sent. `address_hash` is given for a
    guest's look-up that abuse.py has counted.
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
    """Creates a look-up that waits to be read, or that failed for `reason`."""
    lookup = Lookup(
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
    insert(lookup)
    return lookup


def owe_reading(
    reading: type[Reading], subject: Lookup | Verification, gateway: GatewayStore, channel: str
) -> OutboundCall:
    """Enqueues the first call of a row that was created in this transaction."""
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
    """Returns the call that the look-up waits for, if any."""
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
    """Returns the place in line of a waiting look-up; None once it is settled."""
    call = _live_call(lookup)
    return place_in_line(call) if call else None


def prune_lookups() -> int:
    """Deletes old look-ups; verifications have their own copies. Returns how many."""
    return (
        Lookup.objects.filter(created_at__lt=timezone.now() - KEEP)
        .exclude(status=Lookup.Status.QUEUED)
        .delete()[0]
    )
