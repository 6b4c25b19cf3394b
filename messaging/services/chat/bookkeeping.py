"""What is kept about a conversation beside its messages: who waits, and what has changed.

The reply clock is counted anew from the last answer before a message, so that messages may come in
any order.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import F, Q

from messaging.choices import Direction, MessageState, Origin
from messaging.models import ChatRevision, ChatStore, Conversation, Message, TakeawayStore
from messaging.services.chat.texts import brief_of


def locked(conversation_id: int) -> Conversation:
    """Returns the conversation, locked in the caller's transaction."""
    rows = Conversation.objects.select_for_update(of=("self",)).select_related("store", "order")
    return rows.get(pk=conversation_id)


def chat_of(connection_id: int) -> ChatStore:
    """Returns what a store's connection has set for its chat; made with the usual values."""
    chat = _read(connection_id)
    return chat if chat.pk else ChatStore.objects.get_or_create(binding=chat.binding)[0]


def chat_for(conversation: Conversation) -> ChatStore:
    """Returns what holds for a conversation, read once per row in memory; the usual values, which
    stand in no row, while nothing is set.
    """
    known: ChatStore | None = vars(conversation).get("_chat")
    if known is None:
        known = vars(conversation)["_chat"] = _read(conversation.connection_id)
    return known


def read_chats(conversations: Iterable[Conversation]) -> None:
    """Reads what holds for many conversations in one query, for `chat_for`."""
    rows = list(conversations)
    bindings = TakeawayStore.objects.filter(connection__in={row.connection_id for row in rows})
    known = {
        binding.connection_id: getattr(binding, "chat", None) or ChatStore(binding=binding)
        for binding in bindings.select_related("chat")
    }
    for row in rows:
        vars(row)["_chat"] = known[row.connection_id]


def _read(connection_id: int) -> ChatStore:
    rows = ChatStore.objects.select_related("binding")
    if found := rows.filter(binding__connection=connection_id).one():
        return found
    return ChatStore(binding=TakeawayStore.objects.get(connection=connection_id))


def changed(conversation: Conversation, messages: Iterable[Message] = ()) -> None:
    """Saves a locked conversation and marks it and these messages as new for pages that poll."""
    number = _next_number(conversation.store.merchant_id)
    conversation.revision = number
    conversation.save()
    pks = [message.pk for message in messages]
    if pks:
        Message.objects.filter(pk__in=pks).update(revision=number)


def recount(conversation: Conversation, since: Message) -> None:
    """Sets anew from which messages the reply clock runs, and who waits; saves nothing of the
    conversation. `since` is the earliest message that is new or changed.
    """
    if _only_follows(conversation, since):
        return
    chat = chat_for(conversation)
    usual = timedelta(minutes=chat.reply_minutes)
    urgent = timedelta(seconds=chat.urgent_seconds)
    waiting: dict[bool, Message] = {}
    for row in _since_the_answer_before(conversation, since):
        if row.is_ours:
            if _answers(row):
                for question in waiting.values():
                    _note(question, question.reply_until, row.sent_at or row.at)
                waiting.clear()
            continue
        is_first = not waiting or (row.is_urgent and True not in waiting)
        if not is_first or not conversation.open_user_id:
            _note(row, None, None)
            continue
        _note(row, row.at + (urgent if row.is_urgent else usual), None)
        waiting[row.is_urgent] = row
    _wait(conversation, [row for row in waiting.values() if not _is_dismissed(conversation, row)])


def summarise(conversation: Conversation, new: Message | None = None) -> None:
    """Takes over the last message for lists, of automatic ones only the time; saves nothing. `new`
    is the only one that has come since.
    """
    last = new
    if new is None or (conversation.last_direction and new.at <= conversation.last_at):
        last = conversation.messages.order_by("-at", "-tie", "-pk").first()
    if last is None:
        return
    conversation.last_at = last.at
    if last.origin == Origin.RULE:
        by_people = conversation.messages.exclude(origin=Origin.RULE)
        last = by_people.order_by("-at", "-tie", "-pk").first() or last
    conversation.last_direction = last.direction
    conversation.preview = brief_of(last)


def _only_follows(conversation: Conversation, message: Message) -> bool:
    """Whether it comes after the message that already waits, and changes nothing for the clock."""
    since = conversation.waiting_since
    if message.is_ours or message.is_urgent or since is None:
        return False
    return message.at > since


def _wait(conversation: Conversation, questions: list[Message]) -> None:
    ends = [row.reply_until for row in questions if row.reply_until]
    conversation.waiting_since = min((row.at for row in questions), default=None)
    conversation.reply_until = min(ends, default=None)
    conversation.is_urgent = any(row.is_urgent for row in questions)


def _is_dismissed(conversation: Conversation, row: Message) -> bool:
    until = conversation.dismissed_at
    return until is not None and row.arrived_at <= until


def _answers(row: Message) -> bool:
    """Whether a message of the shop answers: one by a person that has arrived."""
    return row.state == MessageState.SENT and row.origin != Origin.RULE


def _since_the_answer_before(conversation: Conversation, since: Message) -> list[Message]:
    """Returns the messages from the last answer before `since` on, in their order."""
    rows = Message.objects.filter(conversation=conversation).defer("text")
    is_before = Q(at__lt=since.at) | Q(at=since.at, tie__lt=since.tie)
    answers = rows.filter(is_before, direction=Direction.SHOP, state=MessageState.SENT)
    last = answers.exclude(origin=Origin.RULE).order_by("-at", "-tie", "-pk").first()
    return list((rows.filter(at__gte=last.at) if last else rows).in_order())


def _note(row: Message, reply_until: datetime | None, answered_at: datetime | None) -> None:
    if (row.reply_until, row.answered_at) != (reply_until, answered_at):
        row.reply_until, row.answered_at = reply_until, answered_at
        row.save(update_fields=["reply_until", "answered_at"])


def _next_number(merchant_id: int) -> int:
    """Returns the merchant's next number; its row stays locked until the transaction ends."""
    rows = ChatRevision.objects.filter(merchant=merchant_id)
    if not rows.update(number=F("number") + 1):
        ChatRevision.objects.get_or_create(merchant_id=merchant_id)
        rows.update(number=F("number") + 1)
    return int(rows.values_list("number", flat=True).get())
