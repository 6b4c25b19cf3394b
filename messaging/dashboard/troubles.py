"""Alerts of the start page: what has to be answered, and stores that Meituan no longer serves."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

from django.contrib.auth.models import User
from django.db.models import Exists, OuterRef
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext_lazy

from messaging.choices import PLATFORM, REFUND, TAKE
from messaging.dashboard.chat import chat_alerts
from messaging.dashboard.figures import delivering
from messaging.dashboard.printers import printer_alerts
from messaging.dashboard.safety_cards import card_alerts
from messaging.models import Order, TakeawayStore
from messaging.services.acting import ACTIONS
from messaging.services.chat import listing
from messaging.services.deadlines import What, deadlines_of
from stores.backoffice import actions
from stores.backoffice.plain_errors import plain_text
from stores.backoffice.widgets import Alert
from stores.models import Connection, OutboundCall
from stores.platforms.outbox.operations import title_of
from stores.roles import Permission
from stores.tenancy import has_permission

MOST = 10
A_DAY = timedelta(days=1)
REFUNDS = "admin:messaging_refund_changelist"


def alerts(user: User) -> list[Alert]:
    """Returns only the alerts that this user has the permission to act on."""
    stores = delivering(user)
    if not stores:
        return []
    found: list[Alert] = []
    due = Counter(each.what for each in deadlines_of(stores) if each.urgency != "calm")
    if has_permission(user, TAKE):
        waiting = listing.number_waiting(stores)
        found += [*_order_alerts(due, waiting), *_undone_alerts(user, stores)]
        found += [*printer_alerts(stores), *chat_alerts(stores), *card_alerts(stores)]
    if has_permission(user, REFUND):
        found += _refund_alerts(due)
    if has_permission(user, Permission.MANAGE_CONNECTIONS):
        found += _store_alerts(user)
    return found


def _order_alerts(due: Counter[What], waiting: int) -> Iterator[Alert]:
    text = ngettext_lazy(
        "%(count)d takeaway order must be accepted now, or Meituan cancels it.",
        "%(count)d takeaway orders must be accepted now, or Meituan cancels them.",
        "count",
    )
    desk = reverse("takeaway:desk")
    yield from Alert.counted("error", text, due[What.ACCEPT], desk, actions.ACCEPT)
    text = ngettext_lazy(
        "%(count)d customer waits for an answer to a message.",
        "%(count)d customers wait for an answer to a message.",
        "count",
    )
    chat = reverse("takeaway:chat")
    yield from Alert.counted("error", text, waiting, chat, actions.ANSWER)
    text = ngettext_lazy(
        "%(count)d customer waits for an answer about an order.",
        "%(count)d customers wait for an answer about an order.",
        "count",
    )
    asked = due[What.URGE] + due[What.TIME]
    yield from Alert.counted("error", text, asked, desk, actions.ANSWER)


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


def _refund_alerts(due: Counter[What]) -> Iterator[Alert]:
    text = ngettext_lazy(
        "%(count)d takeaway refund must be decided now, or Meituan agrees to it by itself.",
        "%(count)d takeaway refunds must be decided now, or Meituan agrees to them by itself.",
        "count",
    )
    url = f"{reverse(REFUNDS)}?state__exact=open"
    yield from Alert.counted("error", text, due[What.REFUND], url, actions.DECIDE)


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
