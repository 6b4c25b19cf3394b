"""Filters of the list of verifications whose rows are few and have an index of their own."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import DropdownFilter

from coupons.models import Verification


class StatusFilter(DropdownFilter):
    """By state; the open ones are few and have an index of their own."""

    title = _("status")
    parameter_name = "status"

    def lookups(
        self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]
    ) -> list[tuple[str, Any]]:
        return list(Verification.Status.choices)

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        status = self.value()
        if status not in Verification.Status.values:
            return queryset
        rows = queryset.live() if status in Verification.LIVE else queryset
        return rows.filter(status=status)


class PersonFilter(DropdownFilter):
    """What waits for a decision."""

    title = _("needs a person")
    parameter_name = "person"

    def lookups(
        self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]
    ) -> list[tuple[str, Any]]:
        return [("yes", _("yes"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.live().filter(needs_person=True) if self.value() == "yes" else queryset
