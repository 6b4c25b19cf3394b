"""Saving the card of a day. A person sees and sends it; nothing here sends one by itself.

Saving the same card twice does no harm, so that one whose answer was lost is sent again. The cards
of a store go one after the other.
"""

from datetime import timedelta
from typing import Any, ClassVar

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy

from messaging.choices import PLATFORM, CardState
from messaging.models import SafetyCard, SavedCard, TakeawayStore
from messaging.models.cards import LATE, UNREACHED
from messaging.services.cards import asking, setting_up
from messaging.services.cards.rules import CardConflict, why_not_save
from messaging.services.reading import client_of
from messaging.wire.cards import CardRow
from stores import audit
from stores.audit import Actor, name_of
from stores.models import OutboundCall
from stores.platforms import outbox
from stores.platforms.errors import Refused
from stores.platforms.outbox import Operation, SlotWaiter, enqueue, operation
from stores.transitions import set_state

# Seconds for which a person waits for Meituan's answer.
WAIT = 5.0


@operation
class CardSaving(Operation):
    """Saves the card of a day; the call's subject."""

    platform = PLATFORM
    name = "card.save"
    title = gettext_lazy("Save a safety card")
    repeatable = True
    patience = timedelta(hours=6)
    backoff: ClassVar[tuple[float, ...]] = (2, 10, 60, 300)

    def send(self, call: OutboundCall, wait_for_slot: SlotWaiter) -> Any:
        row = SavedCard.objects.get(pk=call.subject_id)
        if row.day != timezone.localdate():
            raise Refused(LATE, LATE)
        return client_of(call.connection, wait_for_slot).save_card(row.whole)

    def may_retry(self, call: OutboundCall, *, ask_first: bool) -> bool:
        """A later card must not be replaced by an earlier one."""
        row = SavedCard.objects.get(pk=call.subject_id)
        is_last = not SavedCard.objects.filter(card=row.card_id, pk__gt=row.pk).exists()
        return is_last and row.state == CardState.FAILED and row.day == timezone.localdate()

    def on_done(self, call: OutboundCall, answer: Any, *, inferred: bool) -> None:
        row = _settle(call, CardState.SAVED, saved_at=timezone.now(), error="")
        # Meituan saves no card of a store that has not signed.
        SafetyCard.objects.filter(pk=row.card_id).update(
            card_id=answer.card_id, page=answer.page, is_signed=True
        )

    def on_refused(self, call: OutboundCall, error: Refused) -> None:
        row = _settle(call, CardState.REFUSED, error=error.message[:300])
        # It may be that the letter is not signed, or no more.
        asking.owe_reading(row.card)

    def on_dead(self, call: OutboundCall, *, maybe_executed: bool) -> None:
        _settle(call, CardState.FAILED, error=UNREACHED)


def card_save(*, binding: TakeawayStore, rows: tuple[CardRow, ...], actor: Actor) -> SavedCard:
    """Owes the card of today with these people, for a person who has seen it.

    One that was not sent yet is replaced. Raises CardConflict with what Meituan would refuse, and
    PlatformError when it has to be asked whether the chat is on.
    """
    card = setting_up.kept_card(binding)
    whole = setting_up.whole_card(card, rows)
    is_on = not whole.by_im or setting_up.chat_is_on(binding)
    if reason := why_not_save(whole, binding=binding, chat_is_on=is_on):
        raise CardConflict(reason)
    with transaction.atomic():
        SafetyCard.objects.select_for_update().get(pk=card.pk)
        _replace(card)
        row = SavedCard.objects.create(
            card=card,
            day=timezone.localdate(),
            content=whole.as_biz(),
            filled_by=name_of(actor),
        )
        enqueue(
            CardSaving,
            connection=binding.connection,
            key=str(row.pk),
            subject_id=row.pk,
            store_id=binding.store_id,
            lane=OutboundCall.Lane.INTERACTIVE,
            series=f"takeaway.card.{card.pk}",
            known_new=True,
        )
        audit.record(
            "takeaway.card.save", actor=actor, store=binding.store, target=binding, day=f"{row.day}"
        )
    return row


def save_now(row: SavedCard) -> None:
    """Sends a card that was just owed and waits some seconds for the answer; else a worker does."""
    waiting = outbox.OneCall(row, waiting=CardState.WAITING, find=_call)
    outbox.process(waiting, wait=WAIT, in_background=True)


def _replace(card: SafetyCard) -> None:
    """Takes back what was not sent yet."""
    for row in SavedCard.objects.filter(card=card, state=CardState.WAITING):
        call = _call(row.pk)
        if call and outbox.revoke(call, "filled in anew"):
            set_state(row, CardState.REPLACED)
            row.save(update_fields=["state"])


def _settle(call: OutboundCall, state: CardState, **changes: Any) -> SavedCard:
    row = SavedCard.objects.select_for_update().get(pk=call.subject_id)
    if state in SavedCard.TRANSITIONS[row.state]:
        set_state(row, state, **changes)
        row.save(update_fields=["state", *changes])
    return row


def _call(pk: int) -> OutboundCall | None:
    rows = OutboundCall.objects.filter(platform=PLATFORM, operation=CardSaving.name)
    return rows.filter(subject_id=pk).first()
