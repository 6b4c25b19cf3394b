"""Developer accounts, and the stores that are bound to them."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from stores.sandbox import ControlError, given

# businessId of providers that take orders (接单), and of those that only read them (非接单)
TAKING, READING = 2, 16
PREFIXES = {TAKING: "/waimai/", READING: "/wmoper/"}
OPEN, RESTING, ONLINE, OFFLINE = 121, 120, 18, 19

# Event → the field that holds its JSON; "" has fields of its own.
EVENTS = {
    "order_new": "order",
    "order_confirmed": "order",
    "order_finished": "order",
    "order_cancelled": "orderCancel",
    "refund": "orderRefund",
    "part_refund": "partOrderRefund",
    "shipping": "shippingStatus",
    "remind": "pushOrderRemind",
    "poi_status": "poiStatus",
    "settlement": "tradeDetail",
    "privacy": "",
    "message": "message",
    "bind": "",
    "unbind": "",
}


@dataclass
class Developer:
    """A developer account (服务商); `push` maps an event to its address in the console."""

    developer_id: int
    sign_key: str
    im_secret: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    push: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, body: Mapping[str, Any], known: Mapping[int, Developer]) -> Developer:
        """Reads the JSON of a control route; an account that is known keeps what is not given.

        Raises ControlError.
        """
        number = given.whole(body.get("developer_id"))
        if not number:
            raise ControlError("developer_id must be a number")
        made = cls(number, given.value(body, "sign_key", str))
        if number in known:
            made.im_secret, made.push = known[number].im_secret, dict(known[number].push)
        made.im_secret = given.value(body, "im_secret", str, made.im_secret)
        if not made.im_secret.isascii() or len(made.im_secret) < 16:
            raise ControlError("im_secret must be at least 16 ASCII characters")
        made.register(given.value(body, "push", dict, {}))
        return made

    def register(self, addresses: Mapping[str, Any]) -> None:
        """Changes push addresses; "" removes one. Raises ControlError."""
        for event, url in addresses.items():
            if event not in EVENTS:
                raise ControlError(f"no event {event!r}; there are {', '.join(EVENTS)}")
            if not isinstance(url, str) or (url and not url.startswith("http")):
                raise ControlError(f"the address of {event} must be a url")
        self.push.update(addresses)


@dataclass
class Shop:
    """A store at Meituan. Its ePoiId is unique in the whole sandbox.

    `binding` is valid, expired or revoked; `blocked` maps a customer to the reason's code.
    """

    e_poi_id: str
    developer_id: int
    business_id: int = TAKING
    name: str = "演示店"
    poi_id: int = 0
    token: str = field(default_factory=lambda: secrets.token_hex(24))
    binding: str = "valid"
    status: int = OPEN
    im_status: int = 1
    im_subscribed: bool = False
    protocol_status: int = 1
    audit_status: int = 0
    logistics_code: str = "1001"
    card: dict[str, Any] | None = None
    blocked: dict[str, int] = field(default_factory=dict)
    orders_read_at: float = 0.0

    @classmethod
    def read(cls, body: Mapping[str, Any], poi_id: int) -> Shop:
        """Reads the JSON of a control route. Raises ControlError."""
        e_poi_id = given.value(body, "epoi_id", str)
        developer_id = given.whole(body.get("developer_id"))
        if not e_poi_id or not developer_id:
            raise ControlError("a store has epoi_id and developer_id")
        made = cls(e_poi_id, developer_id, poi_id=poi_id)
        made.business_id = given.value(body, "business_id", int, TAKING)
        made.token = given.value(body, "app_auth_token", str, made.token)
        if made.business_id not in PREFIXES or not made.token:
            raise ControlError("business_id is 2 or 16; app_auth_token must not be empty")
        made.change(body)
        return made

    def change(self, body: Mapping[str, Any]) -> None:
        """Changes what Meituan's own people and the shop's can change. Raises ControlError."""
        changes = {
            name: given.value(body, name, type(getattr(self, name)), getattr(self, name))
            for name in CHANGEABLE
        }
        for name, allowed in CHANGEABLE.items():
            if allowed and changes[name] not in allowed:
                raise ControlError(f"{name} is one of {', '.join(map(str, allowed))}")
        vars(self).update(changes)


CHANGEABLE: dict[str, tuple[Any, ...]] = {
    "name": (),
    "logistics_code": (),
    "binding": ("valid", "expired", "revoked"),
    "im_status": (0, 1),
    "im_subscribed": (False, True),
    "protocol_status": (0, 1),
    "audit_status": (0, 1, 2),
}
