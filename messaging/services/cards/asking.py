"""How a store's card stands at Meituan: whether the letter is signed, and its audit."""

from datetime import timedelta
from typing import Any, ClassVar

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from messaging.choices import PLATFORM
from messaging.models import SafetyCard, TakeawayStore
from messaging.services.at_once import client_at_once
from messaging.services.reading import client_of, owe_each
from messaging.wire.cards import RemoteCard
from stores.models import OutboundCall
from stores.platforms.outbox import Operation, SlotWaiter, operation

EVERY = timedelta(minutes=30)


@operation
class CardReading(Operation):
    """Asks how a store's card stands. The subject is our card."""

    platform = PLATFORM
    name = "card.read"
    title = _("Ask Meituan for a safety card")
    repeatable = True
    patience = EVERY
    backoff: ClassVar[tuple[float, ...]] = (5, 60, 300)

    def send(self, call: OutboundCall, wait_for_slot: SlotWaiter) -> Any:
        return client_of(call.connection, wait_for_slot).card()

    def on_done(self, call: OutboundCall, answer: Any, *, inferred: bool) -> None:
        note_standing(call.subject_id, answer)


def note_standing(card_id: int, remote: RemoteCard) -> None:
    """Keeps what Meituan says of a card."""
    SafetyCard.objects.filter(pk=card_id).update(
        is_signed=remote.is_signed,
        audit=remote.audit,
        audit_tip=remote.audit_tip,
        card_id=remote.card_id,
        page=remote.page,
        asked_at=timezone.now(),
    )


def card_check(*, card: SafetyCard) -> SafetyCard:
    """Asks Meituan at once how a card stands. Raises PlatformError."""
    note_standing(card.pk, client_at_once(card.binding.connection).card())
    card.refresh_from_db()
    return card


def owe_reading(card: SafetyCard) -> OutboundCall:
    """Owes the question how a card stands, at most once in half an hour."""
    return owe_each(CardReading, EVERY, binding=card.binding, subject_id=card.pk)


def ask_all() -> int:
    """Owes the question for the cards of all bound stores; returns how many."""
    bound = SafetyCard.objects.filter(binding__state=TakeawayStore.State.BOUND)
    rows = list(bound.select_related("binding__connection").order_by("pk"))
    for card in rows:
        owe_reading(card)
    return len(rows)
