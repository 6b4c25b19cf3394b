"""Tells Meituan of a planned change, and notices a change of which it was not told."""

import logging
from datetime import datetime, timedelta
from smtplib import SMTPException
from urllib.parse import quote

from django.conf import settings
from django.core.mail import EmailMessage
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from stores import audit
from stores.conflicts import Conflict
from stores.models import Connection
from stores.platforms.reading import BEIJING
from trip.addresses import INTERFACES
from trip.choices import PLATFORM
from trip.models import PlannedChange, RegisteredAddress
from trip.services.workdays import after_workdays

log = logging.getLogger(__name__)
WORKDAYS_AHEAD = 3
# For so long before it begins a change is shown to the staff.
SHOWN_BEFORE = timedelta(days=3)
EVERYTHING = "全部接口"
Kind = PlannedChange.Kind
_NAMES = {Kind.ADDRESS: "更换接口地址", Kind.UPGRADE: "系统升级"}


def is_too_near(starts_at: datetime) -> bool:
    """Whether Meituan would hear of it less than three Chinese working days ahead."""
    return starts_at < after_workdays(timezone.now(), WORKDAYS_AHEAD)


def subject_of(change: PlannedChange) -> str:
    """The subject in the form that Meituan asks for."""
    return f"【{settings.TRIP_PMS_NAME}】【{change.connection.account}】{_NAMES[Kind(change.kind)]}"


def text_of(change: PlannedChange) -> str:
    """The mail in the form that Meituan asks for; for a new address also the list of addresses."""
    lines = [
        subject_of(change),
        f"升级时间：{_moment(change.starts_at)}，影响范围：{change.affected or EVERYTHING}，"
        f"升级完成（恢复上线时间）：{_moment(change.ends_at)}",
    ]
    if change.kind == Kind.ADDRESS:
        base = change.base_url.rstrip("/")
        lines += ["新接口地址："] + [
            f"{each.title}：{base}{reverse(f'trip:{each.route}', args=[change.connection_id])}"
            for each in INTERFACES
            if each.is_needed
        ]
    return "\n".join(lines)


def _moment(moment: datetime) -> str:
    return moment.astimezone(BEIJING).strftime("%Y-%m-%d %H:%M")


def recipients_of(change: PlannedChange) -> list[str]:
    own = [change.bd_email] if change.bd_email else []
    return [*own, *settings.TRIP_CHANGE_MAILS]


def mail_link(change: PlannedChange) -> str:
    """Returns the address that opens the mail in the person's own mail program."""
    to = ",".join(quote(address, safe="@") for address in recipients_of(change))
    return f"mailto:{to}?subject={quote(subject_of(change))}&body={quote(text_of(change))}"


def change_announced(*, change: PlannedChange, actor: audit.Actor, method: str) -> None:
    """Notes that Meituan was told, by `method`: "smtp", or "by hand". Raises Conflict."""
    noted = PlannedChange.objects.filter(pk=change.pk, announced_at=None).update(
        announced_at=timezone.now(), announced_by=audit.name_of(actor)
    )
    if not noted:
        raise Conflict(_("This change was announced already."))
    audit.record(
        "trip.change.announced",
        actor=actor,
        merchant=change.connection.merchant,
        target=change,
        method=method,
    )


def change_send(*, change: PlannedChange, actor: audit.Actor) -> None:
    """Sends the mail and notes it. Raises Conflict when it cannot be sent or was announced."""
    if change.announced_at:
        raise Conflict(_("This change was announced already."))
    mail = EmailMessage(subject_of(change), text_of(change), to=recipients_of(change))
    try:
        mail.send()
    except (SMTPException, OSError) as error:
        log.warning("the notice of change %s was not sent: %s", change.pk, error)
        raise Conflict(
            _("The mail could not be sent. Copy the text and send it from your own mailbox.")
        ) from error
    change_announced(change=change, actor=actor, method="smtp")


def coming_changes(
    rows: QuerySet[PlannedChange], *, unannounced: bool = False
) -> QuerySet[PlannedChange]:
    """Returns those of the changes that begin within three days or are under way, and if wished all
    of which Meituan was not told: it wants to hear of them earlier than that.
    """
    now = timezone.now()
    shown = Q(starts_at__lt=now + SHOWN_BEFORE)
    if unannounced:
        shown |= Q(announced_at=None)
    return rows.filter(shown, ends_at__gt=now).order_by("starts_at", "pk")


def change_text(change: PlannedChange) -> str:
    """Returns what the staff read before and during a change."""
    text = gettext("%(what)s from %(start)s to %(end)s: tickets may be delayed.")
    if not change.announced_at:
        text = gettext("%(what)s from %(start)s to %(end)s: Meituan was not told yet. Announce it.")
    return text % {
        "what": change,
        "start": date_format(timezone.localtime(change.starts_at), "m-d H:i"),
        "end": date_format(timezone.localtime(change.ends_at), "m-d H:i"),
    }


def watch_addresses() -> None:
    """Notes where Meituan reaches each connection; a new address replaces the old one only after it
    was announced.
    """
    connections = Connection.objects.filter(platform=PLATFORM, is_active=True, parent=None)
    for connection in connections.filter(registered_address=None):
        RegisteredAddress.objects.get_or_create(
            connection=connection, defaults={"base_url": settings.PUBLIC_BASE_URL}
        )
    moved = RegisteredAddress.objects.exclude(base_url=settings.PUBLIC_BASE_URL)
    for row in moved.filter(connection__in=connections):
        if _was_announced(row.connection_id):
            row.base_url = settings.PUBLIC_BASE_URL
            row.save()


def unannounced_addresses(rows: QuerySet[RegisteredAddress]) -> list[RegisteredAddress]:
    """Returns those whose address has changed though Meituan was not told."""
    moved = rows.exclude(base_url=settings.PUBLIC_BASE_URL).filter(connection__is_active=True)
    return [
        row
        for row in moved.select_related("connection").order_by("pk")
        if not _was_announced(row.connection_id)
    ]


def _was_announced(connection_id: int) -> bool:
    announced = PlannedChange.objects.filter(
        connection=connection_id, kind=Kind.ADDRESS, announced_at__isnull=False
    ).values_list("base_url", flat=True)
    return settings.PUBLIC_BASE_URL in {url.rstrip("/") for url in announced}
