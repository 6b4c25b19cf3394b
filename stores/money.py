"""Amounts, of money in yuan or of things, as people and programs read them."""

from decimal import Decimal
from typing import Any, TypeVar, overload

from django.db import models
from django.utils.formats import number_format

# The types of a value that is set and of one that is read; mypy's plugin fills them in.
_Set = TypeVar("_Set")
_Get = TypeVar("_Get")


class YuanField(models.DecimalField[_Set, _Get]):
    """An amount in yuan, to the cent. Migrations see the plain DecimalField."""

    def __init__(self, verbose_name: Any = None, **options: Any) -> None:
        super().__init__(verbose_name, **{"max_digits": 10, "decimal_places": 2, **options})

    def deconstruct(self) -> Any:
        name, _path, args, options = super().deconstruct()
        return name, "django.db.models.DecimalField", args, options


def yuan_text(amount: Decimal | None) -> str:
    """Returns "¥1,234.50"; None counts as 0."""
    return f"¥{number_format(amount or Decimal(0), 2, force_grouping=True)}"


def yuan_short(amount: Decimal) -> str:
    """Returns "¥1,162", with the fen only when there are any."""
    places = 0 if amount == amount.to_integral_value() else 2
    return f"¥{number_format(amount, places, force_grouping=True)}"


def yuan_json(amount: Decimal | None) -> str | None:
    """Returns "12.50", as JSON answers give amounts; None stays None."""
    return None if amount is None else f"{amount:.2f}"


@overload
def yuan_of(fen: int) -> Decimal: ...


@overload
def yuan_of(fen: None) -> None: ...


def yuan_of(fen: int | None) -> Decimal | None:
    """Returns the yuan of an amount in fen; None stays None."""
    return None if fen is None else Decimal(fen) / 100


def number_text(number: int) -> str:
    """Returns "12,345"."""
    return number_format(number, force_grouping=True)
