"""What a person does about a verification that did not settle by itself."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from coupons.models import Verification
from coupons.reasons import Reason
from coupons.services.operations import SpendCoupon, move
from stores import audit
from stores.conflicts import Conflict
from stores.models import OutboundCall
from stores.platforms.outbox import retry_dead
from stores.platforms.outbox.enqueuing import notify

Status = Verification.Status


@transaction.atomic
def verification_ask(*, verification: Verification, actor: audit.Actor) -> None:
    """Asks the platform now what became of an unclear verification; what was not executed is sent again by itself."""
    call, row = _locked(verification)
    if not retry_dead(call, ask_first=True):
        OutboundCall.objects.filter(pk=call.pk, state=OutboundCall.State.UNKNOWN).update(
            due_at=timezone.now()
        )
        notify(call.pk)
    row.needs_person = False
    row.save(update_fields=["needs_person"])
    audit.record("asked the platform", actor=actor, store=row.store, target=row)


@transaction.atomic
def verification_settle(
    *, verification: Verification, verified: bool, note: str, actor: audit.Actor
) -> None:
    """A person decides an unclear verification, with a reason. Raises Conflict."""
    if not note.strip():
        raise Conflict(_("A reason is required."))
    call, row = _locked(verification)
    if call.state == OutboundCall.State.SENDING or (
        call.lease_until and call.lease_until > timezone.now()
    ):
        raise Conflict(_("It is being sent or asked about right now."))
    call.state = OutboundCall.State.DONE if verified else OutboundCall.State.REFUSED
    call.settled_at, call.last_error = timezone.now(), "settled by hand"
    # A late answer finds that the call is no longer its own.
    call.lease_until, call.claim = None, ""
    call.save(update_fields=["state", "settled_at", "last_error", "lease_until", "claim"])
    fields = {"settled_note": note.strip()[:300]}
    if verified:
        move(row, Status.VERIFIED, inferred=True, reason="", **fields)
    else:
        move(row, Status.REFUSED, reason=Reason.REFUSED_OTHER, **fields)
    audit.record(
        "settled by hand",
        actor=actor,
        store=row.store,
        target=row,
        verified=verified,
        note=note[:300],
    )


def _locked(verification: Verification) -> tuple[OutboundCall, Verification]:
    """Both rows, the call first: whoever settles an answer locks them in this order too."""
    owed = OutboundCall.objects.select_for_update(of=("self",)).filter(
        platform=SpendCoupon.platform, operation=SpendCoupon.name, subject_id=verification.pk
    )
    call = owed.first()
    row = (
        Verification.objects.select_for_update(of=("self",))
        .select_related("store__merchant")
        .get(pk=verification.pk)
    )
    if call is None or row.status != Status.UNKNOWN:
        raise Conflict(_("Only unclear verifications can be settled by a person."))
    return call, row
