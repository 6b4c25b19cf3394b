"""Alerts of the start page: two riders, what needs a person, what comes back, what costs."""

from collections.abc import Iterator
from datetime import timedelta

from django.contrib.auth.models import User
from django.db.models import Count, Min, Sum
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext_lazy

from delivery.choices import SEND, ForPerson
from delivery.dashboard.figures import DELIVERIES, sending
from delivery.dashboard.providers import provider_alerts
from delivery.models import Attempt, Delivery, StoreCourier
from delivery.services.arriving import OVERDUE
from delivery.services.persons import Reason, reason_of
from delivery.wire.waybill import RETURNING
from stores.backoffice import actions
from stores.backoffice.needs_person import NeedsPersonFilter
from stores.backoffice.widgets import Alert
from stores.clock import short_moment, start_of_day
from stores.money import yuan_text
from stores.tenancy import has_permission

MOST, NEWEST = 10, 3
LONGEST_LIFE = 5


def alerts(user: User) -> list[Alert]:
    """Returns only the alerts that this user has the permission to act on."""
    found = list(provider_alerts(user))
    stores = sending(user) if has_permission(user, SEND) else []
    if stores:
        found = [
            *_two_riders_alerts(stores),
            *_person_alerts(stores),
            *_rider_alerts(stores),
            *_overdue_alerts(stores),
            *_returning_alerts(stores),
            *_fee_alerts(stores),
            *_paused_alerts(stores),
            *found,
        ]
    return found


def _page_of(delivery: int) -> str:
    return reverse("admin:delivery_delivery_change", args=[delivery])


def _two_riders_alerts(stores: list[int]) -> Iterator[Alert]:
    """The time of the event puts them before all others."""
    rows = Attempt.objects.revived().real().filter(delivery__store__in=stores)
    rows = rows.select_related("delivery", "courier__account")
    for row in rows.order_by("-revived_at")[:MOST]:
        text = _(
            "%(delivery)s: a rider of %(courier)s has taken an order that was given up. Two riders"
            " may come: see that one of them is cancelled, by telephone if need be."
        )
        words = text % {"delivery": row.delivery, "courier": row.courier_name}
        yield Alert("error", words, _page_of(row.delivery_id), actions.DECIDE, row.revived_at)


def _person_alerts(stores: list[int]) -> Iterator[Alert]:
    """The newest ones by name, all others as a number."""
    rows = Delivery.objects.real().filter(store__in=stores).needing_person()
    newest = list(rows.order_by("-created_at", "-pk")[: NEWEST + 1])
    for row in newest[:NEWEST]:
        yield Alert("error", _words_of(row), _page_of(row.pk), actions.DECIDE)
    if len(newest) > NEWEST:
        others = ngettext_lazy(
            "%(count)d more delivery needs a person.",
            "%(count)d more deliveries need a person.",
            "count",
        )
        count = rows.order_by().count() - NEWEST
        url = f"{reverse(DELIVERIES)}?{NeedsPersonFilter.parameter_name}=yes"
        yield from Alert.counted("error", others, count, url, actions.LOOK)


def _words_of(row: Delivery) -> str:
    # Only the receiver's case says it where nothing was noted.
    reason = reason_of(row) or (None if row.needs_person else Reason(ForPerson.CASE))
    if reason:
        return _("Delivery %(delivery)s: %(reason)s") % {"delivery": row, "reason": reason}
    text = _("Delivery %(delivery)s needs a person (%(state)s).")
    return text % {"delivery": row, "state": row.get_state_display()}


def _rider_alerts(stores: list[int]) -> Iterator[Alert]:
    """Riders who may come and about whom somebody has to do something."""
    rows = Attempt.objects.live().filter(delivery__store__in=stores, needs_person=True)
    rows = rows.exclude(delivery__needs_person=True).filter(delivery__is_drill=False)
    for row in rows.select_related("delivery", "courier__account").order_by("-pk")[:MOST]:
        if reason := reason_of(row):
            words = _("Delivery %(delivery)s: %(reason)s")
            text = words % {"delivery": row.delivery, "reason": reason}
            yield Alert("error", text, _page_of(row.delivery_id), actions.DECIDE)


def _overdue_alerts(stores: list[int]) -> Iterator[Alert]:
    """Nobody was called in time for a wished arrival: it is not ready, or a person calls there."""
    rows = Delivery.objects.open().filter(
        store__in=stores, state=Delivery.State.WAITING, call_at__lt=timezone.now() - OVERDUE
    )
    found = rows.order_by().aggregate(count=Count("pk"), since=Min("call_at"), one=Min("pk"))
    text = ngettext_lazy(
        "%(count)d delivery should have been called at %(since)s to arrive in time.",
        "%(count)d deliveries should have been called to arrive in time, the first at %(since)s.",
        "count",
    )
    since = short_moment(found["since"]) if found["since"] else "–"
    url = _page_of(found["one"]) if found["count"] == 1 else reverse("delivery:board")
    yield from Alert.counted("error", text, found["count"], url, actions.LOOK, since=since)


def _returning_alerts(stores: list[int]) -> Iterator[Alert]:
    rows = Attempt.objects.live().filter(delivery__store__in=stores, waybill_state__in=RETURNING)
    found = rows.order_by().aggregate(
        count=Count("pk"), since=Min("waybill_at"), first=Min("delivery")
    )
    text = ngettext_lazy(
        "%(count)d delivery comes back to the shop, since %(since)s.",
        "%(count)d deliveries come back to the shop, the first since %(since)s.",
        "count",
    )
    count = found["count"]
    url = _page_of(found["first"]) if count == 1 else _running()
    since = _age(timezone.now() - found["since"]) if found["since"] else "–"
    yield from Alert.counted("warning", text, count, url, actions.LOOK, since=since)


def _running() -> str:
    return f"{reverse(DELIVERIES)}?state__exact={Delivery.State.RUNNING}"


def _age(length: timedelta) -> str:
    minutes = max(0, int(length.total_seconds()) // 60)
    if minutes < 120:
        return _("%(count)d min") % {"count": minutes}
    return _("%(count)d h") % {"count": minutes // 60}


def _fee_alerts(stores: list[int]) -> Iterator[Alert]:
    """Cancellations of today for which a courier kept money."""
    rows = Attempt.objects.real().filter(
        delivery__store__in=stores,
        called_at__gte=start_of_day(LONGEST_LIFE),
        deduction__gt=0,
        ended_at__gte=start_of_day(),
    )
    found = rows.order_by().aggregate(count=Count("pk"), sum=Sum("deduction"))
    text = ngettext_lazy(
        "%(count)d cancellation cost %(sum)s today.",
        "%(count)d cancellations cost %(sum)s today.",
        "count",
    )
    url = f"{reverse(DELIVERIES)}?created_at_day=today"
    kept = yuan_text(found["sum"])
    yield from Alert.counted("info", text, found["count"], url, actions.LOOK, sum=kept)


def _paused_alerts(stores: list[int]) -> Iterator[Alert]:
    rows = StoreCourier.objects.filter(place__store__in=stores, paused_until__gt=timezone.now())
    rows = rows.filter(is_active=True).select_related("account", "place__store")
    for row in rows.order_by("paused_until", "pk")[:MOST]:
        text = _("%(store)s: %(courier)s is paused until %(until)s: %(reason)s.")
        words = text % {
            "store": row.place.store,
            "courier": row.account.courier,
            "until": short_moment(row.paused_until),
            "reason": _(row.pause_reason),
        }
        url = reverse("admin:delivery_deliverystore_change", args=[row.place_id])
        yield Alert("warning", words, url, actions.OPEN_STORE)
