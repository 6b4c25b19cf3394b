"""Filters of the list of verifications, and how operators find them over all merchants."""

from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from coupons import codes
from coupons.models import Verification
from stores.backoffice.filters import ChoiceFilter
from stores.backoffice.search import Searcher, text_begins
from stores.fields import keyed_hash


def _of_number(text: str) -> Q:
    """Returns the condition of rows whose order's number begins so, or whose whole code it is."""
    condition = text_begins("order_id")(text)
    if code := codes.read(text).only:
        condition |= Q(code_tail=code[-4:], code_hash=keyed_hash(code))
    return condition


SEARCHER = Searcher(
    rows=Verification.objects.all,
    said=lambda row: f"{row} · {row.outcome}",
    number=_of_number,
    tail=lambda tail: Q(code_tail=tail),
)


class StatusFilter(ChoiceFilter):
    """Filters by status; the live rows are few and have an index of their own."""

    title = _("status")
    parameter_name = "status"
    options = Verification.Status.choices

    def narrowed(self, rows: Any, value: str) -> Any:
        rows = rows.live() if value in Verification.LIVE else rows
        return rows.filter(status=value)
