"""Removes the staff of old safety cards after the merchant's days; the rows stay."""

from datetime import timedelta

from django.utils import timezone

from messaging.models import CardTest, SafetyCard, SavedCard


def forget_staff() -> int:
    """Empties old cards and deletes old tests; returns the number of rows."""
    removed = 0
    for card in SafetyCard.objects.select_related("binding__store__merchant").order_by("pk"):
        days = timedelta(days=card.binding.store.merchant.personal_data_days)
        before = timezone.now() - days
        old = SavedCard.objects.filter(card=card, emptied_at=None, filled_at__lt=before)
        removed += old.update(content={}, filled_by="", emptied_at=timezone.now())
        removed += CardTest.objects.filter(card=card, made_at__lt=before).delete()[0]
    return removed
