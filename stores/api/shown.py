"""How programs read what every domain shows."""

from decimal import Decimal


def yuan(amount: Decimal | None) -> str | None:
    """An amount of money as programs read it: "12.50"."""
    return None if amount is None else f"{amount:.2f}"
