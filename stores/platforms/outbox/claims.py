"""Leases on calls. A claim is one conditional UPDATE that takes a lease and counts the try.

If the UPDATE changes no row, another process has the call.
"""

import logging
import secrets
from collections.abc import Callable
from datetime import datetime

from django.conf import settings
from django.db import InterfaceError, OperationalError, transaction
from django.utils import timezone

from stores.fields import SecretUnreadable
from stores.models import OutboundCall, prepared
from stores.models.ledger import OutboundQuerySet
from stores.platforms.outbox.operations import Operation, operations
from stores.platforms.tokens import TRY_REFUSED_EVERY
from stores.transitions import move

log = logging.getLogger(__name__)
State = OutboundCall.State


def due(now: datetime) -> OutboundQuerySet:
    """Returns the calls that are due at a moment."""
    return OutboundCall.objects.due(now, refused_since=now - TRY_REFUSED_EVERY)


def first_in_line(pace_id: int) -> int | None:
    """Returns the key of the account's due call that is served next: by lane, then by age."""
    now = timezone.now()
    found = prepared.FIRST_IN_LINE.one(pace=pace_id, now=now, refused_since=now - TRY_REFUSED_EVERY)
    return found[0] if found else None


def claim(call_id: int) -> OutboundCall | None:
    """Takes the lease on one due call; None when another process has it or nothing is due."""
    try:
        return _claim(call_id, timezone.now(), secrets.token_hex(16))
    except _HookFailed:
        mark_dead(call_id, "our own error before sending", claim="", maybe_executed=False)
        return None


class _HookFailed(Exception):
    """The operation's hook failed before the try; the claim is rolled back."""


def _claim(call_id: int, now: datetime, token: str) -> OutboundCall | None:
    with transaction.atomic():
        taken = prepared.CLAIM.run(
            pk=call_id,
            now=now,
            refused_since=now - TRY_REFUSED_EVERY,
            lease_until=now + settings.LEASE,
            claim=token,
        )
        call = prepared.CALL.one(pk=call_id) if taken else None
        if call is None:
            return None
        if not call.connection.opens():
            # The account rests until a person enters its credentials again.
            raise SecretUnreadable(f"no key opens the credentials of {call.connection}")
        operation = operations.of(call)
        if call.state == State.SENDING:
            _begin(operation, call)
    return call


def _begin(operation: Operation, call: OutboundCall) -> None:
    try:
        operation.on_sending(call)
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        log.exception("the operation of call %s failed", call.pk)
        raise _HookFailed from error


def claim_next(pace_id: int) -> OutboundCall | None:
    """Claims the first call in the account's line."""
    while True:
        first = first_in_line(pace_id)
        if first is None:
            return None
        if call := claim(first):
            return call


def sweep() -> int:
    """Frees expired leases and gives up calls that are too old.

    Returns how many leases had expired.

    A call that may have been executed becomes unknown; a read becomes due again.
    """
    now = timezone.now()
    live = OutboundCall.objects.live()
    too_old = live.filter(state=State.PENDING, expires_at__lte=now).values_list("pk", flat=True)
    for pk in list(too_old[:500]):
        give_up(pk)
    expired = live.filter(state=State.SENDING, lease_until__lt=now).values_list("pk", flat=True)
    return sum(free_expired(pk) for pk in list(expired[:500]))


def give_up(call_id: int) -> bool:
    """Marks a pending call dead after `expires_at`, so that nothing is spent later."""
    now = timezone.now()
    with transaction.atomic():
        call = prepared.LOCKED_CALL.one(pk=call_id)
        if call is None or call.state != State.PENDING or call.expires_at > now:
            return False
        error = call.last_error or "nobody could send it in time"
        move(call, State.DEAD, settled_at=now, last_error=error)
        _done(call, lambda: operations.of(call).on_dead(call, maybe_executed=False))
    return True


def free_expired(call_id: int) -> bool:
    """Frees one call whose lease has run out while it was being sent."""
    now = timezone.now()
    with transaction.atomic():
        call = prepared.LOCKED_CALL.one(pk=call_id)
        if (
            call is None
            or call.state != State.SENDING
            or call.lease_until is None
            or call.lease_until >= now
        ):
            return False
        repeatable = operations.is_repeatable(call)
        move(
            call,
            State.PENDING if repeatable else State.UNKNOWN,
            was_unknown=call.was_unknown or not repeatable,
            lease_until=None,
            claim="",
            due_at=now,
            last_error="the process that sent it died",
        )
        if not _done(
            call,
            lambda: (
                operations.of(call).on_requeued(call)
                if repeatable
                else operations.of(call).on_unknown(call)
            ),
        ):
            mark_dead(
                call_id,
                "our own error after a lost try",
                claim="",
                maybe_executed=not repeatable,
            )
    return True


def mark_dead(call_id: int, note: str, *, claim: str, maybe_executed: bool) -> None:
    """Marks a call dead for a person when its own operation fails, so that it is neither lost nor
    tried for ever.
    """
    with transaction.atomic():
        call = prepared.LOCKED_CALL.one(pk=call_id)
        if call is None or call.claim != claim or call.settled_at:
            return
        move(
            call,
            State.DEAD,
            settled_at=timezone.now(),
            last_error=note[:300],
            lease_until=None,
            claim="",
        )
        _done(call, lambda: operations.of(call).on_dead(call, maybe_executed=maybe_executed))


def _done(call: OutboundCall, hook: Callable[[], None]) -> bool:
    """Runs a hook in a savepoint; returns False and rolls it back when it fails in our own code."""
    try:
        with transaction.atomic():
            hook()
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        log.exception("the operation of call %s failed", call.pk)
        return False
    return True
