"""The sections of a product's form: what it is and costs first, all else folded."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from trip.pages.prices import OFFERED

STATE = (
    _("State"),
    {"fields": ("state_label", ("listing_label", "listing_check"), "listing_at")},
)
TEXTS = (_("What the buyer reads"), ("subtitle", "includes", "note"))
USE = (_("When it can be used"), (("valid_from", "valid_until"), "last_entry"))
USE_BY_DAY = (USE[0], ("valid_days", *USE[1]))
BOOKING = (_("Booking ahead"), ("book_ahead", "ahead_minutes", ("ahead_days", "ahead_time")))
VISITORS = (
    _("Visitors to name"),
    ("visitor_info", "group_size", ("needs_name", "needs_mobile"), "credential_types"),
)
AMOUNTS = (
    _("How many one may buy"),
    (
        ("min_per_order", "max_per_order"),
        ("phone_limit", "phone_limit_days"),
        ("credential_limit", "credential_limit_days"),
        "pay_minutes",
    ),
)
CODES = (_("Codes and number"), ("voucher_type", "issuing", "deal_id"))
REFUNDS = (_("Refunds"), ("refund_type", "partial_refund", "refund_review"))


def sections(product: Any, *, hidden: set[str], is_read: bool) -> list[Any]:
    """Returns the admin's fieldsets; `product` is None for a new one, `is_read` without a form."""
    by_day = product is None or product.by_calendar
    times = [USE_BY_DAY, BOOKING] if by_day else [USE]
    folded = [TEXTS, *times, VISITORS, AMOUNTS, CODES, REFUNDS]
    first = [name for name in _first(product, is_read) if name not in hidden]
    return [
        (None, {"fields": first}),
        *([STATE] if product else []),
        *((title, {"fields": names, "classes": ["collapse"]}) for title, names in folded),
    ]


def _first(product: Any, is_read: bool) -> list[Any]:
    place = ["connection", "account", "store"]
    if product is None:
        return ["title", "by_calendar", *OFFERED, *place]
    if product.by_calendar:
        return ["title", "calendar_link", *place]
    if is_read:
        return ["title", ("price", "left"), *place]
    return ["title", *OFFERED, *place]
