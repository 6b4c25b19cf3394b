"""Which card was saved for a day or an order. Asks our tables only."""

from datetime import date

from django.utils import timezone

from messaging.choices import CardAudit, CardState
from messaging.models import Order, SafetyCard, SavedCard
from messaging.wire.cards import CardRow


def last_filled(card: SafetyCard) -> SavedCard | None:
    """Returns what was filled in last, from which the next day's form takes its values."""
    rows = SavedCard.objects.filter(card=card.pk, emptied_at=None)
    return rows.exclude(state=CardState.REFUSED).order_by("-pk").first() or rows.first()


def today_of(card: SafetyCard) -> SavedCard | None:
    """Returns what was filled in last today."""
    rows = SavedCard.objects.filter(card=card.pk, day=timezone.localdate())
    return rows.order_by("-pk").first()


def card_of_order(order: Order) -> SavedCard | None:
    """Returns the card that Meituan had on the day on which the order was accepted, the last one of
    several; None without one, and while Meituan does not show the store's card.
    """
    rows = SavedCard.objects.filter(
        card__binding__connection=order.connection_id,
        day=_day_of(order),
        state=CardState.SAVED,
        emptied_at=None,
    )
    found = rows.select_related("card").order_by("-pk").first()
    return found if found and _is_shown(found.card) else None


def rows_for_receipt(order: Order) -> tuple[CardRow, ...]:
    """Returns whom the receipt of an order names; nobody unless the store wants it printed."""
    saved = card_of_order(order)
    return saved.whole.rows if saved and saved.whole.on_receipt else ()


def _is_shown(card: SafetyCard) -> bool:
    """Meituan wants everything to stop while the card is offline or the letter not signed."""
    is_offline = card.audit in (CardAudit.OFFLINE, CardAudit.REJECTED)
    return not is_offline and card.is_signed is not False


def _day_of(order: Order) -> date:
    return timezone.localdate(order.accepted_at or order.heard_at)
