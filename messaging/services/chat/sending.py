"""Sending what the shop writes (docs/platforms/takeaway.md §5.1, §5.2).

Meituan's answer has no number and nothing can be asked for: a message whose answer was lost may
have arrived. It is never sent again by itself; its echo, if one comes, settles it. The messages of
one conversation go one after the other.
"""

import hashlib
import secrets as random
from datetime import date, datetime, timedelta
from typing import Any, ClassVar

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from messaging import signatures
from messaging.choices import PLATFORM, Direction, MessageKind, MessageState, Origin
from messaging.models import Conversation, Message
from messaging.services.chat import bookkeeping, closing, keys, pictures, secrets
from messaging.services.chat.closing import ChatConflict
from messaging.services.reading import client_of
from stores.audit import Actor, name_of
from stores.conflicts import Conflict
from stores.idempotency import once
from stores.models import OutboundCall
from stores.platforms import outbox
from stores.platforms.errors import NeedsPerson, Refused
from stores.platforms.outbox import Operation, SlotWaiter, Verdict, enqueue, operation
from stores.platforms.reading import MAX_INT64
from stores.transitions import set_state

# Characters of one message; Meituan publishes no limit.
LONGEST = 1000


@operation
class MessageSending(Operation):
    """Sends one message; the call's subject."""

    platform = PLATFORM
    name = "message.send"
    title = gettext_lazy("Send a chat message")
    # Later than this, an answer is none any more: a person decides whether it is still sent.
    patience = timedelta(minutes=30)
    backoff: ClassVar[tuple[float, ...]] = (1, 3, 10, 30, 60)

    def send(self, call: OutboundCall, wait_for_slot: SlotWaiter) -> Any:
        message = Message.objects.select_related("conversation__order").get(pk=call.subject_id)
        if message.state == MessageState.SENT:
            return None
        if reason := closing.why_closed(message.conversation):
            raise Refused("closed", str(reason))
        client = client_of(call.connection, wait_for_slot)
        developer = call.connection.parent or call.connection
        order = message.conversation.order
        client.send(
            message_id=message.sent_id,
            customer=message.conversation.open_user_id,
            order_id=order.order_id if order else "",
            sealed=signatures.seal(message.text, secret=secrets.present(developer, client)),
            is_picture=message.kind == MessageKind.PICTURE,
        )
        return None

    def ask(self, call: OutboundCall, wait_for_slot: SlotWaiter) -> Verdict:
        """Meituan cannot be asked; but the echo may have come."""
        if Message.objects.filter(pk=call.subject_id, state=MessageState.SENT).exists():
            return Verdict(executed=True)
        raise NeedsPerson("the answer was lost, and Meituan cannot be asked for a message")

    def may_retry(self, call: OutboundCall, *, ask_first: bool) -> bool:
        """A person writes it anew: what may have arrived is not sent by a button in a ledger."""
        return False

    def on_sending(self, call: OutboundCall) -> None:
        Message.objects.filter(pk=call.subject_id).update(handed_at=timezone.now())

    def on_done(self, call: OutboundCall, answer: Any, *, inferred: bool) -> None:
        _settle(call, MessageState.SENT, sent_at=timezone.now(), error="")

    def on_refused(self, call: OutboundCall, error: Refused) -> None:
        _settle(call, MessageState.FAILED, error=error.message[:300])

    def on_unknown(self, call: OutboundCall) -> None:
        _settle(call, MessageState.UNKNOWN)

    def on_dead(self, call: OutboundCall, *, maybe_executed: bool) -> None:
        if maybe_executed:
            _settle(call, MessageState.UNKNOWN)
        else:
            _settle(call, MessageState.FAILED, error=_("Meituan could not be reached in time."))


def message_send(
    *,
    conversation: Conversation,
    actor: Actor,
    text: str,
    key: str = "",
    is_picture: bool = False,
) -> tuple[Message, bool]:
    """Owes a message of a person; returns it, and whether it is new.

    `key` stands for one press of the button: with it again, the first message is returned. Raises
    KeyReused for a key with another text, ChatConflict.
    """
    words = keys.words_of(text)
    if not words:
        raise ChatConflict(gettext_lazy("Write something first."))
    if len(words) > LONGEST:
        raise ChatConflict(
            gettext_lazy("A message has at most %(most)d characters.") % {"most": LONGEST}
        )
    kind = MessageKind.PICTURE if is_picture else MessageKind.TEXT
    return once(
        actor=actor,
        key=key,
        fingerprint=keys.fingerprint(conversation, kind, words),
        rows=Message.objects.all(),
        make=lambda: _owe(conversation.pk, kind, words, Origin.PERSON, actor),
    )


def picture_send(
    *, conversation: Conversation, actor: Actor, content: bytes, key: str = ""
) -> tuple[Message, bool]:
    """Keeps an uploaded picture and owes it; the same `key` again is the same picture, once.

    Raises KeyReused for a key with another picture, ChatConflict.
    """
    small = pictures.as_jpeg(content)

    def make() -> Message:
        address = pictures.address_of(pictures.picture_keep(conversation.store, small))
        return _owe(conversation.pk, MessageKind.PICTURE, address, Origin.PERSON, actor)

    digest = hashlib.sha256(content).hexdigest()
    return once(
        actor=actor,
        key=key,
        fingerprint=keys.fingerprint(conversation, MessageKind.PICTURE, digest),
        rows=Message.objects.all(),
        make=make,
    )


def picture_send_again(*, message: Message, actor: Actor) -> tuple[Message, bool]:
    """Owes a picture of ours anew that has failed or may have; a second time it is known. Raises
    ChatConflict.
    """
    is_lost = message.state in (MessageState.FAILED, MessageState.UNKNOWN)
    if not is_lost or message.kind != MessageKind.PICTURE:
        raise ChatConflict(gettext_lazy("This picture was sent; it is not sent again."))
    return message_send(
        conversation=message.conversation,
        actor=actor,
        text=message.text,
        key=f"again {message.pk}",
        is_picture=True,
    )


def rule_send(conversation: Conversation, text: str, *, rule: str, day: date) -> Message | None:
    """Owes an automatic message, once per conversation, rule and day; None when it was owed, or
    nothing can be written here. The conversation is locked by the caller.
    """
    known = Message.objects.automatic(day).filter(conversation=conversation, rule=rule)
    if known.exists() or closing.why_closed(conversation):
        return None
    return _owe(conversation.pk, MessageKind.TEXT, text, Origin.RULE, "", rule=rule, rule_day=day)


def card_message_send(conversation: Conversation, text: str) -> Message:
    """Owes the message with an order's safety card. The conversation is locked by the caller, who
    sees to it that it is owed once. Raises ChatConflict.
    """
    return _owe(conversation.pk, MessageKind.TEXT, text, Origin.RULE, "")


@transaction.atomic
def message_withdraw(*, message: Message) -> None:
    """Takes back a message that was not handed over. Raises ChatConflict when it is too late."""
    call = _call(message.pk)
    if call is None or not outbox.revoke(call, "withdrawn by a person"):
        raise ChatConflict(gettext_lazy("It is too late: the message is on its way."))
    _settle(call, MessageState.FAILED, error=_("withdrawn"))


def send_now(message: Message, *, wait: float = 0.0) -> None:
    """Sends a message that was just owed, while its account has a free slot, and waits up to `wait`
    seconds for the result; else a worker does.
    """
    waiting = outbox.OneCall(message, waiting=MessageState.WAITING, find=_call)
    outbox.process(waiting, wait=wait, in_background=True)


def settle_call(message_id: int) -> None:
    """Settles the call of a message whose echo has come."""
    call = _call(message_id)
    if call is None or call.state not in (OutboundCall.State.UNKNOWN, OutboundCall.State.DEAD):
        return
    try:
        outbox.settle_by_hand(call, executed=True, note="its echo came")
    except Conflict:
        # It is asked about right now, and will find the message sent.
        return


@transaction.atomic
def _owe(
    conversation_id: int,
    kind: MessageKind,
    text: str,
    origin: Origin,
    actor: Actor,
    **changes: Any,
) -> Message:
    conversation = bookkeeping.locked(conversation_id)
    closing.expect_open(conversation)
    at, tie = _place(conversation)
    message = Message.objects.create(
        conversation=conversation,
        connection_id=conversation.connection_id,
        store_id=conversation.store_id,
        direction=Direction.SHOP,
        origin=origin,
        sent_id=_new_number(),
        kind=kind,
        text=text,
        at=at,
        tie=tie,
        state=MessageState.WAITING,
        author=name_of(actor),
        user=actor if isinstance(actor, User) else None,
        order=conversation.order,
        **changes,
    )
    enqueue(
        MessageSending,
        connection=conversation.connection,
        key=str(message.pk),
        subject_id=message.pk,
        store_id=conversation.store_id,
        lane=OutboundCall.Lane.INTERACTIVE,
        series=f"takeaway.chat.{conversation.pk}",
        known_new=True,
    )
    bookkeeping.summarise(conversation)
    bookkeeping.changed(conversation, [message])
    return message


def _place(conversation: Conversation) -> tuple[datetime, int]:
    """Returns the place after all that is known: in its second, after the last number; in the next
    second after the largest one.
    """
    last = conversation.messages.order_by("-at", "-tie", "-pk").first()
    now = timezone.now().replace(microsecond=0)
    if last is None or last.at < now:
        return now, 0
    if last.tie >= MAX_INT64:
        return last.at + timedelta(seconds=1), 0
    return last.at, last.tie + 1


def _new_number() -> str:
    """Returns a number for Meituan that no message of ours had, even of a database before."""
    milliseconds = int(timezone.now().timestamp() * 1000)
    return str(milliseconds * 1000 + random.randbelow(1000))


def _settle(call: OutboundCall, state: MessageState, **changes: Any) -> None:
    """Changes a message's state, unless its echo has settled it."""
    found = Message.objects.filter(pk=call.subject_id).values_list("conversation", flat=True)
    conversation = bookkeeping.locked(found.get())
    message = Message.objects.get(pk=call.subject_id)
    if state not in Message.TRANSITIONS[message.state]:
        return
    set_state(message, state, **changes)
    message.save(update_fields=["state", *changes])
    bookkeeping.recount(conversation, message)
    bookkeeping.changed(conversation, [message])


def _call(message_id: int) -> OutboundCall | None:
    rows = OutboundCall.objects.filter(operation=MessageSending.name, subject_id=message_id)
    return rows.filter(platform=PLATFORM).first()
