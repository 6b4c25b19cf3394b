"""Control routes of a platform, declared at its methods:

`@control("POST", "orders/<order_id>/pay")`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, TypeVar

Method = TypeVar("Method", bound=Callable[..., Any])
_MARK = "control_routes"


def control(verb: Literal["GET", "POST"], path: str) -> Callable[[Method], Method]:
    """Makes a method of a SandboxPlatform answer at /_control/<prefix>/<path>.

    `<name>` stands for one part of the path and `<path:name>` for the rest of it; the method gets
    it as a string under this name. A method for POST also gets `body`, a JSON object.
    """

    def mark(method: Method) -> Method:
        vars(method).setdefault(_MARK, []).append((verb, path))
        return method

    return mark


@dataclass(frozen=True)
class ControlRoute:
    """`method` is the name of the platform's method."""

    verb: str
    path: str
    method: str

    def __str__(self) -> str:
        return f"{self.verb} {self.path}"

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        rest = re.sub(r"<path:(\w+)>", r"(?P<\1>.+)", self.path)
        return re.compile(re.sub(r"(?<!\?P)<(\w+)>", r"(?P<\1>[^/]+)", rest))

    def arguments(self, verb: str, path: str) -> dict[str, str] | None:
        """Returns the named parts of the path; None when this is another route."""
        found = self._pattern.fullmatch(path) if verb == self.verb else None
        return found.groupdict() if found else None


def routes_of(platform: type) -> list[ControlRoute]:
    """Returns all control routes of a platform's class; of two that match, the more exact comes
    first.
    """
    found = [
        ControlRoute(verb, path, name)
        for name in dir(platform)
        for verb, path in getattr(getattr(platform, name), _MARK, ())
    ]
    return sorted(found, key=lambda route: (route.path.count("<"), route.path, route.verb))
