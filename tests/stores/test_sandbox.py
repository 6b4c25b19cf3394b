from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import requests

from stores.platforms.sandbox import ControlError, FaultScript, Reply, Request, SandboxPlatform, SandboxServer, Subject
from stores.platforms.sandbox.arrivals import ArrivalLog

ROOT = Path(__file__).resolve().parents[2]
LONG = 600.0


class Bell(SandboxPlatform):
    """A platform that counts how often it was rung."""

    prefix = "bell"

    def __init__(self) -> None:
        super().__init__()
        self.rung = 0

    def operation(self, request: Request) -> str:
        return request.path.strip("/")

    def subject(self, request: Request) -> Subject:
        return Subject(account=request.query.get("who", ""))

    def handle(self, request: Request) -> Reply:
        if request.path == "/crash":
            raise RuntimeError("a bug in the sandbox")
        with self.lock:
            self.rung += 1
            self.touch()
            return Reply.json({"rung": self.rung, "text": "叮" * 50}, applied=True)

    def snapshot(self) -> dict[str, Any]:
        return {"rung": self.rung}

    def restore(self, state: Mapping[str, Any]) -> None:
        self.rung = int(state["rung"])

    def reset(self) -> None:
        self.rung = 0

    def control(self, path: str, body: Any) -> Any:
        if path != "rung":
            return super().control(path, body)
        if body is not None:
            self.rung = body["rung"]
            self.touch()
        return {"rung": self.rung}


@pytest.fixture
def bell() -> Bell:
    return Bell()


@pytest.fixture
def server(bell: Bell) -> Iterator[SandboxServer]:
    with SandboxServer([bell]) as server:
        yield server


def ring(server: SandboxServer, **params: str) -> requests.Response:
    return requests.post(f"{server.url}/bell/ring", params=params, timeout=30)


def ring_aside(server: SandboxServer) -> threading.Thread:
    def call() -> None:
        with contextlib.suppress(requests.RequestException):
            ring(server)

    thread = threading.Thread(target=call)
    thread.start()
    return thread


def wait_for(condition: Any) -> None:
    patience = threading.Event()
    for _ in range(3000):
        if condition():
            return
        patience.wait(0.01)
    raise AssertionError("it never happened")


def raw(server: SandboxServer, data: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", int(server.url.rsplit(":", 1)[1])), timeout=30) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while chunk := connection.recv(65_536):
            answer += chunk
        return answer


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
    [("status_500", 500, 0), ("status_502", 502, 0), ("status_503", 503, 0), ("status_500_after", 500, 1)],
)
def test_a_server_error_comes_before_or_after_applying(
    server: SandboxServer, bell: Bell, kind: str, status: int, rung: int
) -> None:
    server.faults.add(operation="ring", kind=kind)
    assert ring(server).status_code == status
    assert bell.rung == rung
    assert server.arrivals.all()[0].applied is bool(rung)


def test_an_html_page_comes_with_status_200_and_applies_nothing(server: SandboxServer, bell: Bell) -> None:
    server.faults.add(kind="html")
    answer = ring(server)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert bell.rung == 0


def test_half_a_body_is_cut_off_after_applying(server: SandboxServer, bell: Bell) -> None:
    server.faults.add(kind="half_body")
    with pytest.raises(requests.RequestException):
        ring(server)
    assert bell.rung == 1


@pytest.mark.parametrize(("kind", "status"), [("wrong_types", 200), ("throttle", 429), ("auth", 401)])
def test_the_platform_words_its_own_refusals(server: SandboxServer, bell: Bell, kind: str, status: int) -> None:
    server.faults.add(kind=kind)
    answer = ring(server)
    assert answer.status_code == status
    answer.json()
    assert bell.rung == 0


@pytest.mark.parametrize(("kind", "rung"), [("slow", 0), ("slow_after", 1)])
def test_a_slow_answer_waits_before_or_after_applying(server: SandboxServer, bell: Bell, kind: str, rung: int) -> None:
    server.faults.add(kind=kind, seconds=LONG)
    caller = ring_aside(server)
    wait_for(lambda: server.arrivals.all() and bell.rung == rung)
    server.stop()
    caller.join()
    assert bell.rung == rung


def test_a_slow_answer_comes_in_the_end(server: SandboxServer) -> None:
    server.faults.add(kind="slow", seconds=0.05)
    server.faults.add(kind="slow_after", seconds=0.05)
    assert [ring(server).json()["rung"] for _ in range(2)] == [1, 2]
    assert [arrival.outcome for arrival in server.arrivals.all()] == ["fault:slow", "fault:slow_after"]


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


def test_a_request_on_its_way_when_the_server_stops_never_arrives(server: SandboxServer, bell: Bell) -> None:
    server.faults.add(kind="jitter", jitter=LONG)
    caller = ring_aside(server)
    wait_for(lambda: server._http._connections)
    server.stop()
    caller.join()
    assert (server.arrivals.all(), bell.rung) == ([], 0)


def test_starting_and_stopping_twice_is_harmless(server: SandboxServer) -> None:
    server.start()
    server.stop()
    server.stop()
    server.close()


def test_serve_forever_ends_when_another_thread_stops_it(bell: Bell) -> None:
    server = SandboxServer([bell])
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    wait_for(lambda: server._thread)
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
        assert json.loads(state.read_bytes()) == {"bell": {"rung": 1}}
        server.faults.add(kind="drop_after")
        with pytest.raises(requests.ConnectionError):
            ring(server)
        assert json.loads(state.read_bytes()) == {"bell": {"rung": 2}}
    with SandboxServer([Bell()], state_file=state) as server:
        assert ring(server).json()["rung"] == 3
    assert [path.name for path in state.parent.iterdir()] == ["state.json"]


def test_no_change_is_lost_to_the_state_file_under_load(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    with SandboxServer([Bell()], state_file=state) as server:
        for thread in [ring_aside(server) for _ in range(50)]:
            thread.join()
        assert json.loads(state.read_bytes()) == {"bell": {"rung": 50}}


@pytest.mark.parametrize("content", ["", "[1]x", '{"bell": {"rung": "many"}}', '{"bell": 5}', "5"])
def test_a_foreign_state_file_is_refused(tmp_path: Path, bell: Bell, content: str) -> None:
    state = tmp_path / "state.json"
    state.write_text(content)
    with pytest.raises(ValueError, match="not a sandbox state file"):
        SandboxServer([bell], state_file=state)


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
    assert requests.get(f"{server.url}/_control/state", timeout=30).json() == {"bell": {"rung": 1}}
    assert requests.post(f"{server.url}/_control/reset", timeout=30).json() == {"bell": {"rung": 0}}
    assert (server.faults.all(), server.arrivals.all()) == ([], [])


def test_a_platform_has_control_routes_of_its_own(tmp_path: Path, bell: Bell) -> None:
    state = tmp_path / "state.json"
    with SandboxServer([bell], state_file=state) as server:
        url = f"{server.url}/_control/bell/rung"
        assert requests.post(url, json={"rung": 7}, timeout=30).json() == {"rung": 7}
        assert requests.get(url, timeout=30).json() == {"rung": 7}
        assert json.loads(state.read_bytes()) == {"bell": {"rung": 7}}


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
def test_broken_http_gets_a_clean_json_answer(server: SandboxServer, bell: Bell, data: bytes, status: int) -> None:
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


def test_a_caller_who_hangs_up_does_no_harm(server: SandboxServer, caplog: pytest.LogCaptureFixture) -> None:
    server.faults.add(kind="slow", seconds=0.05)
    with socket.create_connection(("127.0.0.1", int(server.url.rsplit(":", 1)[1])), timeout=30) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.sendall(b"POST /bell/ring HTTP/1.1\r\n\r\n")
        wait_for(server.arrivals.all)
    wait_for(lambda: not server._http._connections)
    assert caplog.records == []
    assert ring(server).status_code == 200


def test_a_bug_in_a_platform_shows_no_stack_trace(server: SandboxServer) -> None:
    answer = requests.get(f"{server.url}/bell/crash", timeout=30)
    assert (answer.status_code, "Traceback" in answer.text) == (500, False)


def test_the_base_platform_offers_nothing() -> None:
    platform = SandboxPlatform()
    with pytest.raises(NotImplementedError):
        platform.operation(Request("GET", "/"))
    with pytest.raises(NotImplementedError):
        platform.handle(Request("GET", "/"))
    assert platform.admit(Request("GET", "/")) is None
    assert platform.subject(Request("GET", "/")) == Subject()
    assert platform.snapshot() == {}
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
def test_the_command_says_where_it_listens_and_ends_cleanly(tmp_path: Path, number: signal.Signals) -> None:
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
