"""Orders that come in: what is wrong is named by its field, and nothing is kept of it."""

import time
from decimal import Decimal
from typing import Any

import pytest

from delivery.models import Delivery, DeliveryStore
from stores.models import OutboundCall, Store
from tests.api import Api, api_of, problem
from tests.delivery.api.ordering import order
from tests.delivery.factories import DeliveryStoreFactory
from tests.stores.factories import MerchantFactory, StoreFactory

pytestmark = pytest.mark.django_db
HOUR = 3600


@pytest.fixture
def store() -> Store:
    place: DeliveryStore = DeliveryStoreFactory()
    return place.store


@pytest.fixture
def api(store: Store) -> Api:
    return api_of(store.merchant)


def send(api: Api, store: Store, body: Any) -> Any:
    return api.post(f"stores/{store.pk}/deliveries/", body)


def named(errors: Any) -> list[str]:
    """The fields of an answer's `errors`, as receiver.lng."""
    return [
        f"{part}.{name}" if isinstance(below, dict) else part
        for part, below in errors.items()
        for name in (below if isinstance(below, dict) else [""])
    ]


def goods(count: int, **good: Any) -> dict[str, Any]:
    each = {"good_count": 1, "good_name": "片儿川"} | good
    return {"goods_detail": {"goods": [each] * count}}


# What is changed in a good order, the status of the answer and the field that it names.
WRONG: list[tuple[dict[str, Any], int, str]] = [
    ({"openid": ""}, 400, "openid"),
    ({"openid": 5}, 400, "openid"),
    ({"openid": "o" * 65}, 400, "openid"),
    ({"reference": "K" * 65}, 400, "reference"),
    ({"reference": ["K"]}, 400, "reference"),
    ({"ready": "yes"}, 400, "ready"),
    ({"receiver": None}, 400, "receiver"),
    ({"receiver": []}, 400, "receiver"),
    ({"receiver": "陈女士"}, 400, "receiver"),
    ({"receiver": {"name": None}}, 400, "receiver.name"),
    ({"receiver": {"name": "\u200b\u202e \u0000"}}, 400, "receiver.name"),
    ({"receiver": {"name": "陈" * 257}}, 400, "receiver.name"),
    ({"receiver": {"address_detail": ""}}, 400, "receiver.address_detail"),
    ({"receiver": {"phone": "1" * 65}}, 400, "receiver.phone"),
    ({"receiver": {"phone": "电话"}}, 422, "receiver.phone"),
    ({"receiver": {"phone": 13800000002}}, 400, "receiver.phone"),
    ({"receiver": {"lng": None}}, 400, "receiver.lng"),
    ({"receiver": {"lng": "120.12531"}}, 400, "receiver.lng"),
    ({"receiver": {"lng": True}}, 400, "receiver.lng"),
    ({"receiver": {"lng": [[[120.1]]]}}, 400, "receiver.lng"),
    ({"receiver": {"lng": 1e308}}, 400, "receiver.lng"),
    ({"receiver": {"lng": 10**4000}}, 400, "receiver.lng"),
    ({"receiver": {"lng": 30.28712, "lat": 120.12531}}, 422, "receiver.lng"),
    ({"receiver": {"lng": 0, "lat": 0}}, 422, "receiver.lng"),
    ({"receiver": {"lng": 2.35, "lat": 48.85}}, 422, "receiver.lng"),
    ({"receiver": {"lng": 121.4737, "lat": 31.2304}}, 422, "receiver.lng"),
    ({"receiver": {"coordinate_type": 2}}, 400, "receiver.coordinate_type"),
    ({"cargo": {"goods_value": 0}}, 400, "cargo.goods_value"),
    ({"cargo": {"goods_value": -1}}, 400, "cargo.goods_value"),
    ({"cargo": {"goods_value": 5000.01}}, 400, "cargo.goods_value"),
    ({"cargo": {"goods_weight": 0.001}}, 400, "cargo.goods_weight"),
    ({"cargo": {"goods_weight": 50.5}}, 400, "cargo.goods_weight"),
    ({"cargo": {"goods_height": 0}}, 400, "cargo.goods_height"),
    ({"cargo": {"goods_height": 45.01}}, 400, "cargo.goods_height"),
    ({"cargo": {"goods_length": 65.01}}, 400, "cargo.goods_length"),
    ({"cargo": {"goods_width": 50.01}}, 400, "cargo.goods_width"),
    ({"cargo": {"goods_width": "50"}}, 400, "cargo.goods_width"),
    ({"cargo": {"cargo_first_class": "火箭"}}, 422, "cargo.cargo_first_class"),
    ({"cargo": {"cargo_second_class": "鲜花"}}, 422, "cargo.cargo_second_class"),
    ({"cargo": goods(300)}, 422, "cargo.goods_detail"),
    ({"cargo": {"goods_detail": []}}, 400, "cargo.goods_detail"),
    ({"cargo": goods(1, good_count=0)}, 400, "cargo.goods_detail"),
    ({"cargo": goods(1, good_unit="份" * 21)}, 400, "cargo.goods_detail"),
    ({"cargo": {"goods_pickup_info": "门" * 101}}, 400, "cargo.goods_pickup_info"),
    ({"order_info": {"note": "辣" * 201}}, 400, "order_info.note"),
    ({"order_info": {"poi_seq": "1" * 33}}, 400, "order_info.poi_seq"),
    ({"order_info": {"order_type": 1}}, 422, "order_info.order_type"),
    ({"order_info": {"tips": 3}}, 400, "order_info.tips"),
    ({"order_info": {"cash_on_delivery": 30}}, 400, "order_info.cash_on_delivery"),
    ({"order_info": {"delivery_service_code": "1" * 21}}, 400, "order_info.delivery_service_code"),
    ({"order_info": {"delivery_service_code": "9"}}, 422, "order_info.delivery_service_code"),
    ({"order_info": {"rider_pick_method": 2}}, 400, "order_info.rider_pick_method"),
    ({"order_info": {"rider_pick_method": 0}}, 400, "order_info.rider_pick_method"),
    ({"order_info": {"order_time": 1767225600000}}, 400, "order_info.order_time"),
    ({"order_info": {"is_insured": "ja"}}, 400, "order_info.is_insured"),
    ({"shop": None}, 400, "shop"),
    ({"shop": {"img_url": ""}}, 400, "shop.img_url"),
    ({"shop": {"img_url": "javascript:alert(1)"}}, 422, "shop.img_url"),
    ({"shop": {"goods_name": "\ufeff"}}, 400, "shop.goods_name"),
    ({"shop": {"goods_count": 0}}, 400, "shop.goods_count"),
    ({"shop": {"goods_count": 10**30}}, 400, "shop.goods_count"),
]


@pytest.mark.parametrize(("change", "status", "field"), WRONG)
def test_what_is_wrong_is_named_by_its_field(
    api: Api, store: Store, change: dict[str, Any], status: int, field: str
) -> None:
    answer = send(api, store, order(**change))
    code = {400: "invalid", 422: "wrong_order"}[status]
    assert problem(answer) == (status, code), answer.content
    assert {name.rstrip(".") for name in named(answer.json()["errors"])} == {field}
    assert not Delivery.objects.exists()


@pytest.mark.parametrize(
    ("name", "ahead", "is_right"),
    [
        ("expected_delivery_time", 60, False),
        ("expected_delivery_time", 2 * HOUR, True),
        ("expected_delivery_time", 73 * HOUR, False),
        ("expected_pick_time", HOUR, False),
        ("expected_pick_time", 3 * HOUR, True),
        ("expected_pick_time", 49 * HOUR, False),
        ("expected_finish_time", HOUR, True),
        ("expected_finish_time", -HOUR, False),
        ("expected_finish_time", 80 * HOUR, False),
    ],
)
def test_a_booked_order_lies_within_the_window_of_its_couriers(
    api: Api, store: Store, name: str, ahead: int, is_right: bool
) -> None:
    at = int(time.time()) + ahead
    answer = send(api, store, order(order_info={"order_type": 1, name: at}))
    if is_right:
        assert answer.status_code == 201
        wanted = Delivery.objects.get().wanted_at
        assert wanted
        assert int(wanted.timestamp()) == at
    else:
        assert named(answer.json()["errors"]) == [f"order_info.{name}"]


def test_a_time_in_milliseconds_is_answered_with_its_seconds(api: Api, store: Store) -> None:
    at = int(time.time()) + 3 * HOUR
    wishes = {"order_type": 1, "expected_pick_time": at * 1000}
    (words,) = send(api, store, order(order_info=wishes)).json()["errors"]["order_info"].values()
    assert str(at) in words[0]
    two = {"order_type": 1, "expected_pick_time": at, "expected_finish_time": at}
    answer = send(api, store, order(order_info=two))
    assert named(answer.json()["errors"]) == ["order_info.order_type"]
    at_once = send(api, store, order(order_info={"expected_pick_time": at}))
    assert named(at_once.json()["errors"]) == ["order_info.expected_pick_time"]


def test_swapped_coordinates_are_answered_with_those_that_are_meant(api: Api, store: Store) -> None:
    answer = send(api, store, order(receiver={"lng": 30.28712, "lat": 120.12531}))
    assert answer.json()["meant"] == {"lng": "120.125310", "lat": "30.287120"}
    assert send(api, store, order(receiver={"lng": 2.35, "lat": 48.85})).json().get("meant") is None


def test_baidus_coordinates_are_converted(api: Api, store: Store) -> None:
    body = order(receiver={"lng": 120.131735, "lat": 30.293470, "coordinate_type": 1})
    assert send(api, store, body).status_code == 201
    kept = Delivery.objects.get().receiver
    assert float(kept["lng"]) == pytest.approx(120.12531, abs=0.00001)
    assert float(kept["lat"]) == pytest.approx(30.28712, abs=0.00001)


def test_what_is_right_is_kept_as_it_is_meant(api: Api, store: Store) -> None:
    body = order(
        reference=" KD\u200b-1 ",
        receiver={"name": "陈\u202e女士\u0000", "phone": "１３８0000-0002转12", "city": "杭州市\n"},
        cargo={"goods_value": 46.505, "cargo_second_class": "快餐"},
        order_info={"note": "少辣 🌶️\t谢谢", "is_insured": 1, "is_direct_delivery": 0},
    )
    assert send(api, store, body).status_code == 201
    row = Delivery.objects.get()
    assert (row.reference, row.note, row.value) == ("KD-1", "少辣 🌶 谢谢", Decimal("46.51"))
    assert (row.receiver["name"], row.receiver["city"]) == ("陈女士", "杭州市")
    assert (row.receiver["phone"], row.phone_tail) == ("1380000-0002转12", "0002")
    assert row.wishes == {
        "is_direct": False, "needs_finish_code": True, "number": "12", "insured_for": "46.51",
    }  # fmt: skip
    assert row.cargo["goods"] == [{"name": "片儿川", "count": 1, "price": "28.50", "unit": "份"}]
    assert len(row.slug) == 22
    assert row.wanted_at is None
    assert row.ready_at is not None


@pytest.mark.parametrize(
    ("phone", "tail"),
    [
        ("13800000002", "0002"),
        ("138-0000-0002", "0002"),
        ("+86 138 0000 0002", "0002"),
        ("13800000002-1234", "0002"),
        ("13800000002_1234", "0002"),
        ("0571-88881234分机 801", "1234"),
        ("0571-88881234", "1234"),
        ("AXB-7", "7"),
    ],
)
def test_the_tail_of_a_phone_is_that_of_its_number(
    api: Api, store: Store, phone: str, tail: str
) -> None:
    assert send(api, store, order(receiver={"phone": phone})).status_code == 201
    row = Delivery.objects.get()
    assert (row.receiver["phone"], row.phone_tail) == (phone, tail)


def test_the_least_that_is_needed_is_enough(api: Api, store: Store) -> None:
    body = order(cargo={"goods_detail": None})
    del body["reference"], body["order_info"], body["receiver"]["coordinate_type"]
    assert send(api, store, body).status_code == 201
    assert send(api, store, body).status_code == 201
    assert [row.reference for row in Delivery.objects.all()] == ["", ""]


def test_deep_json_is_refused(api: Api, store: Store) -> None:
    for depth in (500, 900, 5000, 100_000):
        deep = b"[" * depth + b"]" * depth
        for body in (
            b'{"receiver": {"lng": ' + deep + b"}}",
            b'{"shop": {"goods_count": ' + deep + b"}}",
            b'{"cargo": {"goods_detail": {"goods": ' + deep + b"}}}",
            b'{"openid": ' + deep + b"}",
        ):
            answer = api.raw("post", f"stores/{store.pk}/deliveries/", body, "application/json")
            assert problem(answer)[0] in (400, 413), depth
    for number in (b"NaN", b"Infinity", b"1e400", b"-1e400", b"9" * 5000):
        body = b'{"receiver": {"lng": ' + number + b"}}"
        answer = api.raw("post", f"stores/{store.pk}/deliveries/", body, "application/json")
        assert problem(answer)[0] == 400, number
    assert not OutboundCall.objects.exists()


def test_other_peoples_stores_are_not_there(store: Store) -> None:
    elsewhere = StoreFactory(merchant=store.merchant)
    for api in (api_of(MerchantFactory()), api_of(store.merchant, elsewhere)):
        assert problem(send(api, store, order())) == (404, "not_found")
    api = api_of(store.merchant)
    assert problem(send(api, elsewhere, order())) == (409, "delivery_conflict")
    Store.objects.filter(pk=store.pk).update(is_active=False)
    assert problem(send(api, store, order())) == (404, "not_found")


@pytest.mark.parametrize(
    ("action", "body"),
    [
        ("dispatch", {}),
        ("dispatch", {"courier": 5}),
        ("dispatch", {"courier": ""}),
        ("dispatch", {"courier": "S" * 65}),
        ("tip", {"tip": None}),
        ("tip", {"tip": 3}),
        ("tip", {"tip": "-3"}),
        ("tip", {"tip": "3.001"}),
        ("tip", {"tip": "NaN"}),
        ("tip", {"tip": "1e2"}),
        ("tip", {"tip": "٣"}),
        ("tip", {"tip": "9" * 5000}),
        ("cancel", {}),
        ("cancel", {"max_fee": -1}),
        ("cancel", {"max_fee": "two"}),
        ("cancel", {"max_fee": [["2.00"]]}),
    ],
)
def test_actions_name_what_is_wrong(
    api: Api, store: Store, action: str, body: dict[str, Any]
) -> None:
    pk = send(api, store, order()).json()["id"]
    answer = api.post(f"deliveries/{pk}/{action}/", body)
    assert problem(answer) == (400, "invalid")
    (field,) = answer.json()["errors"]
    assert field == {"dispatch": "courier", "tip": "tip", "cancel": "max_fee"}[action]
