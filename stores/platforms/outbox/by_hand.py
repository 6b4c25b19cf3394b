"""What a person does about a call whose result is unknown."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from stores.conflicts import Conflict
from stores.models import OutboundCall
from stores.platforms.outbox.enqueuing import notify, retry_dead
from stores.transitions import move

State = OutboundCall.State
# A result can be decided while nobody knows it, or once asking was given up.
OPEN = (State.UNKNOWN, State.DEAD)


@transaction.atomic
def ask_now(call: OutboundCall) -> bool:
    """Asks the platform at once what became of a call whose result is unknown.

    A call that was given up goes back to work for it. False when there is nothing to ask.
    """
    if retry_dead(call, ask_first=True):
        return True
    unknown = OutboundCall.objects.filter(pk=call.pk, state=State.UNKNOWN)
    if not unknown.update(due_at=timezone.now()):
        return False
    notify(call.pk)
    return True


@transaction.atomic
def settle_by_hand(call: OutboundCall, *, executed: bool, note: str) -> None:
    """Settles a call whose result is unknown as a person has found out; `note` says so on the call.

    The caller settles the business row in the same transaction: the operation's hooks do not run.
    Raises Conflict while the call is being sent or asked about, and when it is settled already.
    """
    row = OutboundCall.objects.select_for_update().get(pk=call.pk)
    now = timezone.now()
    if row.state == State.SENDING or (row.lease_until and row.lease_until > now):
        raise Conflict(_("It is being sent or asked about right now."))
    if row.state not in OPEN:
        raise Conflict(_("What became of it is known already."))
    # A late answer finds that the claim is no longer its own.
    move(
        row,
        State.DONE if executed else State.REFUSED,
        settled_at=now,
        last_error=note[:300],
        lease_until=None,
        claim="",
    )
