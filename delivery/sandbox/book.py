"""The data of the simulated WeChat: apps, couriers, a shop's accounts, and orders."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from stores.sandbox import ControlError
from stores.sandbox.outgoing import Outgoing, Queue

MODES, FORMS = ("plain", "compat", "secure"), ("json", "xml")
# "silent" takes orders and does nothing, "no_answer" does not even answer WeChat.
MOODS = ("takes", "refuses", "offline", "silent", "no_answer")
ENDED = {103, 203, 204, 205, 302, 401, 501, 502}
SHOP_LNG, SHOP_LAT = 120.131441, 30.279383


@dataclass
class App:
    """A mini-program, its tokens (token → end), and where and how it wants pushes."""

    appid: str
    secret: str
    user_name: str = "gh_97417a04a28d"
    callback: str = ""
    push_token: str = ""
    aes_key: str = ""
    mode: str = "plain"
    form: str = "json"
    token: str = ""
    token_ends: float = 0.0
    old_token: str = ""
    old_token_ends: float = 0.0
    forced_at: float = 0.0


@dataclass
class Courier:
    """A courier with its prices (yuan), its reach (metres), and its store of the shop. `switches`
    are those that are another for it (settings.py).
    """

    delivery_id: str
    name: str = ""
    base: float = 6.0
    per_km: float = 1.5
    reach: float = 10_000
    seconds: int = 600
    names_price: bool = True
    locks_price: bool = False
    can_call_again: bool = True
    mood: str = "takes"
    lng: float = SHOP_LNG
    lat: float = SHOP_LAT
    cancel_fee: float = 2.0
    free_seconds: float = 60.0
    switches: dict[str, Any] = field(default_factory=dict)


@dataclass
class Account:
    """The shop's account at a courier; `balance` in yuan."""

    appid: str
    delivery_id: str
    shopid: str
    secret: str
    audit: int = 0
    balance: float = 10_000.0


@dataclass
class Waybill:
    """An order at a courier; its identity is (shopid, shop_order_id). `lives` counts the calls of a
    rider under this number.
    """

    appid: str
    delivery_id: str
    shopid: str
    shop_order_id: str
    shop_no: str
    waybill_id: str
    status: int
    fee: float
    distance: int
    added_at: float
    changed_at: float
    pickup_code: int = 0
    finish_code: int = 0
    tip: float = 0.0
    tips: int = 0
    lives: int = 1
    accepted_at: float = 0.0
    deducted: float = 0.0
    rider: dict[str, str] = field(default_factory=dict)
    history: list[list[float]] = field(default_factory=list)
    is_booked: bool = False
    # Of the goods, in yuan; in older states it is missing.
    value: float = 5000.0

    @property
    def is_live(self) -> bool:
        return self.status not in ENDED

    @property
    def name(self) -> str:
        return f"{self.shopid}/{self.shop_order_id}"


@dataclass
class Provider:
    """A component: its ticket, token, and addresses: `callback` for tickets and authorisations,
    `messages` for pushes about apps, in which `$APPID$` stands for one.
    """

    appid: str
    secret: str
    push_token: str = ""
    aes_key: str = ""
    callback: str = ""
    messages: str = ""
    ticket: str = ""
    ticket_at: float = 0.0
    token: str = ""
    token_ends: float = 0.0
    pre_auth_codes: dict[str, float] = field(default_factory=dict)


@dataclass
class Authorisation:
    """An app that a provider acts for. `code` is given once, `refresh` renews the token."""

    appid: str
    provider: str
    code: str = ""
    code_ends: float = 0.0
    token: str = ""
    token_ends: float = 0.0
    refresh: str = ""


@dataclass(kw_only=True)
class Push(Outgoing):
    """One push, to an app (about an order) or to a provider (about its ticket and apps)."""

    appid: str
    event: dict[str, Any]


class Book:
    """Has no lock of its own; a caller must hold the platform's."""

    def __init__(self) -> None:
        self.apps: dict[str, App] = {}
        self.couriers: dict[str, Courier] = {}
        self.accounts: dict[str, Account] = {}
        self.waybills: dict[str, Waybill] = {}
        self.quotes: dict[str, list[Any]] = {}
        self.calls: dict[str, int] = {}
        self.providers: dict[str, Provider] = {}
        self.authorisations: dict[str, Authorisation] = {}
        self.pushes: Queue[Push] = Queue(Push)

    def app_of(self, token: str) -> App | None:
        return next(
            (app for app in self.apps.values() if token in (app.token, app.old_token)), None
        )

    def provider_of(self, app: App) -> Provider | None:
        """Returns the provider to whom pushes about an app go, not to its own address."""
        found = self.authorisations.get(app.appid)
        provider = self.providers.get(found.provider) if found else None
        return provider if provider and provider.messages else None

    def dump(self) -> dict[str, Any]:
        return {
            "apps": [asdict(row) for row in self.apps.values()],
            "couriers": [asdict(row) for row in self.couriers.values()],
            "accounts": [asdict(row) for row in self.accounts.values()],
            "waybills": [asdict(row) for row in self.waybills.values()],
            "providers": [asdict(row) for row in self.providers.values()],
            "authorisations": [asdict(row) for row in self.authorisations.values()],
            "quotes": self.quotes,
            "calls": self.calls,
            "pushes": self.pushes.dump(),
        }

    @classmethod
    def from_dump(cls, state: Mapping[str, Any]) -> Book:
        """Raises ControlError when the state is no dump."""
        book = cls()
        try:
            book.apps = {row["appid"]: App(**row) for row in state["apps"]}
            book.couriers = {row["delivery_id"]: Courier(**row) for row in state["couriers"]}
            book.accounts = {row["shopid"]: Account(**row) for row in state["accounts"]}
            waybills = [Waybill(**row) for row in state["waybills"]]
            book.waybills = {row.name: row for row in waybills}
            book.providers = {row["appid"]: Provider(**row) for row in state["providers"]}
            granted = [Authorisation(**row) for row in state["authorisations"]]
            book.authorisations = {row.appid: row for row in granted}
            book.quotes = {str(name): list(row) for name, row in state["quotes"].items()}
            book.calls = {str(name): int(count) for name, count in state["calls"].items()}
            book.pushes.load(state["pushes"])
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ControlError(f"not a snapshot of wechat: {error!r}") from error
        return book


def metres(lng1: float, lat1: float, lng2: float, lat2: float) -> float:
    """Returns the distance on a flat map: near enough for a city."""
    east = (lng2 - lng1) * 111_320 * math.cos(math.radians((lat1 + lat2) / 2))
    return math.hypot(east, (lat2 - lat1) * 110_574)
