"""Until when a customer can be answered, and why not (docs/platforms/takeaway.md §5.5)."""

from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from messaging.models import ChatStore, Conversation, Order, TakeawayStore
from messaging.services.chat.bookkeeping import chat_for
from stores.conflicts import Conflict


class ChatConflict(Conflict):
    """Nothing can be written in this conversation as it stands."""

    code = "chat_conflict"


def closes_at(conversation: Conversation, chat: ChatStore | None = None) -> datetime | None:
    """Returns from when on nothing is sent any more, some minutes before Meituan's own end; None
    while the order runs, and before one.
    """
    order = conversation.order
    ended_at = _ended_at(order) if order else None
    if ended_at is None:
        return None
    chat = chat or chat_for(conversation)
    return ended_at + timedelta(hours=chat.open_hours) - timedelta(minutes=chat.margin_minutes)


def why_closed(conversation: Conversation, now: datetime | None = None) -> StrOrPromise | None:
    """Returns why nothing can be written here, in a sentence for people; None when it can."""
    chat = chat_for(conversation)
    if not conversation.open_user_id:
        return _("Meituan does not say who wrote this; answer in Meituan's own app.")
    if conversation.blocked_at:
        return _("This customer is blocked.")
    if chat.binding.state != TakeawayStore.State.BOUND:
        return _("The store is not bound to Meituan any more; answer in Meituan's own app.")
    if chat.is_on is False:
        return _("The chat of this store is switched off at Meituan.")
    end = closes_at(conversation, chat)
    if end and end <= (now or timezone.now()):
        return _("Meituan closes a conversation %(hours)d hours after the end of its order.") % {
            "hours": chat.open_hours
        }
    return None


def expect_open(conversation: Conversation) -> None:
    """Raises ChatConflict with the reason when nothing can be written here."""
    if reason := why_closed(conversation):
        raise ChatConflict(reason)


def is_over(order: Order, chat: ChatStore, now: datetime) -> bool:
    """Whether the time after an order's end has passed in which it may be talked about."""
    ended_at = _ended_at(order)
    return ended_at is not None and ended_at + timedelta(hours=chat.open_hours) <= now


def _ended_at(order: Order) -> datetime | None:
    return order.finished_at or order.cancelled_at
