"""The time limit of one HTTP exchange, and whether its connection was ever established."""

import contextlib
import socket
import threading
from functools import partial
from types import TracebackType
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError


class Deadline:
    """Aborts the exchange after `seconds`.

    Socket timeouts bound only the pause between two bytes: a platform that sends slowly would
    outlast the lease of its call.
    """

    def __init__(self, seconds: float) -> None:
        self.connected = False
        self.was_aborted = False
        self._sockets: list[socket.socket] = []
        self._timer = threading.Timer(seconds, self._abort)
        self._timer.daemon = True

    def __enter__(self) -> None:
        self._timer.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._timer.cancel()

    def mount(self, session: requests.Session) -> None:
        """Sends all requests of the session under this deadline."""
        for scheme in ("http://", "https://"):
            session.mount(scheme, _Adapter(self))

    def opened(self, connection: socket.socket) -> None:
        """Records that a connection is established, before anything is sent on it."""
        self._sockets.append(connection)
        if self.was_aborted:
            connection.close()
            raise ConnectTimeoutError("connecting took too long")
        self.connected = True

    def _abort(self) -> None:
        self.was_aborted = True
        for connection in self._sockets:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class _Http(HTTPConnection):
    def __init__(self, deadline: Deadline, *args: Any, **kwargs: Any) -> None:
        self.deadline = deadline
        super().__init__(*args, **kwargs)

    def connect(self) -> None:
        super().connect()
        assert self.sock is not None
        self.deadline.opened(self.sock)


class _Https(HTTPSConnection):
    def __init__(self, deadline: Deadline, *args: Any, **kwargs: Any) -> None:
        self.deadline = deadline
        super().__init__(*args, **kwargs)

    def connect(self) -> None:
        super().connect()
        assert self.sock is not None
        self.deadline.opened(self.sock)


class _Adapter(HTTPAdapter):
    def __init__(self, deadline: Deadline) -> None:
        self.deadline = deadline
        super().__init__()

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        pool = super().get_connection_with_tls_context(*args, **kwargs)
        kind = _Https if pool.scheme == "https" else _Http
        vars(pool)["ConnectionCls"] = partial(kind, self.deadline)
        return pool
