"""Questions of platforms: each is handled once, in one transaction with its answer.

A repetition gets the stored answer. Identical requests at the same moment get one answer and have
one effect.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from stores.models import Connection, InboundEvent, prepared
from stores.prepared import insert, insert_or_ignore

# The number of earlier answers that are kept: a platform may ask for years.
MOST_EARLIER = 50


@dataclass(frozen=True)
class StoredAnswer:
    """The text of an answer, byte for byte.

    A question whose answer is not `final` ("still working", "not yet") is handled again when it is
    repeated. `subject_id` is the primary key of the row that it is about. `is_drill`: a
    drill asked.
    """

    text: str
    final: bool = True
    subject_id: int | None = None
    is_drill: bool = False


class AnswerAndRollback(Exception):
    """Raised by a handler that refuses: its changes are rolled back, and `answer` is stored."""

    def __init__(self, answer: StoredAnswer) -> None:
        super().__init__(answer.text)
        self.answer = answer


class AnswerGone(Exception):
    """The question was answered so long ago that its answer was removed; it is not handled
    again.
    """


def answer_once(
    *,
    connection: Connection,
    kind: str,
    key: str,
    body: dict[str, Any],
    handle: Callable[[], StoredAnswer],
) -> str:
    """Returns the answer to a question, which (connection, kind, key) identifies.

    `body` is what the ledger keeps of it. `handle` runs inside the transaction that stores its
    answer; when it raises, nothing is changed or stored.
    """
    event = _stored(connection, kind, key)
    if event is None:
        try:
            return _first(connection, kind, key, body, handle)
        except IntegrityError:
            # A concurrent request was faster: our changes are rolled back, and the caller gets its
            # answer.
            event = _stored(connection, kind, key)
            if event is None:
                raise
    return (
        _replayed(event) if event.is_final else _again(_events(connection, kind, key), body, handle)
    )


def _events(connection: Connection, kind: str, key: str) -> QuerySet[InboundEvent]:
    """Returns the question's event; there is at most one."""
    return InboundEvent.objects.filter(
        platform=connection.platform, connection_id=connection.pk, kind=kind, dedup_key=key
    )


def _stored(connection: Connection, kind: str, key: str) -> InboundEvent | None:
    """The question as it was answered before. Raises AnswerGone."""
    event = prepared.EARLIER_ANSWER.one(
        platform=connection.platform, connection=connection.pk, kind=kind, key=key
    )
    if event and event.emptied_at:
        raise AnswerGone(f"the answer to {kind} {key} was removed")
    return event


def _first(
    connection: Connection,
    kind: str,
    key: str,
    body: dict[str, Any],
    handle: Callable[[], StoredAnswer],
) -> str:
    def keep(answer: StoredAnswer) -> str:
        insert(_event(connection, kind, key, body, answer))
        return answer.text

    try:
        with transaction.atomic():
            return keep(handle())
    except AnswerAndRollback as declined:
        with transaction.atomic():
            return keep(declined.answer)


def preset_answer(*, connection: Connection, kind: str, key: str, answer: StoredAnswer) -> bool:
    """Stores the answer to a question that later news has overtaken.

    Replaces an answer that is not final. Returns False when a final one is stored already, or by a
    concurrent request. Runs inside the caller's transaction.
    """
    event = _event(connection, kind, key, {}, answer)
    insert_or_ignore(event)
    same = _events(connection, kind, key)
    same.filter(is_final=False).update(answer=answer.text, is_final=True)
    return same.get().answer == answer.text


def keep_answer(
    *, connection: Connection, kind: str, key: str, body: dict[str, Any], answer: StoredAnswer
) -> None:
    """Stores the answer to a question that changes nothing, once per key."""
    insert_or_ignore(_event(connection, kind, key, body, answer))


def _event(
    connection: Connection, kind: str, key: str, body: dict[str, Any], answer: StoredAnswer
) -> InboundEvent:
    now = timezone.now()
    return InboundEvent(
        platform=connection.platform,
        connection=connection,
        kind=kind,
        dedup_key=key,
        body=body,
        answer=answer.text,
        is_final=answer.final,
        subject_id=answer.subject_id,
        is_drill=answer.is_drill,
        state=InboundEvent.State.HANDLED,
        attempts=1,
        due_at=now,
        handled_at=now,
    )


def _again(
    events: QuerySet[InboundEvent], body: dict[str, Any], handle: Callable[[], StoredAnswer]
) -> str:
    """Locks the row.

    If a concurrent request stored a final answer meanwhile, returns that answer.
    """
    try:
        with transaction.atomic():
            event = events.select_for_update().get()
            return _replayed(event) if event.is_final else _changed(event, body, handle())
    except AnswerAndRollback as declined:
        with transaction.atomic():
            event = events.select_for_update().get()
            return _replayed(event) if event.is_final else _changed(event, body, declined.answer)


def _changed(event: InboundEvent, body: dict[str, Any], answer: StoredAnswer) -> str:
    if (event.body, event.answer) != (body, answer.text):
        before = {
            "at": (event.handled_at or event.received_at).isoformat(),
            "body": event.body,
            "answer": event.answer,
        }
        event.earlier = [*event.earlier, before][-MOST_EARLIER:]
        event.body, event.answer, event.handled_at = body, answer.text, timezone.now()
    event.is_final = answer.final
    event.subject_id = event.subject_id if answer.subject_id is None else answer.subject_id
    event.attempts, event.repeats = event.attempts + 1, event.repeats + 1
    event.save(
        update_fields=[
            "body",
            "answer",
            "earlier",
            "is_final",
            "handled_at",
            "subject_id",
            "attempts",
            "repeats",
        ]
    )
    return answer.text


def _replayed(event: InboundEvent) -> str:
    InboundEvent.objects.filter(pk=event.pk).update(repeats=F("repeats") + 1)
    return event.answer
