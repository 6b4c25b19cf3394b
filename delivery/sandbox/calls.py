"""The calls below /cgi-bin/express/local/business/, and what their couriers answer."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .answers import OK, CourierRefuses, PlatformRefused
from .bodies import Given, code, name_of, number, part
from .book import Account, App, Book, Courier, Waybill, metres
from .riders import FROM_SHOP, Riders, cancel_fee
from .settings import Settings

ROOT = "/cgi-bin/express/local/business/"
TEST_SHOP, TEST_SECRET = "test_shop_id", "test_app_secrect"
PRICE_LOCK = 180
# The largest goods, in centimetres.
SIZES = {"goods_height": 45, "goods_length": 65, "goods_width": 50}
STEPS_OF_TIPS = {2, 3, 5, 10, 15, 20, 50, 100}


@dataclass
class World:
    """What calls work on; the platform's lock is held."""

    book: Book
    settings: Settings
    riders: Riders

    def switches(self, delivery_id: str) -> Settings:
        """Returns the switches as they are for a courier."""
        return self.settings.of(self.book.couriers[delivery_id].switches)


def getall(world: World, app: App, given: Given) -> dict[str, Any]:
    rows = world.book.couriers.values()
    listed = [{"delivery_id": row.delivery_id, "delivery_name": row.name} for row in rows]
    return {**OK, "list": listed}


def shop_get(world: World, app: App, given: Given) -> dict[str, Any]:
    mine = [row for row in world.book.accounts.values() if row.appid == app.appid]
    listed = [
        {"delivery_id": row.delivery_id, "shopid": row.shopid, "audit_result": row.audit}
        for row in mine
    ]
    return {**OK, "shop_list": listed}


def shop_add(world: World, app: App, given: Given) -> dict[str, Any]:
    """The administrator gets a message, and binds the account on the courier's page."""
    if str(given.get("delivery_id")) not in world.book.couriers:
        raise PlatformRefused(930561)
    return dict(OK)


def open_delivery(world: World, app: App, given: Given) -> dict[str, Any]:
    return dict(OK)


def pre_add(world: World, app: App, given: Given) -> dict[str, Any]:
    account, courier = _signed(world, app, given)
    price = _price(world, account, courier, given)
    if not courier.names_price:
        return {**OK, **dict.fromkeys((*price, "distance", "dispatch_duration"), 0)}
    answer = {**OK, **price, "dispatch_duration": courier.seconds}
    if courier.locks_price:
        token = secrets.token_hex(8)
        world.book.quotes[token] = [
            name_of(given), price["fee"], time.time() + PRICE_LOCK, courier.delivery_id,
        ]  # fmt: skip
        answer["delivery_token"] = token
    return answer


def add(world: World, app: App, given: Given) -> dict[str, Any]:
    account, courier = _signed(world, app, given)
    name = name_of(given)
    if name in world.book.waybills:
        raise PlatformRefused(930562)
    _count_call(world, account)
    waybill = _called(world, app, account, courier, given)
    world.book.waybills[name] = waybill
    return _answer_of(world, waybill, courier)


def readd(world: World, app: App, given: Given) -> dict[str, Any]:
    account, courier = _signed(world, app, given)
    waybill = _found(world, given)
    if not courier.can_call_again:
        raise CourierRefuses(2, "不支持重新下单")
    if waybill.is_live:
        raise PlatformRefused(930562)
    if waybill.status == 302:
        raise CourierRefuses(2, "订单已完成，不能重新下单")
    new = _called(world, app, account, courier, given)
    new.lives, new.history = waybill.lives + 1, waybill.history
    world.book.waybills[waybill.name] = new
    return _answer_of(world, new, courier)


def addtips(world: World, app: App, given: Given) -> dict[str, Any]:
    _account, courier = _signed(world, app, given)
    waybill = _live(world, given)
    total = number(given, "tips")
    if waybill.status != 101:
        raise CourierRefuses(4, "骑手已接单，不能加小费")
    if courier.delivery_id == "MTPS":
        raise CourierRefuses(4, "不支持加小费")
    if total <= waybill.tip:
        raise CourierRefuses(4, "小费需大于上次金额")
    if courier.delivery_id == "SS" and total not in STEPS_OF_TIPS:
        raise CourierRefuses(4, "小费金额不正确")
    if courier.delivery_id == "DADA" and total > min(30, waybill.value):
        raise CourierRefuses(4, "小费超过上限")
    if courier.delivery_id == "DADA" and total != round(total, 1):
        raise CourierRefuses(4, "小费最多一位小数")
    waybill.tip, waybill.tips = total, waybill.tips + 1
    return dict(OK)


def precancel(world: World, app: App, given: Given) -> dict[str, Any]:
    _account, courier = _signed(world, app, given)
    fee = cancel_fee(courier, _cancellable(world, courier, given), time.time())
    if world.switches(courier.delivery_id).precancel_without_fee:
        return {**OK, "desc": ""}
    return {**OK, "deduct_fee": fee, "desc": f"扣除违约金{fee}元" if fee else ""}


def cancel(world: World, app: App, given: Given) -> dict[str, Any]:
    account, courier = _signed(world, app, given)
    waybill = _cancellable(world, courier, given)
    if given.get("cancel_reason_id") not in range(1, 7) or not given.get("cancel_reason"):
        raise PlatformRefused(930561)
    fee = cancel_fee(courier, waybill, time.time())
    waybill.deducted += fee
    account.balance -= fee
    before_pick_up = {101: 103, 102: 203, 201: 203}
    status = before_pick_up.get(waybill.status, 303)
    world.riders.report(waybill, status, is_pushed=False)
    return {**OK, "deduct_fee": fee, "desc": ""}


def get(world: World, app: App, given: Given) -> dict[str, Any]:
    _signed(world, app, given)
    waybill = _found(world, given)
    settings, rider = world.riders.settings_of(waybill), dict(waybill.rider)
    if settings.masks_ended_riders and not waybill.is_live and rider:
        rider["phone"] = f"{rider['phone'][:3]}****{rider['phone'][-4:]}"
    shown = {"rider_name": rider.get("name", ""), "rider_phone": rider.get("phone", "")}
    if settings.get_fails:
        raise CourierRefuses(5, "不存在或合作方不合作:shopid", **shown)
    is_riding = waybill.status in (102, 201, 202, 301)
    place = world.book.couriers[waybill.delivery_id]
    return {
        **OK,
        "order_status": waybill.status,
        "waybill_id": waybill.waybill_id,
        **shown,
        "rider_lng": place.lng if is_riding else 0,
        "rider_lat": place.lat if is_riding else 0,
        "reach_time": 900 if is_riding else 0,
        "action_msg": "",
    }


def confirm_return(world: World, app: App, given: Given) -> dict[str, Any]:
    _signed(world, app, given)
    waybill = _found(world, given)
    if waybill.status not in (303, 304, 305):
        raise CourierRefuses(6, "订单状态不正确")
    world.riders.report(waybill, 401)
    return dict(OK)


def test_update(world: World, app: App, given: Given) -> dict[str, Any]:
    return _updated(world, given, is_test=True)


def real_update(world: World, app: App, given: Given) -> dict[str, Any]:
    _signed(world, app, given)
    return _updated(world, given, is_test=False)


CALLS: dict[str, Callable[[World, App, Given], dict[str, Any]]] = {
    "delivery/getall": getall,
    "shop/get": shop_get,
    "shop/add": shop_add,
    "open": open_delivery,
    "order/pre_add": pre_add,
    "order/add": add,
    "order/readd": readd,
    "order/addtips": addtips,
    "order/precancel": precancel,
    "order/cancel": cancel,
    "order/get": get,
    "order/confirm_return": confirm_return,
    "test_update_order": test_update,
    "realmock_update_order": real_update,
}


# Only providers may call them.
FOR_PROVIDERS = {"shop/add", "open"}


# What calls have in common


def _signed(world: World, app: App, given: Given) -> tuple[Account, Courier]:
    """Returns account and courier of a signed call."""
    account = world.book.accounts.get(str(given.get("shopid", "")))
    if account is None or account.appid != app.appid or account.audit != 0:
        raise PlatformRefused(930560)
    named = given.get("delivery_id", account.delivery_id)
    courier = world.book.couriers.get(str(named))
    if courier is None or courier.delivery_id != account.delivery_id:
        raise PlatformRefused(930561)
    if courier.mood == "no_answer":
        raise PlatformRefused(930556)
    if not given.get("shop_order_id") or len(str(given["shop_order_id"]).encode()) > 128:
        raise PlatformRefused(930561)
    source = account.shopid + str(given["shop_order_id"]) + account.secret
    if given.get("delivery_sign") != hashlib.sha1(source.encode()).hexdigest():  # noqa: S324
        wrong = {"DADA": (2003, "签名错误"), "SFTC": (-99, "微信接口验证签名失败")}
        raise CourierRefuses(*wrong.get(account.delivery_id, (1, "签名校验失败")))
    return account, courier


def day_of(now: float) -> str:
    """Returns China's day."""
    return time.strftime("%Y-%m-%d", time.gmtime(now + 8 * 3600))


def _count_call(world: World, account: Account) -> None:
    """WeChat's own test account may order so often a day."""
    if account.shopid != TEST_SHOP:
        return
    day = day_of(time.time())
    used = world.book.calls.get(day, 0)
    if used >= world.settings.calls_a_day:
        raise PlatformRefused(930564)
    world.book.calls[day] = used + 1


def _price(world: World, account: Account, courier: Courier, given: Given) -> dict[str, float]:
    """Checks an order, and returns what it costs."""
    _check_order(given)
    if courier.mood == "offline":
        raise CourierRefuses(2076, "门店已下线")
    if courier.mood == "refuses":
        raise CourierRefuses(1010, "收件人信息不正确")
    if account.balance <= 0:
        raise CourierRefuses(2105, "账户余额不足")
    receiver = part(given, "receiver")
    distance = metres(courier.lng, courier.lat, number(receiver, "lng"), number(receiver, "lat"))
    if distance > courier.reach:
        raise CourierRefuses(110, "收货地址超出配送范围")
    price = round(courier.base + courier.per_km * distance / 1000, 2)
    return {
        "fee": price,
        "deliverfee": price,
        "couponfee": 0,
        "tips": 0,
        "insurancefee": 0,
        "distance": round(distance),
    }


def _check_order(given: Given) -> None:
    """Refuses what WeChat does not pass on to a courier."""
    receiver, cargo, shop = (part(given, name) for name in ("receiver", "cargo", "shop"))
    for name in ("name", "city", "address", "address_detail", "phone"):
        if not str(receiver.get(name) or ""):
            raise PlatformRefused(930561)
    if not (0 < number(cargo, "goods_value") <= 5000 and 0 < number(cargo, "goods_weight") <= 50):
        raise PlatformRefused(930561)
    for name, most in SIZES.items():
        if name in cargo and not 0 < number(cargo, name) <= most:
            raise PlatformRefused(930561)
    wishes = part(given, "order_info")
    if wishes.get("rider_pick_method", 1) not in (1, 2):
        raise PlatformRefused(930561)
    if not (cargo.get("cargo_first_class") and cargo.get("cargo_second_class")):
        raise PlatformRefused(930570)
    if not (shop.get("img_url") and shop.get("goods_name") and shop.get("goods_count")):
        raise PlatformRefused(9300535)
    if len(str(receiver["phone"])) > 64 or not given.get("openid"):
        raise PlatformRefused(930561)
    for given_part, name in ((receiver, "lng"), (receiver, "lat"), (wishes, "tips")):
        number(given_part, name)


def _called(world: World, app: App, account: Account, courier: Courier, given: Given) -> Waybill:
    price = _price(world, account, courier, given)
    if token := given.get("delivery_token"):
        order, fee, until, delivery_id = world.book.quotes.get(str(token), ["", 0, 0, ""])
        if order != name_of(given) or delivery_id != courier.delivery_id or until < time.time():
            raise CourierRefuses(2062, "订单价格信息已过期,请重新查询后发单")
        price["fee"] = fee
    now, wishes = time.time(), part(given, "order_info")
    tip = number(wishes, "tips")
    shop_order_id = str(given["shop_order_id"])
    account.balance -= price["fee"]
    return Waybill(
        appid=app.appid,
        delivery_id=courier.delivery_id,
        shopid=account.shopid,
        shop_order_id=shop_order_id,
        shop_no=str(given.get("shop_no") or ""),
        waybill_id=f"{shop_order_id}_waybillid",
        status=101,
        fee=price["fee"],
        distance=int(price["distance"]),
        value=number(part(given, "cargo"), "goods_value"),
        added_at=now,
        changed_at=now,
        pickup_code=code(wishes, "is_pickup_code_needed"),
        finish_code=code(wishes, "is_finish_code_needed"),
        tip=tip,
        history=[[101, now]],
        is_booked=wishes.get("order_type") == 1,
    )


def _answer_of(world: World, waybill: Waybill, courier: Courier) -> dict[str, Any]:
    switches = world.switches(courier.delivery_id)
    return {
        **OK,
        "fee": waybill.fee,
        "deliverfee": waybill.fee,
        "couponfee": 0,
        "tips": waybill.tip,
        "insurancefee": 0,
        "insurancfee": 0,
        "distance": waybill.distance,
        "waybill_id": "" if switches.add_without_waybill else waybill.waybill_id,
        "order_status": switches.add_own_status,
        "finish_code": waybill.finish_code,
        "pickup_code": waybill.pickup_code,
        "dispatch_duration": courier.seconds,
    }


def _found(world: World, given: Given) -> Waybill:
    waybill = world.book.waybills.get(name_of(given))
    if waybill is None:
        raise PlatformRefused(930563)
    return waybill


def _live(world: World, given: Given) -> Waybill:
    waybill = _found(world, given)
    if not waybill.is_live:
        raise PlatformRefused(930565)
    return waybill


def _cancellable(world: World, courier: Courier, given: Given) -> Waybill:
    waybill = _live(world, given)
    if courier.delivery_id == "MTPS" and not given.get("waybill_id"):
        raise CourierRefuses(3, "数据不完整,缺少必传参数:mt_peisong_id")
    if courier.delivery_id == "SFTC" and not given.get("waybill_id"):
        raise CourierRefuses(1202, "订单号不存在")
    if waybill.status in (303, 304, 305):
        raise CourierRefuses(6, "物品返还中，不能取消")
    if courier.delivery_id == "DADA" and waybill.status not in FROM_SHOP:
        raise CourierRefuses(2071, "订单已取货，不能取消")
    return waybill


def _updated(world: World, given: Given, *, is_test: bool) -> dict[str, Any]:
    waybill = world.book.waybills.get(name_of(given))
    if waybill is None:
        raise PlatformRefused(930563)
    at, status = given.get("action_time"), given.get("order_status")
    if type(at) is not int or at > 10**11 or type(status) is not int:
        raise PlatformRefused(930561)
    if is_test and waybill.delivery_id != "TEST":
        raise PlatformRefused(930561)
    message = str(given.get("action_msg") or "")
    world.riders.report(waybill, status, at=float(at), message=message)
    return dict(OK)
