"""Client for WeChat's instant delivery (docs/platforms/wechat_delivery.md §1 and §2).

Calls of a courier are signed with the shop's secret at that courier; the token in the query is the
mini-program's.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from delivery.choices import CancelReason, WaybillState
from delivery.signatures import delivery_sign
from delivery.wire import answers, bindings, orders, providers
from stores.platforms.bodies import utf8_json
from stores.platforms.client import Answer, PlatformClient
from stores.platforms.reading import any_whole

ROOT = "/cgi-bin/express/local/business/"
PAGES = "/cgi-bin/"


@dataclass(frozen=True)
class CourierAccount:
    """The shop's account at a courier, and the number of the store there."""

    delivery_id: str
    shopid: str
    secret: str
    shop_no: str = ""


@dataclass(frozen=True)
class Quota:
    """How often a path may be called today."""

    daily: int | None
    used: int | None
    left: int | None


class WechatClient(PlatformClient):
    """One typed method per remote call. All methods raise PlatformError.

    `token` is the mini-program's access token, `account` the shop's at a courier, and
    `shop_order_id` our number of the order there. Amounts are yuan. `note` is given path and body
    of each request that is no login.
    """

    def __init__(
        self, base_url: str, *, note: Callable[[str], None] = lambda text: None, **usual: Any
    ) -> None:
        super().__init__(base_url, **usual)
        self.note = note

    def login(self, appid: str, secret: str, *, is_forced: bool = False) -> providers.RemoteToken:
        """POST stable_token → the token and how long it lives. Raises LoginRefused for a wrong
        AppSecret, and when our address is not on the white list.
        """
        given = {
            "grant_type": "client_credential",
            "appid": appid,
            "secret": secret,
            "force_refresh": is_forced,
        }
        answer = self.request("POST", f"{PAGES}stable_token", body=utf8_json(given))
        return providers.parse_token(answers.open_platform(answer), "access_token")

    def couriers(self, token: str) -> list[bindings.RemoteCourier]:
        """POST delivery/getall → the couriers that WeChat works with."""
        return bindings.parse_couriers(self._courier_call(token, "delivery/getall", {}))

    def accounts(self, token: str) -> list[bindings.RemoteAccount]:
        """POST shop/get → the shop's accounts at couriers."""
        return bindings.parse_accounts(self._courier_call(token, "shop/get", {}))

    def ask_to_bind(self, token: str, delivery_id: str) -> None:
        """POST shop/add: the shop's administrator is asked to bind an account. For providers."""
        self._courier_call(token, "shop/add", {"delivery_id": delivery_id})

    def ask_to_open(self, token: str) -> None:
        """POST open: the shop's administrator is asked to open the function. For providers."""
        self._courier_call(token, "open", {})

    def quote(
        self, token: str, account: CourierAccount, shop_order_id: str, order: orders.Order
    ) -> orders.RemoteQuote:
        """POST order/pre_add → price, distance and time; nobody rides for it."""
        data = self._signed(token, account, shop_order_id, "order/pre_add", order.as_json())
        return orders.parse_quote(data)

    def add(
        self,
        token: str,
        account: CourierAccount,
        shop_order_id: str,
        order: orders.Order,
        *,
        delivery_token: str = "",
        is_again: bool = False,
    ) -> orders.RemoteWaybill:
        """POST order/add → a rider is called; `delivery_token` keeps the price of a quote.

        `is_again` calls one for an order that has ended (order/readd), under the same number.
        """
        given = order.as_json() | ({"delivery_token": delivery_token} if delivery_token else {})
        path = "order/readd" if is_again else "order/add"
        return orders.parse_waybill(self._signed(token, account, shop_order_id, path, given))

    def state(
        self, token: str, account: CourierAccount, shop_order_id: str
    ) -> orders.RemoteState | None:
        """POST order/get → how the order stands; None when the answer does not say it.

        Raises Refused with answers.NO_SUCH_ORDER where there is none.
        """
        return orders.parse_state(self._signed(token, account, shop_order_id, "order/get", {}))

    def tip(
        self,
        token: str,
        account: CourierAccount,
        shop_order_id: str,
        *,
        waybill_id: str,
        openid: str,
        total: Decimal,
    ) -> None:
        """POST order/addtips: from now on `total` is the tip."""
        given = {
            "waybill_id": waybill_id,
            "tips": float(total),
            "remark": "加小费",
            "openid": openid,
        }
        self._signed(token, account, shop_order_id, "order/addtips", given)

    def cancel_fee(
        self, token: str, account: CourierAccount, shop_order_id: str, *, waybill_id: str
    ) -> Decimal | None:
        """POST order/precancel → what a cancellation costs; None when the courier does not say."""
        given = {"delivery_id": account.delivery_id, "waybill_id": waybill_id}
        given |= _reason(CancelReason.NOT_NEEDED, "")
        data = self._signed(token, account, shop_order_id, "order/precancel", given)
        return orders.parse_deduction(data)

    def cancel(
        self,
        token: str,
        account: CourierAccount,
        shop_order_id: str,
        *,
        waybill_id: str,
        reason: CancelReason,
        words: str = "",
    ) -> Decimal | None:
        """POST order/cancel → what it costs; None when the courier does not say."""
        given = {"delivery_id": account.delivery_id, "waybill_id": waybill_id}
        given |= _reason(reason, words)
        data = self._signed(token, account, shop_order_id, "order/cancel", given)
        return orders.parse_deduction(data)

    def confirm_return(
        self,
        token: str,
        account: CourierAccount,
        shop_order_id: str,
        *,
        waybill_id: str,
        remark: str = "",
    ) -> None:
        """POST order/confirm_return: the goods are back at the shop."""
        given = {"waybill_id": waybill_id, "remark": remark}
        self._signed(token, account, shop_order_id, "order/confirm_return", given)

    def change_test_order(
        self, token: str, shopid: str, shop_order_id: str, state: WaybillState, at: datetime
    ) -> None:
        """POST test_update_order: moves an order of WeChat's own sandbox (§6)."""
        given = {
            "shopid": shopid,
            "shop_order_id": shop_order_id,
            "action_time": int(at.timestamp()),
            "order_status": int(state),
            "action_msg": "",
        }
        self._courier_call(token, "test_update_order", given)

    def quota(self, token: str, path: str) -> Quota:
        """POST openapi/quota/get → how often a path of §2.1 may still be called today."""
        answer = self._post(token, f"{PAGES}openapi/quota/get", {"cgi_path": f"{ROOT}{path}"})
        data = answers.open_platform(answer).get("quota")
        given = data if isinstance(data, dict) else {}
        return Quota(
            daily=any_whole(given, "daily_limit"),
            used=any_whole(given, "used"),
            left=any_whole(given, "remain"),
        )

    def _signed(
        self,
        token: str,
        account: CourierAccount,
        shop_order_id: str,
        path: str,
        given: Mapping[str, Any],
    ) -> dict[str, Any]:
        sign = delivery_sign(
            shopid=account.shopid, secret=account.secret, shop_order_id=shop_order_id
        )
        named = {
            "delivery_id": account.delivery_id,
            "shopid": account.shopid,
            "shop_no": account.shop_no,
            "shop_order_id": shop_order_id,
            "delivery_sign": sign,
        }
        return self._courier_call(token, path, {**named, **given})

    def _courier_call(self, token: str, path: str, given: Mapping[str, Any]) -> dict[str, Any]:
        return answers.open_courier(self._post(token, ROOT + path, given))

    def _post(self, token: str, path: str, given: Mapping[str, Any]) -> Answer:
        body = utf8_json(given)
        self.note(f"{path.removeprefix(ROOT)} {body.content.decode()}")
        return self.request("POST", path, params={"access_token": token}, body=body)


def _reason(reason: CancelReason, words: str) -> dict[str, Any]:
    """A text always goes with the number: newer couriers want one."""
    return {"cancel_reason_id": int(reason), "cancel_reason": words or REASONS[reason]}


# As WeChat's own page words them.
REASONS = {
    CancelReason.NOT_NEEDED: "暂时不需要邮寄",
    CancelReason.PRICE: "价格不合适",
    CancelReason.WRONG_ORDER: "订单信息有误，重新下单",
    CancelReason.LATE_AT_SHOP: "骑手取货不及时",
    CancelReason.LATE_AT_RECEIVER: "骑手配送不及时",
    CancelReason.OTHER: "其他原因",
}
