"""What both sides hold of an order, and what Meituan keeps."""

import json
from typing import Any

import pytest

from stores.sandbox import SandboxServer
from tests.trip.meituan_sandbox.talking import (
    ORDER,
    consume_notice,
    get,
    notice,
    place,
    post,
    query_answer,
)
from tests.trip.suppliers import PARTNER_ID, Supplier
from trip.sandbox import MeituanTripSandbox


def test_both_sides_agree_or_say_where_they_do_not(
    server: SandboxServer, supplier: Supplier
) -> None:
    order_id = place(server, pay=True)
    notice(server, "order/consume", consume_notice(order_id))
    supplier.answers["query"] = lambda body: query_answer(order_id, {"A1": 1, "A2": 0})
    assert get(server, f"orders/{order_id}/compare")["agree"] is True
    supplier.answers["query"] = lambda body: query_answer(order_id, {"A1": 1, "A2": 2})
    assert get(server, f"orders/{order_id}/compare")["differences"] == [
        "refundedQuantity: Meituan 0, partner 1",
        "voucher A2: Meituan unused, partner refunded",
    ]


def test_a_closed_order_whose_tickets_still_work_is_a_difference(
    server: SandboxServer, supplier: Supplier
) -> None:
    order_id = place(server, pay=True)
    post(server, f"orders/{order_id}/close", {"type": 3})
    supplier.answers["query"] = lambda body: query_answer(order_id, {"A1": 3, "A2": 0})
    assert get(server, f"orders/{order_id}/compare")["differences"] == [
        "1 tickets of a closed order can still be used"
    ]


def test_everything_said_is_in_the_log(server: SandboxServer, supplier: Supplier) -> None:
    order_id = place(server, pay=True)
    place(server)
    said = get(server, f"orders/{order_id}/log")["exchanges"]
    assert [(row["operation"], row["code"], row["status"]) for row in said] == [
        ("create", 200, 200),
        ("pay", 200, 200),
    ]
    assert json.loads(said[1]["answer"])["body"]["vouchers"] == ["A1", "A2"]
    assert len(get(server, "log")["exchanges"]) == 3


def test_what_meituan_knows_survives_a_restart(server: SandboxServer, supplier: Supplier) -> None:
    order_id = place(server, pay=True)
    notice(server, "order/consume", consume_notice(order_id))
    sandbox = MeituanTripSandbox()
    sandbox.restore(json.loads(json.dumps(server.platform("trip").snapshot())))
    assert sandbox.snapshot() == server.platform("trip").snapshot()
    assert sandbox.control(f"orders/{order_id}", None)["used"] == 1


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("partners", {"partner_id": "x"}, 400),
        (
            "partners",
            {
                "partner_id": "1",
                "client_id": "c",
                "client_secret": "s",
                "endpoints": {"nonsense": "x"},
            },
            400,
        ),
        ("partners/9/heartbeat", {}, 404),
        (f"partners/{PARTNER_ID}/nonsense", {}, 404),
        ("orders", {"partner_id": "9", "partner_deal_id": "P-7"}, 404),
        ("orders", {**ORDER, "quantity": "2"}, 400),
        ("orders", {**ORDER, "signature": "lazy"}, 400),
        ("orders", {**ORDER, "at_once": 65}, 400),
        ("orders/12/pay", {}, 404),
        ("orders/x/pay", {}, 404),
        ("settings", {"patience": -1}, 400),
        ("settings", {"mood": "bad"}, 400),
        ("nonsense", {}, 404),
    ],
)
def test_a_senseless_wish_is_refused_and_changes_nothing(
    server: SandboxServer, supplier: Supplier, path: str, body: dict[str, Any], status: int
) -> None:
    before = server.platform("trip").snapshot()
    assert post(server, path, body, status=status)["error"]
    assert server.platform("trip").snapshot() == before
