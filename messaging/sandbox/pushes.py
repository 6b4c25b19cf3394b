"""Pushes to a developer's addresses: their forms, and what counts as acknowledged."""

from __future__ import annotations

import json
import time
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from stores.sandbox.outgoing import LANES, Outgoing, Parcel

from .accounts import EVENTS, Developer, Shop
from .settings import Settings
from .shapes import as_text
from .signing import signature, signed

MESSAGE_TYPE = "210069"
FORM = "application/x-www-form-urlencoded; charset=UTF-8"


@dataclass(kw_only=True)
class Push(Outgoing):
    """One push. `fields` are those of the form without the sign."""

    event: str
    developer_id: int
    e_poi_id: str
    fields: dict[str, str]

    @property
    def lane(self) -> int:
        return zlib.crc32(f"{self.e_poi_id}/{self.subject}".encode()) % LANES

    @property
    def msg_id(self) -> int:
        """Returns the number of the message that is pushed; 0 when there is none."""
        try:
            return int(json.loads(self.fields["message"])["push_content"]["msg_id"])
        except (ValueError, KeyError, TypeError):
            return 0


# Forms


def classic(event: str, shop: Shop, body: Any, settings: Settings) -> dict[str, str]:
    """Returns the fields of a push of one event field with JSON inside."""
    fields = {"developerId": str(shop.developer_id), "ePoiId": shop.e_poi_id}
    name = EVENTS[event]
    if event == "privacy":
        name = settings.privacy_field
    if settings.push_timestamp:
        fields["timestamp"] = str(int(time.time()))
    if name:
        fields[name] = as_text(body)
    return fields


def binding(event: str, shop: Shop) -> dict[str, str]:
    """Returns the fields of the call-back about binding or unbinding."""
    fields = {
        "developerId": str(shop.developer_id),
        "businessId": str(shop.business_id),
        "ePoiId": shop.e_poi_id,
        "timestamp": str(int(time.time())),
    }
    if event == "bind":
        fields |= {
            "appAuthToken": shop.token,
            "poiId": str(shop.poi_id),
            "poiName": shop.name,
        }
    return fields


def envelope(shop: Shop, message: Any, number: int) -> dict[str, str]:
    """Returns the fields of the newer kind, with msgType."""
    return {
        "developerId": str(shop.developer_id),
        "businessId": str(shop.business_id),
        "ePoiId": shop.e_poi_id,
        "msgType": MESSAGE_TYPE,
        "msgId": f"{shop.developer_id}{number:012}",
        "timestamp": str(int(time.time())),
        "message": as_text(message),
    }


# Sending


def parcel(push: Push, developer: Developer, settings: Settings) -> Parcel:
    """Signs a push with the developer's present key, or wrongly while the setting says so."""
    fields = signed(developer.sign_key, push.fields)
    if settings.wrong_sign_next:
        settings.wrong_sign_next -= 1
        fields["sign"] = signature(f"{developer.sign_key}?", push.fields)
    return Parcel(
        developer.push[push.event], urlencode(fields).encode(), FORM, settings.push_timeout
    )


def is_acknowledged(event: str, tried: Mapping[str, Any], how: str) -> bool:
    """Tells whether an answer counts; `how` is exact, json or any_case."""
    if tried["status"] != 200:
        return False
    text = tried["answer"]
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return False
    if event == "message":
        is_success = isinstance(found, dict) and found.get("code") == 0
        return is_success and found.get("message") == "success"
    expected = {"data": "success" if event in ("bind", "unbind") else "OK"}
    if how == "exact":
        return bool(text == as_text(expected))
    if how == "any_case" and isinstance(found, dict):
        found = {name: str(value).lower() for name, value in found.items()}
        expected = {"data": expected["data"].lower()}
    return bool(found == expected)
