"""Our own client and readers against the simulated Meituan: both understand each other."""

import json
from typing import Any

import pytest

from messaging import signatures
from messaging.choices import OrderState, Provider, RefundState
from messaging.client import TakeawayClient
from messaging.wire.messages import parse_message
from messaging.wire.orders import parse_order
from messaging.wire.refunds import parse_refund_notice
from stores.platforms.errors import LoginRefused, Refused, Throttled
from stores.sandbox import SandboxServer
from tests.messaging.takeaway_sandbox.calling import (
    DEVELOPER,
    READER,
    READER_TOKEN,
    SECRET,
    SHOP,
    SIGN_KEY,
    TOKEN,
    act,
    get,
    place,
    post,
)
from tests.messaging.takeaway_sandbox.receiver import Receiver


def client_of(server: SandboxServer, provider: Provider, token: str) -> TakeawayClient:
    return TakeawayClient(
        f"{server.url}/takeaway",
        developer_id=str(DEVELOPER),
        sign_key=SIGN_KEY,
        provider=provider,
        token=token,
        timeout=(5.0, 30.0),
    )


@pytest.fixture
def client(server: SandboxServer) -> TakeawayClient:
    return client_of(server, Provider.TAKING, TOKEN)


def test_an_order_is_read_whole_and_adds_up(server: SandboxServer, client: TakeawayClient) -> None:
    order_id = place(server, caution="少辣")
    order = client.order(order_id)
    assert (order.state, order.store_name, order.unreadable) == (OrderState.NEW, SHOP, ())
    assert order.adds_up
    assert order.share.paid_online == order.paid
    assert [found.order_id for found in client.unconfirmed()] == [order_id]
    client.confirm(order_id)
    client.confirm(order_id)
    confirmed = client.order(order_id)
    assert confirmed.state == OrderState.CONFIRMED
    assert confirmed.ready_until is not None


def test_orders_of_stores_that_only_read_are_understood(server: SandboxServer) -> None:
    order_id = place(server, epoi_id=READER)
    order = client_of(server, Provider.READING, READER_TOKEN).order(order_id)
    assert (order.order_id, order.unreadable, len(order.dishes)) == (order_id, (), 2)


def test_actions_of_our_client_reach_the_order(
    server: SandboxServer, client: TakeawayClient
) -> None:
    order_id = place(server)
    client.confirm(order_id)
    act(server, order_id, "remind")
    client.answer_urge(order_id)
    act(server, order_id, "eta", at=2_000_000_000)
    change = client.order(order_id).time_change
    assert change is not None
    assert change.wanted_at is not None
    assert change.answer_until is not None
    client.agree_time(order_id)
    client.call_rider(order_id)
    client.cancel_rider(order_id)
    client.meal_ready(order_id)
    client.report_printed(client.order(order_id).view_id)
    lines = client.refundable(order_id)
    client.refund_part(order_id, reason="缺货", dishes=[{**lines[1], "count": 1}])
    (fact,) = client.refunds_of([order_id])
    assert (fact.state, fact.is_part, fact.money) == (RefundState.AGREED, True, 250)
    act(server, order_id, "refund")
    client.reject_refund(order_id, reason="已出餐")
    act(server, order_id, "abnormal")
    assert client.abnormal() == [order_id]
    client.cancel(order_id, code="2001", reason="售完")
    assert client.order(order_id).state == OrderState.CANCELLED


def test_pushes_are_signed_and_formed_as_our_readers_expect(
    server: SandboxServer, client: TakeawayClient, receiver: Receiver
) -> None:
    client.subscribe_chat()
    order_id = place(server)
    act(server, order_id, "confirm")
    act(server, order_id, "refund", foods={"0": 1})
    post(server, "messages", {"order_id": order_id, "text": "在吗", "scene_tag": 9003})
    new = receiver.wait("order_new")[0]
    assert parse_order(new.json("order")).order_id == order_id
    refund = receiver.wait("part_refund")[0].json("partOrderRefund")
    notice = parse_refund_notice(refund, is_part=True)
    assert (notice.state, notice.money) == (RefundState.OPEN, 2900)
    pushed = receiver.wait("message")[0]
    message = parse_message(pushed.json("message"))
    assert (message.order_id, message.is_urgent, message.is_text) == (order_id, True, True)
    for push in receiver.received:
        rest = {name: value for name, value in push.fields.items() if name != "sign"}
        assert signatures.sign(rest, key=SIGN_KEY) == push.fields["sign"]


def test_our_client_chats(server: SandboxServer, client: TakeawayClient) -> None:
    order_id = place(server)
    first = post(server, "messages", {"order_id": order_id, "text": "在吗"})
    token = client.socket_token()
    assert (token.secret, token.missed) == (SECRET, 1)
    customer = first["open_user_id"]
    client.mark_read(customer, message_id=first["msg_id"])
    sealed = signatures.seal("您好", secret=token.secret)
    client.send(message_id="1", customer=customer, order_id=order_id, sealed=sealed)
    assert get(server, "messages")["messages"][1]["text"] == "您好"
    client.switch_chat(is_on=False)
    assert client.is_chat_on() is False
    with pytest.raises(Refused):
        client.send(message_id="2", customer=customer, order_id="", sealed=sealed)


@pytest.mark.parametrize(
    ("binding", "error"), [("expired", LoginRefused), ("revoked", LoginRefused)]
)
def test_a_token_that_is_not_good_is_a_refused_login(
    server: SandboxServer, client: TakeawayClient, binding: str, error: Any
) -> None:
    post(server, f"stores/{SHOP}", {"binding": binding})
    with pytest.raises(error):
        client.is_chat_on()


def test_a_throttled_call_is_known_as_one(server: SandboxServer, client: TakeawayClient) -> None:
    server.faults.add(kind="throttle")
    with pytest.raises(Throttled):
        client.is_chat_on()
    assert json.dumps(client.is_chat_on()) == "true"
