"""A courier's bill against what the courier had answered, order by order.

Pure: what the bill says and what we know come in, findings come out. Whatever is found, the
differences of the lines of an order sum to what was charged for it less what was agreed.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from delivery.models import BillLine
from delivery.services.bills.columns import PARTS, Charge, Kind

Finding = BillLine.Finding
ZERO = Decimal(0)
# So many digits of a rounded number are enough to know it by.
FEWEST_DIGITS = 12


@dataclass(frozen=True)
class Ride:
    """What we know of one called rider. `fee` is None where the courier named no price; `is_due`
    means that it was delivered within the days of the bill.
    """

    pk: int
    number: str
    waybill: str
    is_dead: bool
    fee: Decimal | None
    tip: Decimal
    deduction: Decimal
    is_due: bool = False
    is_elsewhere: bool = False

    def agreed(self, kind: Kind) -> Decimal | None:
        """Returns what may be charged of one kind."""
        if kind == Kind.DEDUCTION:
            return self.deduction
        if self.is_dead:
            return ZERO
        return self.fee if kind == Kind.FEE else self.tip


@dataclass(frozen=True)
class Judged:
    """A line, or a ride without one, with what was found. `parts` is what was agreed of each kind
    that the bill names, `agreed` their sum.
    """

    charge: Charge | None
    ride: Ride | None = None
    finding: Finding = Finding.NONE
    parts: Mapping[Kind, Decimal | None] | None = None
    agreed: Decimal | None = None
    difference: Decimal | None = None


def judged(
    charges: Sequence[Charge], rides: Sequence[Ride], mapped: frozenset[Kind]
) -> list[Judged]:
    """Returns all lines in their order, and then the rides that are missing."""
    known = _Known(rides)
    found: dict[int, Judged] = {}
    of_ride: dict[Ride, list[int]] = defaultdict(list)
    strange: set[str] = set()
    for place, charge in enumerate(charges):
        ride = None if charge.problem else known.ride(charge)
        if ride is None or ride.is_elsewhere:
            found[place] = _without_ride(charge, ride, strange)
        else:
            of_ride[ride].append(place)
    for ride, places in of_ride.items():
        of_one = _of_one(ride, [charges[place] for place in places], mapped)
        found |= zip(places, of_one, strict=True)
    missing = (ride for ride in rides if ride.is_due and ride not in of_ride)
    return [*(found[place] for place in range(len(charges))), *map(_missing, missing)]


class _Known:
    """Finds rides by our number or the courier's, also by what is left of a rounded one."""

    def __init__(self, rides: Sequence[Ride]) -> None:
        self.by_number = {ride.waybill: ride for ride in rides if ride.waybill}
        self.by_number |= {ride.number: ride for ride in rides}
        self.rounded: dict[tuple[str, int], list[Ride]] = {}

    def ride(self, charge: Charge) -> Ride | None:
        if charge.rounded is None:
            return self.by_number.get(charge.number)
        digits, length = charge.rounded
        if len(digits) < FEWEST_DIGITS:
            return None
        if not self.rounded:
            self._index()
        fitting = self.rounded.get((digits[:FEWEST_DIGITS], length), [])
        exact = [
            ride
            for ride in fitting
            if ride.waybill.startswith(digits) or ride.number.startswith(digits)
        ]
        return exact[0] if len(exact) == 1 else None

    def _index(self) -> None:
        found = defaultdict(list)
        for number, ride in self.by_number.items():
            if number.isdecimal():
                found[number[:FEWEST_DIGITS], len(number)].append(ride)
        self.rounded = dict(found) or {("", 0): []}


def _without_ride(charge: Charge, ride: Ride | None, strange: set[str]) -> Judged:
    """`strange` are the numbers of the lines before that are not ours."""
    if charge.problem or (ride is None and charge.rounded):
        return Judged(charge, finding=Finding.UNREADABLE)
    if ride is not None:
        return Judged(charge, finding=Finding.ELSEWHERE)
    finding = Finding.TWICE if charge.number in strange else Finding.NOT_OURS
    strange.add(charge.number)
    if _total(charge) < 0:
        finding = Finding.CREDIT
    return Judged(charge, finding=finding, agreed=ZERO, difference=charge.total)


def _of_one(ride: Ride, charges: Sequence[Charge], mapped: frozenset[Kind]) -> list[Judged]:
    """Judges the lines of one order: one of them is the order's, others come on top of it."""
    first = next((each for each in charges if _total(each) > 0), charges[0])
    main = _compared(ride, first, mapped)
    if len(charges) > 1 and main.agreed == sum(map(_total, charges), ZERO):
        # The bill tells fee, tip and money back in lines of their own.
        return [Judged(each, ride, agreed=each.total, difference=ZERO) for each in charges]
    return [main if each is first else _further(ride, each) for each in charges]


def _further(ride: Ride, charge: Charge) -> Judged:
    total = _total(charge)
    finding = Finding.TWICE if total > 0 else Finding.CREDIT
    return Judged(charge, ride, finding if total else Finding.NONE, agreed=ZERO, difference=total)


def _total(charge: Charge) -> Decimal:
    return charge.total or ZERO


def _compared(ride: Ride, charge: Charge, mapped: frozenset[Kind]) -> Judged:
    said = {Kind.FEE: charge.fee, Kind.TIP: charge.tip, Kind.DEDUCTION: charge.deduction}
    parts = {kind: ride.agreed(kind) for kind in PARTS}
    if Kind.TOTAL not in mapped:
        parts = {kind: agreed for kind, agreed in parts.items() if kind in mapped}
    if parts.get(Kind.FEE, ZERO) is None and Kind.FEE in mapped:
        # The courier had named no price: its fee cannot be told from another.
        parts[Kind.FEE] = charge.fee or ZERO
    named = [amount for amount in parts.values() if amount is not None]
    if len(named) < len(parts):
        return Judged(charge, ride, parts=parts)
    agreed = sum(named, ZERO)
    over = _total(charge) - agreed
    wrong = {
        kind: (said[kind] or ZERO) - (parts[kind] or ZERO)
        for kind in PARTS
        if kind in mapped and (said[kind] or ZERO) != parts[kind]
    }
    finding = _finding(ride, over, wrong, parts.get(Kind.TIP) or ZERO, Kind.FEE in mapped)
    return Judged(charge, ride, finding, parts, agreed, over)


def _finding(
    ride: Ride,
    over: Decimal,
    wrong: Mapping[Kind, Decimal],
    tip: Decimal,
    names_fee: bool,
) -> Finding:
    """`over` is what was charged above what was agreed, `wrong` the same by kind."""
    if ride.is_dead:
        too_little = Finding.DEDUCTION if over else Finding.NONE
        return Finding.CANCELLED if over > 0 else too_little
    is_tip_once_more = tip > 0 and (
        wrong.get(Kind.TIP) == tip
        # The fee has the tip in it, or the total has it twice.
        or (Kind.TIP not in wrong and (wrong.get(Kind.FEE) if names_fee else over) == tip)
    )
    if is_tip_once_more:
        return Finding.TIP_TWICE
    first = next((kind for kind in PARTS if kind in wrong), None)
    if first is not None:
        return Finding(first.value)
    if not over:
        return Finding.NONE
    return Finding.TOTAL if names_fee else Finding.FEE


def _missing(ride: Ride) -> Judged:
    agreed = [ride.agreed(kind) for kind in PARTS]
    named = [amount for amount in agreed if amount is not None]
    total = sum(named, ZERO) if len(named) == len(agreed) else None
    return Judged(None, ride, Finding.MISSING, dict(zip(PARTS, agreed, strict=True)), total)
