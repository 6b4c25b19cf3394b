"""Which deliveries the dispatch board shows, and where: read in a fixed number of queries."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F, FilteredRelation, Prefetch, Q, QuerySet
from django.utils import timezone

from delivery.choices import WaybillState
from delivery.models import Attempt, Delivery, ReceiverCase
from delivery.wire.waybill import RETURNING
from stores.clock import start_of_day

# A column shows so many, those that need a person first; what follows is counted.
MOST_CARDS = 40
MOST_READ = 3000
MOST_OVER = 30
# What began earlier and is over is in the list of deliveries.
DAYS_BACK = 1
WAITING, CALLING, COMING, RIDING = "waiting", "calling", "coming", "riding"
COLUMNS = (WAITING, CALLING, COMING, RIDING)
GONE_WITH_THE_GOODS = frozenset({WaybillState.PICKED_UP, WaybillState.ON_THE_WAY, *RETURNING})


@dataclass(frozen=True)
class Rows:
    """What is shown: by column with how many there are, what is over and needs a person, and what
    has ended today.
    """

    columns: dict[str, tuple[list[Delivery], int]]
    ended_with_trouble: list[Delivery]
    over: list[Delivery]
    ready_count: int


@dataclass(frozen=True)
class _Brief:
    pk: int
    column: str
    is_urgent: bool
    is_sendable: bool
    since: datetime


def rows_of(store_ids: Sequence[int]) -> Rows:
    cased = set(_open_cases(store_ids))
    revived = set(_revived(store_ids))
    briefs = sorted(
        _briefs(store_ids, cased | revived), key=lambda row: (not row.is_urgent, row.since, row.pk)
    )
    columns = {name: [row.pk for row in briefs if row.column == name] for name in COLUMNS}
    ended = _ended_with_trouble(store_ids, cased | revived)
    over = list(_over(store_ids))
    shown = {pk for pks in columns.values() for pk in pks[:MOST_CARDS]}
    found = {row.pk: row for row in with_details(shown | set(ended) | set(over))}
    return Rows(
        columns={
            name: ([found[pk] for pk in pks[:MOST_CARDS] if pk in found], len(pks))
            for name, pks in columns.items()
        },
        ended_with_trouble=[found[pk] for pk in ended if pk in found],
        over=[found[pk] for pk in over if pk in found],
        ready_count=sum(row.is_sendable for row in briefs),
    )


def with_details(pks: Collection[int]) -> Iterable[Delivery]:
    """Returns deliveries with what their cards show; what is encrypted and not shown stays."""
    attempts = Attempt.objects.select_related("courier__account").defer(
        "courier__secret", "pickup_code", "finish_code"
    )
    rows = Delivery.objects.filter(pk__in=pks).select_related("store__delivery_store__connection")
    return rows.defer("note").prefetch_related(
        Prefetch("attempts", attempts.order_by("pk")),
        Prefetch("cases", ReceiverCase.objects.filter(closed_at=None)),
    )


def sendable(store_ids: Sequence[int]) -> Iterable[int]:
    """Returns the deliveries for which "call for all" calls riders, the oldest first."""
    needing = {*_open_cases(store_ids), *_revived(store_ids)}
    return [row.pk for row in _briefs(store_ids, needing) if row.is_sendable]


def _briefs(store_ids: Sequence[int], needing: set[int]) -> Iterable[_Brief]:
    live = Q(attempts__state__in=Attempt.LIVE_STATES)
    rows = Delivery.objects.open().filter(store__in=store_ids)
    found = (
        rows.annotate(live=FilteredRelation("attempts", condition=live))
        .order_by("created_at", "pk")
        .values_list(
            "pk", "state", "needs_person", "ready_at", "then", "created_at",
            F("live__waybill_state"), F("live__needs_person"), F("live__called_at"), "call_at",
        )[:MOST_READ]
    )  # fmt: skip
    now = timezone.now()
    for row in found:
        pk, state, needs_person, ready_at, then, created_at, code, is_stuck, called_at, at = row
        needs = bool(needs_person or is_stuck or pk in needing)
        is_waiting = state == Delivery.State.WAITING
        yield _Brief(
            pk=pk,
            column=WAITING if is_waiting else _column(code),
            is_urgent=needs,
            is_sendable=bool(
                is_waiting and ready_at and not needs and not then and (at is None or at <= now)
            ),
            since=called_at or ready_at or created_at,
        )


def _column(code: int | None) -> str:
    if code in GONE_WITH_THE_GOODS:
        return RIDING
    return COMING if code in (WaybillState.ACCEPTED, WaybillState.AT_SHOP) else CALLING


def _open_cases(store_ids: Sequence[int]) -> QuerySet[ReceiverCase, int]:
    open_cases = ReceiverCase.objects.by_index(Q(closed_at=None))
    rows = open_cases.filter(delivery__store__in=store_ids)
    return rows.order_by("-pk").values_list("delivery", flat=True)[:MOST_READ]


def _revived(store_ids: Sequence[int]) -> QuerySet[Attempt, int]:
    rows = Attempt.objects.revived().filter(
        courier__place__store__in=store_ids, called_at__gte=start_of_day(DAYS_BACK)
    )
    return rows.order_by("-pk").values_list("delivery", flat=True)[:MOST_READ]


def _ended_with_trouble(store_ids: Sequence[int], needing: set[int]) -> list[int]:
    """Those that are over and about which somebody has to do something all the same."""
    rows = Delivery.objects.filter(store__in=store_ids).exclude(state__in=Delivery.OPEN)
    recent = rows.filter(created_at__gte=start_of_day(DAYS_BACK), needs_person=True)
    said = rows.filter(pk__in=list(needing)[:MOST_CARDS])
    found = {
        *recent.order_by("-created_at").values_list("pk", flat=True)[:MOST_CARDS],
        *said.order_by().values_list("pk", flat=True),
    }
    return sorted(found, reverse=True)


def _over(store_ids: Sequence[int]) -> Iterable[int]:
    since = start_of_day()
    rows = Delivery.objects.filter(
        store__in=store_ids, created_at__gte=since - timedelta(days=DAYS_BACK), ended_at__gte=since
    )
    found = rows.exclude(state__in=Delivery.OPEN).order_by("-ended_at", "-pk")
    return found.values_list("pk", flat=True)[:MOST_OVER]
