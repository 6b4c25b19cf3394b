"""How Meituan behaves today. What the hand-out leaves open is a switch, and each default our guess."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from stores.platforms.sandbox import ControlError


@dataclass
class Settings:
    # Seen in production: 300 "支付通知阶段-美团内部处理中", now and then: the next n notices, a share of the others.
    processing_next: int = 0
    processing_share: float = 0.0
    # Unpublished: whether a notice answered "处理中" has been taken in.
    processing_applies: bool = True
    # The next n notices are refused with this code and text, and not taken in.
    refuse_next: int = 0
    refuse_code: int = 300
    refuse_describe: str = "系统异常"
    # Unpublished: what happens to notices about orders that Meituan does not know.
    know_all_orders: bool = True
    # Stretches or shortens Meituan's own time limits (create 5+15 s, pay 30+30 s).
    patience: float = 1.0

    def changed(self, data: Any) -> Settings:
        """A copy with the given settings; raises ControlError for unknown names and senseless values."""
        if not isinstance(data, Mapping):
            raise ControlError("settings must be a JSON object")
        for name, value in data.items():
            check = CHECKS.get(name)
            if check is None:
                raise ControlError(f"no setting {name!r}; there are {', '.join(CHECKS)}")
            if not check(value):
                raise ControlError(f"{name} cannot be {value!r}")
        return Settings(**{**vars(self), **data})


def _count(value: Any) -> bool:
    return type(value) is int and 0 <= value <= 1_000_000


def _number(low: float, high: float) -> Callable[[Any], bool]:
    return lambda value: type(value) in (int, float) and low <= value <= high


def _flag(value: Any) -> bool:
    return type(value) is bool


CHECKS: dict[str, Callable[[Any], bool]] = {
    "processing_next": _count,
    "processing_share": _number(0, 1),
    "processing_applies": _flag,
    "refuse_next": _count,
    "refuse_code": _count,
    "refuse_describe": lambda value: isinstance(value, str),
    "know_all_orders": _flag,
    "patience": _number(0.001, 10),
}
