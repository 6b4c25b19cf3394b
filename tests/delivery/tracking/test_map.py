"""The map of the tracking page, where the operator has set tiles: what stands in its data, and when
there is none.
"""

import json
import re
from typing import Any

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from delivery.checks import tiles as tiles_checked
from delivery.checks import tiles_address
from delivery.services.places import Place, distance, from_baidu, to_baidu, to_wgs84
from delivery.services.tiles import NEAR
from tests.delivery.tracking.seeing import (
    RECEIVER,
    S,
    ago,
    called,
    opened,
    page,
    path,
    placed,
    riding,
    told,
    waiting,
)
from tests.delivery.tracking.test_secrets import NEVER, leaks

pytestmark = pytest.mark.django_db
URL = "https://tiles.example.com:8443/{z}/{x}/{y}.png?key=abc"
# How the places begin that may be told: the shop's, and the rider's on his way.
SHOP, RIDER = ("120.13", "30.27"), ("120.12", "30.28")


@pytest.fixture(autouse=True)
def tiles(settings: Settings) -> None:
    settings.TRACKING_TILES_URL = URL
    settings.TRACKING_TILES_CREDIT = "© 地图"


def data_of(html: str) -> dict[str, Any] | None:
    found = re.search(r'<script id="track-map-data" type="application/json">(.*?)</script>', html)
    return json.loads(found[1]) if found else None


def policy(delivery: Any, query: str = "") -> str:
    return str(Client().get(path(delivery) + query)["Content-Security-Policy"])


def test_the_map_has_the_shop_and_roughly_the_rider(settings: Settings) -> None:
    html = page(riding().delivery)
    data = data_of(html)
    assert data
    assert (data["tiles"], data["shop"], data["rider"]) == (
        URL,
        [30.279383, 120.131441],
        [30.283, 120.128],
    )
    assert "© 地图" in html
    # The sketch stands below it, for who has no scripts or whose tiles do not come.
    assert html.index("track-map") < html.index("track-sketch")
    assert "<noscript><meta http-equiv" in html


def test_nothing_of_the_receiver_is_in_it() -> None:
    delivery = riding().delivery
    never = [text for text in NEVER if text not in (*SHOP, *RIDER)]
    html = page(delivery)
    assert leaks(html, [*never, RECEIVER["lng"][:7], RECEIVER["lat"][:6]]) == []
    data = data_of(html) or {}
    assert set(data) == {"tiles", "shop", "rider"}
    assert all(round(degrees, 3) == degrees for degrees in data["rider"])


def test_the_policy_lets_in_the_host_of_the_tiles_and_no_other(settings: Settings) -> None:
    delivery = riding().delivery
    allowed = re.search(r"img-src ([^;]*)", policy(delivery))
    assert allowed
    assert set(allowed[1].split()) == {"'self'", "data:", "https://tiles.example.com:8443"}
    assert "tiles.example.com" not in policy(delivery).replace(allowed[0], "")
    assert "tiles.example.com" not in policy(delivery, "?form=digits")
    settings.TRACKING_TILES_URL = ""
    assert "tiles.example.com" not in policy(delivery)


def test_without_tiles_the_page_is_as_before(settings: Settings) -> None:
    settings.TRACKING_TILES_URL = ""
    html = page(riding().delivery)
    assert data_of(html) is None
    assert "<script" not in html
    assert "leaflet" not in html
    assert "noscript" not in html
    assert "track-sketch" in html


@pytest.mark.parametrize(
    "states",
    [
        (S.ACCEPTED,),
        (S.ACCEPTED, S.AT_SHOP),
        (S.PICKED_UP, S.NOT_REACHED),
        (S.PICKED_UP, S.DELIVERED),
    ],
)
def test_there_is_a_map_between_pick_up_and_hand_over_only(states: tuple[S, ...]) -> None:
    attempt = told(called(), *states)
    placed(attempt, ago(seconds=5))
    for client in (Client(), opened(attempt.delivery) if attempt.is_live else Client()):
        assert data_of(page(attempt.delivery, client)) is None
    assert data_of(page(waiting())) is None


@pytest.mark.parametrize(
    ("seconds", "is_there"), [(0, True), (170, True), (180, False), (900, False)]
)
def test_a_place_of_three_minutes_ago_is_none(seconds: int, is_there: bool) -> None:
    attempt = riding()
    placed(attempt, ago(seconds=seconds))
    assert (data_of(page(attempt.delivery)) is not None) == is_there


def test_where_he_was_before_he_had_the_goods_is_no_place() -> None:
    attempt = told(called(), S.ACCEPTED, S.PICKED_UP, minutes=2)
    placed(attempt, ago(minutes=1.5))
    assert data_of(page(attempt.delivery)) is None


def test_near_the_receiver_the_map_ends_and_the_sketch_goes_on() -> None:
    attempt = riding()
    placed(attempt, ago(seconds=5), lng="120.127", lat="30.287")
    html = page(attempt.delivery)
    receiver = Place.of(float(RECEIVER["lng"]), float(RECEIVER["lat"]))
    assert distance(Place.of(120.127, 30.287), receiver) < NEAR
    assert data_of(html) is None
    assert "track-sketch" in html


@pytest.mark.parametrize("system", ["gcj02", "wgs84", "bd09"])
def test_places_are_told_in_the_system_of_the_tiles(settings: Settings, system: str) -> None:
    settings.TRACKING_TILES_SYSTEM = system
    data = data_of(page(riding().delivery))
    assert data
    into = {"gcj02": lambda place: place, "wgs84": to_wgs84, "bd09": to_baidu}[system]
    shop = into(Place.of(120.131441, 30.279383))
    assert data["shop"] == [float(shop.lat), float(shop.lng)]


# (WGS-84, GCJ-02) as published with the package eviltransform.
KNOWN = [
    ((121.5272106, 31.1774276), (121.531541859215, 31.17530398364597)),
    ((113.912316, 22.543847), (113.9171764808363, 22.540796131694766)),
    ((116.377817, 39.911954), (116.38404722455657, 39.91334545536069)),
]


@pytest.mark.parametrize(("world", "china"), KNOWN)
def test_gcj_becomes_wgs(world: tuple[float, float], china: tuple[float, float]) -> None:
    assert distance(to_wgs84(Place.of(*china)), Place.of(*world)) < 1


def test_bd_and_back_is_the_same_place() -> None:
    for _world, china in KNOWN:
        place = Place.of(*china)
        there = to_baidu(place)
        assert 500 < distance(there, place) < 1500
        assert distance(from_baidu(there.lng, there.lat), place) < 1


# What is set


def found(settings: Settings, **changed: str) -> list[str]:
    for name, value in changed.items():
        setattr(settings, f"TRACKING_TILES_{name}", value)
    return [str(each.msg) for each in tiles_checked(None)]


@pytest.mark.parametrize(
    "url",
    [
        "",
        URL,
        "http://127.0.0.1:9000/{z}/{x}/{y}",
        "https://rt0.map.gtimg.com/tile?z={z}&x={x}&y={-y}",
    ],
)
def test_addresses_of_tiles(settings: Settings, url: str) -> None:
    assert found(settings, URL=url) == []


@pytest.mark.parametrize(
    "url",
    [
        "tiles.example.com/{z}/{x}/{y}.png",
        "https://{s}.example.com/{z}/{x}/{y}.png",
        "https://tiles.example.com/{z}/{x}.png",
        "https://tiles.example.com/{z}/{x}/{y}/{q}.png",
        "https://a.example.com; script-src *//{z}/{x}/{y}.png",
        "https://user:word@tiles.example.com/{z}/{x}/{y}.png",
        "ftp://tiles.example.com/{z}/{x}/{y}.png",
        "https://tiles.example.com",
    ],
)
def test_what_is_no_address_of_tiles(settings: Settings, url: str) -> None:
    assert found(settings, URL=url) == ["TRACKING_TILES_URL is no address of tiles."]


def test_system_and_credit_are_checked_where_there_are_tiles(settings: Settings) -> None:
    assert len(found(settings, SYSTEM="mercator", CREDIT=" ")) == 2
    assert found(settings, URL="") == []


def test_plain_http_is_warned_of(settings: Settings) -> None:
    for url in ("", URL):
        settings.TRACKING_TILES_URL = url
        assert tiles_address(None) == []
    settings.TRACKING_TILES_URL = "http://tiles.example.com/{z}/{x}/{y}.png"
    assert [each.id for each in tiles_address(None)] == ["delivery.W002"]
