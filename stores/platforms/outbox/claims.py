"""Leases. A claim is one conditional UPDATE that takes a lease and counts the try; whoever loses it does nothing."""

import secrets
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import Case, F, Q, QuerySet, Value, When
from django.utils import timezone

from stores.models import OutboundCall
from stores.platforms.outbox.operations import operations

State = OutboundCall.State


def due(now: datetime) -> Q:
    """Calls that somebody should work on now: to be sent, or to be asked about."""
    free = Q(lease_until=None) | Q(lease_until__lt=now)
    return Q(state__in=[State.PENDING, State.UNKNOWN], due_at__lte=now) & free


def in_line(pace_id: int) -> QuerySet[OutboundCall]:
    """The account's due calls in the order they are served: people first, then by age."""
    return OutboundCall.objects.filter(due(timezone.now()), pace_id=pace_id).order_by("lane", "queued_at", "id")


def claim(call_id: int) -> OutboundCall | None:
    """Takes the lease on one due call; None when somebody else has it or nothing is due."""
    now = timezone.now()
    token = secrets.token_hex(16)
    with transaction.atomic():
        taken = OutboundCall.objects.filter(due(now), pk=call_id).update(
            state=Case(When(state=State.PENDING, then=Value(State.SENDING)), default=F("state")),
            lease_until=now + settings.LEASE,
            claim=token,
            attempts_made=F("attempts_made") + 1,
        )
        if not taken:
            return None
        call = OutboundCall.objects.select_related("connection", "pace").get(pk=call_id)
        if call.state == State.SENDING:
            operations.of(call).sending(call)
    return call


def claim_next(pace_id: int) -> OutboundCall | None:
    """Claims the first call in the account's line."""
    while True:
        first = in_line(pace_id).values_list("pk", flat=True).first()
        if first is None:
            return None
        if call := claim(first):
            return call


def sweep() -> int:
    """Frees what a dead process left behind: calls that may have been executed become unknown, reads simply due.

    Returns how many leases had expired.
    """
    now = timezone.now()
    expired = OutboundCall.objects.filter(state=State.SENDING, lease_until__lt=now).values_list("pk", flat=True)
    return sum(free_expired(pk) for pk in list(expired[:500]))


def free_expired(call_id: int) -> bool:
    """Frees one call if its lease has run out while it was being sent."""
    now = timezone.now()
    with transaction.atomic():
        call = OutboundCall.objects.select_for_update().filter(pk=call_id).first()
        if call is None or call.state != State.SENDING or call.lease_until is None or call.lease_until >= now:
            return False
        operation = operations.of(call)
        call.state = State.PENDING if operation.repeatable else State.UNKNOWN
        call.was_unknown = call.was_unknown or not operation.repeatable
        call.lease_until, call.claim, call.due_at = None, "", now
        call.last_error = "the process that sent it died"
        call.save(update_fields=["state", "was_unknown", "lease_until", "claim", "due_at", "last_error"])
        operation.put_back(call) if operation.repeatable else operation.unknown(call)
    return True
