"""Requests that come twice: by their key, by the number of the order, and at the same time."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import connections

from delivery.models import Attempt, Delivery, Quote
from stores.models import IdempotencyKey, OutboundCall
from tests.api import Api, problem
from tests.delivery.api.ordering import order
from tests.delivery.town import Town

KEY = {"Idempotency-Key": "shop-KD1"}


def entered(town: Town, api: Api, **changes: Any) -> Any:
    return api.post(f"stores/{town.place.store_id}/deliveries/", order(**changes)).json()


def at_once(ask: Callable[[], Any], count: int = 4) -> list[Any]:
    """The answers of requests that are sent at the same time."""

    def one(_number: int) -> Any:
        try:
            return ask()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


def test_the_same_order_again_is_the_same_delivery(town: Town, api: Api) -> None:
    path = f"stores/{town.place.store_id}/deliveries/"
    first = api.post(path, order(reference="KD-1"))
    again = api.post(path, order(reference="KD-1", receiver={"name": " 陈女士\u200b"}))
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    assert first["Location"] == f"/api/v1/deliveries/{first.json()['id']}/"
    for change in (
        {"openid": "oAnother"},
        {"receiver": {"phone": "13800000003"}},
        {"cargo": {"goods_value": 46.51}},
        {"order_info": {"note": "多辣"}},
        {"shop": {"goods_count": 3}},
    ):
        answer = api.post(path, order(reference="KD-1", **change))
        assert problem(answer) == (409, "delivery_conflict")
    assert Delivery.objects.count() == 1


def test_an_order_without_a_number_is_known_by_its_key(town: Town, api: Api) -> None:
    path = f"stores/{town.place.store_id}/deliveries/"
    first, again = api.post(path, order(), **KEY), api.post(path, order(), **KEY)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["id"] == again.json()["id"]
    assert problem(api.post(path, order(openid="oAnother"), **KEY)) == (409, "key_reused")
    wrong = {"Idempotency-Key": "shop-KD2"}
    assert api.post(path, order(cargo={"cargo_first_class": "火箭"}), **wrong).status_code == 422
    assert api.post(path, order(), **wrong).status_code == 201


def test_the_same_order_at_the_same_time_is_one(town: Town, api: Api) -> None:
    path = f"stores/{town.place.store_id}/deliveries/"
    answers = at_once(lambda: Api(api.secret).post(path, order(reference="KD-1")))
    assert {answer.status_code for answer in answers} <= {200, 201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert Delivery.objects.count() == 1


def test_a_rider_is_called_once_per_key(town: Town, api: Api) -> None:
    path = f"deliveries/{entered(town, api)['id']}/dispatch/"
    assert api.post(path, {"courier": None}, **KEY).status_code == 202
    rounds = Quote.objects.count()
    again = api.post(path, {"courier": None}, **KEY)
    assert (again.status_code, len(again.json()["attempts"])) == (202, 1)
    assert Quote.objects.count() == rounds
    assert problem(api.post(path, {"courier": "SS"}, **KEY)) == (409, "key_reused")
    town.work()
    assert api.post(path, {"courier": None}, **KEY).status_code == 200
    assert len(town.orders()) == 1


def test_a_rider_called_at_the_same_time_is_one(town: Town, api: Api) -> None:
    path = f"deliveries/{entered(town, api)['id']}/dispatch/"
    with_key = at_once(lambda: Api(api.secret).post(path, {"courier": "SS"}, **KEY))
    assert {answer.status_code for answer in with_key} == {202}
    without = at_once(lambda: Api(api.secret).post(path, {"courier": "DADA"}))
    assert {problem(answer) for answer in without} == {(409, "delivery_conflict")}
    town.work()
    assert len(town.orders()) == Attempt.objects.count() == 1


def test_a_tip_is_raised_once_per_key(town: Town, api: Api) -> None:
    path = f"deliveries/{entered(town, api)['id']}/"
    api.post(f"{path}dispatch/", {"courier": "SS"})
    town.work()
    tips = at_once(lambda: Api(api.secret).post(f"{path}tip/", {"tip": "3.00"}, **KEY))
    assert {answer.status_code for answer in tips} == {202}
    assert OutboundCall.objects.filter(operation="rider.tip").count() == 1
    town.work()
    assert api.post(f"{path}tip/", {"tip": "3.00"}, **KEY).status_code == 200
    assert problem(api.post(f"{path}tip/", {"tip": "3.00"})) == (409, "delivery_conflict")
    assert town.orders()[0]["tips"] == 1


def test_a_refusal_leaves_no_key(town: Town, api: Api) -> None:
    path = f"deliveries/{entered(town, api)['id']}/"
    assert api.post(f"{path}tip/", {"tip": "3.00"}, **KEY).status_code == 409
    assert not IdempotencyKey.objects.exists()
    assert api.post(f"{path}ready/", {}, **KEY).status_code == 200
    assert problem(api.post(f"{path}cancel/", {"max_fee": None}, **KEY)) == (409, "key_reused")
    cancel = {"Idempotency-Key": "shop-KD1-cancel"}
    for _again in range(2):
        answer = api.post(f"{path}cancel/", {"max_fee": "0.00"}, **cancel)
        assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")
