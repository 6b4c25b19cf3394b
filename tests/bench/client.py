"""A merchant's system: the requests that it sends to the REST API."""

import http.client
import json
import time
from dataclasses import dataclass
from typing import Any

from stores.fields import keyed_hash
from tests.bench import load
from tests.bench.load import Load
from tests.bench.processes import Broken
from tests.bench.shops import Shop, code_of
from tests.bench.web import Web
from tests.stores.factories import api_key

CONNECTIONS = 8


@dataclass(frozen=True)
class Caller:
    """Someone with an API key of one shop's merchant."""

    shop: Shop
    secret: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.secret}", "Content-Type": "application/json"}

    @property
    def path(self) -> str:
        return f"/api/v1/stores/{self.shop.store.pk}/verifications/"

    @property
    def digest(self) -> str:
        return keyed_hash(self.secret)

    def verification(self, number: int) -> bytes:
        """A request for code `number`, with an idempotency key of its own."""
        headers = self.headers | {"Idempotency-Key": f"bench-{number}"}
        return load.http("POST", self.path, headers=headers, body=self._body(number))

    def note(self, number: int) -> bytes:
        """The same for the bare view."""
        return load.http("POST", "/notes/", headers=self.headers, body=self._body(number))

    def _body(self, number: int) -> bytes:
        return json.dumps({"code": code_of(self.shop, number)}).encode()

    def get(self, path: str) -> bytes:
        return load.http("GET", path, headers=self.headers)

    def warm_up(self, *webs: Web) -> None:
        """Has every worker process of the servers answer a few times: the first answer costs half a
        second.
        """
        for web in webs:
            load.drive(
                web.address,
                lambda _: self.get("/api/v1/stores/"),
                count=80,
                connections=CONNECTIONS * 2,
            )


def caller_of(shop: Shop) -> Caller:
    return Caller(shop, api_key(shop.store.merchant)[1])


def post_queued(web: Web, caller: Caller, *, count: int, first: int) -> Load:
    """Requests that can only be queued, because the account's slot is taken."""
    answered = load.drive(
        web.address, caller.verification, count=count, connections=CONNECTIONS, first=first
    )
    answered.expect(201)
    if b'"queued"' not in answered.last:
        raise Broken(f"a verification was not queued: {answered.last[:600]!r}")
    return answered


def verify(
    connection: http.client.HTTPConnection, caller: Caller, number: int
) -> tuple[float, dict[str, Any]]:
    """Seconds until the answer of a request that waits for its result, and the answer."""
    headers = caller.headers | {"Idempotency-Key": f"bench-{number}"}
    started = time.perf_counter()
    connection.request("POST", f"{caller.path}?wait=10", body=caller._body(number), headers=headers)
    response = connection.getresponse()
    answer = response.read()
    seconds = time.perf_counter() - started
    if response.status != 201:
        raise Broken(f"HTTP {response.status} for a verification: {answer[:600]!r}")
    return seconds, json.loads(answer)
