"""Which card was filled in last. Asks our tables only."""

from django.utils import timezone

from messaging.choices import CardState
from messaging.models import SafetyCard, SavedCard


def last_filled(card: SafetyCard) -> SavedCard | None:
    """Returns what was filled in last, from which the next day's form takes its values."""
    rows = SavedCard.objects.filter(card=card.pk, emptied_at=None)
    return rows.exclude(state=CardState.REFUSED).order_by("-pk").first() or rows.first()


def today_of(card: SafetyCard) -> SavedCard | None:
    """Returns what was filled in last today."""
    rows = SavedCard.objects.filter(card=card.pk, day=timezone.localdate())
    return rows.order_by("-pk").first()
