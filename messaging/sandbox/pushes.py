"""Pushes to a developer's addresses: their forms, and when each one is tried (again)."""

from __future__ import annotations

import contextlib
import heapq
import http.client
import json
import time
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

from .accounts import EVENTS, Developer, Shop
from .settings import Settings
from .shapes import as_text
from .signing import signature, signed

LANES = 4
KEPT = 5_000
LARGEST_ANSWER = 100_000
MESSAGE_TYPE = "210069"
WAITING, HELD, LOST, ACKNOWLEDGED = "waiting", "held", "lost", "acknowledged"
GIVEN_UP, NO_ADDRESS = "given_up", "no_address"
PENDING = (WAITING, HELD)


@dataclass
class Push:
    """One push. `fields` are those of the form without the sign; times are Unix seconds.

    `state` is waiting (also between two tries), held, lost, acknowledged, given_up, or no_address
    when the developer registered none. Pushes about one `subject` are sent in order.
    """

    number: int
    event: str
    developer_id: int
    e_poi_id: str
    subject: str
    fields: dict[str, str]
    created_at: float
    due: float
    state: str = WAITING
    tries: list[dict[str, Any]] = field(default_factory=list)

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


class PushQueue:
    """All pushes that wait, and the last ones that do not. A caller holds the platform's lock."""

    def __init__(self) -> None:
        self.last = 0
        self._pushes: dict[int, Push] = {}
        self._lanes: list[list[tuple[float, int]]] = [[] for _ in range(LANES)]

    def add(self, push: Push) -> None:
        self._pushes[push.number] = push
        if push.state == WAITING:
            heapq.heappush(self._lanes[push.lane], (push.due, push.number))
        if len(self._pushes) > 2 * KEPT:
            settled = [number for number, row in self._pushes.items() if row.state not in PENDING]
            for number in settled[:-KEPT]:
                del self._pushes[number]

    def next_number(self) -> int:
        self.last += 1
        return self.last

    def all(self) -> list[Push]:
        return list(self._pushes.values())

    def find(self, number: int) -> Push | None:
        return self._pushes.get(number)

    def take(self, lane: int, now: float) -> Push | None:
        """Returns the next push of the lane that is due; it comes back by `retry`."""
        waiting = self._lanes[lane]
        if not waiting or waiting[0][0] > now:
            return None
        return self._pushes[heapq.heappop(waiting)[1]]

    def next_due(self, lane: int) -> float | None:
        waiting = self._lanes[lane]
        return waiting[0][0] if waiting else None

    def retry(self, push: Push, due: float) -> None:
        """Has a push that is in no lane sent at this time."""
        push.state = WAITING
        push.due = due
        self._pushes[push.number] = push
        heapq.heappush(self._lanes[push.lane], (due, push.number))

    def release(self) -> None:
        """Has all held pushes sent now, in order."""
        for push in [row for row in self._pushes.values() if row.state == HELD]:
            self.retry(push, time.time())

    def dump(self) -> dict[str, Any]:
        """Returns those that still wait; the log of the others is kept while the sandbox runs."""
        rows = [asdict(push) for push in self._pushes.values() if push.state in PENDING]
        return {"last": self.last, "rows": rows}

    @classmethod
    def from_dump(cls, state: Mapping[str, Any]) -> PushQueue:
        queue = cls()
        queue.last = int(state["last"])
        for row in state["rows"]:
            queue.add(Push(**row))
        return queue


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


@dataclass(frozen=True)
class Parcel:
    """A signed form on its way."""

    url: str
    fields: Mapping[str, str]
    timeout: float


def parcel(push: Push, developer: Developer, settings: Settings) -> Parcel:
    """Signs a push with the developer's present key, or wrongly while the setting says so."""
    fields = signed(developer.sign_key, push.fields)
    if settings.wrong_sign_next:
        settings.wrong_sign_next -= 1
        fields["sign"] = signature(f"{developer.sign_key}?", push.fields)
    return Parcel(developer.push[push.event], fields, settings.push_timeout)


def send(made: Parcel) -> dict[str, Any]:
    """Posts the form; returns the try: `status` and `answer`, or `error`; `at` and `seconds`."""
    parts = urlsplit(made.url)
    kind: type[http.client.HTTPConnection] = http.client.HTTPConnection
    if parts.scheme == "https":
        kind = http.client.HTTPSConnection
    started = time.time()
    tried: dict[str, Any] = {"at": started, "status": None, "answer": "", "error": ""}
    path = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
    headers = {"Content-Type": "application/x-www-form-urlencoded; charset=UTF-8"}
    try:
        connection = kind(parts.hostname or "", parts.port, timeout=made.timeout)
        with contextlib.closing(connection):
            connection.request("POST", path, urlencode(made.fields).encode(), headers)
            response = connection.getresponse()
            tried["status"] = response.status
            tried["answer"] = response.read(LARGEST_ANSWER).decode("utf-8", "replace")
    except TimeoutError:
        tried["error"] = "timeout"
    except (OSError, http.client.HTTPException, ValueError) as error:
        tried["error"] = type(error).__name__
    tried["seconds"] = round(time.time() - started, 4)
    return tried


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
