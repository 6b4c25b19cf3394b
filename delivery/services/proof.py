"""The proof file of a delivery: JSON lines, each of which holds the SHA-256 of the one before, and
its own.

Whoever could write the whole file anew is found out by the audit log, which keeps the last hash.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Model
from django.utils import timezone

from delivery.choices import PLATFORM
from delivery.models import Attempt, Decision, Delivery, DeliveryMoment, Quote, WaybillNews
from delivery.services.costing import cost_of
from delivery.wire.events import UPDATE
from stores import audit
from stores.audit import Actor
from stores.fields import readable
from stores.models import AuditEntry, InboundEvent, OutboundAttempt, OutboundCall
from stores.platforms.outbox.operations import operations

TAKEN = "delivery.proof"
FIRST = "0" * 64
END = "end"
FEES = ("fee", "delivery_fee", "insurance", "coupon", "tip", "deduction")


def proof_taken(delivery: Delivery, *, actor: Actor) -> str:
    """Returns the file, and notes its last hash in the audit log."""
    text = proof_of(delivery)
    seal = proof_check(text.encode()).seal
    audit.record(TAKEN, actor=actor, store=delivery.store, target=delivery, seal=seal)
    return text


def proof_of(delivery: Delivery) -> str:
    lines: list[str] = []
    before = FIRST
    for number, (kind, facts) in enumerate([*_records(delivery), (END, {})], start=1):
        lines.append(_line({"line": number, "before": before, "kind": kind, **facts}))
        before = _hash(lines[-1].encode())
    return "".join(f"{line}\n" for line in lines)


@dataclass(frozen=True)
class Checked:
    """What a check found: `wrong` is the number of the first line that is not as it was written,
    and `why` says so; None for a whole file. `seal` is the hash of its last line.
    """

    wrong: int | None = None
    why: str = ""
    seal: str = ""


def proof_check(content: bytes) -> Checked:
    """Finds one changed, added or missing byte, and says in which line it is."""
    lines = content.split(b"\n")
    before = FIRST
    for number, line in enumerate(lines, start=1):
        said = _read(line)
        if said is None or (said.get("line"), said.get("before")) != (number, before):
            is_end = number == len(lines) and not line
            why = "the end of the file is missing" if is_end else "it is not as it was written"
            return Checked(number, why)
        before = _hash(line)
        if said.get("kind") == END:
            if lines[number:] != [b""]:
                return Checked(number + 1, "something stands behind the end of the file")
            return Checked(seal=before)
    return Checked(len(lines) + 1, "the end of the file is missing")


def is_known(seal: str, delivery: Delivery) -> bool:
    """Whether the audit log knows a file that ends so."""
    rows = AuditEntry.objects.filter(verb=TAKEN, store=delivery.store_id, target=str(delivery))
    return rows.filter(data__seal=seal).exists()


def _line(facts: dict[str, Any]) -> str:
    """Returns a line that ends with the hash of all that stands before it in the line."""
    text = json.dumps(facts, ensure_ascii=False, default=str, separators=(",", ":"))[:-1]
    return f'{text},"hash":"{_hash(text.encode())}"}}'


def _hash(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()


def _read(line: bytes) -> dict[str, Any] | None:
    """Returns what a line says; None when it is not as it was written."""
    text, found, own = line.rpartition(b',"hash":"')
    if not found or own != f'{_hash(text)}"}}'.encode():
        return None
    try:
        said = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return said if isinstance(said, dict) else None


# What stands in it


def _records(delivery: Delivery) -> Iterator[tuple[str, dict[str, Any]]]:
    attempts = list(delivery.attempts.select_related("courier__account__connection").order_by("pk"))
    yield "delivery", _delivery(delivery, attempts)
    quotes = Quote.objects.filter(delivery=delivery).select_related("courier__account")
    for quote in quotes.order_by("pk"):
        names = ("round", "shop_order_id", *FEES[:4], "distance", "seconds", "refusal", "is_silent")
        courier = quote.courier.account.delivery_id
        yield "quote", {"courier": courier, **_facts(quote, *names, "asked_at", "expires_at")}
    for decision in Decision.objects.filter(delivery=delivery).order_by("pk"):
        yield "decision", _facts(decision, "chosen", "rule", "facts", "ranking", "by", "at")
    for attempt in attempts:
        yield "rider", _attempt(attempt)
        yield from _said(attempt)
        yield from _calls(attempt)
    for moment in DeliveryMoment.objects.filter(delivery=delivery).order_by("at", "pk"):
        yield "moment", {"moment": moment.kind, "at": moment.at}
    entries = AuditEntry.objects.filter(
        store=delivery.store_id, verb__startswith="delivery.", target=str(delivery)
    )
    for entry in entries.filter(at__gte=delivery.created_at).order_by("pk"):
        yield "done", _facts(entry, "verb", "actor", "data", "at")


def _delivery(delivery: Delivery, attempts: Iterable[Attempt]) -> dict[str, Any]:
    names = ("reference", "state", "value", "weight", "cargo", "wishes", "wanted_at", "ready_at")
    facts = _facts(delivery, *names, "created_by", "created_at", "ended_at")
    return facts | {
        "delivery": delivery.pk,
        "store": delivery.store.name,
        "receiver": readable(delivery, "receiver", None),
        "note": readable(delivery, "note", None),
        "cost": cost_of(attempts),
        "made_at": timezone.now(),
    }


def _attempt(attempt: Attempt) -> dict[str, Any]:
    names = ("shopid", "shop_order_id", "life", "state", "waybill_state", "waybill_id", *FEES)
    times = ("called_at", "accepted_at", "cancelled_at", "revived_at", "ended_at")
    facts = _facts(attempt, *names, "refusal", *times)
    return facts | {"courier": attempt.courier_name, "rider": readable(attempt, "rider", None)}


def _said(attempt: Attempt) -> Iterator[tuple[str, dict[str, Any]]]:
    """What WeChat told, as it came; only what had a valid signature is kept at all."""
    for news in WaybillNews.objects.filter(attempt=attempt).order_by("at", "pk"):
        yield "news", _facts(news, "code", "at", "source", "message", "heard_at")
    if attempt.courier is None:
        return
    connection = attempt.courier.account.connection
    events = InboundEvent.objects.filter(
        connection__in={connection.pk, connection.parent_id} - {None},
        platform=PLATFORM,
        kind=UPDATE,
        subject_id=attempt.pk,
    )
    for event in events.order_by("pk"):
        body = readable(event, "body", None) or {}
        signature = {"result": "valid", "mode": body.get("mode"), "form": body.get("form")}
        yield (
            "event",
            {
                "said": body.get("said"),
                "signature": signature,
                **_facts(event, "received_at", "repeats", "emptied_at"),
            },
        )


def _calls(attempt: Attempt) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each try with path and body of its requests as they were sent, until retention empties it."""
    names = [name for platform, name in operations.by_name if platform == PLATFORM]
    calls = OutboundCall.objects.filter(
        platform=PLATFORM, operation__in=names, subject_id=attempt.pk
    )
    for call in calls.order_by("pk"):
        yield "call", _facts(call, "operation", "state", "queued_at", "settled_at", "last_error")
        for tried in OutboundAttempt.objects.filter(call=call).order_by("pk"):
            facts = _facts(tried, "outcome", "started_at", "ended_at")
            yield (
                "request",
                facts
                | {
                    "is_question": tried.kind == OutboundAttempt.Kind.ASK,
                    "sent": (readable(tried, "sent", None) or "").splitlines(),
                    "answer": readable(tried, "detail", None),
                },
            )


def _facts(row: Model, *names: str) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names}
