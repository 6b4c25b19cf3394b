"""What a person has to do about the safety card of a store."""

from collections.abc import Collection
from enum import StrEnum

from messaging.choices import CardAudit, CardState
from messaging.models import SafetyCard, TakeawayStore
from messaging.services.cards.saved import today_of


class Trouble(StrEnum):
    """What keeps a card from customers; the first of several is what is done first."""

    UNSIGNED = "unsigned"
    REJECTED = "rejected"
    OFFLINE = "offline"
    NOT_SAVED = "not_saved"
    UNFILLED = "unfilled"


def trouble_of(card: SafetyCard) -> Trouble | None:
    """Returns what has to be done about a card; None while nothing has to be."""
    if card.is_signed is False:
        return Trouble.UNSIGNED
    if card.audit == CardAudit.REJECTED:
        return Trouble.REJECTED
    if card.audit == CardAudit.OFFLINE:
        return Trouble.OFFLINE
    today = today_of(card)
    if today and today.state in (CardState.REFUSED, CardState.FAILED):
        return Trouble.NOT_SAVED
    return Trouble.UNFILLED if card.reminds and today is None else None


def troubled(stores: Collection[int]) -> list[tuple[SafetyCard, Trouble]]:
    """Returns the cards of bound stores about which something has to be done."""
    rows = SafetyCard.objects.filter(
        binding__store__in=stores, binding__state=TakeawayStore.State.BOUND
    )
    cards = rows.select_related("binding__store").order_by("pk")
    found = ((card, trouble_of(card)) for card in cards)
    return [(card, trouble) for card, trouble in found if trouble]
