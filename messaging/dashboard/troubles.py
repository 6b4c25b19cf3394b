"""Alerts of the start page: what has to be answered, and stores that Meituan no longer serves."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Exists, OuterRef
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext_lazy
from django_stubs_ext import StrOrPromise

from messaging.choices import PLATFORM, REFUND, TAKE
from messaging.dashboard.chat import chat_alerts
from messaging.dashboard.figures import delivering
from messaging.dashboard.printers import printer_alerts
from messaging.dashboard.safety_cards import card_alerts
from messaging.models import Order, TakeawayStore
from messaging.services.acting import ACTIONS
from messaging.services.deadlines import Deadline, What, deadlines_of
from stores.backoffice import actions
from stores.backoffice.plain_errors import plain_text
from stores.backoffice.widgets import Alert
from stores.models import Connection, OutboundCall
from stores.platforms.outbox.operations import title_of
from stores.roles import Permission
from stores.tenancy import has_permission
from stores.text import listed

MOST = 10
A_DAY = timedelta(days=1)
REFUNDS = "admin:messaging_refund_changelist"


def alerts(user: User) -> list[Alert]:
    """Returns only the alerts that this user has the permission to act on."""
    stores = delivering(user)
    if not stores:
        return []
    found: list[Alert] = []
    due = _Due(deadlines_of(stores))
    if has_permission(user, TAKE):
        found += [*_order_alerts(due), *_reply_alerts(due), *_undone_alerts(user, stores)]
        found += [*printer_alerts(stores), *chat_alerts(stores), *card_alerts(stores)]
    if has_permission(user, REFUND):
        found += _refund_alerts(due)
    if has_permission(user, Permission.MANAGE_CONNECTIONS):
        found += _store_alerts(user)
    return found


class _Due:
    """What is to be done soon; a customer's message always is."""

    def __init__(self, deadlines: Iterable[Deadline]) -> None:
        self._rows = [
            each for each in deadlines if each.what == What.REPLY or each.urgency != "calm"
        ]

    def of(self, *kinds: What) -> list[Deadline]:
        """Returns those of some kinds, the first one first."""
        return [each for each in self._rows if each.what in kinds]

    def alert(self, text: Any, url: str, action: StrOrPromise, *kinds: What) -> list[Alert]:
        rows = self.of(*kinds)
        until = rows[0].until if rows else None
        return Alert.counted("error", text, len(rows), url, action, until=until)


def _order_alerts(due: _Due) -> Iterator[Alert]:
    text = ngettext_lazy(
        "%(count)d takeaway order must be accepted now, or Meituan cancels it.",
        "%(count)d takeaway orders must be accepted now, or Meituan cancels them.",
        "count",
    )
    desk = reverse("takeaway:desk")
    yield from due.alert(text, desk, actions.ACCEPT, What.ACCEPT)
    text = ngettext_lazy(
        "%(count)d customer waits for an answer about an order.",
        "%(count)d customers wait for an answer about an order.",
        "count",
    )
    yield from due.alert(text, desk, actions.ANSWER, What.URGE, What.TIME)


def _reply_alerts(due: _Due) -> Iterator[Alert]:
    rows = due.of(What.REPLY)
    if not rows:
        return
    text = ngettext_lazy(
        "%(count)d customer waits for an answer to a message (%(more)s).",
        "%(count)d customers wait for an answer to a message (%(more)s).",
        "count",
    )
    yield from Alert.counted(
        "error",
        text,
        len(rows),
        reverse("takeaway:chat"),
        actions.ANSWER,
        until=rows[0].until,
        more=_how_urgent(rows),
    )


def _how_urgent(rows: Sequence[Deadline]) -> str:
    """Returns how many customers' messages are urgent or overdue, and the time of the first."""
    urgent = sum(each.talk is not None and each.talk.is_urgent for each in rows)
    late = sum(each.left <= timedelta(0) for each in rows)
    parts = [_("%(count)d urgent") % {"count": urgent}] if urgent else []
    parts += [_("%(count)d overdue") % {"count": late}] if late else []
    return listed([*parts, _("the first: %(left)s") % {"left": rows[0].words}])


def _undone_alerts(user: User, stores: list[int]) -> Iterator[Alert]:
    """Names what somebody asked of Meituan about a running order, and what was not done."""
    running = Order.objects.open().filter(pk=OuterRef("subject_id"), store__in=stores)
    failed = OutboundCall.objects.for_staff(user).failed_since(timezone.now() - A_DAY)
    calls = failed.filter(
        Exists(running), platform=PLATFORM, operation__in=[kind.name for kind in ACTIONS]
    )
    for call in calls.order_by("-settled_at")[:MOST]:
        again = OutboundCall.objects.filter(
            operation=call.operation, subject_id=call.subject_id, pk__gt=call.pk
        )
        if not again.exists():
            order = Order.objects.get(pk=call.subject_id)
            text = _("Order %(order)s: Meituan did not do what was asked: %(what)s.") % {
                "order": order,
                "what": title_of(call),
            }
            url = reverse("admin:messaging_order_change", args=[order.pk])
            yield Alert("error", text, url, actions.SEE_WHY)


def _refund_alerts(due: _Due) -> Iterator[Alert]:
    text = ngettext_lazy(
        "%(count)d takeaway refund must be decided now, or Meituan agrees to it by itself.",
        "%(count)d takeaway refunds must be decided now, or Meituan agrees to them by itself.",
        "count",
    )
    url = f"{reverse(REFUNDS)}?state__exact=open"
    yield from due.alert(text, url, actions.DECIDE, What.REFUND)


def _store_alerts(user: User) -> Iterator[Alert]:
    rows = TakeawayStore.objects.for_staff(user).select_related("store", "connection")
    for row in rows.exclude(state=TakeawayStore.State.WAITING).order_by("pk")[:MOST]:
        url = reverse("admin:messaging_takeawaystore_change", args=[row.pk])
        if row.state == TakeawayStore.State.UNBOUND:
            running = Order.objects.open().filter(connection=row.connection).count()
            text = _("%(store)s is no longer bound to Meituan takeaway.") % {"store": row.store}
            if running:
                text += " " + _("Open orders: %(count)d; finish them in Meituan's own app.") % {
                    "count": running
                }
            yield Alert("error" if running else "warning", text, url, actions.BIND)
        elif row.connection.state == Connection.State.REFUSED:
            text = _("Meituan refuses the calls of %(store)s: %(error)s") % {
                "store": row.store,
                "error": plain_text(row.connection.last_error),
            }
            yield Alert("error", text, url, actions.BIND)
