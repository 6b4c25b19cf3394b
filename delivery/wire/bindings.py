"""Couriers that WeChat knows, and a shop's accounts at them (docs/platforms/wechat_delivery.md
§2.1).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from delivery.choices import Audit
from stores.platforms.errors import Unknown
from stores.platforms.reading import any_text, any_whole, dicts

LONGEST_ID = 64


@dataclass(frozen=True)
class RemoteCourier:
    delivery_id: str
    name: str


@dataclass(frozen=True)
class RemoteAccount:
    """A shop's account at a courier. `audit` is None for a result that is not known; `name` is ""
    when WeChat does not say it.
    """

    delivery_id: str
    shopid: str
    audit: Audit | None
    name: str


def parse_couriers(data: Mapping[str, Any]) -> list[RemoteCourier]:
    """Reads the answer of getall; leaves out what has no id."""
    found = (
        RemoteCourier(_id(item, "delivery_id"), any_text(item, "delivery_name", most=50))
        for item in dicts(data.get("list"))
    )
    return [courier for courier in found if courier.delivery_id]


def parse_accounts(data: Mapping[str, Any]) -> list[RemoteAccount]:
    """Reads the answer of shop/get; leaves out what names no courier or no account. Raises Unknown
    without a list: nobody has said that there are none.
    """
    if not isinstance(data.get("shop_list"), list):
        raise Unknown("no shop_list in the answer")
    found = (
        RemoteAccount(
            delivery_id=_id(item, "delivery_id"),
            shopid=_id(item, "shopid"),
            audit=_audit(any_whole(item, "audit_result")),
            name=any_text(item, "delivery_name", most=50),
        )
        for item in dicts(data.get("shop_list"))
    )
    return [account for account in found if account.delivery_id and account.shopid]


def _audit(value: int | None) -> Audit | None:
    return Audit(value) if value in Audit.values else None


def _id(item: Mapping[str, Any], name: str) -> str:
    """Returns an id; one that is too long is none, for a part of it would be another one."""
    found = any_text(item, name, most=LONGEST_ID + 1).strip()
    return found if len(found) <= LONGEST_ID else ""
