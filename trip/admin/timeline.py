"""The messages and actions of one order, from Meituan and from us, oldest first. It contains no
personal data.
"""

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from stores.backoffice.labels import labelled, opened
from stores.backoffice.plain_errors import explained
from stores.backoffice.timeline import Message, Moment, attempt_moment, audit_moments, in_order
from stores.fields import readable
from stores.models import AuditEntry, InboundEvent, OutboundAttempt, OutboundCall
from stores.platforms.outbox.operations import title_of
from stores.platforms.tools import event_title
from trip.choices import Code
from trip.codes import PICTURE
from trip.models import Order
from trip.services.notices import notices_of

MOST = 200


def timeline(order: Order, *, codes_shown: bool) -> list[Moment]:
    """Returns the order's moments; without `codes_shown` only the ends of voucher codes are
    visible.
    """
    moments = [*_inbound(order), *_outbound(order), *_by_staff(order)]
    if not codes_shown:
        codes = [voucher.code for voucher in order.vouchers.all() if voucher.code]
        moments = [_without(moment, codes) for moment in moments]
    return in_order(moments)


def _without(moment: Moment, codes: list[str]) -> Moment:
    messages = tuple(
        Message(message.label, _hidden(message.text, codes)) for message in moment.messages
    )
    return replace(moment, text=_hidden(moment.text, codes), messages=messages)


def _hidden(text: str, codes: list[str]) -> str:
    """Hides the codes, and the addresses of their pictures, which anyone can open."""
    text = PICTURE.sub("…", text)
    for code in codes:
        text = text.replace(code, f"…{code[-4:]}")
    return text


def _inbound(order: Order) -> Iterable[Moment]:
    events = InboundEvent.objects.filter(
        connection=order.connection_id, subject_id=order.pk, kind__startswith="order."
    ).order_by("id")
    for event in events[:MOST]:
        title = str(event_title(event))
        if event.emptied_at:
            yield Moment(event.received_at, title, _("Its content was removed."), "heard")
            continue
        earlier = readable(event, "earlier", [])
        for before in earlier:
            yield _question(
                datetime.fromisoformat(before["at"]), title, before["body"], before["answer"]
            )
        last = (event.handled_at if earlier else None) or event.received_at
        body, answer = opened(event, "body"), opened(event, "answer")
        yield _question(last, title, body, answer, repeats=event.repeats - len(earlier))


def _question(at: datetime, title: str, body: Any, answer: str, *, repeats: int = 0) -> Moment:
    text = _verdict(answer)
    if repeats > 0:
        text += " " + _("Asked %(count)d times more.") % {"count": repeats}
    messages = (
        Message(_("What Meituan sent"), _pretty(body)),
        Message(_("What we answered"), _json(answer)),
    )
    return Moment(at, title, text.strip(), "heard", messages=messages)


def _verdict(answer: str) -> str:
    try:
        data = json.loads(answer)
        if data["code"] == Code.SUCCESS:
            return _("We answered: done.")
        return _("We answered %(code)s %(describe)s.") % {
            "code": data["code"],
            "describe": data["describe"],
        }
    except (ValueError, KeyError, TypeError):
        return ""


def _pretty(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)


def _json(text: str) -> str:
    try:
        return _pretty(json.loads(text))
    except ValueError:
        return text


def _outbound(order: Order) -> Iterable[Moment]:
    calls = OutboundCall.objects.filter(notices_of(order), connection=order.connection_id).order_by(
        "id"
    )
    by_pk = {call.pk: call for call in calls[:MOST]}
    for call in by_pk.values():
        if not call.attempts_made:
            yield Moment(
                call.queued_at,
                labelled(title_of(call), call.get_state_display()),
                explained(call.last_error) if call.last_error else "",
                "told",
            )
    for attempt in OutboundAttempt.objects.filter(call__in=by_pk).order_by("id")[:MOST]:
        title = title_of(by_pk[attempt.call_id])
        said, answer = opened(attempt, "sent"), opened(attempt, "detail")
        sent = [Message(_("What we sent"), _json(said))] if said else []
        heard = [Message(_("Meituan's answer"), answer)] if answer else []
        yield attempt_moment(attempt, title, kind="told", messages=(*sent, *heard))


def _by_staff(order: Order) -> Iterable[Moment]:
    targets = [str(order.order_id), *(refund.refund_id for refund in order.refunds.all())]
    entries = AuditEntry.objects.filter(
        store=order.store_id, verb__startswith="trip.", target__in=targets, at__gte=order.created_at
    ).order_by("id")
    return audit_moments(entries[:MOST])
