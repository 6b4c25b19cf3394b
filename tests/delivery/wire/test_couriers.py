"""What is known of couriers, as the choices of a dispatch use it."""

from datetime import timedelta
from decimal import Decimal

import pytest

from delivery.choices import Sure
from delivery.wire.categories import CATEGORIES, is_known
from delivery.wire.couriers import COURIERS, courier_of


@pytest.mark.parametrize(
    ("courier", "total", "at_most", "wanted"),
    [
        ("SS", "0", "100", "2"),
        ("SS", "5", "100", "10"),
        ("SS", "5", "9", None),
        ("SS", "100", "500", None),
        ("DADA", "0", "10", "1"),
        ("DADA", "2.5", "10", "3.5"),
        ("DADA", "29.5", "100", None),
        ("DADA", "11", "100", None),
        ("MTPS", "0", "10", None),
        # Sources disagree whether it takes tips at all.
        ("SFTC", "0", "10", None),
        ("UU", "0", "10", None),
    ],
)
def test_a_tip_grows_along_the_couriers_ladder(
    courier: str, total: str, at_most: str, wanted: str | None
) -> None:
    found = COURIERS[courier].next_tip(
        Decimal(total), at_most=Decimal(at_most), value=Decimal("11.5")
    )
    assert found == (None if wanted is None else Decimal(wanted))


@pytest.mark.parametrize(
    ("courier", "seconds", "wanted"),
    [
        ("DADA", None, 0),
        ("DADA", 59, 0),
        ("DADA", 60, 2),
        ("DADA", 15 * 60, 0),
        ("SFTC", 119, 0),
        ("SFTC", 120, 2),
        ("SS", 1, None),
        ("UU", 1, None),
    ],
)
def test_what_a_cancellation_usually_costs(
    courier: str, seconds: int | None, wanted: int | None
) -> None:
    since = None if seconds is None else timedelta(seconds=seconds)
    assert COURIERS[courier].usual_cancel_fee(since) == wanted


def test_how_long_a_cancellation_is_usually_free() -> None:
    assert COURIERS["DADA"].free_until == timedelta(minutes=1)
    assert COURIERS["SS"].free_until is None


@pytest.mark.parametrize(
    ("courier", "distance", "wanted"),
    [
        ("MTPS", 4000, "100030"),
        ("MTPS", 5500, "100035"),
        ("MTPS", 7000, "100029"),
        ("MTPS", 7001, ""),
        ("SS", 90_000, "1"),
        ("DADA", 100, ""),
    ],
)
def test_the_quickest_service_that_reaches_so_far(courier: str, distance: int, wanted: str) -> None:
    assert COURIERS[courier].service_for(distance) == wanted


def test_a_courier_that_is_new_is_known_by_its_name_only() -> None:
    new = courier_of("NEW", "新骑手")
    assert (new.name, new.sure, new.tips) == ("新骑手", Sure.OPEN, None)
    assert courier_of("DADA") is COURIERS["DADA"]


@pytest.mark.parametrize(
    ("first", "second", "wanted"),
    [
        ("美食夜宵", "香锅", True),
        ("美食夜宵", "香锅/烤鱼", True),
        ("美食夜宵", "烤鱼", False),
        ("蛋糕", "蛋糕", True),
        ("蛋糕", "", False),
        ("", "", False),
    ],
)
def test_kinds_of_goods(first: str, second: str, wanted: bool) -> None:
    assert is_known(first, second) is wanted


def test_each_kind_of_goods_stands_once() -> None:
    assert sum(len(set(names)) for names in CATEGORIES.values()) == 55
