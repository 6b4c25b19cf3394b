"""All sandbox platforms on one port, each under its prefix, plus the control API."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from .arrivals import ArrivalLog
from .control_api import Control
from .exchange import Delivery, Exchange
from .faults import FaultScript
from .messages import Reply, Request
from .platform import SandboxPlatform, Talk
from .sockets import HttpServer
from .state import StateFile

CONTROL = "_control"


class SandboxServer:
    """A context manager that serves in a background thread.

    The port is bound from construction on. While stopped, connections are refused but the port
    stays bound, so that `start()` comes back under the same url with the same state; `close()`, or
    leaving the context, frees it.
    """

    def __init__(
        self,
        platforms: Sequence[SandboxPlatform[Any]],
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        state_file: Path | None = None,
    ) -> None:
        self._platforms = {platform.prefix: platform for platform in platforms}
        self.arrivals = ArrivalLog()
        self.faults = FaultScript()
        self._control = Control(
            self._platforms, self.arrivals, self.faults, reset=self.reset, persist=self.persist
        )
        self._state = StateFile(state_file, platforms) if state_file else None
        if self._state:
            self._state.load()
        self._http = HttpServer((host, port), self._respond, self._opening)
        self._host, self._port = host, int(self._http.server_address[1])
        self.url = f"http://{host}:{self._port}"
        self._thread: threading.Thread | None = None
        self._ended = threading.Event()

    @property
    def prefixes(self) -> tuple[str, ...]:
        return tuple(self._platforms)

    def platform(self, prefix: str) -> SandboxPlatform[Any]:
        return self._platforms[prefix]

    def start(self) -> None:
        if self._thread:
            return
        self._ended.clear()
        self._http.server_activate()
        self._thread = threading.Thread(
            target=self._http.serve_forever, args=(0.02,), name="sandbox", daemon=True
        )
        self._thread.start()
        for platform in self._platforms.values():
            platform.start()

    def stop(self) -> None:
        """Cuts every connection and refuses new ones; requests that wait in a fault are dropped."""
        if not self._thread:
            return
        for platform in self._platforms.values():
            platform.stop()
        self._http.stop()
        self._thread.join()
        self._thread = None
        self._http = HttpServer((self._host, self._port), self._respond, self._opening)
        self.persist()
        self._ended.set()

    def close(self) -> None:
        self.stop()
        self._http.server_close()

    def serve_forever(self) -> None:
        """Serves until `stop()` from another thread, or an exception such as KeyboardInterrupt."""
        self.start()
        self._ended.wait()

    def reset(self) -> None:
        """Empties the platforms, the faults and the arrivals."""
        for platform in self._platforms.values():
            platform.reset()
        self.faults.clear()
        self.arrivals.clear()
        self.persist()

    def persist(self) -> None:
        if self._state:
            self._state.save()

    def __enter__(self) -> SandboxServer:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _respond(self, http: HttpServer, request: Request) -> Delivery:
        prefix = _cut_prefix(request)
        if prefix == CONTROL:
            return Delivery(self._control.run(request))
        platform = self._platforms.get(prefix)
        return self._exchange(http).run(platform, request) if platform else self._nowhere()

    def _opening(self, http: HttpServer, request: Request) -> Talk | Delivery:
        platform = self._platforms.get(_cut_prefix(request))
        return self._exchange(http).open(platform, request) if platform else self._nowhere()

    def _exchange(self, http: HttpServer) -> Exchange:
        return Exchange(self.arrivals, self.faults, http.pause, self.persist)

    def _nowhere(self) -> Delivery:
        error = f"no such platform; there are {', '.join(self.prefixes)}"
        return Delivery(Reply.json({"error": error}, 404))


def _cut_prefix(request: Request) -> str:
    """Returns the platform's prefix, and takes it off the request's path."""
    prefix, _, path = request.path.lstrip("/").partition("/")
    request.path = f"/{path}"
    return prefix
