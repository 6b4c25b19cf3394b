"""What was heard, told and done about one delivery, oldest first. It contains no personal data."""

from collections.abc import Iterable, Mapping

from django.utils.translation import gettext as _

from delivery.choices import PLATFORM, Source, WaybillState
from delivery.models import Attempt, Delivery, WaybillNews
from stores.backoffice.labels import labelled
from stores.backoffice.plain_errors import explained
from stores.backoffice.timeline import Moment, attempt_moment, audit_moments, in_order
from stores.models import AuditEntry, OutboundAttempt, OutboundCall
from stores.platforms.outbox.operations import title_of

MOST = 200
# Questions how an order stands are asked every minute; what they found stands here.
TOLD = ("rider.call", "rider.cancel", "rider.tip", "rider.returned")
KINDS = {Source.PUSH: "heard", Source.ASKED: "heard", Source.PERSON: "done"}


def timeline(delivery: Delivery, attempts: Iterable[Attempt]) -> list[Moment]:
    by_pk = {each.pk: each for each in attempts}
    return in_order([*_heard(by_pk), *_told(by_pk), *_by_staff(delivery)])


def _heard(attempts: Mapping[int, Attempt]) -> Iterable[Moment]:
    for news in WaybillNews.objects.filter(attempt__in=attempts).order_by("at", "pk")[:MOST]:
        known = news.code in WaybillState.values
        state = WaybillState(news.code).label if known else str(news.code)
        title = labelled(attempts[news.attempt_id].courier_name, state)
        source = Source(news.source)
        how = "" if source == Source.PUSH else str(source.label)
        text = " · ".join(part for part in (how, news.message) if part)
        yield Moment(news.at, title, text, KINDS[source])


def _told(attempts: Mapping[int, Attempt]) -> Iterable[Moment]:
    rows = OutboundCall.objects.filter(
        platform=PLATFORM, operation__in=TOLD, subject_id__in=attempts
    )
    calls = {call.pk: call for call in rows.order_by("pk")[:MOST]}
    titles = {
        pk: labelled(attempts[call.subject_id].courier_name, title_of(call))
        for pk, call in calls.items()
    }
    for call in calls.values():
        if not call.attempts_made:
            text = explained(call.last_error) if call.last_error else ""
            title = labelled(titles[call.pk], call.get_state_display())
            yield Moment(call.queued_at, title, text, "told")
    for tried in OutboundAttempt.objects.filter(call__in=calls).order_by("pk")[:MOST]:
        title = titles[tried.call_id]
        if tried.kind == OutboundAttempt.Kind.ASK:
            title = _("%(call)s, asked what became of it") % {"call": title}
        yield attempt_moment(tried, title, kind="told", seconds=tried.seconds)


def _by_staff(delivery: Delivery) -> Iterable[Moment]:
    entries = AuditEntry.objects.filter(
        store=delivery.store_id,
        verb__startswith="delivery.",
        target=str(delivery),
        at__gte=delivery.created_at,
    )
    return audit_moments(entries.order_by("pk")[:MOST])
