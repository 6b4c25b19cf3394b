"""Switches for behaviour that Meituan has not published (docs/platforms/trip.md); each default is
our guess.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from stores.sandbox.switches import Check, Switches, count, flag, number, text


@dataclass
class Settings(Switches):
    # Answers 300 "支付通知阶段-美团内部处理中", as production sometimes does:
    # to the next n notices, and to a share of the others.
    processing_next: int = 0
    processing_share: float = 0.0
    # Unpublished: whether a notice answered "处理中" was applied.
    processing_applies: bool = True
    # The next n notices are refused with this code and text, and not applied.
    refuse_next: int = 0
    refuse_code: int = 300
    refuse_describe: str = "系统异常"
    # Unpublished: whether notices about orders that Meituan does not know are accepted.
    know_all_orders: bool = True
    # Multiplies Meituan's own time limits (create 5+15 s, pay 30+30 s).
    patience: float = 1.0

    checks: ClassVar[Mapping[str, Check]] = {
        "processing_next": count,
        "processing_share": number(0, 1),
        "processing_applies": flag,
        "refuse_next": count,
        "refuse_code": count,
        "refuse_describe": text,
        "know_all_orders": flag,
        "patience": number(0.001, 10),
    }
