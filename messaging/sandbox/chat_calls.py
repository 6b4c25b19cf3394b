"""Calls about the chat and the 安心卡, under both prefixes."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from . import cards, chat
from .accounts import PREFIXES
from .answers import business_error
from .calls import CHAT, NONE, OK, Biz, Call, Caller, nested, number, text
from .messages import FROM_SHOP, TWO_PARTIES
from .signing import decrypt
from .world import World

MOST_TOKENS, USUAL_TOKENS = 5, 3
BLOCK_REASONS = (1, 2, 3)
OTHER_REASON = 3


def _token(world: World, caller: Caller) -> str:
    """Returns a new token of a connection; a socket that opens with it finds its developer."""
    developer_id = caller.developer.developer_id
    token = f"wo{developer_id}{secrets.token_urlsafe(30)}"
    world.book.tokens[token] = developer_id
    if caller.shop and world.settings.im_tokens_of_store:
        world.book.token_stores[token] = caller.shop.e_poi_id
    world.touch()
    return token


def _connection(world: World, caller: Caller, biz: Biz) -> dict[str, Any]:
    developer = caller.developer
    return {
        "connectionToken": _token(world, caller),
        "userCount": chat.users_who_failed(world, developer.developer_id, caller.shop),
        "connectionId": f"{developer.developer_id}_WMOPEN",
        "imSecret": developer.im_secret,
    }


def _connections(world: World, caller: Caller, biz: Biz) -> dict[str, Any]:
    count = number(biz, "required_token_count") if biz else USUAL_TOKENS
    if not 1 <= count <= MOST_TOKENS:
        raise business_error("required_token_count最多为5")
    developer = caller.developer
    failed = chat.users_who_failed(world, developer.developer_id, caller.shop)
    infos = [
        {
            "connectionToken": _token(world, caller),
            "userSendFailCount": failed,
            "commentSendFailCount": 0,
        }
        for _ in range(count)
    ]
    app_key = f"{developer.developer_id}_WMOPEN"
    return {"token_infos": infos, "appkey": app_key, "imSecret": developer.im_secret}


def _set_status(world: World, caller: Caller, biz: Biz) -> str:
    status = number(biz, "imStatus")
    if status not in (0, 1):
        raise business_error("imStatus为0或1")
    caller.store.im_status = status
    world.touch()
    return OK


def _status(world: World, caller: Caller, biz: Biz) -> dict[str, Any]:
    return {**_named(caller), "im_status": caller.store.im_status}


def _named(caller: Caller) -> dict[str, Any]:
    return {"app_id": caller.developer.developer_id, "epoiId": caller.store.e_poi_id}


def _read(world: World, caller: Caller, biz: Biz) -> str:
    user, last = number(biz, "openUserId"), number(biz, "msgId")
    rows = world.book.conversation(caller.store.e_poi_id, user)
    if last not in [row.msg_id for row in rows]:
        raise business_error("消息不存在")
    for row in rows:
        row.was_read = row.was_read or (row.msg_id <= last and row.source != FROM_SHOP)
    world.touch()
    return OK


def _read_time(world: World, caller: Caller, biz: Biz) -> dict[str, Any]:
    user = number(biz, "openUserId")
    read = world.book.read_times.get(f"{caller.store.e_poi_id}/{user}", 0)
    return {**_named(caller), "open_user_id": str(user), "last_read_time": read}


def _send(world: World, caller: Caller, biz: Biz) -> None:
    """Sends a message; the answer has no data, and so no number of Meituan's."""
    if biz.get("biz_type") != TWO_PARTIES:
        raise business_error("biz_type不支持")
    content = nested(biz.get("push_content"))
    if not isinstance(content, Mapping):
        raise business_error("push_content必填")
    if content.get("msg_source") != FROM_SHOP:
        raise business_error("msg_source必须为1")
    if content.get("msg_type") not in (1, 2, 3):
        raise business_error("msg_type不正确")
    sent_at = number(content, "cts")
    if len(str(sent_at)) != 10:
        raise business_error("cts为10位秒级时间戳")
    try:
        words = decrypt(caller.developer.im_secret, text(content, "msg_content"))
    except ValueError:
        raise business_error("msg_content解密失败") from None
    sent = chat.Sent(
        sender_id=number(content, "msg_id"),
        open_user_id=number(content, "open_user_id"),
        text=words,
        kind=content["msg_type"],
        cts=sent_at,
        order_id=number(content, "order_id") if content.get("order_id") else 0,
    )
    chat.provider_writes(world, caller.store, sent)


def _rate(world: World, caller: Caller, biz: Biz) -> dict[str, Any]:
    return chat.reversion(world, caller.store)


def _block(world: World, caller: Caller, biz: Biz) -> str:
    user = text(biz, "open_user_id")
    code = number(biz, "block_code")
    pictures = nested(biz.get("voucher_pic_ids"))
    if code not in BLOCK_REASONS:
        raise business_error("block_code不正确")
    if code == OTHER_REASON:
        text(biz, "block_reason_desc")
    if not isinstance(pictures, list) or not 1 <= len(pictures) <= 9:
        raise business_error("voucher_pic_ids为1至9张图片")
    caller.store.blocked[user] = code
    world.touch()
    return OK


def _unblock(world: World, caller: Caller, biz: Biz) -> str:
    if caller.store.blocked.pop(text(biz, "open_user_id"), None) is None:
        raise business_error("顾客未被屏蔽")
    world.touch()
    return OK


def _subscribe(wanted: bool) -> Call:
    def run(world: World, caller: Caller, biz: Biz) -> str:
        caller.store.im_subscribed = wanted
        world.touch()
        return OK

    return Call(run)


def _subscription(world: World, caller: Caller, biz: Biz) -> dict[str, Any]:
    return {**_named(caller), "subscribe_status": int(caller.store.im_subscribed)}


CHAT_CALLS: dict[str, Call] = {
    "getConnectionToken": Call(_connection, NONE),
    "getConnectionTokenWithCount": Call(_connections),
    "setPoiIMStatus": Call(_set_status, CHAT),
    "getPoiIMStatus": Call(_status, CHAT),
    "msgRead": Call(_read, CHAT),
    "userReadTime": Call(_read_time),
    "msg/send": Call(_send),
    "getReversionRateAndRightsList": Call(_rate),
    "blockUser": Call(_block),
    "cancelBlockUser": Call(_unblock),
    "subscribeImByEpoi": _subscribe(True),
    "unsubscribeImByEpoi": _subscribe(False),
    "queryImSubscribeStatusByEpoi": Call(_subscription),
}


# 安心卡


def _query_card(world: World, caller: Caller, biz: Biz) -> dict[str, Any]:
    return cards.query(caller.store)


def _save_card(world: World, caller: Caller, biz: Biz) -> dict[str, Any]:
    return cards.save(world, caller.store, biz)


def _upload(world: World, caller: Caller, biz: Biz) -> dict[str, Any]:
    return cards.upload(biz)


UPLOAD = Call(_upload)
CALLS: dict[str, Call] = {
    **{
        f"{prefix}ng/im/{name}": call
        for prefix in PREFIXES.values()
        for name, call in CHAT_CALLS.items()
    },
    "/waimai/ng/card/query": Call(_query_card),
    "/waimai/ng/card/save": Call(_save_card),
    "/wmoper/ng/card/queryCard": Call(_query_card),
    "/wmoper/ng/card/save": Call(_save_card),
    "/wmoper/card/queryCard": Call(_query_card),
    "/wmoper/card/save": Call(_save_card),
    "/wmoper/card/uploadCardImage": UPLOAD,
}
