"""Settings of a sandbox platform: a switch for each behaviour that the platform leaves open."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Self

from . import given
from .errors import ControlError

Check = Callable[[Any], bool]
WEEK = 7 * 86_400


class Switches:
    """Base of a dataclass of switches; `checks` says for each which values are allowed."""

    checks: ClassVar[Mapping[str, Check]] = {}

    def changed(self, data: Any) -> Self:
        """Returns a copy with these switches changed.

        Raises ControlError for unknown names and values.
        """
        for name, value in given.mapping(data, "settings").items():
            check = self.checks.get(name)
            if check is None:
                raise ControlError(f"no setting {name!r}; there are {', '.join(self.checks)}")
            if not check(value):
                raise ControlError(f"{name} cannot be {value!r}")
        return type(self)(**{**vars(self), **data})


def one_of(*allowed: Any) -> Check:
    return lambda value: any(type(value) is type(choice) and value == choice for choice in allowed)


def number(low: float, high: float) -> Check:
    return lambda value: type(value) in (int, float) and low <= value <= high


def pauses(value: Any) -> bool:
    """Accepts a list of up to 50 numbers of seconds."""
    is_short = isinstance(value, list) and len(value) <= 50
    return is_short and all(number(0, WEEK)(pause) for pause in value)


def count(value: Any) -> bool:
    return type(value) is int and 0 <= value <= 1_000_000


def text(value: Any) -> bool:
    return isinstance(value, str)


flag = one_of(True, False)
