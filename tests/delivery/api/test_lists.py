"""The list and the detail of deliveries: what they show and how many queries that takes."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from delivery.models import Attempt, Delivery, DeliveryStore
from tests.api import Api, api_of
from tests.delivery.factories import (
    AttemptFactory,
    DeliveryFactory,
    DeliveryMomentFactory,
    DeliveryStoreFactory,
    StoreCourierFactory,
)
from tests.stores.factories import StoreFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def place() -> DeliveryStore:
    made: DeliveryStore = DeliveryStoreFactory()
    return made


@pytest.fixture
def api(place: DeliveryStore) -> Api:
    return api_of(place.store.merchant)


def ridden(place: DeliveryStore, *states: str, **fields: Any) -> Delivery:
    """A delivery with attempts in these states."""
    courier = place.couriers.first() or StoreCourierFactory(place=place)
    row: Delivery = DeliveryFactory(store=place.store, **fields)
    for state in states:
        AttemptFactory(delivery=row, courier=courier, state=state, fee="10.00", tip="2.00",
                       deduction="1.50" if state == "dead" else None)  # fmt: skip
    DeliveryMomentFactory(delivery=row)
    return row


def queries(api: Api, path: str) -> int:
    with CaptureQueriesContext(connection) as found:
        assert api.get(path).status_code == 200
    return len(found)


def test_many_deliveries_take_as_many_queries_as_one(api: Api, place: DeliveryStore) -> None:
    first = ridden(place, "live")
    api.get("deliveries/")
    few = queries(api, "deliveries/")
    detail = queries(api, f"deliveries/{first.pk}/")
    many = [ridden(place, "dead", "dead", "revived", "live") for _ in range(20)]
    Attempt.objects.update(needs_person=True, for_person="unsure")
    assert queries(api, "deliveries/") == few
    assert queries(api, f"deliveries/{many[-1].pk}/") == detail
    assert few <= 6
    assert detail <= 6


def test_the_list_is_narrowed(api: Api, place: DeliveryStore) -> None:
    ridden(place, reference="KD-1", state=Delivery.State.DELIVERED)
    waiting = ridden(place, reference="KD-2")
    other = StoreFactory(merchant=place.store.merchant)
    DeliveryFactory(store=other)
    DeliveryFactory()

    def found(query: str) -> list[int]:
        rows = api.get(f"deliveries/?{query}").json()["results"]
        return [row["id"] for row in rows]

    assert len(found("")) == 3
    assert found("reference=KD-2") == [waiting.pk]
    assert found(f"state=waiting&store={place.store_id}") == [waiting.pk]
    assert len(found("state=waiting&state=delivered")) == 3
    assert found(f"store={other.pk}&state=delivered") == []
    assert len(found("since=2020-01-01")) == 3
    assert found("since=2999-01-01") == []
    assert len(found("page_size=1")) == 1
    assert api.get("deliveries/?state=unheard").status_code == 400
    assert api.get("deliveries/?reference=%00").status_code == 400
    assert api.get("deliveries/?store=999999999").status_code == 404


@pytest.mark.parametrize(
    ("states", "cost", "live"),
    [
        ([], "0.00", None),
        (["live"], "12.00", "live"),
        (["calling"], "12.00", "calling"),
        (["dead", "dead"], "3.00", None),
        (["dead", "live"], "13.50", "live"),
        (["dead", "delivered"], "13.50", None),
        (["returned"], "12.00", None),
    ],
)
def test_the_cost_is_that_of_the_ride_and_of_what_was_kept(
    api: Api, place: DeliveryStore, states: list[str], cost: str, live: str | None
) -> None:
    row = ridden(place, *states)
    shown = api.get(f"deliveries/{row.pk}/").json()
    assert shown["cost"] == cost
    assert (shown["live_attempt"] and shown["live_attempt"]["state"]) == live
    assert [each["state"] for each in shown["attempts"]] == states
    assert shown["tracking_url"].endswith(f"/d/{row.slug}/")


def test_of_a_rider_is_shown_what_is_known(api: Api, place: DeliveryStore) -> None:
    row = ridden(place, "live")
    Attempt.objects.update(waybill_state=202, rider={"name": "李师傅", "at": 1767225600})
    (attempt,) = api.get(f"deliveries/{row.pk}/").json()["attempts"]
    assert attempt["order_status"] == 202
    assert attempt["rider"] == {
        "name": "李师傅", "phone": "", "lng": None, "lat": None, "at": "2026-01-01T00:00:00Z",
    }  # fmt: skip
