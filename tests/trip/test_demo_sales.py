"""What Meituan can buy in the demo, over real sockets, and a demo that was made before tickets."""

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django.live_server_helper import LiveServer

from stores.demo.environment import Places, Ports
from stores.models import ApiKey
from tests.demos import FEW_DAYS, demo_info, prepared
from tests.trip.test_demo import sandbox_of
from trip.apps import TripConfig
from trip.models import Order, Product


@pytest.mark.django_db(transaction=True)
def test_meituan_can_buy_every_product_of_the_info(place: Places, live_server: LiveServer) -> None:
    prepared(place, Ports(live_server.thread.port, 8100), days=FEW_DAYS)
    shown, sandbox = demo_info(place)["trip"], sandbox_of(place)
    assert len(shown["products"]) >= 5
    for product in shown["products"]:
        wanted = {
            "partner_id": shown["partner_id"],
            "partner_deal_id": product["partner_deal_id"],
            "quantity": 2,
        }
        day = (
            {"travel_date": f"{timezone.localdate() + timedelta(days=59)}"}
            if product["calendar"]
            else {}
        )
        bought = sandbox.control("orders", wanted | day | {"pay": True})
        order = bought["order"]
        assert order["status"] == {"own": "issued", "upstream": "paying"}[product["issuing"]], (
            bought
        )
        assert (order["unit_price"], order["buy_price"]) == (
            product["unit_price"],
            product["buy_price"],
        )
        assert sandbox.control(f"orders/{order['order_id']}/compare", None)["differences"] == []
    assert (
        Order.objects.filter(
            is_drill=False, created_at__gte=timezone.now() - timedelta(minutes=5)
        ).count()
        >= 16
    )


@pytest.mark.django_db
def test_a_demo_of_the_first_version_keeps_its_people_and_gets_the_tickets(
    place: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TripConfig, "demo", "")
    users = prepared(place, days=FEW_DAYS).facts["users"]
    ApiKey.objects.update(scopes=["read", "lookup", "verify"])
    monkeypatch.setattr(TripConfig, "demo", "trip.demo.TripDemo")

    prepared(place, days=FEW_DAYS)

    assert demo_info(place)["users"] == users
    assert (
        len(demo_info(place)["trip"]["products"])
        == Product.objects.filter(connection__account="13857001").count() - 5
    )
    assert {tuple(key.scopes) for key in ApiKey.objects.all()} == {tuple(ApiKey.all_scopes())}
