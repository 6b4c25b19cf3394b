"""The API's routes from an order to its rider and back, with couriers on real sockets."""

from typing import Any

import pytest

from delivery.models import Attempt, Delivery, DeliveryStore, Quote
from delivery.services.going_on import ask_due, go_on
from delivery.services.orders import order_of
from stores.models import AuditEntry, OutboundCall
from tests.api import Api, api_of, problem
from tests.delivery.api.ordering import order
from tests.delivery.town import Town


def entered(town: Town, api: Api, **changes: Any) -> Any:
    answer = api.post(f"stores/{town.place.store_id}/deliveries/", order(**changes))
    assert answer.status_code == 201, answer.content
    return answer.json()


def one(api: Api, shown: Any) -> Any:
    return api.get(f"deliveries/{shown['id']}/").json()


def do(api: Api, shown: Any, action: str, body: Any, **headers: str) -> Any:
    return api.post(f"deliveries/{shown['id']}/{action}/", body, **headers)


def reported(town: Town, status: int) -> None:
    """The courier says how far the newest order is, and we ask it."""
    attempt = Attempt.objects.latest("pk")
    town.report(attempt, status)
    Attempt.objects.filter(pk=attempt.pk).update(ask_at=attempt.called_at)
    ask_due()
    town.work()


def test_an_order_is_entered_priced_ridden_and_brought(town: Town, api: Api) -> None:
    shown = entered(town, api, reference="KD-1")
    assert (shown["status"], shown["live_attempt"], shown["attempts"]) == ("waiting", None, [])
    assert (shown["cost"], shown["moments"], shown["reference"]) == ("0.00", [], "KD-1")
    assert town.orders() == []

    quotes = do(api, shown, "quotes", {}).json()["results"]
    assert [row["courier"] for row in quotes] == ["DADA", "SFTC", "UU", "SS", "MTPS"]
    fees = {row["courier"]: row["fee"] for row in quotes}
    assert (fees["DADA"], fees["SS"], fees["MTPS"]) == ("7.56", "18.08", None)
    assert quotes[0]["distance"] > 0
    assert [row["reason"] for row in quotes] == [""] * 5
    assert api.get(f"deliveries/{shown['id']}/quotes/").json()["results"] == quotes

    called = do(api, shown, "dispatch", {"courier": "SS"})
    assert (called.status_code, called.json()["live_attempt"]["state"]) == (202, "calling")
    town.work()
    live = one(api, shown)["live_attempt"]
    assert (live["courier"], live["state"], live["fee"]) == ("SS", "live", "18.08")
    assert live["order_status"] in (None, 101)

    assert do(api, shown, "tip", {"tip": "3.00"}).status_code == 202
    town.work()
    assert one(api, shown)["cost"] == "21.08"
    assert town.orders()[0]["tip"] == 3

    for status in (102, 202, 301, 302):
        reported(town, status)
    done = one(api, shown)
    assert (done["status"], done["live_attempt"], done["cost"]) == ("delivered", None, "21.08")
    assert [moment["kind"] for moment in done["moments"]] == ["accepted", "picked_up", "delivered"]
    assert [(each["courier"], each["order_status"]) for each in done["attempts"]] == [("SS", 302)]


def test_the_rule_chooses_where_no_courier_is_named(town: Town, api: Api) -> None:
    shown = entered(town, api)
    assert do(api, shown, "dispatch", {"courier": None}).status_code == 202
    town.work()
    assert one(api, shown)["live_attempt"]["courier"] == "DADA"


def test_sizes_service_and_way_go_to_the_couriers_that_know_them(town: Town, api: Api) -> None:
    size = {"goods_height": 45, "goods_length": 0.015, "goods_width": 12.345}
    shown = entered(
        town,
        api,
        cargo=size,
        order_info={"delivery_service_code": "100029", "rider_pick_method": 1},
    )
    quotes = do(api, shown, "quotes", {}).json()["results"]
    assert [row["reason"] for row in quotes] == [""] * 5
    delivery, couriers = Delivery.objects.get(), town.place.couriers.select_related("account")
    sent = {each.account.delivery_id: order_of(delivery, each).as_json() for each in couriers}
    for body in sent.values():
        found = {name: body["cargo"][name] for name in size}
        assert found == {"goods_height": 45.0, "goods_length": 0.02, "goods_width": 12.35}
        assert body["order_info"]["rider_pick_method"] == 1
    services = {one: body["order_info"].get("delivery_service_code") for one, body in sent.items()}
    assert services == {"MTPS": "100029", "SS": "1", "DADA": None, "SFTC": None, "UU": None}


def test_own_people_need_no_courier(town: Town, api: Api) -> None:
    shown = entered(town, api)
    answer = do(api, shown, "dispatch", {"courier": "OURSELVES"})
    live = answer.json()["live_attempt"]
    assert (answer.status_code, live["courier"], live["order_status"]) == (200, "OURSELVES", 102)
    assert not OutboundCall.objects.exists()


def test_a_cancellation_over_the_limit_is_not_sent(town: Town, api: Api) -> None:
    town.post("couriers", {"delivery_id": "SS", "cancel_fee": 5.0, "free_seconds": 0.0})
    shown = entered(town, api)
    do(api, shown, "dispatch", {"courier": "SS"})
    town.work()
    reported(town, 102)
    answer = do(api, shown, "cancel", {"max_fee": "2.00"})
    assert problem(answer) == (409, "cancel_fee")
    assert answer.json()["fee"] == "5.00"
    town.switch(precancel_without_fee=True)
    answer = do(api, shown, "cancel", {"max_fee": "100.00"})
    assert (problem(answer), answer.json()["fee"]) == ((409, "cancel_fee"), None)
    assert one(api, shown)["live_attempt"]["state"] == "live"
    assert len(town.live_orders(Delivery.objects.get())) == 1

    assert do(api, shown, "cancel", {"max_fee": None}).status_code == 202
    town.work()
    gone = one(api, shown)
    assert (gone["status"], gone["live_attempt"], gone["cost"]) == ("cancelled", None, "5.00")
    assert gone["attempts"][0]["deduction"] == "5.00"
    assert town.live_orders(Delivery.objects.get()) == []


def test_a_second_rider_is_not_called(town: Town, api: Api) -> None:
    shown = entered(town, api)
    do(api, shown, "dispatch", {"courier": "SS"})
    for courier in ("DADA", "OURSELVES", None):
        answer = do(api, shown, "dispatch", {"courier": courier})
        assert problem(answer) == (409, "delivery_conflict")
    town.work()
    assert len(town.orders()) == 1


@pytest.mark.parametrize("courier", [None, "SS"])
def test_couriers_are_not_asked_for_what_the_state_forbids(
    town: Town, api: Api, courier: str | None
) -> None:
    called, over = entered(town, api), entered(town, api)
    do(api, called, "dispatch", {"courier": "SS"})
    do(api, over, "cancel", {"max_fee": None})
    town.work()
    before = (len(town.server.arrivals.all()), Quote.objects.count())
    for shown in (called, over):
        assert problem(do(api, shown, "dispatch", {"courier": courier})) == (
            409,
            "delivery_conflict",
        )
    assert (len(town.server.arrivals.all()), Quote.objects.count()) == before


def test_202_says_that_a_courier_is_still_being_asked_and_200_that_nobody_is(
    town: Town, api: Api
) -> None:
    shown = entered(town, api)
    bodies = {"dispatch": {"courier": "SS"}, "tip": {"tip": "2.00"}, "cancel": {"max_fee": None}}
    for action, body in bodies.items():
        codes = [do(api, shown, action, body, key=action).status_code for _time in range(2)]
        town.work()
        codes.append(do(api, shown, action, body, key=action).status_code)
        assert (action, codes) == (action, [202, 202, 200])


def test_a_courier_that_the_store_has_not_is_named(town: Town, api: Api) -> None:
    shown = entered(town, api)
    answer = do(api, shown, "dispatch", {"courier": "NOBODY"})
    assert problem(answer) == (409, "delivery_conflict")
    assert do(api, shown, "tip", {"tip": "3.00"}).status_code == 409
    assert do(api, shown, "confirm-return", {}).status_code == 409


def test_a_tip_that_the_courier_does_not_take_is_refused(town: Town, api: Api) -> None:
    shown = entered(town, api)
    do(api, shown, "dispatch", {"courier": "SS"})
    town.work()
    for tip in ("4.00", "0.00", "999999.99"):
        assert problem(do(api, shown, "tip", {"tip": tip})) == (409, "delivery_conflict")
    assert town.orders()[0]["tip"] == 0


def test_goods_that_come_back_are_confirmed(town: Town, api: Api) -> None:
    shown = entered(town, api)
    do(api, shown, "dispatch", {"courier": "SS"})
    town.work()
    for status in (102, 202, 305):
        reported(town, status)
    assert problem(do(api, shown, "cancel", {"max_fee": None})) == (409, "delivery_conflict")
    assert do(api, shown, "confirm-return", {}).status_code == 202
    town.work()
    back = one(api, shown)
    assert (back["status"], back["needs_person"]) == ("returned", True)
    assert [moment["kind"] for moment in back["moments"]][-1] == "abnormal"


def test_a_courier_that_refuses_says_why(town: Town, api: Api) -> None:
    town.post("couriers", {"delivery_id": "DADA", "mood": "offline"})
    shown = entered(town, api)
    quotes = do(api, shown, "quotes", {}).json()["results"]
    reasons = {row["courier"]: (row["fee"], row["reason"]) for row in quotes}
    assert reasons["DADA"][0] is None
    assert "门店已下线" in reasons["DADA"][1]
    assert reasons["SS"] == ("18.08", "")


def test_a_store_that_calls_by_itself_does_so_once_the_goods_are_ready(
    town: Town, api: Api
) -> None:
    DeliveryStore.objects.update(is_automatic=True)
    shown = entered(town, api, ready=False)
    assert shown["ready_at"] is None
    go_on(Delivery.objects.get())
    assert one(api, shown)["attempts"] == []
    assert do(api, shown, "ready", {}).status_code == 200
    go_on(Delivery.objects.get())
    town.work()
    assert one(api, shown)["live_attempt"]["courier"] == "DADA"


def test_an_order_that_is_over_takes_nothing_more(town: Town, api: Api) -> None:
    shown = entered(town, api)
    assert do(api, shown, "cancel", {"max_fee": "0.00"}).json()["status"] == "cancelled"
    for action, body in (
        ("cancel", {"max_fee": None}),
        ("ready", {}),
        ("dispatch", {"courier": "SS"}),
    ):
        assert problem(do(api, shown, action, body)) == (409, "delivery_conflict")
    assert problem(do(api, shown, "quotes", {})) == (409, "conflict")


def test_people_are_masked_unless_the_key_may_see_them(town: Town, api: Api) -> None:
    shown = entered(town, api)
    do(api, shown, "dispatch", {"courier": "SS"})
    town.work()
    reported(town, 102)
    plain = api_of(town.place.store.merchant, scopes=("deliveries",))
    for answer in (plain.get(f"deliveries/{shown['id']}/"), plain.get("deliveries/")):
        text = answer.content.decode()
        for secret in ("陈女士", "13800000002", "3幢502", "120.125310"):
            assert secret not in text
    receiver = one(plain, shown)["receiver"]
    assert (receiver["name"], receiver["phone"]) == ("陈**", "138****02")
    rider = one(plain, shown)["live_attempt"]["rider"]
    assert "****" in rider["phone"]
    whole = one(api, shown)
    assert (whole["receiver"]["name"], whole["receiver"]["address_detail"]) == ("陈女士", "3幢502")
    assert "*" not in whole["live_attempt"]["rider"]["phone"]
    assert one(plain, shown)["live_attempt"]["finish_code"] is None


def test_who_did_what_is_noted(town: Town, api: Api) -> None:
    shown = entered(town, api, reference="KD-1")
    do(api, shown, "cancel", {"max_fee": None})
    verbs = AuditEntry.objects.order_by("pk").values_list("verb", "target")
    assert list(verbs)[-2:] == [("delivery.create", "KD-1"), ("delivery.cancel", "KD-1")]
    assert Delivery.objects.get().created_by.startswith("API ")


def test_a_store_without_couriers_has_no_quotes(town: Town, api: Api) -> None:
    town.place.couriers.all().delete()
    shown = entered(town, api)
    assert problem(do(api, shown, "quotes", {})) == (409, "conflict")
    assert api.get(f"deliveries/{shown['id']}/quotes/").json() == {"results": []}


def test_couriers_that_cannot_be_reached_say_nothing(town: Town, api: Api) -> None:
    shown = entered(town, api)
    town.server.stop()
    rows = do(api, shown, "quotes", {}).json()["results"]
    assert len(rows) == 5
    assert all(row["fee"] is None and row["reason"] for row in rows)
