"""The reply rate as Meituan counts it, and the rights that it unlocks (docs/platforms/takeaway.md
§5.5).
"""

from dataclasses import asdict
from datetime import timedelta
from typing import Any, ClassVar

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from messaging.choices import PLATFORM
from messaging.models import ChatStore, TakeawayStore
from messaging.services.at_once import client_at_once
from messaging.services.chat.bookkeeping import chat_of
from messaging.services.reading import client_of, owe_each
from messaging.wire.rates import RemoteRate
from stores.models import OutboundCall
from stores.platforms.outbox import Operation, SlotWaiter, operation

EVERY = timedelta(hours=6)
# The right to talk with customers about their reviews.
ASK_ABOUT_REVIEWS, RIGHTS_LAST = 1, timedelta(days=1)


@operation
class RateReading(Operation):
    """Asks for a store's reply rate. The subject is our chat of the store."""

    platform = PLATFORM
    name = "chat.rate"
    title = _("Ask Meituan for the reply rate")
    repeatable = True
    patience = EVERY
    backoff: ClassVar[tuple[float, ...]] = (5, 60, 300)

    def send(self, call: OutboundCall, wait_for_slot: SlotWaiter) -> Any:
        return client_of(call.connection, wait_for_slot).rate()

    def on_done(self, call: OutboundCall, answer: Any, *, inferred: bool) -> None:
        _note(call.subject_id, answer)


def rate_read(*, binding: TakeawayStore) -> ChatStore:
    """Asks at once, while a person waits. Raises PlatformError."""
    chat = chat_of(binding.connection_id)
    _note(chat.pk, client_at_once(binding.connection).rate())
    chat.refresh_from_db()
    return chat


def owe_rate(chat: ChatStore) -> OutboundCall:
    """Owes the question for a store's rate, at most once in six hours."""
    return owe_each(RateReading, EVERY, binding=chat.binding, subject_id=chat.pk)


def ask_all() -> int:
    """Owes the question for the bound stores whose chat is on; returns how many."""
    bound = ChatStore.objects.filter(is_on=True, binding__state=TakeawayStore.State.BOUND)
    rows = list(bound.select_related("binding__connection").order_by("pk"))
    for chat in rows:
        owe_rate(chat)
    return len(rows)


def may_ask_for_review(chat: ChatStore) -> bool:
    """Whether the reply rate, as Meituan said it within a day, has unlocked talking with customers
    about their reviews.
    """
    is_fresh = chat.rate_at is not None and timezone.now() - chat.rate_at < RIGHTS_LAST
    return is_fresh and ASK_ABOUT_REVIEWS in chat.rate.get("codes", ())


def _note(chat_id: int, rate: RemoteRate) -> None:
    ChatStore.objects.filter(pk=chat_id).update(rate=asdict(rate), rate_at=timezone.now())
