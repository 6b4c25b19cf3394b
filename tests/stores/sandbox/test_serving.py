"""A platform served on a real socket: what arrives, stops, starts and is remembered."""

from __future__ import annotations

import requests

from stores.sandbox import SandboxServer, Subject
from stores.sandbox.arrivals import ArrivalLog
from tests.stores.sandbox.bell import (
    Bell,
    ring,
    ring_aside,
)


def test_a_platform_is_served_below_its_prefix(server: SandboxServer) -> None:
    answer = ring(server)
    assert (answer.status_code, answer.json()["rung"]) == (200, 1)
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"


def test_a_connection_is_kept_for_many_requests(server: SandboxServer, bell: Bell) -> None:
    with requests.Session() as session:
        for _ in range(20):
            session.post(f"{server.url}/bell/ring", timeout=30)
        assert len(server._http._connections) == 1
    assert bell.rung == 20


def test_an_unknown_platform_is_not_found(server: SandboxServer) -> None:
    answer = requests.get(f"{server.url}/nobody/there", timeout=30)
    assert (answer.status_code, list(answer.json())) == (404, ["error"])


def test_two_hundred_callers_are_served_at_once(server: SandboxServer, bell: Bell) -> None:
    threads = [ring_aside(server) for _ in range(200)]
    for thread in threads:
        thread.join()
    assert bell.rung == 200


def test_an_arrival_tells_what_came_and_what_became_of_it(server: SandboxServer) -> None:
    ring(server, who="li")
    (arrival,) = server.arrivals.all()
    assert (arrival.platform, arrival.operation, arrival.account) == ("bell", "ring", "li")
    assert (arrival.outcome, arrival.applied) == ("ok", True)


def test_arrivals_are_filtered_and_cleared(server: SandboxServer) -> None:
    ring(server, who="li")
    ring(server, who="wu")
    assert len(server.arrivals.all(platform="bell", operation="ring")) == 2
    assert len(server.arrivals.all(account="wu")) == 1
    assert server.arrivals.all(operation="other") == []
    server.arrivals.clear()
    assert server.arrivals.all() == []


def test_the_most_in_any_window_excludes_its_end() -> None:
    log = ArrivalLog()
    for at in (0.0, 0.5, 1.0, 1.375, 3.0):
        log.record("bell", "ring", Subject()).at = at
    assert log.most_in_any(1.0) == 3
    assert log.most_in_any(0.5) == 2
    assert log.most_in_any(0.375) == 1
    assert ArrivalLog().most_in_any(1.0) == 0
