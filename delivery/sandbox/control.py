"""The control routes under /_control/wechat/: apps, couriers, accounts, riders and pushes."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

from stores.sandbox import ControlError, control, given
from stores.sandbox.outgoing import PENDING

from . import providers, tokens
from .book import FORMS, MODES, MOODS, Account, App, Courier, Provider, Waybill
from .calls import TEST_SECRET, TEST_SHOP
from .state import State

# What is there when nothing else is said: WeChat's own test courier, and five others.
SEED: dict[str, Any] = {
    "app": {"appid": "wxdemo0000000001", "secret": "demo-app-secret"},
    "couriers": [
        {"delivery_id": "TEST", "name": "测试", "base": 10.0, "per_km": 0.0, "reach": 1e7},
        {"delivery_id": "DADA", "name": "达达", "base": 6.0, "locks_price": True},
        {"delivery_id": "SS", "name": "闪送", "base": 16.0, "per_km": 2.0, "seconds": 420},
        {"delivery_id": "MTPS", "name": "美团配送", "names_price": False, "can_call_again": False},
        {"delivery_id": "SFTC", "name": "顺丰同城急送", "base": 9.0, "free_seconds": 120.0},
        {"delivery_id": "UU", "name": "UU跑腿", "base": 8.0, "per_km": 2.5},
    ],
}


class ControlRoutes(State):
    @control("GET", "state")
    def state(self) -> dict[str, Any]:
        return self.snapshot()

    @control("POST", "settings")
    def change_settings(self, body: dict[str, Any]) -> dict[str, Any]:
        """Changes settings; pushes that were held go out once they are sent again."""
        with self.lock:
            changed = self.configure(**body)
            if self.settings.pushes == "send":
                self.book.pushes.release()
            self.changed()
        return changed

    @control("POST", "seed")
    def seed(self, body: dict[str, Any]) -> dict[str, Any]:
        wanted = {**SEED, **body}
        with self.lock:
            app = self.put_app(given.mapping(wanted["app"], "app"))
            for row in given.rows(wanted, "couriers"):
                self.put_courier(row)
            accounts = given.rows(wanted, "accounts") or [
                _usual_account(app["appid"], row["delivery_id"]) for row in wanted["couriers"]
            ]
            for row in accounts:
                self.put_account(row)
        return self.state()

    @control("GET", "apps")
    def apps(self) -> dict[str, Any]:
        with self.lock:
            return {"apps": [asdict(app) for app in self.book.apps.values()]}

    @control("POST", "apps")
    def put_app(self, body: dict[str, Any]) -> dict[str, Any]:
        if body.get("mode", "plain") not in MODES or body.get("form", "json") not in FORMS:
            raise ControlError(f"mode is one of {MODES}, form one of {FORMS}")
        return self._put(self.book.apps, App, "appid", body)

    @control("POST", "apps/<appid>/steal")
    def steal(self, appid: str, body: dict[str, Any]) -> dict[str, Any]:
        with self.lock:
            app: App = self._known(self.book.apps, appid)
            app.token, app.token_ends, app.old_token = "", 0.0, ""
            tokens.renew(app, self.settings, time.time())
            self.changed()
            return {"access_token": app.token}

    @control("GET", "providers")
    def providers(self) -> dict[str, Any]:
        with self.lock:
            return {"providers": [asdict(row) for row in self.book.providers.values()]}

    @control("POST", "providers")
    def put_provider(self, body: dict[str, Any]) -> dict[str, Any]:
        return self._put(self.book.providers, Provider, "appid", body)

    @control("POST", "providers/<appid>/ticket")
    def ticket(self, appid: str, body: dict[str, Any]) -> dict[str, Any]:
        with self.lock:
            provider: Provider = self._known(self.book.providers, appid)
            self.tell(provider, providers.new_ticket(provider))
            self.changed()
            return asdict(provider)

    @control("POST", "apps/<appid>/authorise")
    def authorise(self, appid: str, body: dict[str, Any]) -> dict[str, Any]:
        with self.lock:
            app: App = self._known(self.book.apps, appid)
            name = given.value(body, "provider", str)
            provider: Provider = self._known(self.book.providers, name)
            event = providers.authorise(self.book, app, provider)
            self.tell(provider, event)
            self.changed()
            return event

    @control("POST", "apps/<appid>/withdraw")
    def withdraw(self, appid: str, body: dict[str, Any]) -> dict[str, Any]:
        with self.lock:
            ended = providers.withdraw(self.book, self._known(self.book.apps, appid))
            if ended is None:
                raise ControlError("no provider acts for this app", 404)
            self.tell(*ended)
            self.changed()
            return ended[1]

    @control("GET", "couriers")
    def couriers(self) -> dict[str, Any]:
        with self.lock:
            return {"couriers": [asdict(row) for row in self.book.couriers.values()]}

    @control("POST", "couriers")
    def put_courier(self, body: dict[str, Any]) -> dict[str, Any]:
        if body.get("mood", "takes") not in MOODS:
            raise ControlError(f"mood is one of {MOODS}")
        self.settings.check_own(given.value(body, "switches", dict, {}))
        return self._put(self.book.couriers, Courier, "delivery_id", body)

    @control("GET", "accounts")
    def accounts(self) -> dict[str, Any]:
        with self.lock:
            return {"accounts": [asdict(row) for row in self.book.accounts.values()]}

    @control("POST", "accounts")
    def put_account(self, body: dict[str, Any]) -> dict[str, Any]:
        return self._put(self.book.accounts, Account, "shopid", body)

    @control("GET", "orders")
    def orders(self) -> dict[str, Any]:
        with self.lock:
            return {"orders": [asdict(row) for row in self.book.waybills.values()]}

    @control("GET", "orders/<shopid>/<order>")
    def order(self, shopid: str, order: str) -> dict[str, Any]:
        with self.lock:
            found: Waybill = self._known(self.book.waybills, f"{shopid}/{order}")
            return asdict(found)

    @control("POST", "orders/<shopid>/<order>")
    def report(self, shopid: str, order: str, body: dict[str, Any]) -> dict[str, Any]:
        with self.lock:
            return self.report_on(self._known(self.book.waybills, f"{shopid}/{order}"), body)

    @control("POST", "orders/<shopid>/<order>/push")
    def push_only(self, shopid: str, order: str, body: dict[str, Any]) -> dict[str, Any]:
        with self.lock:
            waybill: Waybill = self._known(self.book.waybills, f"{shopid}/{order}")
            self.riders().push(waybill, *_news(waybill, body))
            self.changed()
            return asdict(waybill)

    @control("GET", "pushes")
    def pushes(self) -> dict[str, Any]:
        with self.lock:
            return {"pushes": [asdict(push) for push in self.book.pushes.all()]}

    @control("POST", "pushes/<number>/repeat")
    def repeat(self, number: str, body: dict[str, Any]) -> dict[str, Any]:
        with self.lock:
            push = self.book.pushes.find(given.whole(number) or 0)
            if push is None:
                raise ControlError("no such push", 404)
            if push.state in PENDING:
                raise ControlError("it still waits")
            push.tries = []
            self.book.pushes.retry(push, time.time())
            self.changed()
            return asdict(push)

    def report_on(self, waybill: Waybill, body: dict[str, Any]) -> dict[str, Any]:
        """Gives an order a state, as its courier reports it; the lock is held."""
        status, at, message = _news(waybill, body)
        is_pushed = given.value(body, "push", bool, True)
        self.riders().report(waybill, status, at=at, message=message, is_pushed=is_pushed)
        self.changed()
        return asdict(waybill)

    def _put(
        self, rows: dict[str, Any], kind: type[Any], key: str, body: dict[str, Any]
    ) -> dict[str, Any]:
        """Makes or changes a row; what is not given stays."""
        known = {field.name for field in fields(kind)}
        if unknown := sorted(body.keys() - known):
            raise ControlError(f"unknown: {', '.join(unknown)}")
        name = given.value(body, key, str)
        with self.lock:
            before = asdict(rows[name]) if name in rows else {}
            try:
                rows[name] = kind(**{**before, **body})
            except TypeError as error:
                raise ControlError(str(error)) from error
            self.changed()
            made: dict[str, Any] = asdict(rows[name])
            return made

    def _known(self, rows: Mapping[str, Any], name: str) -> Any:
        if name not in rows:
            raise ControlError(f"no such row: {name}", 404)
        return rows[name]


def _news(waybill: Waybill, body: Mapping[str, Any]) -> tuple[int, float, str]:
    """Returns which state is told, since when, and with which words."""
    status = given.value(body, "status", int, waybill.status)
    at = given.value(body, "at", float, time.time())
    return status, at, given.value(body, "message", str, "")


def _usual_account(appid: str, delivery_id: str) -> dict[str, Any]:
    if delivery_id == "TEST":
        names = {"shopid": TEST_SHOP, "secret": TEST_SECRET}
    else:
        names = {"shopid": f"{delivery_id.lower()}-demo-shop", "secret": f"{delivery_id}-secret"}
    return {"appid": appid, "delivery_id": delivery_id, **names}
