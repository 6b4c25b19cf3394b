"""The pages on which a shop binds its store to a developer's application, and unbinds it."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from html import escape

from stores.sandbox import Reply, Request, given
from stores.sandbox.pages import html

from .accounts import PREFIXES, Shop
from .signing import is_signed
from .world import World

BIND, UNBIND = "/storemap", "/releasebinding"
PAGES = {BIND: "storemap", UNBIND: "releasebinding"}


def page(world: World, request: Request) -> Reply:
    """Shows what is about to happen (GET), and does it (POST). The query carries the signature."""
    fields = request.query
    act = _bind if request.path == BIND else _unbind
    confirmed = request.method == "POST"
    return act(world, fields, confirmed)


def bind(world: World, shop: Shop) -> None:
    """Gives the store a new token and tells the developer."""
    shop.token = secrets.token_hex(24)
    shop.binding = "valid"
    world.push("bind", shop)


def unbind(world: World, shop: Shop) -> None:
    """Revokes the store's token and tells the developer."""
    shop.binding = "revoked"
    shop.im_subscribed = False
    world.push("unbind", shop)


def _bind(world: World, fields: Mapping[str, str], confirmed: bool) -> Reply:
    developer = world.book.developers.get(given.whole(fields.get("developerId")) or 0)
    if developer is None or not is_signed(developer.sign_key, fields):
        return _shown("签名验证失败", 403)
    business_id = given.whole(fields.get("businessId"))
    e_poi_id = fields.get("ePoiId", "")
    if business_id not in PREFIXES or not e_poi_id:
        return _shown("缺少参数businessId或ePoiId", 400)
    shop = world.book.shops.get(e_poi_id)
    if shop and (shop.developer_id, shop.business_id) != (developer.developer_id, business_id):
        return _shown("门店已绑定其他应用", 409)
    name = fields.get("ePoiName", "")
    if not confirmed:
        return _form(f"绑定门店 {name or e_poi_id}", "确认绑定")
    if shop is None:
        poi_id = world.book.next_number("poi")
        shop = Shop(e_poi_id, developer.developer_id, business_id, name or e_poi_id, poi_id)
        world.book.shops[e_poi_id] = shop
    bind(world, shop)
    return _shown("绑定成功")


def _unbind(world: World, fields: Mapping[str, str], confirmed: bool) -> Reply:
    shop = world.book.shop_of_token(fields.get("appAuthToken", ""))
    if shop is None or shop.binding == "revoked":
        return _shown("非法令牌", 403)
    if not is_signed(world.book.developers[shop.developer_id].sign_key, fields):
        return _shown("签名验证失败", 403)
    if not confirmed:
        return _form(f"解绑门店 {shop.name}", "确认解绑")
    unbind(world, shop)
    return _shown("解绑成功")


def _form(title: str, button: str) -> Reply:
    return html(f'<h1>{escape(title)}</h1><form method="post"><button>{button}</button></form>')


def _shown(text: str, status: int = 200) -> Reply:
    return html(f"<h1>{escape(text)}</h1>", status)
