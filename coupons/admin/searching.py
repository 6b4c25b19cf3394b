"""Filters of the list of verifications."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from coupons.models import Verification
from stores.backoffice.filters import ChoiceFilter


class StatusFilter(ChoiceFilter):
    """Filters by status; the live rows are few and have an index of their own."""

    title = _("status")
    parameter_name = "status"
    options = Verification.Status.choices

    def narrowed(self, rows: Any, value: str) -> Any:
        rows = rows.live() if value in Verification.LIVE else rows
        return rows.filter(status=value)
