"""Changes of a verification's state, and the reasons that a refusal has."""

from typing import Any

from django.db import transaction
from django.utils import timezone

from coupons.models import Channel, GatewayStore, Verification
from coupons.reasons import OUTAGES, Reason
from coupons.wire import reason_of
from stores.models import OutboundCall
from stores.platforms.errors import Refused
from stores.platforms.workers import queue
from stores.transitions import move

Status = Verification.Status
# The gateway's answer about the store is newer than the last sync, so it blocks further calls that
# would fail.
_STORE_STATE: dict[str, dict[str, Any]] = {
    Reason.QUOTA_EXHAUSTED: {"request_count": 0},
    Reason.STORE_UNAUTHORISED: {"authorisation": GatewayStore.Authorisation.NOT_AUTHORISED},
    Reason.AUTHORISATION_EXPIRED: {"authorisation": GatewayStore.Authorisation.EXPIRED},
}


def settle(verification: Verification, status: str, **changes: Any) -> None:
    """Gives the verification a final status and removes its code, which is kept only while it may
    be sent.
    """
    final: dict[str, Any] = {"settled_at": timezone.now(), "needs_person": False}
    # A code that stays is not even read: without its key the row could not be settled.
    if not is_for_retry(verification, changes.get("reason", "")):
        final["code"] = ""
    move(verification, status, **changes, **final)


def is_for_retry(verification: Verification, reason: str) -> bool:
    """Whether a person may try the same code again: systems keep the codes that they send."""
    return verification.channel in (Channel.COUNTER, Channel.GUEST) and reason in OUTAGES


def first_verified(verification: Verification) -> Verification | None:
    """Returns the verification of the same code that any store of the merchant made."""
    uses = Verification.objects.uses_of(verification.code_hash, merchant_of=verification.store_id)
    return uses.exclude(pk=verification.pk).select_related("store").first()


def _note_store_state(call: OutboundCall, reason: Reason) -> None:
    """Blocks the store when the gateway answers that it cannot verify, and queues a sync of the
    stores.
    """
    state = _STORE_STATE.get(reason)
    # Only the first of many refusals changes the row and queues the sync.
    if state and GatewayStore.objects.filter(store=call.store).exclude(**state).update(**state):
        transaction.on_commit(
            lambda: queue.wake_worker("coupons.tasks.sync_stores", call.connection_id), robust=True
        )


class OwnRefusal(Refused):
    """Our own refusal: the call is not sent, because it would surely fail or must not cost
    anything.
    """

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason, "")
        self.reason = reason


class UsedElsewhere(Refused):
    """The gateway answers "used", and another store of the merchant has verified the code."""

    reason = Reason.ALREADY_USED

    def __init__(self, words: str, first: Verification) -> None:
        super().__init__(self.reason, words)
        self.first = first


def why(call: OutboundCall, error: Refused) -> Reason:
    """Returns our reason for a refusal; a reason about the store is noted if it comes from the
    gateway.
    """
    if isinstance(error, OwnRefusal | UsedElsewhere):
        return error.reason
    reason = reason_of(error.message)
    _note_store_state(call, reason)
    return reason


def refuse(
    verification: Verification, reason: str, gateway_message: str = "", **fields: Any
) -> None:
    if reason == Reason.ALREADY_USED and "duplicate_of" not in fields:
        fields["duplicate_of"] = first_verified(verification)
    settle(
        verification, Status.REFUSED, reason=reason, gateway_message=gateway_message[:300], **fields
    )


def spent(verification: Verification, gateway_message: str, *, inferred: bool) -> None:
    """Marks the coupon as verified; a deal that the synced list does not contain is marked, but is
    no error.
    """
    reason = Reason.SKU_UNMAPPED if verification.unmapped else ""
    settle(
        verification,
        Status.VERIFIED,
        inferred=inferred,
        gateway_message=gateway_message[:300],
        reason=reason,
    )
