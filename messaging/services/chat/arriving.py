"""Taking in a chat message, however it comes: by a socket, by push, or both.

A message is known by its number. What we sent comes back with a number that we never saw: it is the
oldest message of ours with this text that has none yet. What the shop writes in Meituan's own app
comes the same way, and belongs to nothing of ours.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction

from messaging.choices import Direction, MessageKind, MessageState, Origin
from messaging.models import Conversation, Message, Order
from messaging.services.chat import rules, secrets
from messaging.services.chat.bookkeeping import changed, chat_for, locked, recount, summarise
from messaging.services.chat.closing import is_over
from messaging.services.chat.sending import settle_call
from messaging.services.orders import locked as order_of
from messaging.services.reading import owe_order
from messaging.wire.messages import RemoteMessage
from stores.models import Connection
from stores.transitions import set_state

# An echo's time is Meituan's, and may lie before ours: of when we handed the message over.
ECHO_BEFORE, ECHO_AFTER = timedelta(minutes=2), timedelta(minutes=15)
# A message from the future counts as written when it came.
FUTURE = timedelta(minutes=10)


@dataclass(frozen=True)
class Read:
    """What a message says once it is opened."""

    text: str
    kind: MessageKind


def message_arrived(
    *, connection: Connection, remote: RemoteMessage, at: datetime, is_named: bool = True
) -> Message | None:
    """Stores a message of a store once; returns it, or None when it is known. `at` is when it came.

    `is_named`: Meituan named the store. Else it was only likely from where it came, and a later
    copy that names another store moves it there.
    """
    known = Message.objects.numbered(remote.message_id).filter(connection=connection)
    if known.exists():
        return None
    elsewhere = _at_another_store(connection, remote.message_id)
    if elsewhere and not is_named:
        return None
    with transaction.atomic(savepoint=False):
        if elsewhere:
            _remove(elsewhere)
        conversation = _conversation(connection, remote)
        # Another process may have taken in the same message meanwhile.
        if known.exists():
            return None
        read = _read(remote, connection)
        order = _order(connection, remote.order_id)
        if remote.is_by_shop and (ours := _echoed(conversation, remote, read, at)):
            return _settle(conversation, ours, remote, at)
        return _add(conversation, remote, read, order, at)


def _add(
    conversation: Conversation, remote: RemoteMessage, read: Read, order: Order | None, at: datetime
) -> Message:
    by_shop = remote.is_by_shop
    written = remote.sent_at if remote.sent_at and remote.sent_at < at + FUTURE else at
    message = Message.objects.create(
        conversation=conversation,
        connection_id=conversation.connection_id,
        store_id=conversation.store_id,
        direction=Direction.SHOP if by_shop else Direction.CUSTOMER,
        origin=Origin.ELSEWHERE if by_shop else Origin.CUSTOMER,
        msg_id=remote.message_id,
        kind=read.kind,
        remote_kind=remote.kind,
        text=read.text,
        at=written,
        tie=int(remote.message_id),
        arrived_at=at,
        state=MessageState.SENT if by_shop else "",
        sent_at=written if by_shop else None,
        scene=remote.scene,
        scene_name=remote.scene_name,
        is_urgent=remote.is_urgent,
        order=order,
    )
    # What is answered in another app was read there.
    conversation.unread = 0 if by_shop else conversation.unread + 1
    _talk_about(conversation, order, message)
    recount(conversation, message)
    summarise(conversation, message)
    changed(conversation, [message])
    if not by_shop:
        rules.answer(conversation, message)
    return message


def _settle(
    conversation: Conversation, ours: Message, remote: RemoteMessage, at: datetime
) -> Message:
    """Notes that what we sent has arrived: its echo came."""
    ours.msg_id = remote.message_id
    if ours.state != MessageState.SENT:
        was_unknown = ours.state == MessageState.UNKNOWN
        set_state(ours, MessageState.SENT, sent_at=ours.sent_at or at, error="")
        if was_unknown:
            transaction.on_commit(partial(settle_call, ours.pk))
    ours.save(update_fields=["msg_id", "state", "sent_at", "error"])
    recount(conversation, ours)
    changed(conversation, [ours])
    return ours


def _echoed(
    conversation: Conversation, remote: RemoteMessage, read: Read, at: datetime
) -> Message | None:
    """Returns the oldest message of ours, with no number yet, that this may be the echo of."""
    said_at = remote.sent_at or at
    rows = Message.objects.filter(conversation=conversation).unmatched()
    near = rows.filter(
        handed_at__gte=min(said_at, at) - ECHO_AFTER, handed_at__lte=max(said_at, at) + ECHO_BEFORE
    )
    for row in near:
        if row.kind == read.kind and row.text.strip() == read.text.strip():
            return row
    return None


def _conversation(connection: Connection, remote: RemoteMessage) -> Conversation:
    """Returns the customer's conversation, locked; a new one for a customer without a name."""
    store_id = connection.takeaway_store.store_id
    if not remote.customer:
        return locked(Conversation.objects.create(connection=connection, store_id=store_id).pk)
    found = Conversation.objects.of_customer(connection, remote.customer).one()
    if found is None:
        # Another process may have made it meanwhile.
        found, _new = Conversation.objects.get_or_create(
            connection=connection,
            open_user_id=remote.customer,
            defaults={"store_id": store_id},
        )
    return locked(found.pk)


def _read(remote: RemoteMessage, connection: Connection) -> Read:
    """Opens a message; what cannot be opened is kept as it came."""
    if not remote.sealed:
        return Read("", secrets.kind_of(remote.kind))
    developer = connection.parent or connection
    text = secrets.opened(remote.sealed, developer)
    if text is None:
        return Read(remote.sealed, MessageKind.UNREADABLE)
    return Read(text, secrets.kind_of(remote.kind))


def _order(connection: Connection, order_id: str) -> Order | None:
    """Returns the order of this number; one that we were never told of is asked for."""
    if not order_id:
        return None
    known = Order.objects.filter(connection=connection, order_id=order_id).first()
    if known:
        return known
    order = order_of(connection, order_id)
    owe_order(order)
    return order


def _talk_about(conversation: Conversation, order: Order | None, message: Message) -> None:
    """Takes over the order that a message names. Without one the last order stays, unless the time
    to talk about it is over: then the customer asks before another.
    """
    if message.at < conversation.last_at and conversation.order_id:
        return
    known = conversation.order
    if order:
        conversation.order = order
    elif known and not message.is_ours and is_over(known, chat_for(conversation), message.at):
        conversation.order = None


def _at_another_store(connection: Connection, message_id: str) -> Message | None:
    """Returns the message if it was stored for another store of the developer account."""
    if connection.parent_id is None:
        return None
    rows = Message.objects.numbered(message_id).filter(connection__parent=connection.parent_id)
    return rows.exclude(connection=connection).first()


def _remove(message: Message) -> None:
    """Takes a message out of a store to which it does not belong."""
    conversation = locked(message.conversation_id)
    message.delete()
    if not conversation.messages.exists():
        conversation.delete()
        return
    conversation.unread = max(0, conversation.unread - 1)
    recount(conversation, message)
    summarise(conversation)
    changed(conversation)
