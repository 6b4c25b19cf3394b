"""One request over a real socket: what was surely not sent, what nobody can tell, and how long it
may take.
"""

import logging
import socket
import struct
import time
from collections.abc import Callable, Iterator

import pytest

from stores.platforms.client import PlatformClient
from stores.platforms.errors import NotSent, PlatformError, TimedOut, Unknown
from tests.canned import Canned, answer


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port that nobody listens on, kept so that nobody else takes it."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


def client(url: str, timeout: tuple[float, float] = (1.0, 1.0)) -> PlatformClient:
    return PlatformClient(url, timeout=timeout)


def failure(url: str, timeout: tuple[float, float] = (1.0, 1.0), **fields: object) -> PlatformError:
    with pytest.raises(PlatformError) as caught:
        client(url, timeout).request("POST", "/verify", **fields)  # type: ignore[arg-type]
    return caught.value


def dribble(data: bytes) -> Callable[[socket.socket], None]:
    def play(connection: socket.socket) -> None:
        for n in range(len(data)):
            connection.sendall(data[n : n + 1])
            time.sleep(0.1)

    return play


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def test_a_whole_answer_is_read() -> None:
    with Canned(answer('{"code": 1}', 418)) as server:
        got = client(server.url).request(
            "GET", "/a", params={"q": "x y"}, headers={"Authorization": "t"}
        )
    assert (got.status, got.json_object()) == (418, {"code": 1})
    assert server.requests[0].startswith(b"GET /a?q=x+y HTTP/1.1\r\n")
    assert b"Authorization: t\r\n" in server.requests[0]


def test_the_turn_is_taken_before_each_request() -> None:
    taken: list[int] = []
    with Canned(answer("{}"), answer("{}")) as server:
        asking = PlatformClient(
            server.url, timeout=(1, 1), wait_for_slot=lambda: taken.append(len(server.requests))
        )
        asking.request("GET", "/")
        asking.request("GET", "/")
    assert taken == [0, 1]


def test_no_turn_no_request() -> None:
    def refuse() -> None:
        raise NotSent("no slot")

    with Canned(answer("{}")) as server, pytest.raises(NotSent):
        PlatformClient(server.url, timeout=(1, 1), wait_for_slot=refuse).request("GET", "/")
    assert server.requests == []


def test_a_refused_connection_sent_nothing(closed_port: int) -> None:
    assert type(failure(f"http://127.0.0.1:{closed_port}")) is NotSent


@pytest.mark.parametrize(
    "url",
    [
        "http://",
        "nonsense",
        "ftp://127.0.0.1",
        "http://[::1",
        "http://no-such-host.invalid",
        f"http://{'a' * 70}.b",
    ],
)
def test_an_address_that_leads_nowhere_sent_nothing(url: str) -> None:
    assert type(failure(url)) is NotSent


def test_a_header_that_cannot_be_sent_sent_nothing() -> None:
    with Canned() as server:
        assert type(failure(server.url, headers={"Authorization": "a\r\nb"})) is NotSent
    assert server.requests == []


def test_a_failed_tls_handshake_sent_nothing() -> None:
    with Canned(answer("{}")) as server:
        error = failure(server.url.replace("http:", "https:"))
    assert type(error) is NotSent


@pytest.mark.parametrize(
    "play",
    [
        b"",
        b"HTTP/1.1 20",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc",
        b"\x00\x01\x02 not http at all\r\n\r\n",
        reset,
    ],
)
def test_after_sending_nobody_can_tell(play: bytes | Callable[[socket.socket], None]) -> None:
    with Canned(play) as server:
        assert type(failure(server.url)) is Unknown
    assert len(server.requests) == 1


def test_silence_is_cut_off_by_the_timeout() -> None:
    with Canned(lambda connection: time.sleep(3)) as server:
        assert type(failure(server.url, (0.3, 0.3))) is TimedOut


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 600,
        b"HTTP/1.1 200 OK\r\nContent-Length: 600\r\n\r\n" + b" " * 600,
    ],
    ids=["head", "body"],
)
def test_a_dribbling_answer_is_cut_off_although_no_pause_is_long(data: bytes) -> None:
    head = data.find(b"\r\n\r\n")

    def play(connection: socket.socket) -> None:
        if head > 0:
            connection.sendall(data[: head + 4])
        dribble(data[head + 4 :] if head > 0 else data)(connection)

    with Canned(play) as server:
        started = time.monotonic()
        assert type(failure(server.url, (0.5, 0.5))) is TimedOut
    assert time.monotonic() - started < 20


def test_an_endless_answer_is_cut_off() -> None:
    def play(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            connection.sendall(b"x" * 65_536)

    with Canned(play) as server:
        error = failure(server.url, (5.0, 5.0))
    assert type(error) is Unknown
    assert "2000000 bytes" in error.detail


def test_redirects_are_not_followed() -> None:
    with Canned(answer("", 302, Location="http://127.0.0.1:1/elsewhere")) as server:
        got = client(server.url).request("GET", "/")
    assert got.status == 302
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[1]",
        b"null",
        b"\xff\xfe\x00",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"1" * 10_000,
    ],
)
def test_what_is_no_json_object_is_unknown(body: bytes) -> None:
    with Canned(answer(body)) as server:
        got = client(server.url, (5.0, 5.0)).request("GET", "/")
    with pytest.raises(Unknown):
        got.json_object()


def test_an_excerpt_can_be_stored_whatever_was_sent() -> None:
    with Canned(answer(b"a\x00b \xff\xed\xa0\x80 c" * 100)) as server:
        got = client(server.url).request("GET", "/")
    assert len(got.excerpt) <= 300
    assert "\x00" not in got.excerpt
    assert got.excerpt.encode()


def test_a_garbled_head_brings_nothing_that_was_asked_into_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    with Canned(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nno header at all\r\n\r\n{}") as server:
        client(server.url).request("GET", "/detail", params={"coupon_code": "123456789012"})
    assert "/detail: HTTP 200" in caplog.text
    assert "123456789012" not in caplog.text


def test_neither_log_nor_error_holds_what_was_asked(
    closed_port: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    with Canned(answer("{}")) as server:
        client(server.url).request("GET", "/detail", params={"coupon_code": "123456789012"})
    error = failure(f"http://127.0.0.1:{closed_port}", params={"coupon_code": "123456789012"})
    logging.getLogger("test").exception("shown", exc_info=error)
    assert "123456789012" not in caplog.text
    assert "/detail: HTTP 200" in caplog.text
