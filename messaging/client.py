"""Client for Meituan's takeaway platform (docs/platforms/takeaway.md §1.1, §4.6, §5.1).

Numbers beyond 2^53 are text on our side and numbers in `biz`.
"""

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Self

from django.conf import settings
from django.utils import timezone

from messaging import signatures
from messaging.choices import Provider
from messaging.wire import answers, cards, orders, rates, refunds
from messaging.wire.messages import BY_SHOP, PICTURE, TEXT, TWO_PERSONS
from messaging.wire.values import any_count, any_moment, number
from stores.platforms import bodies
from stores.platforms.client import Account, PlatformClient
from stores.platforms.errors import LoginRefused, Refused, Unknown
from stores.platforms.reading import any_text, any_whole, dicts

VERSION, CHARSET = "2", "UTF-8"
# Where chat and orders of a provider are found.
CHAT = {Provider.TAKING: "/waimai/ng/im", Provider.READING: "/wmoper/ng/im"}
MEAL_READY = {
    Provider.TAKING: "/waimai/order/preparationMealComplete",
    Provider.READING: "/wmoper/ng/order/preparationMealComplete",
}
READ_ORDER = {
    Provider.TAKING: "/waimai/order/queryById",
    Provider.READING: "/wmoper/ng/order/queryDetail",
}
READ_REFUNDS = {
    Provider.TAKING: "/waimai/ng/order/getBatchOrderRefundInfo",
    Provider.READING: "/wmoper/ng/order/getBatchOrderRefundInfo",
}
SAVE_CARD = {Provider.TAKING: "/waimai/ng/card/save", Provider.READING: "/wmoper/ng/card/save"}
READ_CARD = {
    Provider.TAKING: "/waimai/ng/card/query",
    Provider.READING: "/wmoper/ng/card/queryCard",
}
CARD_PICTURE = "/wmoper/card/uploadCardImage"
MOST_NUMBERS = 1000


@dataclass(frozen=True)
class SocketToken:
    """What opens one socket. `missed` counts customers whose messages failed in 30 minutes."""

    connection_id: str
    token: str
    secret: str
    missed: int


class TakeawayClient(PlatformClient):
    """One typed method per remote call, for one kind of provider.

    `token` is the store's appAuthToken, "" for the calls of the whole developer account. All
    methods raise PlatformError; Refused where the provider has no such call.
    """

    def __init__(
        self,
        base_url: str,
        *,
        developer_id: str,
        sign_key: str,
        provider: Provider,
        token: str = "",
        timeout: tuple[float, float],
        wait_for_slot: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(base_url, timeout=timeout, wait_for_slot=wait_for_slot)
        self.developer_id = developer_id
        self.sign_key = sign_key
        self.provider = provider
        self.token = token

    @classmethod
    def of(
        cls,
        developer: Account,
        *,
        provider: Provider,
        token: str = "",
        wait_for_slot: Callable[[], None] = lambda: None,
    ) -> Self:
        """Returns the client of a developer account's connection."""
        return cls(
            developer.base_url or settings.TAKEAWAY_BASE_URL,
            developer_id=developer.account,
            sign_key=str((developer.credentials or {}).get("sign_key") or ""),
            provider=provider,
            token=token,
            timeout=settings.TAKEAWAY_TIMEOUT,
            wait_for_slot=wait_for_slot,
        )

    def confirm(self, order_id: str) -> None:
        """Accepts an order; an accepted one counts as accepted now."""
        try:
            self._taking("/waimai/order/confirm", {"orderId": int(order_id)})
        except Refused as error:
            if not answers.is_confirmed_already(error):
                raise

    def cancel(self, order_id: str, *, code: str, reason: str) -> None:
        """Cancels an order; `code` is one of the shop's reasons, 2001 to 2016 (§4.1)."""
        self._taking(
            "/waimai/order/cancel",
            {"orderId": int(order_id), "reasonCode": code, "reason": reason},
        )

    def agree_refund(self, order_id: str, *, reason: str) -> None:
        self._taking("/waimai/order/agreeRefund", {"orderId": order_id, "reason": reason})

    def reject_refund(self, order_id: str, *, reason: str) -> None:
        self._taking("/waimai/order/rejectRefund", {"orderId": order_id, "reason": reason})

    def refund_part(
        self, order_id: str, *, reason: str, dishes: Sequence[Mapping[str, Any]]
    ) -> None:
        """Refunds some dishes and boxes; `dishes` are lines as `refundable` returns them."""
        food = json.dumps(list(dishes), ensure_ascii=False, separators=(",", ":"))
        self._taking(
            "/waimai/order/applyPartRefund",
            {"orderId": int(order_id), "reason": reason, "foodData": food},
        )

    def refundable(self, order_id: str) -> list[dict[str, Any]]:
        """Returns the lines of an order that may be refunded, as Meituan gives them."""
        return dicts(self._taking("/waimai/order/queryPartRefundFoods", {"orderId": int(order_id)}))

    def on_the_way(self, order_id: str, *, courier: str, phone: str) -> None:
        """Says that the shop's own courier has set out."""
        self._taking("/waimai/order/delivering", _courier(order_id, courier, phone))

    def delivered(self, order_id: str, *, courier: str, phone: str) -> None:
        """Says that the shop's own courier has delivered."""
        self._taking("/waimai/order/delivered", _courier(order_id, courier, phone))

    def call_rider(self, order_id: str) -> None:
        self._taking("/waimai/order/dispatchShip", {"orderId": int(order_id)})

    def cancel_rider(self, order_id: str) -> None:
        self._taking("/waimai/order/cancelDispatch", {"orderId": int(order_id)})

    def meal_ready(self, order_id: str) -> None:
        self._call(MEAL_READY[self.provider], {"orderId": int(order_id)})

    def answer_urge(self, order_id: str) -> None:
        self._taking("/waimai/ng/order/remindReply", {"orderId": int(order_id)})

    def agree_time(self, order_id: str) -> None:
        self._taking("/waimai/ng/order/eta/modify/agree", {"orderId": int(order_id)})

    def refuse_time(self, order_id: str) -> None:
        self._taking("/waimai/ng/order/eta/modify/refuse", {"orderId": int(order_id)})

    def report_printed(self, view_id: str) -> None:
        """Says that the receipt of an order was printed."""
        value = json.dumps({"orderViewId": int(view_id)})
        self._taking(
            "/waimai/ng/order/reportMetrics", {"type": "ORDER_PRINT_COMPLETE", "value": value}
        )

    def order(self, order_id: str) -> orders.RemoteOrder:
        """Reads one order. Raises Unknown when the answer holds another one or none."""
        data = self._call(READ_ORDER[self.provider], {"orderId": int(order_id)})
        if not isinstance(data, dict):
            raise Unknown("no order in the answer")
        try:
            found = orders.parse_order(data)
        except ValueError as error:
            raise Unknown(f"the answer holds no order: {error}") from error
        if found.order_id != order_id:
            raise Unknown("the answer holds another order")
        return found

    def unconfirmed(self) -> list[orders.RemoteOrder]:
        """Returns the orders of all stores of the account that nobody has accepted."""
        self._only_taking()
        data = self._call("/waimai/ng/order/getUnConfirmedOrders", None, needs_store=False)
        return _orders(data)

    def orders_of(self, day: date) -> list[orders.RemoteOrder]:
        """Returns a store's orders of a day, at most five days ago, for a provider that takes none.

        Meituan allows it once a minute.
        """
        if self.provider != Provider.READING:
            raise Refused("unsupported", "this provider is told of its orders")
        return _orders(self._call("/wmoper/ng/order/queryOrders", {"date": f"{day:%Y%m%d}"}))

    def abnormal(self) -> list[str]:
        """Returns the numbers of orders of all stores that Meituan thinks went wrong."""
        self._only_taking()
        data = self._call("/waimai/ng/order/batchFetchAbnormalOrder", None, needs_store=False)
        items = data if isinstance(data, list) else []
        found = (number({"id": item}, "id") for item in items)
        return [order_id for order_id in found if order_id]

    def refunds_of(self, order_ids: Sequence[str]) -> list[refunds.RefundFact]:
        data = self._call(
            READ_REFUNDS[self.provider], {"orderIds": [int(order_id) for order_id in order_ids]}
        )
        return refunds.parse_refunds(data)

    def socket_token(self) -> SocketToken:
        """Returns a fresh token for one socket of the whole account."""
        data = self._call(f"{CHAT[self.provider]}/getConnectionToken", None, needs_store=False)
        given = data if isinstance(data, dict) else {}
        found = SocketToken(
            connection_id=any_text(given, "connectionId"),
            token=any_text(given, "connectionToken"),
            secret=any_text(given, "imSecret"),
            missed=any_count(given, "userCount") or 0,
        )
        if not (found.connection_id and found.token and found.secret):
            raise Unknown("no token in the answer")
        return found

    def socket_tokens(self, count: int) -> list[SocketToken]:
        """Returns up to five fresh tokens for sockets of one store."""
        biz = {"required_token_count": count}
        data = self._chat("getConnectionTokenWithCount", biz)
        given = data if isinstance(data, dict) else {}
        names = any_text(given, "appkey"), any_text(given, "imSecret")
        found = [
            SocketToken(names[0], any_text(row, "connectionToken"), names[1], _missed(row))
            for row in dicts(given.get("token_infos"))
        ]
        if not all(names) or not found or not all(token.token for token in found):
            raise Unknown("no tokens in the answer")
        return found

    def switch_chat(self, *, is_on: bool) -> None:
        self._chat("setPoiIMStatus", {"imStatus": int(is_on)})

    def is_chat_on(self) -> bool:
        data = self._chat("getPoiIMStatus", None)
        status = any_whole(data, "im_status") if isinstance(data, dict) else None
        if status is None:
            raise Unknown("no im_status in the answer")
        return status == 1

    def mark_read(self, customer: str, *, message_id: str) -> None:
        self._chat("msgRead", {"openUserId": _id(customer), "msgId": int(message_id)})

    def read_until(self, customer: str) -> datetime | None:
        """Returns up to when the customer has read; None when nothing is read yet."""
        data = self._chat("userReadTime", {"openUserId": _id(customer)})
        if not isinstance(data, dict) or "last_read_time" not in data:
            raise Unknown("no last_read_time in the answer")
        return any_moment(data, "last_read_time")

    def rate(self) -> rates.RemoteRate:
        """Returns the reply rates as Meituan counts them, and the rights that they unlock."""
        return rates.parse_rate(self._chat("getReversionRateAndRightsList", None))

    def block(self, customer: str, *, code: int, reason: str, picture_ids: Sequence[str]) -> None:
        """Blocks a customer; `code` is 1 abuse, 2 wants WeChat without an order, 3 other (§5.1)."""
        biz: dict[str, Any] = {"open_user_id": customer, "block_code": code}
        if reason:
            biz["block_reason_desc"] = reason
        self._chat("blockUser", biz | {"voucher_pic_ids": list(picture_ids)})

    def unblock(self, customer: str) -> None:
        self._chat("cancelBlockUser", {"open_user_id": customer})

    def upload_evidence(self, content: bytes) -> str:
        """Uploads a JPEG as evidence and returns its id. Raises Refused while its path, which is
        not published, is not set.
        """
        if not settings.TAKEAWAY_EVIDENCE_PATH:
            raise Refused("unsupported", "TAKEAWAY_EVIDENCE_PATH is not set")
        biz = {"imageName": "evidence.jpg", "file": base64.b64encode(content).decode()}
        data = self._call(settings.TAKEAWAY_EVIDENCE_PATH, biz)
        given = data if isinstance(data, dict) else {"pic_id": data}
        found = any_text(given, "pic_id") or any_text(given, "pic_url")
        if not found:
            raise Unknown("no picture in the answer")
        return found

    def send(
        self,
        *,
        message_id: str,
        customer: str,
        order_id: str,
        sealed: str,
        is_picture: bool = False,
    ) -> None:
        """Sends a sealed message. The answer names no id, and nothing tells later whether it
        arrived.
        """
        content = {
            "msg_id": int(message_id),
            "msg_content": sealed,
            "msg_type": PICTURE if is_picture else TEXT,
            "msg_source": BY_SHOP,
            "cts": int(timezone.now().timestamp()),
            "order_id": int(order_id or 0),
            "open_user_id": _id(customer),
        }
        self._chat("msg/send", {"biz_type": TWO_PERSONS, "push_content": content})

    def subscribe_chat(self) -> None:
        """Asks for this store's messages by HTTP push too."""
        self._chat("subscribeImByEpoi", None)

    def unsubscribe_chat(self) -> None:
        self._chat("unsubscribeImByEpoi", None)

    def is_chat_subscribed(self) -> bool:
        data = self._chat("queryImSubscribeStatusByEpoi", None)
        status = any_whole(data, "subscribe_status") if isinstance(data, dict) else None
        if status is None:
            raise Unknown("no subscribe_status in the answer")
        return status == 1

    def save_card(self, card: cards.Card) -> cards.SavedAnswer:
        """Makes the store's 安心卡 this one (§6)."""
        return cards.parse_saved(self._call(SAVE_CARD[self.provider], card.as_biz()))

    def card(self) -> cards.RemoteCard:
        return cards.parse_card(self._call(READ_CARD[self.provider], None))

    def upload_card_picture(self, content: bytes) -> str:
        """Uploads a JPEG for the card and returns its address."""
        taking = self.provider == Provider.TAKING
        path = settings.TAKEAWAY_CARD_PICTURE_PATH if taking else CARD_PICTURE
        biz = {"imageName": "card.jpg", "file": base64.b64encode(content).decode()}
        return cards.parse_picture(self._call(path, biz))

    def _chat(self, name: str, biz: Mapping[str, Any] | None) -> Any:
        return self._call(f"{CHAT[self.provider]}/{name}", biz)

    def _taking(self, path: str, biz: Mapping[str, Any]) -> Any:
        self._only_taking()
        return self._call(path, biz)

    def _only_taking(self) -> None:
        if self.provider != Provider.TAKING:
            raise Refused("unsupported", "this provider takes no orders")

    def _call(self, path: str, biz: Mapping[str, Any] | None, *, needs_store: bool = True) -> Any:
        if not self.sign_key or (needs_store and not self.token):
            raise LoginRefused("the sign key or the store's token is missing")
        fields = {
            "timestamp": str(int(timezone.now().timestamp())),
            "businessId": str(int(self.provider)),
            "developerId": self.developer_id,
            "charset": CHARSET,
            "version": VERSION,
        }
        if needs_store:
            fields["appAuthToken"] = self.token
        if biz is not None:
            fields["biz"] = json.dumps(biz, ensure_ascii=False, separators=(",", ":"))
        fields["sign"] = signatures.sign(fields, key=self.sign_key)
        return answers.open_answer(self.request("POST", path, body=bodies.form(fields)))


def _missed(row: Mapping[str, Any]) -> int:
    return any_count(row, "userSendFailCount") or 0


def _id(customer: str) -> int | str:
    """Returns a customer's id as Meituan gave it: mostly a number."""
    return int(customer) if customer.isascii() and customer.isdigit() else customer


def _courier(order_id: str, name: str, phone: str) -> dict[str, Any]:
    return {"orderId": int(order_id), "courierName": name, "courierPhone": phone}


def _orders(data: Any) -> list[orders.RemoteOrder]:
    """Reads a list of orders; one without a number is left out and does not stop the others."""
    found = []
    for item in dicts(data):
        try:
            found.append(orders.parse_order(item))
        except ValueError:
            continue
    return found
