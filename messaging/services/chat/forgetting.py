"""Removes the content of old conversations after the merchant's days; the rows stay.

`Merchant.personal_data_days` counts from the day on which a message came, as for the ledgers
(stores/platforms/retention.py).
"""

import time
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from messaging.models import ChatPicture, Conversation, Draft, Message, Onlooker, TakeawayStore

BATCH = 1000


def remove_old_chat(*, seconds: float = 30.0) -> int:
    """Empties texts and deletes pictures, drafts and traces of people that are too old.

    Returns the number of rows. Stops after `seconds`; the next run continues.
    """
    until = time.monotonic() + seconds
    removed = 0
    for binding in TakeawayStore.objects.select_related("store__merchant").order_by("pk"):
        removed += _remove(binding, until)
        if time.monotonic() > until:
            break
    Onlooker.objects.filter(seen_at__lt=timezone.now() - timedelta(days=1)).delete()
    return removed


def _remove(binding: TakeawayStore, until: float) -> int:
    before = timezone.now() - timedelta(days=binding.store.merchant.personal_data_days)
    removed = 0
    old = Message.objects.filter(
        connection=binding.connection_id, emptied_at=None, arrived_at__lt=before
    ).order_by()
    while pks := list(old.values_list("pk", flat=True)[:BATCH]):
        removed += _empty(pks)
        if time.monotonic() > until:
            return removed
    quiet = Conversation.objects.filter(store=binding.store_id, last_at__lt=before)
    removed += quiet.exclude(preview="").update(preview="")
    pictures = ChatPicture.objects.filter(store=binding.store_id, made_at__lt=before)
    removed += pictures.delete()[0]
    drafts = Draft.objects.filter(conversation__store=binding.store_id, changed_at__lt=before)
    return removed + drafts.delete()[0]


def _empty(pks: list[int]) -> int:
    with transaction.atomic():
        rows = Message.objects.filter(pk__in=pks, emptied_at=None)
        return rows.update(text="", emptied_at=timezone.now())
