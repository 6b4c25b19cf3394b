"""What people leave on the desk: drafts, that they are there, and what was read."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from messaging.choices import PLATFORM, Direction
from messaging.models import Conversation, Draft, Onlooker
from messaging.services.chat.bookkeeping import changed, locked, recount
from messaging.services.reading import client_of
from stores import audit
from stores.audit import Actor
from stores.models import OutboundCall
from stores.platforms.outbox import Operation, SlotWaiter, enqueue, operation
from stores.text import clean_text

LONGEST_DRAFT = 2000
# A page that is open says so at least every few seconds; after that long nobody is there.
GONE, STOPPED_TYPING = timedelta(seconds=15), timedelta(seconds=6)
# What a page says again so soon is not written.
AGAIN = timedelta(seconds=5)
ASK_READ_EVERY = timedelta(seconds=20)
# Who has not read an answer by then has closed the app.
ASK_READ_FOR = timedelta(minutes=30)


@dataclass(frozen=True)
class Present:
    """Somebody else who has the conversation open."""

    name: str
    is_typing: bool


def draft_save(*, conversation: Conversation, user: User, text: str) -> None:
    """Keeps what a person has begun to write; nothing removes it."""
    words = clean_text(text, LONGEST_DRAFT)
    rows = Draft.objects.filter(conversation=conversation, user=user)
    if not words.strip():
        rows.delete()
    else:
        Draft.objects.update_or_create(
            conversation=conversation, user=user, defaults={"text": words}
        )


def draft_of(conversation: Conversation, user: User) -> str:
    found = Draft.objects.filter(conversation=conversation, user=user).first()
    return found.text if found else ""


def look(*, conversation: Conversation, user: User, is_typing: bool = False) -> None:
    """Notes that a person has the conversation open. Who comes or begins to type is news; that
    somebody has stopped or left, pages hear with their next sign of life.
    """
    now = timezone.now()
    row = Onlooker.objects.filter(conversation=conversation, user=user).first()
    was_typing = bool(row and _is_typing(row, now))
    is_here = bool(row and now - row.seen_at < GONE)
    if row and is_here and not is_typing and now - row.seen_at < AGAIN:
        return
    changes = {"seen_at": now} | ({"typed_at": now} if is_typing else {})
    Onlooker.objects.update_or_create(conversation=conversation, user=user, defaults=changes)
    if not is_here or (is_typing and not was_typing):
        _tell(conversation)


def typing_end(*, conversation: Conversation, user: User) -> None:
    """Notes that a person has sent what was typed; the message is the news."""
    Onlooker.objects.filter(conversation=conversation, user=user).update(typed_at=None)


def others(conversation: Conversation, user: User | None) -> list[Present]:
    """Returns who else has the conversation open now."""
    now = timezone.now()
    rows = conversation.onlookers.filter(seen_at__gt=now - GONE).select_related("user")
    found = rows.exclude(user=user) if user else rows
    return [Present(audit.name_of(row.user), _is_typing(row, now)) for row in found.order_by("pk")]


@transaction.atomic
def messages_read(*, conversation: Conversation, until: int) -> None:
    """Notes that the shop has read what arrived up to the message with this key, and owes Meituan
    the news.
    """
    row = locked(conversation.pk)
    theirs = row.messages.filter(direction=Direction.CUSTOMER)
    unread = theirs.filter(pk__gt=until).count()
    if unread >= row.unread:
        return
    row.unread = unread
    changed(row)
    last = theirs.filter(pk__lte=until).exclude(msg_id="").order_by("-at", "-tie").first()
    if last and row.open_user_id:
        _owe(MarkingRead, row, {"msg_id": last.msg_id})


@transaction.atomic
def conversation_dismiss(*, conversation: Conversation, actor: Actor) -> None:
    """Notes that what the customer has written needs no answer."""
    row = locked(conversation.pk)
    if row.reply_until is None:
        return
    row.dismissed_at = timezone.now()
    first = row.messages.filter(reply_until__isnull=False, answered_at=None).in_order().first()
    if first:
        recount(row, first)
    changed(row)
    audit.record("takeaway.chat.dismiss", actor=actor, store=row.store, target=row.pk)


def read_mark_ask(conversation: Conversation) -> None:
    """Owes the question up to when the customer has read, unless it was asked a moment ago."""
    now = timezone.now()
    known = conversation.read_asked_at
    if not conversation.open_user_id or (known and now - known < ASK_READ_EVERY):
        return
    with transaction.atomic():
        Conversation.objects.filter(pk=conversation.pk).update(read_asked_at=now)
        _owe(ReadMarkReading, conversation, {})


def read_mark_watch(conversation: Conversation) -> None:
    """Asks again and again while the page is open and the customer has not read a new answer."""
    since = timezone.now() - ASK_READ_FOR
    if conversation.customer_read_at:
        since = max(since, conversation.customer_read_at)
    if conversation.messages.filter(direction=Direction.SHOP, at__gt=since).exists():
        read_mark_ask(conversation)


class _Repeatable(Operation):
    """Base of the calls about read marks; the subject is the conversation."""

    platform = PLATFORM
    repeatable = True
    patience = timedelta(minutes=5)
    backoff: ClassVar[tuple[float, ...]] = (5, 30, 120)


@operation
class MarkingRead(_Repeatable):
    """The payload is {"msg_id"}."""

    name = "message.read"
    title = _("Mark messages as read")

    def send(self, call: OutboundCall, wait_for_slot: SlotWaiter) -> Any:
        conversation = Conversation.objects.get(pk=call.subject_id)
        client = client_of(call.connection, wait_for_slot)
        client.mark_read(conversation.open_user_id, message_id=call.payload["msg_id"])
        return None


@operation
class ReadMarkReading(_Repeatable):
    name = "message.read_time"
    title = _("Ask what the customer has read")

    def send(self, call: OutboundCall, wait_for_slot: SlotWaiter) -> Any:
        conversation = Conversation.objects.get(pk=call.subject_id)
        client = client_of(call.connection, wait_for_slot)
        return client.read_until(conversation.open_user_id)

    def on_done(self, call: OutboundCall, answer: Any, *, inferred: bool) -> None:
        conversation = locked(call.subject_id)
        known = conversation.customer_read_at
        if answer and (known is None or known < answer):
            conversation.customer_read_at = answer
            ours = conversation.messages.filter(direction=Direction.SHOP, at__lte=answer)
            changed(conversation, ours.filter(at__gt=known) if known else ours)


def _owe(kind: type[Operation], conversation: Conversation, payload: dict[str, Any]) -> None:
    """Owes the call; what waits of its kind is overtaken."""
    rows = OutboundCall.objects.filter(operation=kind.name, subject_id=conversation.pk)
    waiting = rows.filter(state=OutboundCall.State.PENDING)
    if waiting.filter(attempts_made=0).exists() and not payload:
        return
    enqueue(
        kind,
        connection=conversation.connection,
        key=f"{conversation.pk}:{timezone.now():%Y%m%d%H%M%S%f}",
        subject_id=conversation.pk,
        store_id=conversation.store_id,
        payload=payload,
    )


def _is_typing(row: Onlooker, now: datetime) -> bool:
    return row.typed_at is not None and now - row.typed_at < STOPPED_TYPING


def _tell(conversation: Conversation) -> None:
    with transaction.atomic():
        changed(locked(conversation.pk))
