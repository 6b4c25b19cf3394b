"""Answering without a person: a greeting in business hours, an away reply outside of them."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.utils import timezone

from messaging.choices import AutoReply, Direction, Origin
from messaging.models import ChatHours, ChatStore, Conversation, Message
from messaging.services.chat import sending
from messaging.services.chat.bookkeeping import chat_for

# What comes that late is no beginning of a talk.
FRESH = timedelta(minutes=5)


def answer(conversation: Conversation, message: Message) -> Message | None:
    """Owes the automatic reply to a customer's message that has just come, if a rule has one.

    Nothing is said while people of the shop are writing with this customer.
    """
    chat = chat_for(conversation)
    now = timezone.now()
    if not (chat.greets or chat.answers_away):
        return None
    if not conversation.open_user_id or now - message.at > FRESH:
        return None
    rule, text = _rule(chat, now)
    if not text or _is_answered_by_people(conversation, now):
        return None
    day = timezone.localdate(now)
    return sending.rule_send(conversation, text, rule=rule, day=day)


def is_open(hours: Iterable[ChatHours], now: datetime) -> bool:
    """Whether the shop answers at a moment; without any hours it always does. A period that ends
    when it begins lasts a whole day.
    """
    rows = list(hours)
    local = timezone.localtime(now)
    return not rows or any(_covers(row, local) for row in rows)


def _covers(row: ChatHours, local: datetime) -> bool:
    time, today = local.time(), local.weekday()
    if row.opens < row.closes:
        return row.day in (None, today) and row.opens <= time < row.closes
    yesterday = (today - 1) % 7
    evening = row.day in (None, today) and time >= row.opens
    return evening or (row.day in (None, yesterday) and time < row.closes)


def _rule(chat: ChatStore, now: datetime) -> tuple[AutoReply, str]:
    if is_open(chat.hours.all() if chat.pk else (), now):
        return AutoReply.GREETING, chat.greeting if chat.greets else ""
    return AutoReply.AWAY, chat.away if chat.answers_away else ""


def _is_answered_by_people(conversation: Conversation, now: datetime) -> bool:
    rows = conversation.messages.filter(direction=Direction.SHOP, at__gte=now - timedelta(hours=1))
    return rows.exclude(origin=Origin.RULE).exists()
