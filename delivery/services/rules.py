"""A store's rule as people write it: JSON, of which each part may be left out."""

import json
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from delivery.services.choosing import Prefer, Rule

LONGEST = 4000
MOST_LISTED, LONGEST_ID = 50, 64
MOST_YUAN, MOST_PERCENT, MOST_MINUTES = Decimal(1000), Decimal(1000), 24 * 60


class BrokenRule(ValueError):
    """A rule that is none; the text says why, in English, for who runs commands."""


def read_rule(text: str, usual: Rule) -> Rule:
    """Returns the rule that is written as JSON; what it does not say is as in the usual one.

    Raises BrokenRule.
    """
    if len(text) > LONGEST:
        raise BrokenRule("The rule is too long.")
    try:
        given = json.loads(text, parse_float=Decimal, parse_constant=_no_number)
    except (json.JSONDecodeError, RecursionError) as error:
        raise BrokenRule(f"The rule is no JSON: {error}") from None
    if not isinstance(given, dict):
        raise BrokenRule('The rule is no object: write {"prefer": "fastest"}.')
    strange = sorted(given.keys() - _READERS.keys())
    if strange:
        known = ", ".join(_READERS)
        raise BrokenRule(f"A rule has no {strange[0]!r}; it may have {known}.")
    read: Mapping[str, Any] = {name: _READERS[name](name, value) for name, value in given.items()}
    return Rule(**{**{name: getattr(usual, name) for name in _READERS}, **read})


def _no_number(text: str) -> None:
    raise BrokenRule(f"{text} is no number.")


def _prefer(name: str, value: Any) -> Prefer:
    if value not in Prefer.values:
        raise BrokenRule(f'"{name}" is one of {", ".join(Prefer.values)}.')
    return Prefer(value)


def _listed(name: str, value: Any) -> tuple[str, ...]:
    is_list = isinstance(value, list) and len(value) <= MOST_LISTED
    if not is_list or any(not isinstance(each, str) or len(each) > LONGEST_ID for each in value):
        raise BrokenRule(f'"{name}" is a list of couriers\' ids, as ["SS", "DADA"].')
    if len(set(value)) < len(value):
        raise BrokenRule(f'"{name}" names a courier twice.')
    return tuple(value)


def _minutes(name: str, value: Any) -> int:
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    if not is_whole or not 1 <= value <= MOST_MINUTES:
        raise BrokenRule(f'"{name}" is a whole number from 1 to {MOST_MINUTES}.')
    return int(value)


def _amount(most: Decimal, *, may_miss: bool = False) -> Callable[[str, Any], Decimal | None]:
    def read(name: str, value: Any) -> Decimal | None:
        if value is None and may_miss:
            return None
        try:
            amount = Decimal(value) if isinstance(value, str | int | Decimal) else None
        except InvalidOperation:
            amount = None
        is_amount = amount is not None and not isinstance(value, bool) and amount.is_finite()
        if not is_amount or amount is None or not 0 <= amount <= most:
            nothing = ", or null" if may_miss else ""
            raise BrokenRule(f'"{name}" is a number from 0 to {most}{nothing}.')
        return amount

    return read


_READERS: Mapping[str, Callable[[str, Any], Any]] = {
    "prefer": _prefer,
    "listed": _listed,
    "ceiling": _amount(MOST_YUAN, may_miss=True),
    "ceiling_percent": _amount(MOST_PERCENT, may_miss=True),
    "tip": _amount(MOST_YUAN),
    "minutes": _minutes,
    "likely_percent": _amount(Decimal(100)),
}
