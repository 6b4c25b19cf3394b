"""Every call of the client that a recorded answer may belong to, by the name that fixtures use."""

from collections.abc import Callable
from datetime import date
from typing import Any

from messaging.choices import CardKind, Provider
from messaging.client import TakeawayClient
from messaging.wire.cards import Card, CardRow
from tests.messaging.samples import ORDER_ID

NUMBER = str(ORDER_ID)
CARD = Card(CardKind.NORMAL, (CardRow("厨师", "王师傅", "36.5"),), on_poster=True)
Call = Callable[[TakeawayClient], Any]


def client(url: str, provider: Provider = Provider.TAKING) -> TakeawayClient:
    return TakeawayClient(
        url,
        developer_id="100000",
        sign_key="demoSignKey00001",
        token="tok-demo-0001",
        provider=provider,
        timeout=(5.0, 5.0),
    )


CALLS: dict[str, Call] = {
    "confirm": lambda client: client.confirm(NUMBER),
    "cancel": lambda client: client.cancel(NUMBER, code="2009", reason="卖完了"),
    "agree_refund": lambda client: client.agree_refund(NUMBER, reason="好"),
    "reject_refund": lambda client: client.reject_refund(NUMBER, reason="已经补送"),
    "refund_part": lambda client: client.refund_part(NUMBER, reason="少送", dishes=[]),
    "refundable": lambda client: client.refundable(NUMBER),
    "answer_urge": lambda client: client.answer_urge(NUMBER),
    "meal_ready": lambda client: client.meal_ready(NUMBER),
    "agree_time": lambda client: client.agree_time(NUMBER),
    "refuse_time": lambda client: client.refuse_time(NUMBER),
    "on_the_way": lambda client: client.on_the_way(NUMBER, courier="李", phone=""),
    "delivered": lambda client: client.delivered(NUMBER, courier="李", phone=""),
    "call_rider": lambda client: client.call_rider(NUMBER),
    "cancel_rider": lambda client: client.cancel_rider(NUMBER),
    "report_printed": lambda client: client.report_printed(NUMBER),
    "order": lambda client: client.order(NUMBER),
    "unconfirmed": lambda client: client.unconfirmed(),
    "abnormal": lambda client: client.abnormal(),
    "refunds": lambda client: client.refunds_of([NUMBER]),
    "socket_token": lambda client: client.socket_token(),
    "switch_chat": lambda client: client.switch_chat(is_on=True),
    "is_chat_on": lambda client: client.is_chat_on(),
    "mark_read": lambda client: client.mark_read("880012345", message_id="7"),
    "send": lambda client: client.send(
        message_id="7", customer="880012345", order_id=NUMBER, sealed="CIPHER"
    ),
    "read_until": lambda client: client.read_until("880012345"),
    "subscribe_chat": lambda client: client.subscribe_chat(),
    "rate": lambda client: client.rate(),
    "save_card": lambda client: client.save_card(CARD),
    "card": lambda client: client.card(),
    "upload_card_picture": lambda client: client.upload_card_picture(b"JPEG"),
    "unsubscribe_chat": lambda client: client.unsubscribe_chat(),
}
# Calls that only a provider has who takes no orders.
READING: dict[str, Call] = {
    "orders_of": lambda client: client.orders_of(date(2021, 3, 22)),
}


def call(name: str, url: str) -> Any:
    """Makes the call of a fixture, as the kind of provider that has it."""
    if made := READING.get(name):
        return made(client(url, Provider.READING))
    return CALLS[name](client(url))
