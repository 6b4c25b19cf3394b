"""What stands in the body of a call, read as WeChat reads it."""

from __future__ import annotations

import json
import math
import secrets
from collections.abc import Mapping
from typing import Any

from .answers import PlatformRefused
from .settings import Settings

# Classes of goods that may not be written with \u.
CLASSES = ("cargo_first_class", "cargo_second_class")
Given = Mapping[str, Any]


def read_body(body: bytes, settings: Settings) -> dict[str, Any]:
    """Raises PlatformRefused for a body that is none, or that escapes the classes of goods."""
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        raise PlatformRefused(47001 if body else 44002) from None
    if not isinstance(data, dict):
        raise PlatformRefused(47001)
    cargo = data.get("cargo")
    if settings.refuses_escapes and isinstance(cargo, dict):
        for name in CLASSES:
            text = str(cargo.get(name, ""))
            if json.dumps(text).strip('"').encode() in body and not text.isascii():
                raise PlatformRefused(930570)
    return data


def name_of(given: Given) -> str:
    return f"{given.get('shopid', '')}/{given.get('shop_order_id', '')}"


def part(given: Given, name: str) -> dict[str, Any]:
    value = given.get(name)
    if not isinstance(value, dict):
        raise PlatformRefused(930561)
    return value


def number(given: Given, name: str) -> float:
    """Returns a number; couriers also take one that is written as text."""
    value = given.get(name)
    try:
        found = float(value) if isinstance(value, str) else float(value or 0)
    except (TypeError, ValueError, OverflowError):
        found = math.nan
    if not math.isfinite(found):
        raise PlatformRefused(930561)
    return found


def code(wishes: Given, name: str) -> int:
    return secrets.randbelow(9000) + 1000 if wishes.get(name) == 1 else 0
