"""The control API, bad requests, and the command."""

from __future__ import annotations

import json
import os
import signal
import socket
import struct
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from stores.sandbox import (
    ControlError,
    Request,
    SandboxPlatform,
    SandboxServer,
    Subject,
    Switches,
)
from tests.processes import wait_until
from tests.stores.sandbox.bell import (
    ROOT,
    Bell,
    raw,
    ring,
)


def test_the_control_index_names_platforms_kinds_and_routes(server: SandboxServer) -> None:
    index = requests.get(f"{server.url}/_control/", timeout=30).json()
    assert index["platforms"] == ["bell"]
    assert "drop_after" in index["fault_kinds"]
    assert "POST /_control/faults" in index["routes"]


def test_the_control_api_shows_and_clears_arrivals(server: SandboxServer) -> None:
    ring(server)
    url = f"{server.url}/_control/arrivals"
    shown = requests.get(url, params={"platform": "bell", "operation": "ring"}, timeout=30).json()
    assert (shown["count"], shown["most_in_any_second"]) == (1, 1)
    assert shown["arrivals"][0]["outcome"] == "ok"
    assert requests.get(url, params={"operation": "other"}, timeout=30).json()["count"] == 0
    requests.delete(url, timeout=30)
    assert server.arrivals.all() == []


def test_the_control_api_adds_shows_and_clears_faults(server: SandboxServer) -> None:
    url = f"{server.url}/_control/faults"
    requests.post(url, json={"kind": "status_502", "operation": "ring", "times": None}, timeout=30)
    assert ring(server).status_code == 502
    assert requests.get(url, timeout=30).json()["faults"][0]["kind"] == "status_502"
    requests.delete(url, timeout=30)
    assert ring(server).status_code == 200


def test_the_control_api_shows_and_resets_the_state(server: SandboxServer) -> None:
    ring(server)
    server.faults.add(kind="html")
    assert requests.get(f"{server.url}/_control/state", timeout=30).json()["bell"]["rung"] == 1
    assert requests.post(f"{server.url}/_control/reset", timeout=30).json()["bell"]["rung"] == 0
    assert (server.faults.all(), server.arrivals.all()) == ([], [])


def test_a_platform_has_control_routes_of_its_own(tmp_path: Path, bell: Bell) -> None:
    state = tmp_path / "state.json"
    with SandboxServer([bell], state_file=state) as server:
        url = f"{server.url}/_control/bell/rung"
        assert requests.post(url, json={"rung": 7}, timeout=30).json() == {"rung": 7}
        assert requests.get(url, timeout=30).json() == {"rung": 7}
        assert json.loads(state.read_bytes())["bell"]["rung"] == 7


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "_control/nothing", b"", 404),
        ("GET", "_control/bell/nothing", b"", 404),
        ("DELETE", "_control/bell/rung", b"", 405),
        ("PUT", "_control/faults", b"", 405),
        ("POST", "_control/faults", b"{", 400),
        ("POST", "_control/faults", b"[" * 100_000, 400),
        ("POST", "_control/faults", b"[]", 400),
        ("POST", "_control/faults", b"{}", 400),
        ("POST", "_control/faults", b'{"kind": "slow", "colour": 1}', 400),
        ("POST", "_control/bell/rung", b"\xff", 400),
        ("PURGE", "bell/ring", b"", 405),
        ("POST", "bell/ring?" + "a=1&" * 200, b"", 400),
        ("GET", "x" * 70_000, b"", 414),
        ("POST", "bell/ring", b" " * (5 * 1024 * 1024), 413),
    ],
)
def test_bad_requests_get_a_clean_json_answer(
    server: SandboxServer, method: str, path: str, body: bytes, status: int
) -> None:
    answer = requests.request(method, f"{server.url}/{path}", data=body, timeout=30)
    assert (answer.status_code, list(answer.json())) == (status, ["error"])


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"GET / HTTP/9.9\r\n\r\n", 400),
        (b"POST /bell/ring HTTP/1.1\r\nContent-Length: many\r\n\r\n", 400),
        (b"POST /bell/ring HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST /bell/ring HTTP/1.1\r\nContent-Length: 9999999999999999\r\n\r\n", 413),
        (b"POST /bell/ring HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411),
        (b"GET http://[/ HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 200 + b"\r\n", 431),
    ],
)
def test_broken_http_gets_a_clean_json_answer(
    server: SandboxServer, bell: Bell, data: bytes, status: int
) -> None:
    head, _, body = raw(server, data).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % status)
    assert list(json.loads(body)) == ["error"]
    assert bell.rung == 0


def test_a_body_shorter_than_promised_is_not_handled(server: SandboxServer, bell: Bell) -> None:
    assert raw(server, b"POST /bell/ring HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc") == b""
    assert bell.rung == 0


def test_a_head_request_is_answered_without_a_body(server: SandboxServer) -> None:
    answer = raw(server, b"HEAD /nobody HTTP/1.1\r\n\r\n")
    assert answer.endswith(b"\r\n\r\n")


def test_a_caller_who_hangs_up_does_no_harm(
    server: SandboxServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.faults.add(kind="slow", seconds=0.05)
    with socket.create_connection(
        ("127.0.0.1", int(server.url.rsplit(":", 1)[1])), timeout=30
    ) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.sendall(b"POST /bell/ring HTTP/1.1\r\n\r\n")
        wait_until(server.arrivals.all)
    wait_until(lambda: not server._http._connections)
    assert caplog.records == []
    assert ring(server).status_code == 200


def test_a_bug_in_a_platform_shows_no_stack_trace(server: SandboxServer) -> None:
    answer = requests.get(f"{server.url}/bell/crash", timeout=30)
    assert (answer.status_code, "Traceback" in answer.text) == (500, False)


class Nothing(SandboxPlatform[Switches]):
    settings_class = Switches


def test_the_base_platform_offers_nothing() -> None:
    platform = Nothing()
    with pytest.raises(NotImplementedError):
        platform.operation(Request("GET", "/"))
    with pytest.raises(NotImplementedError):
        platform.handle(Request("GET", "/"))
    assert platform.admit(Request("GET", "/")) is None
    assert platform.subject(Request("GET", "/")) == Subject()
    assert platform.snapshot() == {"settings": {}}
    platform.restore({})
    platform.reset()
    with pytest.raises(ControlError, match="no control route"):
        platform.control("anything", None)


def command(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "manage.py", "sandbox", *arguments],
        cwd=ROOT,
        env=dict(os.environ),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_command_says_where_it_listens_and_ends_cleanly(
    tmp_path: Path, number: signal.Signals
) -> None:
    process = command("--port", "0", "--state", str(tmp_path / "state.json"))
    assert process.stdout
    try:
        line = process.stdout.readline()
        url = line.split()[3]
        assert "umember" in requests.get(f"{url}/_control/", timeout=30).json()["platforms"]
    finally:
        process.send_signal(number)
        output, errors = process.communicate(timeout=60)
    assert (process.returncode, output, errors) == (0, "", "")


def test_the_command_explains_a_taken_port(server: SandboxServer) -> None:
    process = command("--port", server.url.rsplit(":", 1)[1])
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "in use" in errors
    assert "Traceback" not in errors
