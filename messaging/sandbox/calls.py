"""What a call of a provider is: who makes it, what it needs, and readers of its parameters."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from stores.sandbox import given

from .accounts import Developer, Shop
from .answers import business_error, missing
from .orders import Order
from .world import World

Biz = Mapping[str, Any]
OK = "ok"
# Whether a call needs the store's token: always, by the setting of the chat, if there is one, never
STORE, CHAT, OPTIONAL, NONE = "store", "chat", "optional", "none"


@dataclass(frozen=True)
class Caller:
    """Who calls: the developer, and the store that the token names."""

    developer: Developer
    business_id: int
    shop: Shop | None = None

    @property
    def store(self) -> Shop:
        """Returns the store. Raises Refused when no token came."""
        if self.shop is None:
            raise missing("appAuthToken")
        return self.shop


@dataclass(frozen=True)
class Call:
    """`run` returns the answer's data; it raises Refused or Impossible."""

    run: Callable[[World, Caller, Biz], Any]
    token: str = STORE


def number(biz: Biz, name: str) -> int:
    """Returns a number that may be written as text. Raises Refused."""
    found = given.whole(biz.get(name))
    if found is None:
        raise business_error(f"{name}必填，为整数")
    return found


def text(biz: Biz, name: str, *, required: bool = True) -> str:
    """Returns a text; a number becomes one. Raises Refused."""
    found = biz.get(name)
    if type(found) is int:
        found = str(found)
    if found is None and not required:
        return ""
    if not isinstance(found, str) or (required and not found):
        raise business_error(f"{name}必填")
    return found


def nested(value: Any) -> Any:
    """Returns JSON that may come as text; None when it is unreadable."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return None


def order_of(world: World, caller: Caller, biz: Biz, name: str = "orderId") -> Order:
    """Returns the order that the call names, of the caller's store. Raises Refused."""
    order = world.book.orders.get(number(biz, name))
    if order is None or order.e_poi_id != caller.store.e_poi_id:
        raise business_error("订单不存在")
    return order
