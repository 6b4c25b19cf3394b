"""What the page of a delivery shows beside its fields: its riders, prices, sums and goods."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import groupby
from operator import attrgetter
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from delivery.models import Attempt, Delivery, Quote, ReceiverCase
from delivery.services.persons import reason_of
from delivery.services.places import distance_text
from delivery.services.quoting import offer_of
from delivery.services.showing import rider_of
from stores.backoffice.labels import badge, opened
from stores.clock import short_moment
from stores.fields import readable
from stores.money import yuan_text

ATTEMPT_COLOURS = {
    "calling": "warning",
    "live": "warning",
    "ending": "warning",
    "dead": "info",
    "delivered": "success",
    "returned": "info",
    "revived": "danger",
}
# Rounds of prices that are shown.
MOST_ROUNDS = 10


def attempts_shown(attempts: Sequence[Attempt], *, whole: bool) -> list[dict[str, Any]]:
    """Returns the riders who were called, the last one first."""
    return [_attempt(each, whole=whole) for each in reversed(attempts)]


def _attempt(row: Attempt, *, whole: bool) -> dict[str, Any]:
    facts = [
        (_("state at the courier"), row.get_waybill_state_display() if row.waybill_state else ""),
        (_("order number at the courier"), row.shop_order_id if row.courier_id else ""),
        (_("waybill number"), row.waybill_id),
        (_("rider"), _rider(row, whole=whole)),
        (_("pick-up code"), str(readable(row, "pickup_code", ""))),
        (_("hand-over code"), str(readable(row, "finish_code", "")) if whole else ""),
        (_("distance"), _distance(row.distance)),
        (_("expected at"), short_moment(row.arrives_at) if row.arrives_at else ""),
        (_("courier's words"), row.refusal),
    ]
    moments = [
        (pgettext("rider", "called"), row.called_at),
        (pgettext("rider", "accepted"), row.accepted_at),
        (_("cancellation confirmed"), row.cancelled_at),
        (_("taken after its end"), row.revived_at),
        (pgettext("rider", "ended"), row.ended_at),
    ]
    return {
        "row": row,
        "person_reason": reason_of(row),
        "name": row.courier_name,
        "label": badge(row.get_state_display(), ATTEMPT_COLOURS, row.state),
        "facts": [(title, text) for title, text in facts if text],
        "moments": [(title, at) for title, at in moments if at],
        "sums": _sums(row),
    }


def _rider(row: Attempt, *, whole: bool) -> str:
    rider = rider_of(row, whole=whole) or {}
    return f"{rider.get('name', '')} {rider.get('phone', '')}".strip()


def _distance(metres: int | None) -> str:
    return "" if metres is None else distance_text(metres)


def _sums(row: Attempt) -> list[tuple[str, str]]:
    """Returns what the courier asks, and of what it is made up."""
    lines = [
        (pgettext("delivery", "fee"), row.fee),
        (_("of which delivery"), row.delivery_fee),
        (_("of which insurance"), row.insurance),
        (_("courier's coupon, taken off already"), row.coupon),
        (_("tip"), row.tip or None),
        (_("kept by the courier"), row.deduction),
    ]
    return [(title, yuan_text(amount)) for title, amount in lines if amount is not None]


def cost_lines(attempts: Sequence[Attempt]) -> list[dict[str, Any]]:
    """Returns of what the cost of a delivery is made up, as costing.cost_of reckons it."""
    lines: list[dict[str, Any]] = []
    total = Decimal(0)
    for each in attempts:
        if each.state == Attempt.State.DEAD:
            parts = [(_("kept after the cancellation"), each.deduction)]
        else:
            parts = [(pgettext("delivery", "fee"), each.fee), (_("tip"), each.tip or None)]
        for title, amount in parts:
            if amount is not None:
                total += amount
                lines.append({"who": each.courier_name, "title": title, "sum": yuan_text(amount)})
    lines.append({"title": _("Cost"), "sum": yuan_text(total), "is_total": True})
    return lines


def rounds(delivery: Delivery) -> list[dict[str, Any]]:
    """Returns what the couriers asked for it, round by round, the last one first."""
    rows = Quote.objects.filter(delivery=delivery).select_related("courier__account")
    found: list[dict[str, Any]] = []
    for number, group in groupby(rows.order_by("-round", "fee", "pk"), attrgetter("round")):
        if len(found) == MOST_ROUNDS:
            break
        quotes = list(group)
        # Those without a price stand last in each database.
        quotes.sort(key=lambda row: (row.fee is None, row.fee or 0, row.pk))
        shown = [_quote(row) for row in quotes]
        found.append({"number": number, "at": quotes[0].asked_at, "quotes": shown})
    return found


def _quote(row: Quote) -> dict[str, Any]:
    refusal = offer_of(row).refusal
    names_none = row.fee is None and not refusal
    price = _("takes it, names no price") if names_none else refusal
    return {
        "name": row.courier.account.courier,
        "price": price if row.fee is None else yuan_text(row.fee),
        "more": " · ".join(
            part for part in (_distance(row.distance), minutes(row.seconds)) if part
        ),
    }


def minutes(seconds: int | None) -> str:
    return "" if seconds is None else _("%(count)d min") % {"count": -(-seconds // 60)}


def goods_lines(delivery: Delivery) -> list[str]:
    """Returns the goods, one line each."""
    cargo: Mapping[str, Any] = delivery.cargo
    goods = [_good(row) for row in cargo.get("goods", [])]
    notice: Mapping[str, Any] = delivery.notice
    if not goods and notice:
        goods = [f"{notice.get('goods', '')} ×{notice.get('count', '')}"]
    kind = f"{cargo.get('first_class', '')} / {cargo.get('second_class', '')}"
    return [*goods, kind]


def _good(row: Mapping[str, Any]) -> str:
    price = f" · {yuan_text(Decimal(row['price']))}" if row.get("price") else ""
    return f"{row['name']} ×{row['count']}{row.get('unit', '')}{price}"


def cases(delivery: Delivery) -> list[dict[str, Any]]:
    rows = ReceiverCase.objects.filter(delivery=delivery).order_by("-at", "-pk")
    return [{"row": row, "text": opened(row, "text")} for row in rows]
