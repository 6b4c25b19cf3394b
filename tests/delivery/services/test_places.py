"""Coordinates that are wrong, and what is meant by them."""

import math
from decimal import Decimal

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from delivery.services.places import (
    Place,
    Wrong,
    distance,
    distance_text,
    examine,
    examine_quote,
    from_baidu,
)

SHOP = Place.of(120.131441, 30.279383)
NEAR = Place.of(120.12531, 30.28712)


def to_baidu(place: Place) -> tuple[float, float]:
    """As Baidu's users publish it, the other way round."""
    lng, lat = float(place.lng), float(place.lat)
    turned = math.pi * 3000 / 180
    away = math.hypot(lng, lat) + 0.00002 * math.sin(lat * turned)
    angle = math.atan2(lat, lng) + 0.000003 * math.cos(lng * turned)
    return away * math.cos(angle) + 0.0065, away * math.sin(angle) + 0.006


@pytest.mark.parametrize(
    ("lng", "lat", "wrong", "meant"),
    [
        ("120.12531", "30.28712", None, None),
        ("30.28712", "120.12531", Wrong.SWAPPED, NEAR),
        ("0", "0", Wrong.MISSING, None),
        ("120.12531", "0", Wrong.MISSING, None),
        ("2.35", "48.85", Wrong.ABROAD, None),
        ("-120.1", "30.2", Wrong.ABROAD, None),
        # Shanghai, for a shop in Hangzhou.
        ("121.4737", "31.2304", Wrong.OTHER_CITY, None),
    ],
)
def test_what_is_wrong_is_named_and_the_place_that_is_meant(
    lng: str, lat: str, wrong: Wrong | None, meant: Place | None
) -> None:
    found = examine(Decimal(lng), Decimal(lat), shop=SHOP)
    assert (found and found.wrong) == wrong
    assert (found and found.meant) == meant


@given(st.floats(74, 135), st.floats(4, 53))
def test_baidus_coordinates_become_those_of_wechat(lng: float, lat: float) -> None:
    place = Place.of(lng, lat)
    found = from_baidu(*to_baidu(place))
    assert distance(found, place) < 1
    given_ = examine(*map(Decimal, map(str, to_baidu(place))), shop=place, is_baidu=True)
    assert given_ is not None
    assert given_.wrong == Wrong.BAIDU


def test_distances_are_metres() -> None:
    assert distance(SHOP, SHOP) == 0
    assert distance(SHOP, NEAR) == pytest.approx(1043, abs=3)
    assert distance(NEAR, SHOP) == pytest.approx(distance(SHOP, NEAR))


@pytest.mark.parametrize(
    ("quoted", "is_strange"),
    [(None, False), (1000, False), (1600, False), (4000, False), (6000, True), (50_000, True)],
)
def test_a_distance_that_does_not_fit_shows_a_store_that_stands_elsewhere(
    quoted: int | None, is_strange: bool
) -> None:
    found = examine_quote(shop=SHOP, receiver=NEAR, quoted=quoted)
    assert (found is not None) is is_strange
    far = Place.of(120.2, 30.35)
    assert examine_quote(shop=SHOP, receiver=far, quoted=300) is not None


@pytest.mark.parametrize(
    ("metres", "text"), [(350, "350 m"), (999.6, "999 m"), (1109, "1.1 km"), (7000, "7 km")]
)
def test_a_distance_reads_alike_everywhere(metres: float, text: str) -> None:
    with translation.override("en"):
        assert distance_text(metres) == text
