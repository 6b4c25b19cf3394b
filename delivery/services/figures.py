"""How couriers did for stores: acceptance, punctuality, cost, cancellations. Amounts are yuan."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from delivery.models import Attempt
from delivery.services.dispatching import OURSELVES
from delivery.services.learning import percentile
from stores.platforms.reading import CENT

State = Attempt.State
# What the figures are made of, in one query.
_COLUMNS = (
    "courier_code", "courier__account__name", "state", "called_at", "accepted_at", "waybill_at",
    "ended_at", "revived_at", "seconds", "delivery__wanted_at", "fee", "tip", "deduction",
)  # fmt: skip


@dataclass(frozen=True)
class Figures:
    """What one courier did; `courier` is its delivery id, OURSELVES for the shop's own people.

    Seconds until a rider accepted: of half the orders at most `p50`, of nine in ten `p90`; not of
    an order that was taken after its end.
    `on_time` counts those of `due`, of which it is known when they should have arrived. `cost` is
    fee and tip of `priced` orders that arrived or came back, `deductions` what was kept of others.
    """

    courier: str
    name: str
    orders: int = 0
    accepted: int = 0
    p50: int | None = None
    p90: int | None = None
    due: int = 0
    on_time: int = 0
    priced: int = 0
    cost: Decimal = Decimal(0)
    cancelled: int = 0
    deductions: Decimal = Decimal(0)

    @property
    def on_time_percent(self) -> int | None:
        return 100 * self.on_time // self.due if self.due else None

    @property
    def cost_per_order(self) -> Decimal | None:
        return (self.cost / self.priced).quantize(CENT, ROUND_HALF_UP) if self.priced else None


def figures(stores: Collection[int], since: datetime, until: datetime) -> list[Figures]:
    """Returns the figures of each courier that was called in that time, the most called first."""
    rows = Attempt.objects.real().filter(
        delivery__store__in=stores, called_at__gte=since, called_at__lt=until
    )
    by_courier: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows.order_by("pk").values(*_COLUMNS).iterator(chunk_size=2000):
        by_courier[row["courier_code"] or OURSELVES].append(row)
    found = [_of(courier, of_one) for courier, of_one in by_courier.items()]
    return sorted(found, key=lambda each: (-each.orders, each.courier))


def _of(courier: str, rows: Sequence[Mapping[str, Any]]) -> Figures:
    waits = sorted(
        max(0, int((row["accepted_at"] - row["called_at"]).total_seconds()))
        for row in rows
        if row["accepted_at"] and not row["revived_at"]
    )
    late = [is_late for row in rows if (is_late := _is_late(row)) is not None]
    arrived = [row for row in rows if row["state"] in (State.DELIVERED, State.RETURNED)]
    priced = [row for row in arrived if row["fee"] is not None]
    dead = [row for row in rows if row["state"] == State.DEAD]
    return Figures(
        courier=courier,
        name=rows[-1]["courier__account__name"] or "",
        orders=len(rows),
        accepted=len(waits),
        p50=percentile(waits, 50),
        p90=percentile(waits, 90),
        due=len(late),
        on_time=len(late) - sum(late),
        priced=len(priced),
        cost=sum((row["fee"] + row["tip"] for row in priced), Decimal(0)),
        cancelled=len(dead),
        deductions=sum((row["deduction"] or Decimal(0) for row in dead), Decimal(0)),
    )


def _is_late(row: Mapping[str, Any]) -> bool | None:
    """Whether an order came later than it was wanted, or than the courier had said; None for one
    that did not come, or of which nobody said when.
    """
    wanted, seconds = row["delivery__wanted_at"], row["seconds"]
    arrived = row["waybill_at"] or row["ended_at"]
    if row["state"] != State.DELIVERED or arrived is None or (wanted is None and seconds is None):
        return None
    if wanted is not None:
        return bool(arrived > wanted)
    return bool((arrived - row["called_at"]).total_seconds() > seconds)
