"""The terms of an order, copied when it was made, because the product may change later."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal
from typing import Any

from trip.choices import RefundType
from trip.models import Order, Product, RefundStep


@dataclass(frozen=True)
class Step:
    """Until `minutes_before` the last entry a refund costs `fee`, in yuan or percent."""

    minutes_before: int
    fee_mode: int
    fee: Decimal


@dataclass(frozen=True)
class Terms:
    """The days of use and the refund policy, with the product's field names; `steps` begin with the
    earliest.
    """

    valid_from: date | None
    valid_until: date | None
    valid_days: int
    last_entry: time
    refund_type: int
    partial_refund: bool
    steps: tuple[Step, ...]


def kept(product: Product) -> dict[str, Any]:
    """Returns the product's present terms in the form that an order stores."""
    steps: Iterable[RefundStep] = ()
    if product.refund_type == RefundType.CONDITIONAL:
        steps = product.refund_steps.order_by("-minutes_before")
    return {
        "valid_from": _text(product.valid_from),
        "valid_until": _text(product.valid_until),
        "valid_days": product.valid_days,
        "last_entry": product.last_entry.isoformat(),
        "refund_type": product.refund_type,
        "partial_refund": product.partial_refund,
        "steps": [[step.minutes_before, step.fee_mode, str(step.fee)] for step in steps],
    }


def promised(order: Order) -> Terms:
    known = order.terms
    return Terms(
        valid_from=_day(known["valid_from"]),
        valid_until=_day(known["valid_until"]),
        valid_days=known["valid_days"],
        last_entry=time.fromisoformat(known["last_entry"]),
        refund_type=known["refund_type"],
        partial_refund=known["partial_refund"],
        steps=tuple(Step(minutes, mode, Decimal(fee)) for minutes, mode, fee in known["steps"]),
    )


def _text(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
