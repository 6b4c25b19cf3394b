"""Readers for the JSON of a control route. All raise ControlError with what is wrong."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, TypeVar

from .errors import ControlError

T = TypeVar("T")
LONGEST_NUMBER = 19
# Of whole numbers that are taken as a float.
LARGEST = 10**LONGEST_NUMBER


def mapping(body: Any, what: str = "the body") -> dict[str, Any]:
    if not isinstance(body, dict):
        raise ControlError(f"{what} must be a JSON object")
    return body


def value(body: Mapping[str, Any], name: str, kind: type[T], default: T | None = None) -> T:
    """Returns a value of exactly this type; a whole number is accepted as a float, and NaN and
    Infinity, which JSON does not know, are none.

    Required without a default.
    """
    found = body.get(name, default)
    if kind is float and type(found) is int and abs(found) < LARGEST:
        found = float(found)
    is_endless = isinstance(found, float) and not math.isfinite(found)
    if type(found) is not kind or is_endless:
        raise ControlError(f"{name} must be {kind.__name__}, not {found!r}")
    return found


def texts(body: Mapping[str, Any], name: str) -> list[str]:
    """Returns a list of strings, empty when it is missing."""
    found = value(body, name, list, [])
    if not all(isinstance(text, str) for text in found):
        raise ControlError(f"{name} must be a list of texts")
    return found


def rows(body: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """Returns a list of objects, empty when it is missing."""
    found = body.get(name, [])
    if not isinstance(found, list):
        raise ControlError(f"{name} must be a list")
    return [mapping(item, f"each of {name}") for item in found]


def whole(found: Any) -> int | None:
    """Returns an int, or the int in a string of up to 19 digits; None for anything else."""
    if type(found) is int:
        return found
    is_number = isinstance(found, str) and found.isascii() and found.isdigit()
    return int(found) if is_number and len(found) <= LONGEST_NUMBER else None
