"""Switches for behaviour that the gateway has not published (docs/platforms/umember.md §1 to §3).

Each default is our guess.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from stores.sandbox.switches import Check, Switches, flag, number, one_of, text

OPERATIONS = ("login", "stores", "products", "detail", "verify")


def _limit(value: Any) -> bool:
    return value is None or (type(value) is int and value >= 0)


def _calls(value: Any) -> bool:
    return isinstance(value, list) and all(call in OPERATIONS[1:] for call in value)


@dataclass
class Settings(Switches):
    # Published: 2 requests a second, tokens are valid for a day. rate_limit None switches the limit
    # off.
    rate_limit: int | None = 2
    token_seconds: float = 86_400
    # Unpublished: what is counted, each "account" or all that come from one "address".
    rate_scope: str = "account"
    # Unpublished: the exact window, and whether blocked calls extend the block.
    rate_window: float = 1.0
    count_blocked: bool = False
    # Unpublished: the form of a blocked answer, "429", "403", "code" (HTTP 200, code != 10000) or
    # "html" (HTTP 200).
    blocked_as: str = "429"
    # Unpublished: the form of an expired or unknown token, "401" or "code" (HTTP 200, code !=
    # 10000).
    auth_failure_as: str = "401"
    # Published in two editions: 2 adds price and status_code to detail; the message on success was
    # "" before.
    edition: int = 2
    verify_success_message: str = "验证成功"
    # Unpublished: whether a refused coupon is code 10000 with verify_success false ("data") or an
    # "envelope".
    refuse_in: str = "data"
    # Unpublished: which calls cost one request_count, and whether a verify that refuses the coupon
    # costs one too.
    spends: list[str] = field(default_factory=lambda: ["verify"])
    spend_on_refusal: bool = True
    # Unpublished: whether a store with an expired authorisation can still verify.
    verify_on_lapse: bool = False

    checks: ClassVar[Mapping[str, Check]] = {
        "rate_limit": _limit,
        "token_seconds": number(0, 1e9),
        "rate_scope": one_of("account", "address"),
        "rate_window": number(0, 1e9),
        "count_blocked": flag,
        "blocked_as": one_of("429", "403", "code", "html"),
        "auth_failure_as": one_of("401", "code"),
        "edition": one_of(1, 2),
        "verify_success_message": text,
        "refuse_in": one_of("data", "envelope"),
        "spends": _calls,
        "spend_on_refusal": flag,
        "verify_on_lapse": flag,
    }
