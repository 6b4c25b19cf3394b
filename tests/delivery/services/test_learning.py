"""What is learned of riders who were called before."""

from datetime import datetime, timedelta

import pytest
import time_machine
from pytest_django.fixtures import DjangoAssertNumQueries

from delivery.models import Attempt, DeliveryStore
from delivery.services.choosing import Acceptance, Prefer, Rule
from delivery.services.learning import acceptance
from stores.platforms.reading import BEIJING
from tests.delivery.factories import AttemptFactory, StoreCourierFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 30, 12, 40, tzinfo=BEIJING)
WEEK, MINUTE = timedelta(weeks=1), timedelta(minutes=1)
LIKELY = Rule(Prefer.LIKELY, minutes=5)


@pytest.fixture
def place() -> DeliveryStore:
    made: DeliveryStore = StoreCourierFactory().place
    return made


def called(place: DeliveryStore, at: datetime, waited: int | None = 1) -> Attempt:
    made: Attempt = AttemptFactory(
        courier=place.couriers.get(), called_at=at, state=Attempt.State.DELIVERED,
        accepted_at=None if waited is None else at + waited * MINUTE,
    )  # fmt: skip
    return made


def learned(place: DeliveryStore) -> Acceptance | None:
    with time_machine.travel(NOW, tick=False):
        return acceptance(place, LIKELY).get("SS")


@pytest.mark.parametrize(
    ("at", "counts"),
    [
        (NOW - 6 * MINUTE, True),
        (NOW - 4 * MINUTE, False),
        (NOW - 40 * MINUTE, True),
        (NOW - 41 * MINUTE, False),
        (NOW - WEEK + 19 * MINUTE, True),
        (NOW - WEEK + 20 * MINUTE, False),
        (NOW - WEEK - 40 * MINUTE, True),
        (NOW - WEEK - 41 * MINUTE, False),
        (NOW - timedelta(days=1), False),
        (NOW - 13 * WEEK, True),
        (NOW - 13 * WEEK - MINUTE, False),
        (NOW - 14 * WEEK, False),
    ],
)
def test_this_weekday_and_hour_of_three_months_count(
    place: DeliveryStore, at: datetime, counts: bool
) -> None:
    called(place, at)
    assert learned(place) == (Acceptance(1, 1) if counts else None)


def test_who_came_too_late_or_never_did_not_accept_in_time(place: DeliveryStore) -> None:
    for waited in (5, 6, None):
        called(place, NOW - WEEK, waited)
    called(StoreCourierFactory().place, NOW - WEEK)
    assert learned(place) == Acceptance(3, 1)


@pytest.mark.parametrize("prefer", set(Prefer) - {Prefer.LIKELY})
def test_nothing_is_read_for_a_rule_that_does_not_look_at_it(
    place: DeliveryStore, prefer: Prefer, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    called(place, NOW - WEEK)
    with django_assert_num_queries(0):
        assert acceptance(place, Rule(prefer)) == {}
