"""Decisions of a person about a verification: one whose result is unclear is settled, one that
waits is withdrawn.
"""

from django.db import transaction
from django.utils.translation import gettext as _

from coupons.models import Verification
from coupons.reasons import Reason
from coupons.services.operations import SpendCoupon
from coupons.services.transitions import refuse, settle
from coupons.services.verifying import live_call
from stores import audit
from stores.conflicts import Conflict
from stores.models import OutboundCall
from stores.platforms import outbox

Status = Verification.Status


@transaction.atomic
def verification_ask(*, verification: Verification, actor: audit.Actor) -> None:
    """Asks the platform at once for the result of an unclear verification.

    A verification that was not executed is then sent again automatically. Raises Conflict.
    """
    call, row = _locked(verification)
    outbox.ask_now(call)
    row.needs_person = False
    row.save(update_fields=["needs_person"])
    audit.record("asked the platform", actor=actor, store=row.store, target=row)


@transaction.atomic
def verification_settle(
    *, verification: Verification, verified: bool, note: str, actor: audit.Actor
) -> None:
    """Settles an unclear verification by a person's decision, with a reason. Raises Conflict."""
    if not note.strip():
        raise Conflict(_("A reason is required."))
    call, row = _locked(verification)
    outbox.settle_by_hand(call, executed=verified, note="settled by hand")
    settled_note = note.strip()[:300]
    if verified:
        settle(row, Status.VERIFIED, inferred=True, reason="", settled_note=settled_note)
    else:
        settle(row, Status.REFUSED, reason=Reason.REFUSED_OTHER, settled_note=settled_note)
    audit.record(
        "settled by hand",
        actor=actor,
        store=row.store,
        target=row,
        verified=verified,
        note=note[:300],
    )


@transaction.atomic
def verification_withdraw(*, verification: Verification, actor: audit.Actor) -> None:
    """Takes a verification back that waits and was surely not sent: the guest has left.

    Raises Conflict when it is too late.
    """
    call = live_call(verification)
    if call is None or not outbox.revoke(call, "withdrawn by the staff"):
        raise Conflict(_("It is being sent right now, or its result is known."))
    rows = Verification.objects.select_for_update(of=("self",)).select_related("store__merchant")
    row = rows.get(pk=verification.pk)
    refuse(row, Reason.WITHDRAWN)
    audit.record("verification withdrawn", actor=actor, store=row.store, target=row)


def _locked(verification: Verification) -> tuple[OutboundCall, Verification]:
    """Locks both rows, the call first, in the same order as an answer does. Raises Conflict."""
    calls = OutboundCall.objects.select_for_update(of=("self",)).filter(
        platform=SpendCoupon.platform, operation=SpendCoupon.name, subject_id=verification.pk
    )
    call = calls.first()
    row = (
        Verification.objects.select_for_update(of=("self",))
        .select_related("store__merchant")
        .get(pk=verification.pk)
    )
    if call is None or row.status != Status.UNKNOWN:
        raise Conflict(_("Only unclear verifications can be settled by a person."))
    return call, row
