"""Amounts of money in yuan, as people and programs read them."""

from decimal import Decimal

from django.utils.formats import number_format


def yuan_text(amount: Decimal | None) -> str:
    """Returns "¥1,234.50"; None counts as 0."""
    return f"¥{number_format(amount or Decimal(0), 2, force_grouping=True)}"


def yuan_json(amount: Decimal | None) -> str | None:
    """Returns "12.50", as JSON answers give amounts; None stays None."""
    return None if amount is None else f"{amount:.2f}"
