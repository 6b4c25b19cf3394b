"""Faults strike as they are told to."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from stores.sandbox import FaultScript, SandboxServer
from tests.processes import wait_until
from tests.stores.sandbox.bell import (
    LONG,
    Bell,
    ring,
    ring_aside,
)


@pytest.mark.parametrize("kind", ["drop_before", "drop_after"])
def test_a_dropped_request_gets_no_answer(server: SandboxServer, bell: Bell, kind: str) -> None:
    server.faults.add(operation="ring", kind=kind)
    with pytest.raises(requests.ConnectionError):
        ring(server)
    assert bell.rung == (1 if kind == "drop_after" else 0)
    (arrival,) = server.arrivals.all()
    assert (arrival.outcome, arrival.applied) == (f"fault:{kind}", kind == "drop_after")


@pytest.mark.parametrize(
    ("kind", "status", "rung"),
    [
        ("status_500", 500, 0),
        ("status_502", 502, 0),
        ("status_503", 503, 0),
        ("status_500_after", 500, 1),
    ],
)
def test_a_server_error_comes_before_or_after_applying(
    server: SandboxServer, bell: Bell, kind: str, status: int, rung: int
) -> None:
    server.faults.add(operation="ring", kind=kind)
    assert ring(server).status_code == status
    assert bell.rung == rung
    assert server.arrivals.all()[0].applied is bool(rung)


def test_an_html_page_comes_with_status_200_and_applies_nothing(
    server: SandboxServer, bell: Bell
) -> None:
    server.faults.add(kind="html")
    answer = ring(server)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert bell.rung == 0


def test_half_a_body_is_cut_off_after_applying(server: SandboxServer, bell: Bell) -> None:
    server.faults.add(kind="half_body")
    with pytest.raises(requests.RequestException):
        ring(server)
    assert bell.rung == 1


@pytest.mark.parametrize(
    ("kind", "status"), [("wrong_types", 200), ("throttle", 429), ("auth", 401)]
)
def test_the_platform_words_its_own_refusals(
    server: SandboxServer, bell: Bell, kind: str, status: int
) -> None:
    server.faults.add(kind=kind)
    answer = ring(server)
    assert answer.status_code == status
    answer.json()
    assert bell.rung == 0


@pytest.mark.parametrize(("kind", "rung"), [("slow", 0), ("slow_after", 1)])
def test_a_slow_answer_waits_before_or_after_applying(
    server: SandboxServer, bell: Bell, kind: str, rung: int
) -> None:
    server.faults.add(kind=kind, seconds=LONG)
    caller = ring_aside(server)
    wait_until(lambda: server.arrivals.all() and bell.rung == rung)
    server.stop()
    caller.join()
    assert bell.rung == rung


def test_a_slow_answer_comes_in_the_end(server: SandboxServer) -> None:
    server.faults.add(kind="slow", seconds=0.05)
    server.faults.add(kind="slow_after", seconds=0.05)
    assert [ring(server).json()["rung"] for _ in range(2)] == [1, 2]
    assert [arrival.outcome for arrival in server.arrivals.all()] == [
        "fault:slow",
        "fault:slow_after",
    ]


def test_a_fault_strikes_as_often_as_it_says(server: SandboxServer) -> None:
    server.faults.add(kind="status_500", times=2)
    assert [ring(server).status_code for _ in range(3)] == [500, 500, 200]


def test_a_fault_without_times_strikes_until_cleared(server: SandboxServer) -> None:
    server.faults.add(kind="status_503", times=None)
    assert [ring(server).status_code for _ in range(3)] == [503, 503, 503]
    server.faults.clear()
    assert ring(server).status_code == 200


def test_a_fault_strikes_only_its_platform_and_operation(server: SandboxServer) -> None:
    server.faults.add(kind="status_500", operation="other")
    server.faults.add(kind="status_500", platform="whistle")
    assert ring(server).status_code == 200


def test_a_probable_fault_strikes_the_same_requests_every_time() -> None:
    def struck() -> list[bool]:
        script.clear()
        script.add(kind="drop_after", times=None, probability=0.5)
        return [script.take("bell", "ring") is not None for _ in range(50)]

    script = FaultScript()
    first = struck()
    assert 0 < sum(first) < 50
    assert struck() == first


def test_jitter_delays_arrivals_and_leaves_the_outcome_alone(server: SandboxServer) -> None:
    server.faults.add(kind="jitter", jitter=0.01)
    assert [ring(server).status_code for _ in range(3)] == [200, 200, 200]
    assert {arrival.outcome for arrival in server.arrivals.all()} == {"ok"}
    assert 0 <= server.faults.delay("bell", "ring") <= 0.02


@pytest.mark.parametrize(
    "rule",
    [
        {"kind": "earthquake"},
        {"kind": "slow", "times": 0},
        {"kind": "slow", "times": True},
        {"kind": "slow", "seconds": -1},
        {"kind": "slow", "seconds": "1"},
        {"kind": "slow", "operation": 5},
    ],
)
def test_a_senseless_fault_is_refused(server: SandboxServer, rule: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        server.faults.add(**rule)
    assert requests.post(f"{server.url}/_control/faults", json=rule, timeout=30).status_code == 400
    assert server.faults.all() == []
