"""A server that stops and starts, and what its state file keeps."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest
import requests

from stores.sandbox import SandboxServer
from tests.processes import wait_until
from tests.stores.sandbox.bell import (
    LONG,
    Bell,
    ring,
    ring_aside,
)


def test_a_stopped_server_refuses_and_a_started_one_remembers(server: SandboxServer) -> None:
    ring(server)
    server.stop()
    with pytest.raises(requests.ConnectionError):
        ring(server)
    server.start()
    assert ring(server).json()["rung"] == 2


def test_stopping_cuts_the_connections_that_are_open(server: SandboxServer) -> None:
    with requests.Session() as session:
        session.post(f"{server.url}/bell/ring", timeout=30)
        server.stop()
        with pytest.raises(requests.ConnectionError):
            session.post(f"{server.url}/bell/ring", timeout=30)


def test_a_request_on_its_way_when_the_server_stops_never_arrives(
    server: SandboxServer, bell: Bell
) -> None:
    server.faults.add(kind="jitter", jitter=LONG)
    caller = ring_aside(server)
    wait_until(lambda: server._http._connections)
    server.stop()
    caller.join()
    assert (server.arrivals.all(), bell.rung) == ([], 0)


def test_starting_and_stopping_twice_is_harmless(server: SandboxServer) -> None:
    server.start()
    server.stop()
    server.stop()
    server.close()
    assert server._thread is None


def test_a_platform_starts_and_stops_with_its_server() -> None:
    calls: list[str] = []

    class Clock(Bell):
        def start(self) -> None:
            calls.append("start")

        def stop(self) -> None:
            calls.append("stop")

    server = SandboxServer([Clock()])
    assert calls == []
    with server:
        server.stop()
        server.start()
    assert calls == ["start", "stop"] * 2


def test_serve_forever_ends_when_another_thread_stops_it(bell: Bell) -> None:
    server = SandboxServer([bell])
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    wait_until(lambda: server._thread)
    ring(server)
    server.stop()
    serving.join()
    server.close()
    assert bell.rung == 1


def test_a_port_in_use_is_an_error_at_once(server: SandboxServer, bell: Bell) -> None:
    with pytest.raises(OSError, match="in use"):
        SandboxServer([bell], port=int(server.url.rsplit(":", 1)[1]))


def test_the_state_file_has_a_change_before_its_answer(tmp_path: Path) -> None:
    state = tmp_path / "deeper" / "state.json"
    with SandboxServer([Bell()], state_file=state) as server:
        ring(server)
        assert json.loads(state.read_bytes())["bell"]["rung"] == 1
        server.faults.add(kind="drop_after")
        with pytest.raises(requests.ConnectionError):
            ring(server)
        assert json.loads(state.read_bytes())["bell"]["rung"] == 2
    with SandboxServer([Bell()], state_file=state) as server:
        assert ring(server).json()["rung"] == 3
    assert [path.name for path in state.parent.iterdir()] == ["state.json"]


def test_no_change_is_lost_to_the_state_file_under_load(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    with SandboxServer([Bell()], state_file=state) as server:
        for thread in [ring_aside(server) for _ in range(50)]:
            thread.join()
        assert json.loads(state.read_bytes())["bell"]["rung"] == 50


@pytest.mark.parametrize("content", ["", "[1]x", '{"bell": {"rung": "many"}}', '{"bell": 5}', "5"])
def test_a_foreign_state_file_is_refused(tmp_path: Path, bell: Bell, content: str) -> None:
    state = tmp_path / "state.json"
    state.write_text(content)
    with pytest.raises(ValueError, match="not a sandbox state file"):
        SandboxServer([bell], state_file=state)
