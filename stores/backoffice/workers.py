"""What runs and waits in the background, in sentences, with what to do where something is wrong."""

from datetime import datetime, timedelta

from django.db.models import Count, Min
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from stores.backoffice import actions
from stores.backoffice.widgets import Alert
from stores.models import InboundEvent, OutboundCall
from stores.platforms.outbox.claims import due
from stores.platforms.outbox.operations import operations
from stores.platforms.workers import queue
from stores.text import listed

# A call that has been due for longer is held up: its platform does not answer, or workers are few.
HELD_UP = timedelta(minutes=5)


def background() -> list[Alert]:
    """Returns the sentences: about the workers first, then about what waits."""
    now = timezone.now()
    lines = [*_calls(now), *_messages(now)]
    return [*_workers(), *(lines or [Alert("info", _("Nothing is waiting."))])]


def _workers() -> list[Alert]:
    running = queue.running()
    if not running:
        age = queue.last_beat_age()
        seen = _("never seen") if age is None else _("last seen %(time)s ago") % {"time": span(age)}
        text = _(
            "No worker is running (%(seen)s). Start one on the server: python manage.py worker;"
            " with Docker: docker compose up -d worker."
        )
        return [Alert("error", text % {"seen": seen})]
    count = len(running)
    text = ngettext("%(count)d worker is running.", "%(count)d workers are running.", count)
    lines = [Alert("info", text % {"count": count})]
    if stuck := [name for name in running if not queue.takes_results(name)]:
        text = _(
            "The worker %(names)s no longer acknowledges its tasks. It is replaced by itself within"
            " minutes; if this stays, restart it on the server: docker compose restart worker."
        )
        text = text % {"names": listed(stuck)}
        heartbeats = reverse("admin:stores_heartbeat_changelist")
        lines.append(Alert("warning", text, heartbeats, actions.SEE_WHY))
    return lines


def _calls(now: datetime) -> list[Alert]:
    """Returns one sentence for each kind of call that waits, the longest wait first."""
    rows = due(now).order_by().values("platform", "operation")
    waiting = rows.annotate(count=Count("pk"), oldest=Min("due_at")).order_by("oldest")
    ledger = reverse("admin:stores_outboundcall_changelist")
    text = _("%(title)s: %(count)d waiting, the oldest for %(time)s.")
    held_up = _(
        "%(title)s: %(count)d waiting, the oldest for %(time)s. The platform does not answer, or"
        " more workers are needed."
    )
    lines = []
    for row in waiting:
        known = operations.by_name.get((row["platform"], row["operation"]))
        title = known.title if known and known.title else row["operation"]
        age = now - row["oldest"]
        said = {"title": title, "count": row["count"], "time": span(age)}
        if age < HELD_UP:
            lines.append(Alert("info", text % said))
        else:
            url = f"{ledger}?state__exact={OutboundCall.State.PENDING}"
            lines.append(Alert("warning", held_up % said, url, actions.SEE_WHY))
    return lines


def _messages(now: datetime) -> list[Alert]:
    received = InboundEvent.objects.live().filter(
        state=InboundEvent.State.RECEIVED, due_at__lte=now
    )
    found = received.order_by().aggregate(count=Count("pk"), oldest=Min("due_at"))
    if not found["count"]:
        return []
    text = _("Messages from platforms: %(count)d waiting, the oldest for %(time)s.")
    said = text % {"count": found["count"], "time": span(now - found["oldest"])}
    url = reverse("admin:stores_inboundevent_changelist")
    return [Alert("info", said, f"{url}?state__exact=received", actions.LOOK)]


def span(time: timedelta) -> str:
    """Returns a length of time in its largest unit: "3 seconds", "5 minutes", "2 hours"."""
    seconds = max(0, round(time.total_seconds()))
    if seconds < 60:
        return ngettext("%(n)d second", "%(n)d seconds", seconds) % {"n": seconds}
    minutes = seconds // 60
    if minutes < 60:
        return ngettext("%(n)d minute", "%(n)d minutes", minutes) % {"n": minutes}
    hours = minutes // 60
    if hours < 48:
        return ngettext("%(n)d hour", "%(n)d hours", hours) % {"n": hours}
    return ngettext("%(n)d day", "%(n)d days", hours // 24) % {"n": hours // 24}
