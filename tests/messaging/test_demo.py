"""Takeaway's part of the demo: what `--info` says can be used, and the past adds up."""

import socket

import pytest
from django.db.models import Sum
from django.urls import resolve
from django.utils import timezone
from pytest_django.fixtures import Settings

from messaging.choices import OrderState, Provider, PushKind
from messaging.demo import TakeawayDemo
from messaging.demo.part import SHOPS
from messaging.demo.printers import port_for
from messaging.models import Order, Printer, Refund, TakeawayStore
from messaging.sandbox import TakeawaySandbox
from messaging.services.printing.addresses import PrinterConflict, find_place
from messaging.webhooks.endpoints import Push
from stores.demo.people import STORES
from stores.demo.world import SandboxWord, World
from stores.models import Connection, Store
from stores.sandbox.state import StateFile
from tests.demos import demo_info

pytestmark = pytest.mark.xdist_group("filled demo of takeaway")


def test_the_info_says_where_to_push_and_about_which_stores(demo: World) -> None:
    shown = demo_info(demo.place)["takeaway"]
    developer = Connection.objects.get(platform="takeaway", parent=None)
    assert developer.account == str(shown["developer_id"])
    assert developer.credentials["sign_key"] == shown["sign_key"]
    assert set(shown["push"]) == set(PushKind.values)
    for kind, url in shown["push"].items():
        found = resolve(url.removeprefix("http://127.0.0.1:8000"))
        view = found.func.view_class  # type: ignore[attr-defined]
        assert issubclass(view, Push)
        assert (view.kind, found.kwargs) == (kind, {"connection_id": developer.pk})


def test_the_stores_of_the_info_are_bound_and_of_both_kinds(demo: World) -> None:
    info = demo_info(demo.place)
    shown = info["takeaway"]["stores"]
    assert {row["business_id"] for row in shown} == set(Provider.values)
    for row in shown:
        bound = TakeawayStore.objects.get(connection__account=row["epoi_id"])
        assert (bound.store_id, bound.state) == (row["id"], TakeawayStore.State.BOUND)
        assert bound.connection.token == row["app_auth_token"]
        assert bound.provider == row["business_id"]
        owner = Store.objects.get(pk=info["stores"][0]["id"]).merchant_id
        assert bound.store.merchant_id == owner


def test_names_that_stand_together_begin_differently() -> None:
    """Also those of one store here and at Meituan."""
    ours, other = ([name for name, *_more in rows] for rows in STORES.values())
    for names in ([*ours, *(name for _place, _kind, name, *_more in SHOPS)], other):
        assert len({name[:2] for name in names}) == len(names)


def test_the_past_adds_up(demo: World) -> None:
    now = timezone.now()
    orders = Order.objects.all()
    assert orders.count() > 200
    assert set(orders.values_list("state", flat=True)) == {
        OrderState.FINISHED,
        OrderState.CANCELLED,
    }
    for order in orders:
        asked = sum(dish["price"] * dish["quantity"] + dish["box_amount"] for dish in order.dishes)
        off = sum(each["amount"] for each in order.discounts)
        assert order.paid == asked + (order.shipping_fee or 0) - off
        share = (order.received or 0) + (order.service_fee or 0) + (order.delivery_charge or 0)
        assert order.paid + sum(each["by_meituan"] for each in order.discounts) == share
        assert order.ordered_at <= (order.finished_at or order.cancelled_at or now)
        assert order.ordered_at < now
        assert "address" not in order.customer
    assert orders.values("connection", "order_id").distinct().count() == orders.count()
    assert Refund.objects.exists()
    assert (orders.aggregate(paid=Sum("paid"))["paid"] or 0) > 0


def test_the_days_numbers_count_from_one(demo: World) -> None:
    for row in TakeawayStore.objects.all():
        days: dict[object, list[int]] = {}
        rows = Order.objects.filter(store=row.store)
        for order in rows.order_by("ordered_at", "day_number"):
            day = timezone.localdate(order.ordered_at)
            days.setdefault(day, []).append(order.day_number or 0)
        assert days
        assert all(numbers == [*range(1, len(numbers) + 1)] for numbers in days.values())


def test_the_printer_is_the_sandboxs_own_unless_another_is_named(
    demo: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    printer = Printer.objects.get()
    assert printer.address == demo_info(demo.place)["takeaway"]["printer"]
    [told] = [word for word in _words(demo) if word.path == "settings"]
    port = told.body["printer_port"]
    assert printer.address == f"127.0.0.1:{port}"
    with socket.create_server(("127.0.0.1", port)):
        assert port_for(port) != port
    monkeypatch.setenv("TAKEAWAY_PRINTER", "192.168.1.50:9100")
    TakeawayDemo().connect(demo)
    printer.refresh_from_db()
    assert printer.address == demo.facts["takeaway"]["printer"] == "192.168.1.50:9100"
    assert printer.store_id == demo.facts["takeaway"]["stores"][0]["id"]


def test_the_demo_connects_to_its_own_printer_and_to_nothing_else(
    demo: World, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    def refused(address: str) -> bool:
        listed = demo.variables["TAKEAWAY_PRINTER_NETWORKS"]
        settings.TAKEAWAY_PRINTER_NETWORKS = listed.split(",") if listed else []
        try:
            find_place(address)
        except PrinterConflict:
            return True
        return False

    TakeawayDemo().connect(demo)
    port = demo.facts["takeaway"]["printer_port"]
    others = (f"127.0.0.1:{port + 1}", "127.0.0.1:22", f"127.0.0.2:{port}", "192.168.1.50:9100")
    assert [refused(address) for address in (f"127.0.0.1:{port}", *others)] == [False, *[True] * 4]
    monkeypatch.setenv("TAKEAWAY_PRINTER", "192.168.1.50")
    TakeawayDemo().connect(demo)
    assert [refused(address) for address in ("192.168.1.50:9100", "192.168.1.50:80")] == [
        False,
        True,
    ]
    monkeypatch.setenv("TAKEAWAY_PRINTER", "localhost:9100")
    TakeawayDemo().connect(demo)
    assert not refused("127.0.0.1:9100")
    monkeypatch.setenv("TAKEAWAY_PRINTER", "no-such-printer.invalid")
    TakeawayDemo().connect(demo)
    assert refused("127.0.0.1:9100")


def test_a_store_that_was_bound_anew_keeps_its_token_when_the_demo_starts_again(
    demo: World,
) -> None:
    [seed] = [word for word in _words(demo) if word.path == "seed"]
    row = Connection.objects.get(account=seed.body["stores"][0]["epoi_id"])
    first, row.token = row.token, "of-the-second-binding"
    row.save()
    [seed] = [word for word in _words(demo) if word.path == "seed"]
    assert seed.body["stores"][0]["app_auth_token"] == "of-the-second-binding"
    row.token = first
    row.save()


def test_meituans_side_starts_with_orders_that_wait(demo: World) -> None:
    words = [word for word in _words(demo) if word.path == "seed"]
    [seed] = words
    placed = seed.body["orders"]
    assert len(placed) == 3
    assert sum(1 for order in placed if order["delivery_time"]) == 1
    sandbox = TakeawaySandbox()
    StateFile(demo.place.sandbox_state, [sandbox]).load()
    sandbox.seed(seed.body)
    sandbox.seed(seed.body)
    assert len(sandbox.show_orders()["orders"]) == 3


def _words(demo: World) -> list[SandboxWord]:
    part = TakeawayDemo()
    part.connect(demo)
    return list(part.sandbox_words(demo))
