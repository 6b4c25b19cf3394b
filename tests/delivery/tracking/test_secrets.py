"""What may never stand on the page, and what only the receiver sees."""

import math
import re
from decimal import Decimal

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from delivery.models import Delivery
from delivery.services import digits
from delivery.services.places import Place, distance
from delivery.services.sketch import WIDE, place_in, rounded, sketch_of
from delivery.services.tracking import tracking_seen
from tests.delivery.tracking.seeing import (
    HALFWAY,
    NOTE,
    RECEIVER,
    RIDER,
    S,
    ago,
    called,
    opened,
    page,
    path,
    placed,
    post,
    riding,
    told,
    waiting,
)

pytestmark = pytest.mark.django_db
NEVER = [
    *(
        "欧阳翠花",
        "欧阳",
        "翠花",
        "13912345678",
        "4477",
        "翠苑",
        "东门",
        "3幢",
        "502",
        "2580",
        NOTE,
    ),
    # Neither coordinates nor their beginnings.
    *("120.12", "30.28", "120.13", "30.27"),
    *(RIDER["name"], "建国", "PICK77", "WB990099", "oSECRETopenid", "5678"),
    "13800000001",
]
ONLY_RECEIVER = ["17033334444", "9876", "8642"]


def everything(delivery: Delivery, client: Client) -> str:
    """Returns all views of the page, and what posts answer."""
    Delivery.objects.filter(pk=delivery.pk).update(created_at=ago(hours=3))
    views = [page(delivery, client, query) for query in ("", "?form=digits", "?form=case")]
    wrong: list[str] = []
    for typed in ("0000", "abc"):
        answer = post(delivery, client, do="digits", digits=typed)
        headers = [text for name, text in answer.items() if name != "Content-Length"]
        wrong += [answer.content.decode(), *headers]
    return "\n".join([*views, *wrong])


def leaks(html: str, texts: list[str]) -> list[str]:
    return [text for text in texts if text in html]


def deliveries() -> dict[str, Delivery]:
    return {
        "waiting": waiting(),
        "called": called().delivery,
        "accepted": told(called(), S.ACCEPTED).delivery,
        "riding": riding().delivery,
        "back": told(called(), S.PICKED_UP, S.NOT_REACHED).delivery,
        "delivered": told(riding(), S.DELIVERED, minutes=1).delivery,
    }


def test_nothing_of_the_receiver_ever_stands_there() -> None:
    for name, delivery in deliveries().items():
        strangers = everything(delivery, Client())
        assert (name, leaks(strangers, [*NEVER, *ONLY_RECEIVER])) == (name, [])
        receivers = everything(delivery, opened(delivery))
        assert (name, leaks(receivers, NEVER)) == (name, [])


def test_the_rider_is_called_by_his_surname() -> None:
    html = page(riding().delivery)
    assert "王" in html


def test_code_and_phone_of_the_rider_are_shown_to_who_has_given_the_digits() -> None:
    delivery = riding().delivery
    html = page(delivery, opened(delivery))
    assert "8642" in html
    assert 'href="tel:17033334444,9876"' in html
    assert "?form=digits" not in html


@pytest.mark.parametrize("ends", [(S.DELIVERED,), (S.NOT_REACHED,), (S.NO_RIDER,)])
def test_they_are_gone_when_nobody_comes_any_more(ends: tuple[S, ...]) -> None:
    delivery = riding().delivery
    client = opened(delivery)
    told(delivery.attempts.get(), *ends, minutes=1)
    html = page(delivery, client)
    assert leaks(html, ONLY_RECEIVER) == []
    assert "王" not in html


def test_before_a_rider_has_accepted_there_is_nothing_to_open() -> None:
    delivery = called().delivery
    html = page(delivery, opened(delivery))
    assert leaks(html, ONLY_RECEIVER) == []
    assert "?form=digits" not in page(delivery)


def test_five_wrong_tries_make_a_pause_that_is_said() -> None:
    delivery = riding().delivery
    answers = [post(delivery, do="digits", digits="0000") for _n in range(5)]
    assert [answer.status_code for answer in answers] == [422, 422, 422, 422, 429]
    assert int(answers[-1]["Retry-After"]) <= digits.TRIES.seconds
    assert 'id="digits"' not in answers[-1].content.decode()
    # Now not even the right ones count; on another address they do.
    assert post(delivery, do="digits", digits="5678").status_code == 429
    other = Client(REMOTE_ADDR="203.0.113.9")
    assert post(delivery, other, do="digits", digits="5678").status_code == 303
    assert "8642" in page(delivery, other)


def test_all_addresses_together_have_thirty_tries_of_a_page() -> None:
    delivery = riding().delivery
    found = [
        post(delivery, Client(REMOTE_ADDR=f"203.0.113.{n}"), do="digits", digits="0000").status_code
        for n in range(31)
    ]
    assert found == [422] * 30 + [429]
    # Another page is not closed by it.
    other = riding().delivery
    assert post(other, do="digits", digits="5678").status_code == 303


def test_what_is_typed_is_read_as_people_type_and_no_digits_are_no_try() -> None:
    delivery = riding().delivery
    for typed in ("", "567", "56789", "五六七八", "٥٦٧٨", "9" * 4000, "\x00\x00\x00\x00"):
        assert post(delivery, do="digits", digits=typed).status_code == 422
    assert post(delivery, do="digits", digits=" ５６７８ ").status_code == 303


def test_right_digits_cost_no_try() -> None:
    delivery = riding().delivery
    for _n in range(digits.TRIES.count + 1):
        opened(delivery)


def test_what_the_browser_keeps_opens_one_page_of_one_phone() -> None:
    delivery, other = riding().delivery, riding().delivery
    client = opened(delivery)
    kept = client.cookies["track"]
    assert (kept["path"], kept["httponly"], kept["max-age"]) == (path(delivery), True, 7200)
    assert kept["samesite"] == "Lax"
    assert "5678" not in kept.value
    assert "8642" not in page(other, client)
    Delivery.objects.update(phone_tail="1111")
    assert "8642" not in page(delivery, client)


@pytest.mark.parametrize("typed", ["", "0000"])
def test_a_delivery_without_phone_opens_to_nobody(typed: str) -> None:
    delivery = riding(delivery=waiting(phone_tail="")).delivery
    assert "?form=digits" not in page(delivery)
    assert post(delivery, do="digits", digits=typed).status_code == 422
    client = Client()
    client.cookies["track"] = digits.proof_of(delivery)
    assert "8642" not in page(delivery, client)


# The rider's place.


def has_place(delivery: Delivery) -> bool:
    delivery.refresh_from_db()
    is_seen = tracking_seen(delivery=delivery, is_receiver=True).sketch is not None
    assert ("<svg" in page(delivery)) == is_seen
    return is_seen


def test_the_riders_place_is_shown_between_pick_up_and_hand_over() -> None:
    attempt = told(called(), S.ACCEPTED, S.AT_SHOP)
    placed(attempt, ago(seconds=5))
    assert not has_place(attempt.delivery)
    told(attempt, S.PICKED_UP, minutes=4)
    # Where he was before is not shown then either.
    placed(attempt, ago(minutes=2, seconds=50))
    assert has_place(attempt.delivery)
    told(attempt, S.ON_THE_WAY, minutes=1)
    assert not has_place(attempt.delivery)
    placed(attempt, ago(seconds=30))
    assert has_place(attempt.delivery)
    told(attempt, S.DELIVERED, minutes=0.5)
    assert not has_place(attempt.delivery)


@pytest.mark.parametrize("seconds", [180, 181, 3600, -60, -(10**18)])
def test_a_place_is_never_old_or_ahead(seconds: int) -> None:
    attempt = riding()
    attempt.rider = {**RIDER, **HALFWAY, "at": int(ago().timestamp()) - seconds}
    attempt.save()
    assert not has_place(attempt.delivery)


@pytest.mark.parametrize(
    "place",
    [
        {"lng": "0", "lat": "0"},
        {"lng": "NaN", "lat": "30.28"},
        {"lng": "", "lat": ""},
        {"lng": "121.5", "lat": "31.2"},
    ],
)
def test_a_place_that_cannot_be_is_not_drawn(place: dict[str, str]) -> None:
    attempt = riding()
    placed(attempt, ago(seconds=5), **place)
    assert not has_place(attempt.delivery)
    placed(attempt, ago(seconds=5))
    Delivery.objects.filter(pk=attempt.delivery_id).update(receiver={**RECEIVER, **place})
    assert not has_place(attempt.delivery)


SHOP = Place.of(Decimal("120.131441"), Decimal("30.279383"))


def at(metres: float, angle: float) -> Place:
    """Returns the place so many metres from the shop, in this direction."""
    north, east = metres * math.cos(angle), metres * math.sin(angle)
    lng = float(SHOP.lng) + east / (111_195 * math.cos(math.radians(float(SHOP.lat))))
    return Place.of(lng, float(SHOP.lat) + north / 111_195)


@given(
    metres=st.floats(10, 8000),
    way=st.floats(10, 8000),
    between=st.floats(0, 6.28),
    turn=st.floats(0, 6.28),
)
def test_the_sketch_tells_no_direction(
    metres: float, way: float, between: float, turn: float
) -> None:
    """Turned about the shop, a town gives the same drawing, but for what lies at the edge of two
    steps: so nobody can tell from it in which direction the receiver lives.
    """
    here = sketch_of(shop=SHOP, rider=at(way, 0), receiver=at(metres, between))
    there = sketch_of(shop=SHOP, rider=at(way, turn), receiver=at(metres, between + turn))
    assert here
    assert there
    assert abs(here.done - there.done) <= WIDE
    assert abs(here.left - there.left) <= WIDE


@given(metres=st.floats(0, 80_000))
def test_distances_are_told_in_steps(metres: float) -> None:
    told_ = rounded(metres)
    assert told_ >= 100
    assert told_ % (100 if told_ <= 1000 else 500) == 0
    assert abs(told_ - metres) <= max(100, WIDE / 2)


def test_neighbours_have_the_same_drawing() -> None:
    """Every number of the drawing follows from the two rounded distances."""
    drawings = set()
    for metres, angle in [(1900, 0.3), (1950, 0.3), (2050, 1.5), (2100, 5.0), (1990, 3.1)]:
        house = at(metres, angle)
        attempt = riding()
        Delivery.objects.filter(pk=attempt.delivery_id).update(
            receiver={**RECEIVER, "lng": str(house.lng), "lat": str(house.lat)}
        )
        placed(attempt, ago(seconds=5), lng=str(SHOP.lng), lat=str(SHOP.lat))
        svg = re.search(r"<svg.*</svg>", page(attempt.delivery), re.S)
        assert svg
        drawings.add(svg[0])
    assert len(drawings) == 1
    (svg_text,) = drawings
    assert not re.search(r"\d\.\d{2}|\d{4}", svg_text)


def test_the_place_of_a_row_is_read_or_is_none() -> None:
    assert place_in({"lng": "120.131441", "lat": "30.279383"}) == SHOP
    for row in ({}, {"lng": None, "lat": None}, {"lng": "x", "lat": "1"}, {"lng": [], "lat": "1"}):
        assert place_in(row) is None
    assert distance(SHOP, at(1000, 1)) == pytest.approx(1000, rel=0.01)
