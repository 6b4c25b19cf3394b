"""Parsers of pulls and of the edit-audit notice (docs/platforms/trip.md §3.8 to §3.11)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from stores.platforms.reading import Malformed, day, optional_text, optional_whole, text, texts
from trip.wire.problems import TripProblem


@dataclass(frozen=True)
class Page:
    """§3.8 and §3.9: a page of all rows, or the named rows."""

    number: int = 1
    size: int = 20
    names: tuple[str, ...] | None = None


@dataclass(frozen=True)
class PricesRequest:
    """§3.10: the calendar of one product; both days are included."""

    deal_id: str
    first: date
    last: date


@dataclass(frozen=True)
class ListingNotice:
    """§3.11: the present listing and audit state of one product."""

    deal_id: str
    status: int | None
    check: int | None


def parse_page(body: Mapping[str, Any], names: str) -> Page:
    """Parses `method` page or multi; for multi, the field called `names` lists the rows. Raises
    Malformed.
    """
    method = optional_text(body, "method", most=10) or "page"
    if method == "multi":
        return Page(names=texts(body, names, most=100))
    if method != "page":
        raise Malformed("method", TripProblem.UNKNOWN_METHOD)
    number = optional_whole(body, "currentPage")
    size = optional_whole(body, "pageSize")
    return Page(number=max(1, min(number or 1, 10_000)), size=max(1, min(size or 20, 20)))


def parse_prices(body: Mapping[str, Any]) -> PricesRequest:
    request = PricesRequest(
        text(body, "partnerDealId", most=60), day(body, "startTime"), day(body, "endTime")
    )
    if not 0 <= (request.last - request.first).days <= 366:
        raise Malformed("endTime", TripProblem.DAYS_IN_NO_ORDER)
    return request


def parse_listing(items: Any) -> tuple[ListingNotice, ...]:
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise Malformed("body", TripProblem.NOT_OBJECTS)
    return tuple(
        ListingNotice(
            text(item, "partnerDealId", most=60),
            optional_whole(item, "status"),
            optional_whole(item, "checkStatus"),
        )
        for item in items
    )
