"""Choices of couriers made again: by the same rule, to prove them, or by another, to weigh it."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation

from django.db.models import QuerySet
from django.utils import timezone

from delivery.models import Attempt, Decision, DeliveryStore
from delivery.services.choosing import (
    Acceptance,
    Candidate,
    Facts,
    Offer,
    Prefer,
    Rule,
    chosen,
    ranking,
)
from delivery.services.learning import BACK, percentile
from stores.models import Store

# What a stored row that no program of ours wrote may raise.
BROKEN = (KeyError, TypeError, ValueError, InvalidOperation, AttributeError)


@dataclass(frozen=True)
class Difference:
    """A stored choice that comes out otherwise, or cannot be made again (`problem`)."""

    decision: int
    delivery: int
    at: datetime
    stored: str
    now: str
    problem: str = ""


@dataclass(frozen=True)
class Replay:
    """`same` choices came out as they are stored; those by hand (`by_hand`) had no rule."""

    same: int
    by_hand: int
    differences: Sequence[Difference]


def decisions(store: Store | None, since: datetime) -> QuerySet[Decision]:
    rows = Decision.objects.filter(at__gte=since).order_by("pk")
    return rows if store is None else rows.filter(delivery__store=store)


def replay(store: Store | None, since: datetime) -> Replay:
    """Makes each stored choice again."""
    same = by_hand = 0
    differences = []
    for row in decisions(store, since).iterator(chunk_size=500):
        if not row.rule and not row.facts:
            by_hand += 1
        elif found := _difference(row):
            differences.append(found)
        else:
            same += 1
    return Replay(same, by_hand, differences)


def _difference(row: Decision) -> Difference | None:
    def told(now: str, problem: str) -> Difference:
        return Difference(row.pk, row.delivery_id, row.at, row.chosen, now, problem)

    try:
        ranked = ranking(Rule.from_json(row.rule), Facts.from_json(row.facts))
        stored = [(each["courier"], each["why_not"], each["note"]) for each in row.ranking]
    except BROKEN as error:
        return told("", f"what is stored cannot be read ({type(error).__name__}: {error})")
    best = chosen(ranked)
    now = best.offer.courier if best else ""
    if now != row.chosen:
        return told(now, "another choice")
    if stored != list(map(_as_row, ranked)):
        return told(now, "the same choice, but another ranking")
    return None


def _as_row(each: Candidate) -> tuple[str, str, str]:
    return each.offer.courier, str(each.why_not or ""), str(each.note or "")


@dataclass(frozen=True)
class Change:
    """An order for which the other rule chooses another courier; "" for none."""

    delivery: int
    at: datetime
    before: str
    after: str
    fees: tuple[Decimal | None, Decimal | None]
    seconds: tuple[int | None, int | None]


@dataclass(frozen=True)
class Sides:
    """A figure before and after, over the `orders` of which both are known."""

    orders: int
    before: Decimal
    after: Decimal


@dataclass(frozen=True)
class WhatIf:
    """What another rule would have chosen. Fees are summed; seconds of the ride as quoted, and
    until a rider accepts as learned (the usual wait for that courier), are means.
    """

    decisions: int
    unreadable: int
    nobody: int
    changes: Sequence[Change]
    fees: Sides
    seconds: Sides
    acceptance: Sides


def what_if(place: DeliveryStore, rule: Rule, since: datetime) -> WhatIf:
    """Runs a rule over the decisions that the store's rule made since then."""
    history = History(place, since)
    pairs: list[tuple[Decision, Offer, Offer | None]] = []
    unreadable = 0
    rows = decisions(place.store, since).exclude(rule={}).exclude(chosen="")
    for row in rows.iterator(chunk_size=500):
        try:
            was, facts = Rule.from_json(row.rule), Facts.from_json(row.facts)
            before = next(each for each in facts.offers if each.courier == row.chosen)
        except (*BROKEN, StopIteration):
            unreadable += 1
            continue
        if rule.prefer == Prefer.LIKELY and (was.prefer, was.minutes) != (
            rule.prefer,
            rule.minutes,
        ):
            facts = replace(facts, acceptance=history.acceptance(facts, rule.minutes))
        best = chosen(ranking(rule, facts))
        pairs.append((row, before, best.offer if best else None))
    both = [(before, after) for _row, before, after in pairs if after is not None]
    usual = history.usual_waits()
    waits = [(usual.get(before.courier), usual.get(after.courier)) for before, after in both]
    return WhatIf(
        decisions=len(pairs),
        unreadable=unreadable,
        nobody=len(pairs) - len(both),
        changes=list(_changes(pairs)),
        fees=_sides([(before.fee, after.fee) for before, after in both]),
        seconds=_mean(_sides([(before.seconds, after.seconds) for before, after in both])),
        acceptance=_mean(_sides(waits)),
    )


def _changes(pairs: Sequence[tuple[Decision, Offer, Offer | None]]) -> Iterator[Change]:
    for row, before, after in pairs:
        if after is None or after.courier != before.courier:
            fees = before.fee, after.fee if after else None
            seconds = before.seconds, after.seconds if after else None
            name = after.courier if after else ""
            yield Change(row.delivery_id, row.at, before.courier, name, fees, seconds)


def _sides(
    pairs: Sequence[tuple[Decimal | int | None, Decimal | int | None]],
) -> Sides:
    known = [(before, after) for before, after in pairs if before is not None and after is not None]
    before = sum((Decimal(each) for each, _after in known), Decimal(0))
    return Sides(len(known), before, sum((Decimal(each) for _before, each in known), Decimal(0)))


def _mean(sides: Sides) -> Sides:
    if not sides.orders:
        return sides
    return Sides(
        sides.orders, (sides.before / sides.orders).quantize(Decimal(1)),
        (sides.after / sides.orders).quantize(Decimal(1)),
    )  # fmt: skip


class History:
    """When a store's riders were called and how long they took to accept, read once."""

    def __init__(self, place: DeliveryStore, since: datetime) -> None:
        rows = Attempt.objects.real().filter(courier__place=place, called_at__gte=since - BACK)
        # By courier, weekday and hour: moments in order, and for each the wait (None: nobody came).
        self._by_hour: dict[tuple[str, int, int], list[tuple[datetime, timedelta | None]]] = (
            defaultdict(list)
        )
        columns = ("courier_code", "called_at", "accepted_at")
        for courier, at, accepted in rows.order_by("called_at").values_list(*columns):
            local = timezone.localtime(at)
            wait = accepted - at if accepted else None
            self._by_hour[courier, local.isoweekday(), local.hour].append((at, wait))

    def acceptance(self, facts: Facts, minutes: int) -> Mapping[str, Acceptance]:
        """Returns what services/learning.py would have told at the moment of these facts."""
        local, limit = timezone.localtime(facts.at), timedelta(minutes=minutes)
        found = {}
        for offer in facts.offers:
            calls = self._by_hour.get((offer.courier, local.isoweekday(), local.hour), [])
            begin = bisect_left(calls, facts.at - BACK, key=lambda each: each[0])
            end = bisect_right(calls, facts.at - limit, key=lambda each: each[0])
            waits = [wait for _at, wait in calls[begin:end]]
            in_time = sum(wait is not None and wait <= limit for wait in waits)
            found[offer.courier] = Acceptance(len(waits), in_time)
        return found

    def usual_waits(self) -> dict[str, int]:
        """Returns for each courier the seconds within which half of the riders accept."""
        waits: dict[str, list[int]] = defaultdict(list)
        for (courier, _day, _hour), calls in self._by_hour.items():
            waits[courier] += [int(wait.total_seconds()) for _at, wait in calls if wait is not None]
        found = {courier: percentile(sorted(each), 50) for courier, each in waits.items()}
        return {courier: wait for courier, wait in found.items() if wait is not None}
