"""The smallest platform: a bell that counts how often it was rung."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import requests

from stores.sandbox import (
    Reply,
    Request,
    SandboxPlatform,
    SandboxServer,
    Subject,
    Switches,
    control,
)

ROOT = Path(__file__).resolve().parents[3]

LONG = 600.0


class Bell(SandboxPlatform[Switches]):
    """A platform that counts how often it was rung."""

    prefix = "bell"
    settings_class = Switches

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

    def clear(self) -> None:
        self.rung = 0

    def dump(self) -> dict[str, Any]:
        return {"rung": self.rung}

    def load(self, state: Mapping[str, Any]) -> None:
        self.rung = int(state["rung"])

    @control("GET", "rung")
    def show_rung(self) -> dict[str, int]:
        return {"rung": self.rung}

    @control("POST", "rung")
    def set_rung(self, body: dict[str, Any]) -> dict[str, int]:
        self.rung = body["rung"]
        self.touch()
        return self.show_rung()


def ring(server: SandboxServer, **params: str) -> requests.Response:
    return requests.post(f"{server.url}/bell/ring", params=params, timeout=30)


def ring_aside(server: SandboxServer) -> threading.Thread:
    def call() -> None:
        with contextlib.suppress(requests.RequestException):
            ring(server)

    thread = threading.Thread(target=call)
    thread.start()
    return thread


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
