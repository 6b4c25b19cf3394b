"""The control API under /_control/ for tests, drills and benchmarks in other processes."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from . import given
from .arrivals import ArrivalLog
from .errors import ControlError
from .faults import JITTER, KINDS, FaultScript
from .messages import Reply, Request
from .platform import SandboxPlatform


class Control:
    """`reset` empties the whole sandbox, `persist` writes a changed state."""

    def __init__(
        self,
        platforms: Mapping[str, SandboxPlatform[Any]],
        arrivals: ArrivalLog,
        faults: FaultScript,
        *,
        reset: Callable[[], None],
        persist: Callable[[], None],
    ) -> None:
        self._platforms = platforms
        self._log = arrivals
        self._script = faults
        self._empty = reset
        self._persist = persist
        self._routes: dict[str, dict[str, Callable[[Request], Any]]] = {
            "": {"GET": self._index},
            "arrivals": {"GET": self._arrivals, "DELETE": self._clear_arrivals},
            "faults": {"GET": self._faults, "POST": self._add_fault, "DELETE": self._clear_faults},
            "state": {"GET": self._state},
            "reset": {"POST": self._reset},
        }

    def run(self, request: Request) -> Reply:
        """`request.path` is below /_control, with its leading slash."""
        try:
            return Reply.json(self._answer(request))
        except ControlError as error:
            return Reply.json({"error": error.message}, error.status)

    def _answer(self, request: Request) -> Any:
        name = request.path.strip("/")
        methods = self._routes.get(name)
        if methods is None:
            return self._platform(name, request)
        if request.method not in methods:
            raise ControlError(
                f"{request.method} is not offered here, only {', '.join(methods)}", 405
            )
        return methods[request.method](request)

    def _platform(self, name: str, request: Request) -> Any:
        prefix, _, path = name.partition("/")
        if prefix not in self._platforms:
            raise ControlError(
                f"no such control route; platforms: {', '.join(self._platforms)}", 404
            )
        if request.method not in ("GET", "POST"):
            raise ControlError("only GET and POST are offered here", 405)
        body = None if request.method == "GET" else _json(request)
        answer = self._platforms[prefix].control(path, body)
        self._persist()
        return answer

    def _index(self, request: Request) -> Any:
        return {
            "platforms": list(self._platforms),
            "fault_kinds": [*KINDS, JITTER],
            "routes": [
                f"{method} /_control/{name}"
                for name, methods in self._routes.items()
                for method in methods
            ],
        }

    def _arrivals(self, request: Request) -> Any:
        wanted = (
            request.query.get("platform"),
            request.query.get("operation"),
            request.query.get("account"),
        )
        arrivals = self._log.all(*wanted)
        return {
            "count": len(arrivals),
            "most_in_any_second": self._log.most_in_any(1.0, *wanted),
            "arrivals": [arrival.as_json() for arrival in arrivals],
        }

    def _clear_arrivals(self, request: Request) -> Any:
        self._log.clear()
        return {"arrivals": []}

    def _faults(self, request: Request) -> Any:
        return {"faults": [fault.as_json() for fault in self._script.all()]}

    def _add_fault(self, request: Request) -> Any:
        rule = given.mapping(_json(request), "a fault")
        try:
            self._script.add(**rule)
        except TypeError as error:
            raise ControlError(
                "a fault has kind, and may have operation, platform, times, seconds, probability, "
                "jitter"
            ) from error
        except ValueError as error:
            raise ControlError(str(error)) from error
        return self._faults(request)

    def _clear_faults(self, request: Request) -> Any:
        self._script.clear()
        return {"faults": []}

    def _state(self, request: Request) -> Any:
        return {prefix: platform.snapshot() for prefix, platform in self._platforms.items()}

    def _reset(self, request: Request) -> Any:
        self._empty()
        return self._state(request)


def _json(request: Request) -> Any:
    if not request.body:
        return {}
    try:
        return json.loads(request.body)
    except (ValueError, RecursionError) as error:
        raise ControlError("the body is not JSON") from error
