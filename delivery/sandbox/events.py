"""Pushes about orders: plain, compatible or sealed, in JSON or XML."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import time
from typing import Any
from urllib.parse import urlencode
from xml.sax.saxutils import escape

from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from stores.sandbox.outgoing import Parcel

from .book import App, Provider, Push, Waybill
from .settings import Settings

TYPES = {"json": "application/json; charset=utf-8", "xml": "text/xml; charset=utf-8"}
TEAM = "o9AgO5Kd5ggOC-bXrbNODIiE3bGY"


def event_of(app: App, waybill: Waybill, status: int, at: float, message: str) -> dict[str, Any]:
    """Returns the fields of a push. Its waybill number is another one than add has answered."""
    is_test = waybill.delivery_id == "TEST"
    number = f"test_waybill_id_{waybill.shop_order_id}" if is_test else f"push_{waybill.waybill_id}"
    event: dict[str, Any] = {
        "ToUserName": app.user_name,
        "FromUserName": TEAM,
        "CreateTime": int(time.time()),
        "MsgType": "event",
        "Event": "update_waybill_status",
        "shopid": waybill.shopid,
        "shop_order_id": waybill.shop_order_id,
        "shop_no": waybill.shop_no,
        "waybill_id": number,
        "action_time": int(at),
        "order_status": status,
        "action_msg": message,
    }
    if waybill.rider and status not in (101, 103):
        agent: dict[str, Any] = dict(waybill.rider)
        if status in (102, 201, 202, 301):
            agent["reach_time"] = int(at) + 900
        event["agent"] = agent
    return event


def provider_parcel(
    push: Push, provider: Provider, settings: Settings, app: App | None = None
) -> Parcel:
    """Seals a push to a provider, about himself or about an app: always XML in the secure mode, and
    for his own appid.
    """
    address = provider.messages.replace("$APPID$", app.appid) if app else provider.callback
    return parcel(
        push,
        App(
            provider.appid,
            provider.secret,
            user_name=app.user_name if app else App.user_name,
            callback=address,
            push_token=provider.push_token,
            aes_key=provider.aes_key,
            mode="secure",
            form="xml",
        ),
        settings,
    )


def parcel(push: Push, app: App, settings: Settings) -> Parcel:
    """Signs and seals a push as the app wants it now."""
    timestamp, nonce = str(int(time.time())), str(int.from_bytes(os.urandom(4), "big"))
    query = {
        "signature": _sha1(app.push_token, timestamp, nonce),
        "timestamp": timestamp,
        "nonce": nonce,
        "openid": TEAM,
    }
    fields = push.event
    if app.mode != "plain":
        sealed = seal(as_text(push.event, app.form).encode(), app.aes_key, app.appid)
        query |= {
            "encrypt_type": "aes",
            "msg_signature": _sha1(app.push_token, timestamp, nonce, sealed),
        }
        shown = push.event if app.mode == "compat" else {"ToUserName": app.user_name}
        fields = {**shown, "Encrypt": sealed}
    if settings.wrong_sign_next:
        settings.wrong_sign_next -= 1
        query = {
            name: value[::-1] if "signature" in name else value for name, value in query.items()
        }
    url = app.callback + ("&" if "?" in app.callback else "?") + urlencode(query)
    return Parcel(url, as_text(fields, app.form).encode(), TYPES[app.form], settings.push_timeout)


def is_acknowledged(tried: dict[str, Any]) -> bool:
    """Whether WeChat sends the push no more: any prompt answer with status 200 counts."""
    return bool(tried["status"] == 200)


def as_text(fields: dict[str, Any], form: str) -> str:
    if form == "json":
        return json.dumps(fields, ensure_ascii=False)
    return f"<xml>{_tags(fields)}</xml>"


def _tags(fields: dict[str, Any]) -> str:
    return "".join(f"<{name}>{_value(value)}</{name}>" for name, value in fields.items())


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return _tags(value)
    if isinstance(value, int):
        return str(value)
    return f"<![CDATA[{value}]]>" if "]]>" not in value else escape(value)


def seal(message: bytes, key: str, appid: str) -> str:
    whole = base64.b64decode(key + "=")
    padder = padding.PKCS7(256).padder()
    text = os.urandom(16) + len(message).to_bytes(4, "big") + message + appid.encode()
    cipher = Cipher(algorithms.AES(whole), modes.CBC(whole[:16])).encryptor()
    padded = padder.update(text) + padder.finalize()
    return base64.b64encode(cipher.update(padded) + cipher.finalize()).decode()


def _sha1(*parts: str) -> str:
    return hashlib.sha1("".join(sorted(parts)).encode(), usedforsecurity=False).hexdigest()
