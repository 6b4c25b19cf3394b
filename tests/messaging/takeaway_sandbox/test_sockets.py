"""Meituan's side of the chat's sockets, met by the library of our side."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote

import pytest
import requests
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from messaging.sandbox.signing import decrypt
from stores.sandbox import SandboxServer
from tests.messaging.takeaway_sandbox.calling import SECRET, SHOP, Provider, get, post
from tests.messaging.takeaway_sandbox.test_chat import sent
from tests.processes import wait_until

IM = "/waimai/ng/im/"
USER = 880012345


def token(provider: Provider) -> str:
    data = provider.ok(f"{IM}getConnectionTokenWithCount", {"required_token_count": 1})
    found: str = data["token_infos"][0]["connectionToken"]
    return f"{data['appkey']}/{found}"


@contextmanager
def socket(server: SandboxServer, address: str) -> Iterator[ClientConnection]:
    base = server.url.replace("http", "ws")
    url = f"{base}/takeaway/websocket/{address}"
    with connect(url, ping_interval=None, compression=None) as opened:
        opened.send("~#HHHBBB#~")
        assert opened.recv(timeout=10) == "HB"
        yield opened


def write(server: SandboxServer, text: str, **changes: Any) -> None:
    post(server, "messages", {"epoi_id": SHOP, "open_user_id": USER, "text": text, **changes})


def said(frame: str | bytes) -> str:
    content = json.loads(frame)["push_content"]
    return decrypt(SECRET, content["msg_content"])


def test_a_message_comes_on_every_socket_of_its_store(
    server: SandboxServer, provider: Provider
) -> None:
    with socket(server, token(provider)) as one, socket(server, token(provider)) as other:
        write(server, "在吗😀")
        assert [said(each.recv(timeout=10)) for each in (one, other)] == ["在吗😀"] * 2
    assert provider.ok(f"{IM}getConnectionToken")["userCount"] == 0


def test_a_stores_token_hears_that_store_and_the_accounts_token_all(
    server: SandboxServer, provider: Provider, reader: Provider
) -> None:
    data = provider.ok(f"{IM}getConnectionToken")
    whole = f"{data['connectionId']}/{data['connectionToken']}"
    data = reader.ok("/wmoper/ng/im/getConnectionTokenWithCount", {"required_token_count": 1})
    theirs = f"{data['appkey']}/{data['token_infos'][0]['connectionToken']}"
    with socket(server, whole) as all_stores, socket(server, theirs) as one_store:
        write(server, "一")
        write(server, "二", epoi_id="shop-016")
        assert said(one_store.recv(timeout=10)) == "二"
        assert [said(all_stores.recv(timeout=10)) for _ in range(2)] == ["一", "二"]


def test_an_echo_has_a_number_that_the_sender_never_saw(
    server: SandboxServer, provider: Provider
) -> None:
    write(server, "在吗")
    with socket(server, token(provider)) as opened:
        provider.ok(f"{IM}msg/send", sent("您好"))
        content = json.loads(opened.recv(timeout=10))["push_content"]
    assert (content["msg_source"], content["msg_id"] != 1616400000001) == (1, True)


def test_a_token_has_one_socket_and_the_newest_wins(
    server: SandboxServer, provider: Provider
) -> None:
    address = token(provider)
    with socket(server, address) as first, socket(server, address) as second:
        with pytest.raises(ConnectionClosed):
            first.recv(timeout=10)
        write(server, "在吗")
        assert said(second.recv(timeout=10)) == "在吗"


@pytest.mark.parametrize("address", ["", "100000_WMOPEN/nobody", "nobody/nobody", "a/b/c"])
def test_a_stranger_gets_no_socket(server: SandboxServer, address: str) -> None:
    with pytest.raises(InvalidStatus) as refusal, socket(server, address):
        pass
    assert refusal.value.response.status_code == 404


def test_a_request_that_is_no_handshake_is_refused(
    server: SandboxServer, provider: Provider
) -> None:
    url = f"{server.url}/takeaway/websocket/{token(provider)}"
    answer = requests.get(url, headers={"Upgrade": "websocket"}, timeout=10)
    assert answer.status_code == 400


def test_a_silent_client_is_cut(server: SandboxServer, provider: Provider) -> None:
    post(server, "settings", {"socket_silence_seconds": 0.5})
    with socket(server, token(provider)) as opened:
        began = time.monotonic()
        with pytest.raises(ConnectionClosed):
            opened.recv(timeout=10)
        assert time.monotonic() - began >= 0.4


def test_sockets_are_refused_cut_and_without_signs_of_life(
    server: SandboxServer, provider: Provider
) -> None:
    with socket(server, token(provider)) as opened:
        assert get(server, "sockets")["sockets"][0]["epoi_id"] == SHOP
        post(server, "settings", {"socket_answers_beat": False})
        opened.send("~#HHHBBB#~")
        with pytest.raises(TimeoutError):
            opened.recv(timeout=0.5)
        assert post(server, "sockets/cut")["cut"] == 1
        with pytest.raises(ConnectionClosed):
            opened.recv(timeout=10)
    wait_until(lambda: get(server, "sockets")["sockets"] == [])
    post(server, "settings", {"sockets": "refuse"})
    with pytest.raises(InvalidStatus), socket(server, token(provider)):
        pass


def test_a_fault_refuses_a_socket(server: SandboxServer, provider: Provider) -> None:
    server.faults.add(kind="status_503", operation="socket")
    address = token(provider)
    with pytest.raises(InvalidStatus) as refusal, socket(server, address):
        pass
    assert refusal.value.response.status_code == 503
    server.faults.add(kind="drop_before", operation="socket")
    with pytest.raises((EOFError, InvalidHandshake)), socket(server, address):
        pass
    with socket(server, address):
        pass


def test_frames_are_encoded_doubled_and_reordered(
    server: SandboxServer, provider: Provider
) -> None:
    switches = {
        "socket_percent_encoded": True,
        "socket_copies": 1,
        "socket_reordered": True,
        "socket_store_field": "ePoiId",
    }
    post(server, "settings", switches)
    with socket(server, token(provider)) as opened:
        for text in ("一", "二"):
            write(server, text)
        frames = [str(opened.recv(timeout=10)) for _ in range(4)]
    assert all(frame.startswith("%7B") for frame in frames)
    assert [said(unquote(frame)) for frame in frames] == ["二", "二", "一", "一"]
    assert json.loads(unquote(frames[0]))["push_content"]["ePoiId"] == SHOP


def test_any_text_can_be_sent_as_a_frame(server: SandboxServer, provider: Provider) -> None:
    with socket(server, token(provider)) as opened:
        assert post(server, "sockets/send", {"text": "成功", "epoi_id": SHOP}) == {"sent": 1}
        assert opened.recv(timeout=10) == "成功"


def test_long_texts_and_protocol_pings_pass(server: SandboxServer, provider: Provider) -> None:
    with socket(server, token(provider)) as opened:
        assert opened.ping().wait(10)
        write(server, "长" * 10_000)
        assert said(opened.recv(timeout=10)) == "长" * 10_000


def test_stopping_the_sandbox_ends_its_sockets(server: SandboxServer, provider: Provider) -> None:
    with socket(server, token(provider)) as opened:
        server.stop()
        with pytest.raises(ConnectionClosed):
            opened.recv(timeout=10)
    server.start()
    with socket(server, token(provider)):
        pass
