"""A demo as `make demo` leaves it, and its second start."""

import json

import pytest
from django.contrib.auth import authenticate

from coupons.demo.codes import TO_TRY
from coupons.models import Channel, GatewayStore, Verification
from coupons.sandbox import UmemberSandbox
from coupons.services import quota_outlooks
from stores.api.authentication import find_key
from stores.demo.environment import DemoError, Ports
from stores.demo.world import World
from stores.models import AuditEntry, Connection, OutboundCall, Store
from tests.demos import demo_info, prepared

pytestmark = pytest.mark.xdist_group("filled demo of all")


def test_the_demo_tells_how_to_try_it(demo: World) -> None:
    shown = demo_info(demo.place)
    assert (shown["web"], shown["sandbox"]) == ("http://127.0.0.1:8000", "http://127.0.0.1:8100")
    assert set(shown["users"]) == {"operator", "owner", "manager", "clerk", "other_owner"}
    for who in shown["users"].values():
        assert authenticate(username=who["username"], password=who["password"]) is not None
    keys = [find_key(shown[name]) for name in ("api_key", "other_api_key")]
    assert [key.merchant.name for key in keys if key] == ["海棠文娱", "星河休闲"]
    assert [set(store) for store in shown["stores"]] == [
        {"id", "name", "remote_id", "guest_page"}
    ] * 4
    assert {len(shown["coupons"][state]) for state in ("unused",)} == {TO_TRY["unused"]}
    assert all(shown["coupons"][state] for state in ("used", "expired", "refunded", "other_store"))


def test_the_demo_has_something_to_show_everywhere(demo: World) -> None:
    rows = Verification.objects.all()
    assert set(rows.values_list("channel", flat=True)) == set(Channel.values) - {Channel.COMMAND}
    assert len(set(rows.exclude(reason="").values_list("reason", flat=True))) >= 5
    assert rows.filter(needs_person=True, status="unknown").count() == 1
    assert rows.filter(unmapped=True).exists()
    assert rows.filter(created_at__gt=demo.now).count() == 0
    assert len({row.created_at.date() for row in rows}) >= 28
    assert set(Store.objects.values_list("trade", flat=True)) == {
        "chess",
        "billiards",
        "gym",
        "cat_cafe",
    }
    assert AuditEntry.objects.exists()
    assert OutboundCall.objects.filter(state="done").exists()
    gym = GatewayStore.objects.select_related("connection").get(remote_id=880103)
    days = quota_outlooks([gym])[gym.pk].days_left
    assert days is not None
    assert 3 < days < 7


def test_the_sandbox_knows_the_codes_and_the_passwords(demo: World) -> None:
    sandbox = UmemberSandbox()
    sandbox.restore(json.loads(demo.place.sandbox_state.read_text())["umember"])
    shown = demo_info(demo.place)
    for state in ("unused", "used", "expired", "refunded"):
        assert {sandbox.book.coupons[code].state for code in shown["coupons"][state]} == {state}
    first, second = (store["remote_id"] for store in shown["stores"][:2])
    assert {sandbox.book.coupons[code].store_id for code in shown["coupons"]["unused"]} == {first}
    assert {sandbox.book.coupons[code].store_id for code in shown["coupons"]["other_store"]} == {
        second
    }
    rows = Connection.objects.filter(platform="umember")
    assert len(rows) == 2
    for row in rows:
        assert sandbox.book.accounts[row.account].password == row.credentials["password"]
        assert row.base_url == "http://127.0.0.1:8100/umember"


def test_a_second_start_keeps_the_data_and_what_was_used_up(demo: World) -> None:
    before, rows = demo_info(demo.place), Verification.objects.count()
    state = json.loads(demo.place.sandbox_state.read_text())
    used = before["coupons"]["unused"][0]
    for account in state["umember"]["accounts"]:
        for store in account["stores"]:
            for code in store["codes"]:
                if code["code"] == used:
                    code["state"] = "used"
    demo.place.sandbox_state.write_text(json.dumps(state))
    prepared(demo.place, Ports(9000, 9100))
    after = demo_info(demo.place)
    assert (after["users"], after["api_key"], Verification.objects.count()) == (
        before["users"],
        before["api_key"],
        rows,
    )
    assert used in after["coupons"]["used"]
    assert used not in after["coupons"]["unused"]
    assert (after["web"], after["sandbox"]) == ("http://127.0.0.1:9000", "http://127.0.0.1:9100")
    assert set(
        Connection.objects.filter(platform="umember").values_list("base_url", flat=True)
    ) == {"http://127.0.0.1:9100/umember"}


def test_lost_passwords_are_said(demo: World) -> None:
    demo.place.world.unlink()
    with pytest.raises(DemoError, match="RESET=1"):
        prepared(demo.place)
