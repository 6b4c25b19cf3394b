"""What may still be refunded of an order (docs/platforms/takeaway.md §4.6)."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from messaging.wire.values import any_fen
from stores.platforms.reading import any_whole
from stores.text import clean_text

_LONGEST_NAME = 120
_MOST_COUNT = 10_000
_NAMED_BY = ("app_food_code", "sku_id", "cart_id", "mt_sku_id", "spec")


@dataclass(frozen=True)
class RefundableLine:
    """One dish. `most` may be refunded, each worth `price` fen with its boxes, as far as Meituan
    says; `key` is the same as long as Meituan lists the same dish at the same place.
    """

    key: str
    name: str
    spec: str
    bag: int
    most: int
    price: int | None
    row: Mapping[str, Any]

    def chosen(self, count: int) -> dict[str, Any]:
        """Returns the line as the refund takes it: Meituan's own row with the number in it."""
        return {**self.row, "count": count}


def parse_refundable(rows: Sequence[Mapping[str, Any]]) -> list[RefundableLine]:
    """Returns the lines of which at least one may be refunded; others are left out."""
    return [
        _line(place, row)
        for place, row in enumerate(rows)
        if 0 < (any_whole(row, "count") or 0) <= _MOST_COUNT
    ]


def _line(place: int, row: Mapping[str, Any]) -> RefundableLine:
    named = json.dumps([place, *(str(row.get(name)) for name in _NAMED_BY)])
    price = any_fen(row, "refund_price")
    boxes = (any_whole(row, "box_num") or 0) * (any_fen(row, "box_price") or 0)
    return RefundableLine(
        key=hashlib.sha256(named.encode()).hexdigest()[:16],
        name=_text(row, "food_name"),
        spec=_text(row, "spec"),
        bag=(any_whole(row, "cart_id") or 0) + 1,
        most=any_whole(row, "count") or 0,
        price=None if price is None else price + boxes,
        row=row,
    )


def _text(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name)
    return clean_text(value, _LONGEST_NAME).strip() if isinstance(value, str) else ""
