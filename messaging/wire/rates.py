"""The reply rate and the rights that it unlocks (docs/platforms/takeaway.md §5.5)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stores.platforms.errors import Unknown
from stores.platforms.reading import any_text, any_whole, any_yuan, dicts


@dataclass(frozen=True)
class RemoteRate:
    """Percentages; None is what Meituan did not say. `rights` are names as Meituan writes them."""

    rate: int | None
    target: int | None
    is_reached: bool
    urgent_rate: int | None
    urgent_target: int | None
    is_urgent_reached: bool
    rights: tuple[str, ...]
    codes: tuple[int, ...]


def parse_rate(data: Any) -> RemoteRate:
    """Reads the answer, whose numbers are texts under one of the prefixes. Raises Unknown."""
    if not isinstance(data, dict) or "reversionRate" not in data:
        raise Unknown("no reply rate in the answer")
    rights = dicts(data.get("rightsList")) + dicts(data.get("tempRightsList"))
    codes = (any_whole(row, "code") for row in rights)
    return RemoteRate(
        rate=_percent(data, "reversionRate"),
        target=_percent(data, "targetReversionRate"),
        is_reached=any_whole(data, "benefitStatus") == 1,
        urgent_rate=_percent(data, "urgentReversionRate"),
        urgent_target=_percent(data, "urgentTargetReversionRate"),
        is_urgent_reached=any_whole(data, "urgentBenefitStatus") == 1,
        rights=tuple(name for row in rights if (name := any_text(row, "name", most=60))),
        codes=tuple(code for code in codes if code is not None),
    )


def _percent(data: Mapping[str, Any], name: str) -> int | None:
    found = any_yuan(data, name)
    return round(found) if found is not None and 0 <= found <= 100 else None
