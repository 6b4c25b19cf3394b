"""The smallest platform: a bell that counts how often it was rung."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import requests

from stores.sandbox import Reply, Request, SandboxPlatform, SandboxServer, Subject

ROOT = Path(__file__).resolve().parents[3]

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
    with socket.create_connection(
        ("127.0.0.1", int(server.url.rsplit(":", 1)[1])), timeout=30
    ) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while chunk := connection.recv(65_536):
            answer += chunk
        return answer
