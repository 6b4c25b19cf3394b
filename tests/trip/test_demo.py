"""Trip's part of the demo: the products of `--info` can be bought, and the past orders are
consistent.
"""

from collections import Counter
from datetime import timedelta
from itertools import combinations
from typing import Any

import pytest
from django.db.models import Max
from django.utils import timezone

from stores.demo.environment import Places, Ports
from stores.demo.world import World
from stores.models import Connection, InboundEvent, OutboundCall
from stores.sandbox.state import StateFile
from tests.demos import demo_info, prepared
from trip.models import Consumption, Offer, Order, Place, Product, Refund, Visitor, Voucher, tally
from trip.sandbox import MeituanTripSandbox

pytestmark = pytest.mark.xdist_group("filled demo of trip")

VALUES: dict[str, set[Any]] = {
    "voucher_type": {0, 1, 2},
    "issuing": {"own", "upstream"},
    "calendar": {True, False},
    "visitors": {"none", "one", "each"},
    "refund": {"auto", "review", "none"},
}
NOTICES = "http://127.0.0.1:8100/trip/rhone/mtp/api"


def sandbox_of(place: Places) -> MeituanTripSandbox:
    sandbox = MeituanTripSandbox()
    StateFile(place.sandbox_state, [sandbox]).load()
    return sandbox


def bases() -> set[str]:
    return set(Connection.objects.filter(platform="trip").values_list("base_url", flat=True))


def test_the_info_says_whom_to_call_and_what_can_be_bought(demo: World) -> None:
    shown = demo_info(demo.place)["trip"]
    connection = Connection.objects.get(platform="trip", account=shown["partner_id"])
    assert connection.tenant.name == "海棠文娱"
    assert connection.credentials == {name: shown[name] for name in ("client_id", "client_secret")}
    base = f"http://127.0.0.1:8000/trip/{connection.pk}"
    assert shown["endpoints"] == {
        "create": f"{base}/order/create",
        "pay": f"{base}/order/pay",
        "query": f"{base}/order/query",
        "refund": f"{base}/order/refund",
        "close": f"{base}/order/close",
        "refunded": f"{base}/order/refunded",
        "products": f"{base}/product/list",
        "prices": f"{base}/product/price",
        "pois": f"{base}/poi/list",
        "audit": f"{base}/product/audit",
        "heartbeat": f"{base}/support/heartbeat",
        "balance": f"{base}/support/balance",
    }
    for first, second in combinations(VALUES, 2):
        seen = {(product[first], product[second]) for product in shown["products"]}
        assert seen == {(one, two) for one in VALUES[first] for two in VALUES[second]}
    assert shown["products"][0] == {
        "partner_deal_id": "ZG-1001",
        "voucher_type": 1,
        "issuing": "own",
        "calendar": False,
        "buy_price": 40.5,
        "unit_price": 45.0,
        "visitors": "none",
        "refund": "auto",
    }


def test_every_product_of_the_info_costs_the_same_on_all_of_sixty_days_and_never_runs_out(
    demo: World,
) -> None:
    shown = demo_info(demo.place)["trip"]
    today = timezone.localdate()
    assert len(shown["products"]) >= 5
    for promised in shown["products"]:
        product = Product.objects.get(
            connection__account=shown["partner_id"], deal_id=promised["partner_deal_id"]
        )
        assert (product.state, product.by_calendar) == ("on_sale", promised["calendar"])
        assert (product.phone_limit, product.credential_limit, product.max_per_order) == (0, 0, 0)
        offers = Offer.objects.filter(product=product, is_open=True)
        if product.by_calendar:
            offers = offers.filter(date__range=(today, today + timedelta(days=60)))
        assert offers.count() == (61 if product.by_calendar else 1)
        for offer in offers:
            assert (float(offer.settlement_price), float(offer.sale_price)) == (
                promised["buy_price"],
                promised["unit_price"],
            )
            assert offer.left is None or offer.left >= 10_000


def test_special_products_are_there_to_look_at_but_are_not_promised(demo: World) -> None:
    promised = {product["partner_deal_id"] for product in demo_info(demo.place)["trip"]["products"]}
    special = Product.objects.filter(connection__account="13857001").exclude(deal_id__in=promised)
    known = {product.deal_id: product for product in special}
    assert set(known) == {"ZG-1101", "ZG-1102", "ZG-1103", "ZG-1104", "ZG-1105"}
    assert known["ZG-1101"].refund_steps.count() == 3
    assert (known["ZG-1102"].phone_limit, known["ZG-1102"].max_per_order) == (2, 2)
    assert known["ZG-1103"].offers.get().left == 3
    assert known["ZG-1104"].state == "paused"
    assert known["ZG-1105"].offers.latest("date").date == timezone.localdate() + timedelta(days=9)


def test_the_past_fits_together(demo: World) -> None:
    now = demo.now
    assert set(Order.objects.values_list("status", flat=True)) == set(Order.Status.values)
    sold, held = Counter[int](), Counter[int]()
    for order in Order.objects.prefetch_related("vouchers", "consumptions", "refunds"):
        vouchers = list(order.vouchers.all())
        counts = tally(vouchers)
        assert counts.total == (order.quantity if order.status == "issued" else 0)
        assert sum(use.quantity for use in order.consumptions.all()) == counts.used
        returned = [item["quantity"] for refund in order.refunds.all() for item in refund.tickets]
        assert sum(returned) == counts.refunded
        if order.status in ("issuing", "issued"):
            sold[order.offer_id] += order.quantity - counts.refunded - counts.voided
        if order.status == "created":
            held[order.offer_id] += order.quantity
        if order.status == "issued":
            assert {len(vouchers)} == {order.quantity if order.voucher_type == 1 else 1}
    for offer in Offer.objects.all():
        assert (offer.sold, offer.held) == (sold[offer.pk], held[offer.pk])
        assert offer.left is None or offer.left > 0
    moments = (
        (Order, ("created_at", "paid_at", "issued_at", "closed_at")),
        (Voucher, ("valid_at", "used_at", "refunded_at", "voided_at")),
        (Consumption, ("at",)),
        (Refund, ("received_at", "decided_at")),
        (InboundEvent, ("received_at", "handled_at")),
        (OutboundCall, ("queued_at", "settled_at")),
    )
    for model, names in moments:
        latest = model._default_manager.aggregate(**{name: Max(name) for name in names})
        assert all(moment <= now for moment in latest.values()), model
    assert Visitor.objects.filter(mobile_hash="").count() == 0


def test_somebody_has_something_to_do_at_both_merchants(demo: World) -> None:
    now = demo.now
    waiting = Refund.objects.filter(status="review").order_by("deadline")
    left = [(row.store.merchant.name, row.deadline - now) for row in waiting if row.deadline]
    assert left == [
        ("海棠文娱", timedelta(hours=3)),
        ("海棠文娱", timedelta(hours=20)),
        ("星河休闲", timedelta(hours=30)),
        ("海棠文娱", timedelta(hours=48)),
    ]
    issuing = Order.objects.filter(status="issuing").order_by("paid_at")
    assert [now - order.paid_at for order in issuing if order.paid_at] == [
        timedelta(minutes=minutes) for minutes in (48, 11, 7, 4)
    ]
    assert Order.objects.exclude(needs_person="").count() == 1
    assert OutboundCall.objects.filter(platform="trip", state="dead").count() == 1
    assert Counter(Place.objects.values_list("store__merchant__name", flat=True)) == {
        "海棠文娱": 4,
        "星河休闲": 2,
    }


def test_notices_may_go_elsewhere_and_a_second_start_keeps_the_rest(
    demo: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, orders = demo_info(demo.place)["trip"], Order.objects.count()
    assert bases() == {NOTICES}
    monkeypatch.setenv("TRIP_NOTICE_BASE_URL", "http://127.0.0.1:7777/mt/")
    prepared(demo.place, Ports(9000, 9100))
    after = demo_info(demo.place)["trip"]
    assert (bases(), Order.objects.count()) == ({"http://127.0.0.1:7777/mt"}, orders)
    assert after["client_secret"] == before["client_secret"]
    assert after["endpoints"]["create"].startswith("http://127.0.0.1:9000/trip/")
    partner = sandbox_of(demo.place).book.partners[after["partner_id"]]
    assert (partner.client_secret, partner.endpoints) == (
        after["client_secret"],
        after["endpoints"],
    )
    monkeypatch.delenv("TRIP_NOTICE_BASE_URL")
    prepared(demo.place)
    assert bases() == {NOTICES}


def test_a_demo_started_weeks_later_still_sells_for_three_months(demo: World) -> None:
    now = demo.now

    def wait(world: Any) -> None:
        world.now = now + timedelta(days=40)

    prepared(demo.place, later=wait)
    for deal_id, days in (("ZG-1002", 40 + 90), ("XH-2002", 40 + 90), ("ZG-1105", 9)):
        last = Product.objects.get(deal_id=deal_id).offers.latest("date").date
        assert last == timezone.localdate(now) + timedelta(days=days)
