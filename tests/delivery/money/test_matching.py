"""What is found when a bill is compared with what the courier had answered."""

from decimal import Decimal
from random import Random
from typing import Any

import pytest

from delivery.models import BillLine
from delivery.services.bills.columns import Charge, Kind
from delivery.services.bills.matching import Judged, Ride, judged

F = BillLine.Finding
ALL = frozenset(Kind)
TOTAL_ONLY = frozenset({Kind.NUMBER, Kind.TOTAL})
FEE_ONLY = frozenset({Kind.NUMBER, Kind.FEE})


def yuan(text: str) -> Decimal | None:
    return Decimal(text) if text else None


def ride(
    pk: int = 1, fee: str = "12.00", tip: str = "0", deduction: str = "0", **more: Any
) -> Ride:
    return Ride(
        pk=pk,
        number=f"ZG{pk}",
        waybill=f"{9_000_000_000_000_000_00 + pk}",
        is_dead=more.get("is_dead", False),
        fee=yuan(fee),
        tip=Decimal(tip),
        deduction=Decimal(deduction),
        is_due=more.get("is_due", False),
        is_elsewhere=more.get("is_elsewhere", False),
    )


def charge(
    number: str = "ZG1", fee: str = "12.00", tip: str = "", deduction: str = "", total: str = ""
) -> Charge:
    parts = yuan(fee), yuan(tip), yuan(deduction)
    whole = yuan(total) or sum((part for part in parts if part), Decimal(0))
    return Charge(1, number, *parts, whole)


def found(
    charges: list[Charge], rides: list[Ride], mapped: frozenset[Kind] = ALL
) -> list[tuple[F, str | None]]:
    return [
        (each.finding, None if each.difference is None else f"{each.difference:.2f}")
        for each in judged(charges, rides, mapped)
    ]


@pytest.mark.parametrize(
    ("of_ride", "of_bill", "finding", "difference"),
    [
        ({}, {}, F.NONE, "0.00"),
        ({"tip": "2"}, {"tip": "2.00"}, F.NONE, "0.00"),
        ({}, {"fee": "15.00"}, F.FEE, "3.00"),
        ({}, {"fee": "10.00"}, F.FEE, "-2.00"),
        ({"tip": "2"}, {"tip": "3.00"}, F.TIP, "1.00"),
        ({"tip": "2"}, {}, F.TIP, "-2.00"),
        ({}, {"tip": "2.00"}, F.TIP, "2.00"),
        ({"tip": "2"}, {"tip": "4.00"}, F.TIP_TWICE, "2.00"),
        # The fee has the tip in it already.
        ({"tip": "2"}, {"fee": "14.00", "tip": "2.00"}, F.TIP_TWICE, "2.00"),
        ({}, {"deduction": "5.00"}, F.DEDUCTION, "5.00"),
        ({}, {"total": "13.00"}, F.TOTAL, "1.00"),
        # A courier that named no price may charge what it likes, but the tip is ours.
        ({"fee": ""}, {"fee": "33.00"}, F.NONE, "0.00"),
        ({"fee": "", "tip": "1"}, {"fee": "33.00", "tip": "3.00"}, F.TIP, "2.00"),
    ],
)
def test_each_difference_of_a_line_has_its_finding(
    of_ride: dict[str, Any], of_bill: dict[str, str], finding: F, difference: str
) -> None:
    assert found([charge(**of_bill)], [ride(**of_ride)]) == [(finding, difference)]


@pytest.mark.parametrize(
    ("of_ride", "total", "finding", "difference"),
    [
        ({}, "12.00", F.NONE, "0.00"),
        ({"tip": "2", "deduction": "1"}, "15.00", F.NONE, "0.00"),
        ({"tip": "2"}, "16.00", F.TIP_TWICE, "2.00"),
        ({"tip": "2"}, "17.00", F.FEE, "3.00"),
        ({"fee": ""}, "17.00", F.NONE, None),
    ],
)
def test_a_bill_that_tells_totals_only_is_compared_by_them(
    of_ride: dict[str, Any], total: str, finding: F, difference: str | None
) -> None:
    charges = [charge(fee="", total=total)]
    assert found(charges, [ride(**of_ride)], TOTAL_ONLY) == [(finding, difference)]


def test_a_bill_without_tips_is_compared_by_fees_alone() -> None:
    assert found([charge()], [ride(tip="5")], FEE_ONLY) == [(F.NONE, "0.00")]


@pytest.mark.parametrize(
    ("deduction", "of_bill", "finding", "difference"),
    [
        ("0", {}, F.CANCELLED, "12.00"),
        ("2.00", {"fee": "2.00"}, F.NONE, "0.00"),
        ("2.00", {"fee": "", "deduction": "2.00"}, F.NONE, "0.00"),
        ("2.00", {"fee": "3.00"}, F.CANCELLED, "1.00"),
        ("2.00", {"fee": "1.00"}, F.DEDUCTION, "-1.00"),
        ("0", {"fee": "0.00"}, F.NONE, "0.00"),
    ],
)
def test_a_cancelled_ride_costs_its_deduction_and_no_more(
    deduction: str, of_bill: dict[str, str], finding: F, difference: str
) -> None:
    dead = ride(tip="2", deduction=deduction, is_dead=True)
    assert found([charge(**of_bill)], [dead]) == [(finding, difference)]


def test_an_order_twice_in_the_bill_is_found_by_either_number() -> None:
    waybill = ride().waybill
    charges = [charge(), charge(waybill), charge("ZG1", fee="-12.00")]
    assert found(charges, [ride()]) == [
        (F.NONE, "0.00"),
        (F.NONE, "0.00"),
        (F.NONE, "0.00"),
    ]
    assert found(charges[:2], [ride()]) == [(F.NONE, "0.00"), (F.TWICE, "12.00")]
    back = [charge(fee="15.00"), charge(fee="-2.00")]
    assert found(back, [ride()]) == [(F.FEE, "3.00"), (F.CREDIT, "-2.00")]


def test_fee_and_tip_in_lines_of_their_own_are_one_order() -> None:
    charges = [charge(fee="2.00"), charge("ZG2"), charge(fee="12.00")]
    assert found(charges, [ride(tip="2"), ride(2)]) == [(F.NONE, "0.00")] * 3


def test_what_is_not_ours_is_claimed_whole_and_once_as_such() -> None:
    charges = [charge("X"), charge("X"), charge("X", fee="-1.00")]
    assert found(charges, [ride()]) == [
        (F.NOT_OURS, "12.00"),
        (F.TWICE, "12.00"),
        (F.CREDIT, "-1.00"),
    ]


def test_another_store_of_the_account_is_left_to_itself() -> None:
    other = ride(2, is_elsewhere=True, is_due=False)
    assert found([charge("ZG2", fee="99.00")], [ride(), other]) == [(F.ELSEWHERE, None)]


def test_what_was_delivered_and_is_not_in_the_bill_is_missing() -> None:
    rides = [ride(1, is_due=True), ride(2, is_due=True, tip="1"), ride(3), ride(4, "", is_due=True)]
    lines = judged([charge()], rides, ALL)
    assert [(each.finding, each.ride and each.ride.pk, each.agreed) for each in lines[1:]] == [
        (F.MISSING, 2, Decimal("13.00")),
        (F.MISSING, 4, None),
    ]
    assert all(each.difference is None for each in lines[1:])


def test_a_bad_row_is_kept_and_its_neighbours_are_judged() -> None:
    bad = Charge(2, "ZG1", problem="no amount")
    assert found([charge(), bad, charge("ZG2", fee="13.00")], [ride(), ride(2)]) == [
        (F.NONE, "0.00"),
        (F.UNREADABLE, None),
        (F.FEE, "1.00"),
    ]


def test_a_rounded_number_is_known_when_only_one_ride_has_its_digits() -> None:
    first, second = ride(1), ride(2)
    rounded = Charge(1, "9", total=Decimal(12), fee=Decimal(12), rounded=("90000000000000", 18))
    assert found([rounded], [first]) == [(F.NONE, "0.00")]
    assert found([rounded], [first, second]) == [(F.UNREADABLE, None)]
    few = Charge(1, "9", total=Decimal(12), rounded=("900000", 18))
    assert found([few], [first]) == [(F.UNREADABLE, None)]


@pytest.mark.parametrize("seed", range(30))
def test_differences_of_an_order_sum_to_what_was_charged_above_what_was_agreed(seed: int) -> None:
    random = Random(seed)
    rides = [
        ride(
            pk,
            fee=f"{random.randint(5, 30)}.50",
            tip=str(random.choice((0, 0, 2))),
            deduction=str(random.choice((0, 0, 3))),
            is_dead=random.random() < 0.3,
            is_due=random.random() < 0.5,
        )
        for pk in range(1, 20)
    ]
    charges = [
        charge(
            f"ZG{random.randint(1, 25)}",
            fee=f"{random.randint(-10, 30)}.50",
            tip=random.choice(("", "2.00", "4.00")),
        )
        for _ in range(60)
    ]
    lines: list[Judged] = judged(charges, rides, ALL)
    assert [each.charge for each in lines[:60]] == charges
    known = {each.number: each for each in rides}
    for number in {each.number for each in charges}:
        of_one = [each for each in lines if each.charge and each.charge.number == number]
        charged = sum(each.charge.total or 0 for each in of_one if each.charge)
        mine = known.get(number)
        parts = (Kind.FEE, Kind.TIP, Kind.DEDUCTION)
        agreed = sum(mine.agreed(kind) or 0 for kind in parts) if mine else 0
        assert sum(each.difference or 0 for each in of_one) == charged - agreed
