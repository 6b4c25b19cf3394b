"""Base of every sandbox platform."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from . import given, routes
from .errors import ControlError
from .messages import Reply, Request, Subject
from .switches import Switches

if TYPE_CHECKING:
    from .channels import Channel

SettingsT = TypeVar("SettingsT", bound=Switches)
# What talks with a client that has opened a WebSocket, until it closes.
Talk = Callable[["Channel"], None]


class SandboxPlatform(Generic[SettingsT]):
    """One remote platform. Many threads call its methods: state changes under `lock`.

    A subclass keeps its state in attributes that `clear` sets, `dump` reads and `load` replaces;
    `settings` are kept here. Control routes are methods under `@control` (routes.py).
    """

    prefix: ClassVar[str] = ""
    settings_class: type[SettingsT]

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.revision = 0
        self._routes = routes.routes_of(type(self))
        self.reset()

    def touch(self) -> None:
        """Notes that the state changed, so that it is in the state file before the answer
        leaves.
        """
        self.revision += 1

    # Hooks of the server

    def start(self) -> None:
        """Begins what the platform does by itself; called when the server starts."""

    def stop(self) -> None:
        """Ends it; called when the server stops. The state stays."""

    # Hooks of the server for each request

    def operation(self, request: Request) -> str:
        """Returns the short name of the remote call, "" when there is no such call."""
        raise NotImplementedError

    def subject(self, request: Request) -> Subject:
        return Subject()

    def admit(self, request: Request) -> Reply | None:
        """Applies the rate limit: returns the answer to a blocked request, None when it may
        pass.
        """
        return None

    def handle(self, request: Request) -> Reply:
        raise NotImplementedError

    def opened(self, request: Request) -> Talk | None:
        """Returns what talks with a client that asks for a WebSocket; None where there is none."""
        return None

    def blocked(self, request: Request) -> Reply:
        """Returns this platform's answer to one call too many."""
        return Reply.json({"error": "too many requests"}, 429, outcome="blocked")

    def token_expired(self, request: Request) -> Reply:
        return Reply.json({"error": "token expired"}, 401, outcome="unauthorised")

    def wrong_types(self, request: Request) -> Reply:
        return Reply.json({"code": "none", "data": [None, 1], "msg": {}})

    # State

    def clear(self) -> None:
        """Sets the state of an empty platform."""

    def dump(self) -> dict[str, Any]:
        """Returns the state as JSON, without the settings."""
        return {}

    def load(self, state: Mapping[str, Any]) -> None:
        """Replaces the state by a dumped one.

        Raises ControlError, before any change, if it is unreadable.
        """

    def reset(self) -> None:
        """Makes the platform empty, with default settings."""
        with self.lock:
            self.settings = self.settings_class()
            self.clear()
            self.touch()

    def snapshot(self) -> dict[str, Any]:
        """Returns settings and state as JSON, for `restore`."""
        with self.lock:
            return {"settings": dict(vars(self.settings)), **self.dump()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Replaces settings and state.

        Raises ControlError, before any change, if they are unreadable.
        """
        settings = self.settings_class().changed(
            given.mapping(state, "a snapshot").get("settings", {})
        )
        with self.lock:
            self.load(state)
            self.settings = settings
            self.touch()

    # Control routes

    @routes.control("GET", "settings")
    def current_settings(self) -> dict[str, Any]:
        return dict(vars(self.settings))

    @routes.control("POST", "settings")
    def change_settings(self, body: dict[str, Any]) -> dict[str, Any]:
        return self.configure(**body)

    def configure(self, /, **changes: Any) -> dict[str, Any]:
        """Changes some settings and returns all.

        Raises ControlError for unknown names and values.
        """
        with self.lock:
            self.settings = self.settings.changed(changes)
            self.touch()
            return self.current_settings()

    def control(self, path: str, body: Any) -> Any:
        """Runs the route at /_control/<prefix>/<path>.

        `body` is None for GET. Raises ControlError.
        """
        verb = "GET" if body is None else "POST"
        for route in self._routes:
            arguments = route.arguments(verb, path)
            if arguments is not None:
                method = getattr(self, route.method)
                sent = {} if body is None else {"body": given.mapping(body)}
                return method(**arguments, **sent)
        raise ControlError(
            f"{self.prefix} has no control route {verb} {path!r}; "
            f"there are {', '.join(map(str, self._routes))}",
            404,
        )
