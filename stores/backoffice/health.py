"""How all merchants do, for the operators' start page.

Every part counts by merchant, so that the number of queries does not grow with the merchants.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Count, Max, Q
from django.utils import timezone

from stores.backoffice.days import first_of
from stores.clock import a_day_ago, start_of_day
from stores.domains import contributed_to
from stores.models import Connection, InboundEvent, Merchant
from stores.tenancy import TenantQuerySet

DAYS = 7
# Failures in a row after which an account counts as not answering.
MANY_FAILURES = 3


@dataclass(frozen=True)
class Health:
    """What one part counts of a merchant.

    `done` are verifications and paid orders: of today, of yesterday up to this time of day, and of
    the last DAYS days, of which `last` is the newest. `failing` are accounts at platforms, `alerts`
    rows that somebody of the merchant has to settle.
    """

    last: datetime | None = None
    today: int = 0
    yesterday: int = 0
    week: int = 0
    failing: int = 0
    alerts: int = 0

    def __add__(self, other: "Health") -> "Health":
        moments = [moment for moment in (self.last, other.last) if moment]
        return Health(
            last=max(moments, default=None),
            today=self.today + other.today,
            yesterday=self.yesterday + other.yesterday,
            week=self.week + other.week,
            failing=self.failing + other.failing,
            alerts=self.alerts + other.alerts,
        )

    @property
    def is_silent(self) -> bool:
        """Whether nothing came today, and something yesterday by this time."""
        return self.yesterday > 0 and self.today == 0


# The primary key of a merchant, and what was counted of it.
Counted = tuple[int, Health]


@dataclass(frozen=True)
class MerchantHealth:
    merchant: Merchant
    health: Health = field(default_factory=Health)


def done(rows: TenantQuerySet[Any], *, at: str) -> Iterator[Counted]:
    """Counts rows of the last DAYS days as done at the moment `at`."""
    today, yesterday = Q(**{f"{at}__gte": start_of_day()}), Q(**{f"{at}__gte": start_of_day(1)})
    by_this_time = yesterday & Q(**{f"{at}__lt": a_day_ago()})
    recent = rows.filter(**{f"{at}__gte": first_of(DAYS)}).order_by().values(rows.merchant_path)
    for row in recent.annotate(
        last=Max(at),
        today=Count("pk", filter=today),
        yesterday=Count("pk", filter=by_this_time),
        week=Count("pk"),
    ):
        yield row.pop(rows.merchant_path), Health(**row)


def waiting(rows: TenantQuerySet[Any]) -> Iterator[Counted]:
    """Counts rows that somebody of the merchant has to settle."""
    for merchant, count in _per_merchant(rows):
        yield merchant, Health(alerts=count)


def _per_merchant(rows: TenantQuerySet[Any]) -> Iterable[tuple[int, int]]:
    path = rows.merchant_path
    counted: Any = rows.order_by().values_list(path).annotate(Count("pk"))
    return [(merchant, count) for merchant, count in counted if merchant is not None]


def _shared() -> Iterator[Counted]:
    """Accounts that fail, and messages of platforms that could not be handled."""
    failing = Connection.objects.filter(
        Q(state=Connection.State.REFUSED)
        | Q(state=Connection.State.NEW) & ~Q(last_error="")
        | Q(pace__failures__gte=MANY_FAILURES),
        is_active=True,
    )
    for merchant, count in _per_merchant(failing):
        yield merchant, Health(failing=count)
    failed = InboundEvent.objects.live().filter(state=InboundEvent.State.FAILED, is_drill=False)
    yield from waiting(failed)


def merchants_by_health() -> list[MerchantHealth]:
    """Returns all active merchants, those that do worst first."""
    found: dict[int, Health] = defaultdict(Health)
    for merchant, counted in (*_shared(), *contributed_to("health")):
        found[merchant] += counted
    merchants = Merchant.objects.filter(is_active=True).order_by("name", "pk")
    rows = [MerchantHealth(merchant, found[merchant.pk]) for merchant in merchants]
    return sorted(rows, key=_worst_first)


def _worst_first(row: MerchantHealth) -> tuple[int, int, bool, float]:
    health = row.health
    age = (timezone.now() - health.last).total_seconds() if health.last else float("inf")
    return -health.failing, -health.alerts, not health.is_silent, -age
