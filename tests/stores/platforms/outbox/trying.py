"""Trying one call, and letting its time pass."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from stores.models import OutboundCall
from stores.platforms import outbox
from stores.platforms.outbox.claims import claim

State = OutboundCall.State

Enqueue = Callable[..., OutboundCall]

HOUR = timedelta(hours=1)

committed = pytest.mark.django_db(transaction=True)


def attempt(call: OutboundCall) -> OutboundCall:
    """One try, now: whatever the call was waiting for is taken to be over."""
    OutboundCall.objects.filter(pk=call.pk).update(due_at=timezone.now())
    claimed = claim(call.pk)
    assert claimed is not None
    outbox.deliver(claimed, None)
    call.refresh_from_db()
    return call


def age(call: OutboundCall, by: timedelta = timedelta(days=2)) -> int:
    return OutboundCall.objects.filter(pk=call.pk).update(expires_at=timezone.now() - by)


def end_lease(call: OutboundCall) -> None:
    OutboundCall.objects.filter(pk=call.pk).update(
        lease_until=timezone.now() - timedelta(seconds=1)
    )


def raising(error: Exception) -> Any:
    raise error
