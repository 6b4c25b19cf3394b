"""Changes of a product's calendar: prices and stock of many days, days opened and closed, and the
way back. Each one is reported to Meituan, which pulls the calendar again.
"""

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import ProtectedError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from stores import audit
from stores.audit import Actor
from stores.conflicts import Conflict
from trip.models import CalendarChange, Offer, Product
from trip.services.notices import PRICES_CHANGED, enqueue_product_notice

VALUES = ("market_price", "sale_price", "settlement_price", "stock", "is_open")
PRICES = VALUES[:3]
UNDO_WITHIN = timedelta(days=1)


class Overwrites(Conflict):
    """So many days have other prices or another stock, and nobody has agreed to that number."""

    def __init__(self, days: int) -> None:
        text = ngettext(
            "The prices and stock of %(days)d day would be overwritten.",
            "The prices and stock of %(days)d days would be overwritten.",
            days,
        )
        super().__init__(text % {"days": days})
        self.days = days


def offers_set(
    *,
    product: Product,
    first: date,
    last: date,
    weekdays: Iterable[int],
    market_price: Decimal,
    sale_price: Decimal,
    settlement_price: Decimal,
    stock: int | None,
    is_open: bool,
    actor: Actor,
    may_overwrite: int | None = None,
) -> int:
    """Sets price (yuan) and stock for the chosen weekdays of a period (0 is Monday); returns how
    many days are other than before. If none is, nothing is written and Meituan is not told.

    Held and sold quantities do not change. Raises Overwrites when another number of days would be
    overwritten than `may_overwrite`; None allows any.
    """
    values = dict(
        zip(VALUES, (market_price, sale_price, settlement_price, stock, is_open), strict=True)
    )
    chosen = _chosen(first, last, weekdays)
    after = dict.fromkeys(map(str, chosen), _written(values))
    with transaction.atomic():
        before = _found(product, chosen)
        overwritten = sum(1 for day, found in before.items() if found and found != after[day])
        if may_overwrite not in (None, overwritten):
            raise Overwrites(overwritten)
        changed = [day for day in chosen if before[str(day)] != after[str(day)]]
        if not changed:
            return 0
        Offer.objects.bulk_create(
            [Offer(product=product, date=day, **values) for day in changed],
            update_conflicts=True,
            unique_fields=["product", "date"],
            update_fields=VALUES,
        )
        _keep(product, before, after, actor)
        audit.record(
            "trip.prices.set",
            actor=actor,
            store=product.store,
            target=product.title,
            first=str(first),
            last=str(last),
            days=len(changed),
            stock=stock,
        )
        enqueue_product_notice(product, PRICES_CHANGED)
    return len(changed)


def offers_open(
    *,
    product: Product,
    first: date,
    last: date,
    weekdays: Iterable[int],
    is_open: bool,
    actor: Actor,
) -> int:
    """Opens or closes the chosen weekdays of a period that have a price (0 is Monday); returns how
    many days.
    """
    chosen = _chosen(first, last, weekdays)
    with transaction.atomic():
        before = {day: found for day, found in _found(product, chosen).items() if found}
        after = {day: found | {"is_open": is_open} for day, found in before.items()}
        count = (
            Offer.objects.filter(product=product, date__in=chosen)
            .exclude(is_open=is_open)
            .update(is_open=is_open)
        )
        if count:
            _keep(product, before, after, actor)
            audit.record(
                "trip.days.opened" if is_open else "trip.days.closed",
                actor=actor,
                store=product.store,
                target=product.title,
                first=str(first),
                last=str(last),
                days=count,
            )
            enqueue_product_notice(product, PRICES_CHANGED)
    return count


def change_to_undo(product: Product) -> CalendarChange | None:
    """Returns the newest change of the calendar, while it can be taken back."""
    newest = product.calendar_changes.order_by("-pk").first()
    if newest is None or newest.undone_at or newest.at < timezone.now() - UNDO_WITHIN:
        return None
    return newest


def days_undo(*, change: CalendarChange, actor: Actor) -> int:
    """Gives the days of a change the values that they had before it; returns how many days.

    Raises Conflict when it was taken back already, is too old, when one of its days was changed
    since, or when tickets were ordered for a day that had no price before.
    """
    product = change.product
    with transaction.atomic():
        found = _found(product, [date.fromisoformat(day) for day in change.after])
        change = CalendarChange.objects.get(pk=change.pk)
        _refuse_undo(change, found)
        _restore(product, change.before)
        change.undone_at = timezone.now()
        change.save(update_fields=["undone_at"])
        days = sorted(change.before)
        audit.record(
            "trip.days.restored",
            actor=actor,
            store=product.store,
            target=product.title,
            first=days[0],
            last=days[-1],
            days=len(days),
        )
        enqueue_product_notice(product, PRICES_CHANGED)
    return len(days)


def _chosen(first: date, last: date, weekdays: Iterable[int]) -> list[date]:
    wanted = set(weekdays)
    days = (first + timedelta(days=number) for number in range((last - first).days + 1))
    return [day for day in days if day.weekday() in wanted]


def _found(product: Product, days: Iterable[date]) -> dict[str, Any]:
    """Returns the present values of these days, None for a day without a price.

    The product is locked, so that changes of its calendar come one after the other.
    """
    Product.objects.select_for_update(no_key=True).get(pk=product.pk)
    chosen = list(days)
    rows = Offer.objects.filter(product=product, date__in=chosen).values("date", *VALUES)
    return dict.fromkeys(map(str, chosen)) | {
        str(row["date"]): _written({name: row[name] for name in VALUES}) for row in rows
    }


def _written(values: dict[str, Any]) -> dict[str, Any]:
    """The values of an offer as JSON keeps them."""
    return values | {name: f"{values[name]:.2f}" for name in PRICES}


def _keep(product: Product, before: dict[str, Any], after: dict[str, Any], actor: Actor) -> None:
    """Keeps what a change did; older changes that can no longer be taken back go."""
    product.calendar_changes.filter(at__lt=timezone.now() - UNDO_WITHIN).delete()
    changed = [day for day in after if before[day] != after[day]]
    if changed:
        CalendarChange.objects.create(
            product=product,
            actor=audit.name_of(actor),
            before={day: before[day] for day in changed},
            after={day: after[day] for day in changed},
        )


def _refuse_undo(change: CalendarChange, found: dict[str, Any]) -> None:
    if change.undone_at:
        raise Conflict(_("This change was taken back already."))
    if change.at < timezone.now() - UNDO_WITHIN:
        raise Conflict(_("This change is older than a day and can no longer be taken back."))
    later = CalendarChange.objects.filter(
        product=change.product_id, pk__gt=change.pk, undone_at=None
    )
    touched = {day for each in later for day in each.after}
    other = sorted(
        day for day, values in change.after.items() if day in touched or found[day] != values
    )
    if other:
        text = ngettext(
            "%(day)s was changed since, so this cannot be taken back. Change the day by hand.",
            "%(count)d days were changed since (the first is %(day)s), so this cannot be taken"
            " back. Change the days by hand.",
            len(other),
        )
        raise Conflict(text % {"count": len(other), "day": other[0]})


def _restore(product: Product, before: dict[str, Any]) -> None:
    offers = Offer.objects.filter(product=product)
    try:
        offers.filter(date__in=[day for day, values in before.items() if not values]).delete()
    except ProtectedError as error:
        raise Conflict(
            _(
                "Tickets were ordered for a day that had no price before, so this cannot be taken"
                " back. Close the days instead."
            )
        ) from error
    for offer in offers.filter(date__in=[day for day, values in before.items() if values]):
        Offer.objects.filter(pk=offer.pk).update(**before[str(offer.date)])
