"""The routes of the delivery API, and what provokes each of its problems."""

from collections.abc import Callable
from typing import Any

from delivery.choices import DELIVERIES, WaybillState
from delivery.models import Attempt, Delivery, StoreCourier
from delivery.sandbox import WechatSandbox
from stores.models import Connection, Store
from stores.sandbox import SandboxServer
from tests.contract.keys import reused, reused_elsewhere
from tests.contract.kinds import Route
from tests.controls import Control
from tests.delivery.api.ordering import order
from tests.delivery.factories import (
    AttemptFactory,
    DeliveryFactory,
    DeliveryStoreFactory,
    StoreCourierFactory,
)
from tests.delivery.town import APPID

ONE = "deliveries/<int:pk>/"
STATUSES = (403, 404, 404, 401, 401)
# Nothing listens there.
NOWHERE = "http://127.0.0.1:9"
ROUTES = [
    Route("POST", "stores/<int:store_id>/deliveries/", DELIVERIES, (201, *STATUSES), order()),
    Route("GET", "deliveries/", DELIVERIES, (200, 403, 200, 200, 401, 401), is_list=True),
    Route("GET", ONE, DELIVERIES, (200, *STATUSES)),
    Route("GET", f"{ONE}quotes/", DELIVERIES, (200, *STATUSES)),
    *(
        Route("POST", f"{ONE}{action}/", DELIVERIES, (status, *STATUSES), body)
        for action, status, body in (
            ("quotes", 200, {}),
            ("dispatch", 200, {"courier": "OURSELVES"}),
            ("tip", 202, {"tip": "2.00"}),
            ("cancel", 200, {"max_fee": None}),
            ("ready", 200, {}),
            ("confirm-return", 202, {}),
        )
    ),
]


def api_ids(store: Store) -> dict[str, int | str]:
    """Deliveries of a store whose only courier cannot be reached: one that waits, one with a rider
    who is looked for, one whose goods come back.
    """
    place = DeliveryStoreFactory(store=store, connection__base_url=NOWHERE)
    courier = StoreCourierFactory(place=place)
    tipped = AttemptFactory(delivery__store=store, courier=courier)
    returning = AttemptFactory(
        delivery__store=store, courier=courier, waybill_state=WaybillState.REFUSED
    )
    return {
        "deliveries": DeliveryFactory(store=store).pk,
        "deliveries/*/tip/": tipped.delivery_id,
        "deliveries/*/confirm-return/": returning.delivery_id,
    }


def _ridden() -> Attempt:
    """A rider for the delivery that waits."""
    delivery = Delivery.objects.get(state=Delivery.State.WAITING)
    delivery.state = Delivery.State.RUNNING
    delivery.save()
    made: Attempt = AttemptFactory(delivery=delivery, courier=StoreCourier.objects.get())
    return made


def _with_a_rider(ask: Callable[..., Any]) -> Any:
    _ridden()
    return ask({"courier": "OURSELVES"})


def _cancel_where_nobody_says_the_fee(ask: Callable[..., Any]) -> Any:
    """The courier refuses the question: its secret is a wrong one."""
    attempt = _ridden()
    assert attempt.courier
    with SandboxServer([WechatSandbox()]) as server:
        Control("wechat").post(server, "seed", {})
        account = attempt.courier.account
        address = f"{server.url}/wechat"
        Connection.objects.filter(pk=account.connection_id).update(account=APPID, base_url=address)
        type(account).objects.filter(pk=account.pk).update(shopid="ss-demo-shop")
        StoreCourier.objects.update(secret="wrong")
        return ask({"max_fee": "2.00"})


def _over(body: Any) -> Callable[..., Any]:
    """Asks for something with a delivery that was brought."""

    def provoke(ask: Callable[..., Any]) -> Any:
        Delivery.objects.update(state=Delivery.State.DELIVERED)
        return ask(body)

    return provoke


def _without_riders(body: Any) -> Callable[..., Any]:
    def provoke(ask: Callable[..., Any]) -> Any:
        Attempt.objects.update(state=Attempt.State.DEAD)
        return ask(body)

    return provoke


def _another_order(ask: Callable[..., Any]) -> Any:
    ask(order(reference="KD-1"))
    return ask(order(reference="KD-1", openid="oSomebodyElse"))


def _order_without_shop(ask: Callable[..., Any]) -> Any:
    return ask({name: value for name, value in order().items() if name != "shop"})


PROBLEMS = {
    ("deliveries_create", "invalid"): _order_without_shop,
    ("deliveries_create", "wrong_order"): lambda ask: ask(
        order(receiver={"lng": 30.28712, "lat": 120.12531})
    ),
    ("deliveries_create", "delivery_conflict"): _another_order,
    ("deliveries_create", "key_reused"): reused(order(), order(openid="oSomebodyElse")),
    ("deliveries_quotes_create", "invalid"): lambda ask: ask([]),
    ("deliveries_quotes_create", "conflict"): _over({}),
    ("deliveries_dispatch", "delivery_conflict"): _with_a_rider,
    ("deliveries_dispatch", "key_reused"): reused({"courier": "OURSELVES"}, {"courier": None}),
    ("deliveries_tip", "delivery_conflict"): _without_riders({"tip": "2.00"}),
    ("deliveries_tip", "key_reused"): reused({"tip": "2.00"}, {"tip": "3.00"}),
    ("deliveries_cancel", "delivery_conflict"): _over({"max_fee": None}),
    ("deliveries_cancel", "cancel_fee"): _cancel_where_nobody_says_the_fee,
    ("deliveries_cancel", "key_reused"): reused({"max_fee": None}, {"max_fee": "2.00"}),
    ("deliveries_ready", "invalid"): lambda ask: ask([]),
    ("deliveries_ready", "delivery_conflict"): _over({}),
    ("deliveries_ready", "key_reused"): reused_elsewhere,
    ("deliveries_confirm_return", "invalid"): lambda ask: ask([]),
    ("deliveries_confirm_return", "delivery_conflict"): _without_riders({}),
    ("deliveries_confirm_return", "key_reused"): reused_elsewhere,
}
