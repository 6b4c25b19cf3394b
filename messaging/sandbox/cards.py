"""The 安心卡: what a saved card must hold, and how it is shown."""

from __future__ import annotations

import base64
import binascii
import re
import secrets
import time
from collections.abc import Mapping
from typing import Any

from . import pictures
from .accounts import Shop
from .answers import business_error
from .world import World

NORMAL, UPGRADED = 0, 1
TEMPERATURE = re.compile(r"\d{2}\.\d", re.ASCII)
PICTURE_NAME = re.compile(r".+\.(jpg|png|jpeg)", re.IGNORECASE)
MEASURES = {
    1: "全员体温检测正常",
    2: "全员佩戴口罩",
    3: "全员定时洗手",
    4: "店内每日消毒",
}
SWITCHES = ("syncPost", "syncIM", "syncOpenReceipt")


def save(world: World, shop: Shop, biz: Mapping[str, Any]) -> dict[str, Any]:
    """Creates the store's card, or replaces it. Raises Refused."""
    wrong = trouble(shop, biz)
    if wrong:
        raise business_error(wrong)
    now = int(time.time())
    old = shop.card or {"cardId": world.book.next_number("card"), "ctime": now}
    shop.card = {
        "cardId": old["cardId"],
        "ctime": old["ctime"],
        "cardTime": now,
        "landPage": f"{world.here}{pictures.CARD}?id={old['cardId']}",
        "type": biz["type"],
        "cardDetailList": biz.get("cardDetailList") or [],
        "upgradeDetailList": biz.get("upgradeDetailList") or [],
        "testingItemList": biz.get("testingItemList") or [],
        "tips": biz.get("tips") or "",
        **{name: biz[name] for name in SWITCHES},
    }
    world.touch()
    return {"cardId": shop.card["cardId"], "landPage": shop.card["landPage"]}


def trouble(shop: Shop, biz: Mapping[str, Any]) -> str:
    """Returns the first thing that is wrong with a card; "" when it can be saved."""
    if not shop.protocol_status:
        return "门店未签署安心卡承诺书，请先在美团外卖商家端签署"
    if biz.get("type") not in (NORMAL, UPGRADED):
        return "type必填，为0或1"
    for name in SWITCHES:
        if type(biz.get(name)) is not int or biz[name] not in (0, 1):
            return f"{name}必填，为0或1"
    rows = biz.get("cardDetailList") or []
    if not rows and any(biz[name] for name in SWITCHES):
        return "cardDetailList不能为空"
    if not _is_list_of_objects(rows):
        return "cardDetailList必须是数组"
    for row in rows:
        if not all(_is_text(row.get(name)) for name in ("job", "name", "temperature")):
            return "cardDetailList每项的job、name、temperature不能为空"
        if not TEMPERATURE.fullmatch(row["temperature"]):
            return "temperature必须保留一位小数，如36.5"
    wrong = _trouble_of_measures(biz["type"], biz.get("upgradeDetailList") or [])
    if not wrong and biz["syncIM"] and not shop.im_status:
        wrong = "门店未开启在线联系，不能通过IM发送安心卡"
    return wrong


def _trouble_of_measures(kind: int, rows: Any) -> str:
    if not _is_list_of_objects(rows):
        return "upgradeDetailList必须是数组"
    if kind == NORMAL:
        return "普通版upgradeDetailList必须为空" if rows else ""
    if not rows:
        return "升级版upgradeDetailList不能为空"
    kinds = [row.get("type") for row in rows]
    for row in rows:
        if type(row.get("type")) is not int or kinds.count(row["type"]) > 1:
            return "upgradeDetailList的type必填且不能重复"
        if not _is_text(row.get("desc")) or not _is_text(row.get("url")):
            return "upgradeDetailList的desc、url不能为空"
        if row["desc"] != MEASURES.get(row["type"], row["desc"]):
            return f"desc必须为“{MEASURES[row['type']]}”"
    return ""


def _is_list_of_objects(rows: Any) -> bool:
    return isinstance(rows, list) and all(isinstance(row, dict) for row in rows)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def query(shop: Shop) -> dict[str, Any]:
    """Returns the card with the states of commitment letter and audit; without a card, these."""
    states = {
        "app_id": shop.developer_id,
        "epoiId": shop.e_poi_id,
        "wmPoiName": shop.name,
        "protocolStatus": shop.protocol_status,
        "auditStatus": shop.audit_status,
        "auditTip": "" if not shop.audit_status else "安心卡已下线",
    }
    if shop.card is None:
        return states
    card = dict(shop.card)
    card["landPageUrl"] = card.pop("landPage")
    return {**states, **card}


def upload(biz: Mapping[str, Any]) -> dict[str, Any]:
    """Takes a picture; its size limit is not published. Raises Refused."""
    name, file = biz.get("imageName"), biz.get("file")
    if not isinstance(name, str) or not isinstance(file, str):
        raise business_error("imageName、file必填")
    if not PICTURE_NAME.fullmatch(name):
        raise business_error("imageName必须以.jpg、.png或.jpeg结尾")
    try:
        data = base64.b64decode(file, validate=True)
    except (ValueError, binascii.Error):
        raise business_error("file不是Base64") from None
    if not data:
        raise business_error("file不能为空")
    kind = name.rpartition(".")[2].lower()
    return {"pic_url": f"https://p.example.com/card/{secrets.token_hex(8)}.{kind}"}
