"""Filters of the admin lists that offer only what a person may see."""

from datetime import datetime, time, timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import DropdownFilter, RangeDateFilter, RelatedDropdownFilter
from unfold.utils import parse_date_str

from stores.backoffice.base import visible_to
from stores.domains import platform_choices
from stores.platforms.outbox import operations


class ScopedRelatedFilter(RelatedDropdownFilter):
    """A drop-down of related rows: own stores, own products, own connections."""

    def field_choices(
        self, field: Any, request: HttpRequest, model_admin: Any
    ) -> list[tuple[Any, str]]:
        return [(row.pk, str(row)) for row in visible_to(field.remote_field.model, request)[:500]]


class DayFilter(RangeDateFilter):
    """From one day to another, both included, in local time."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        first, last = self._day("_from"), self._day("_to")
        wanted = Q()
        if first:
            wanted &= Q(**{f"{self.parameter_name}__gte": first})
        if last:
            wanted &= Q(**{f"{self.parameter_name}__lt": last + timedelta(days=1)})
        return queryset.filter(wanted)

    def _day(self, end: str) -> datetime | None:
        text = self.used_parameters.get(f"{self.parameter_name}{end}")
        day = parse_date_str(text) if isinstance(text, str) else None
        return timezone.make_aware(datetime.combine(day, time.min)) if day else None


class OperationFilter(DropdownFilter):
    """By what a call does."""

    title = _("operation")
    parameter_name = "operation"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(known.name, known.title or known.name) for known in operations.by_name.values()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(operation=self.value()) if self.value() else queryset


class PlatformFilter(DropdownFilter):
    """By platform, called as people call it."""

    title = _("platform")
    parameter_name = "platform"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return platform_choices()

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(platform=self.value()) if self.value() else queryset


class PresenceFilter(DropdownFilter):
    """Whether the platform still lists a row."""

    title = _("listed")
    parameter_name = "listed"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("on sale or listed")), ("no", _("vanished"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() in ("yes", "no"):
            return queryset.filter(vanished_at__isnull=self.value() == "yes")
        return queryset
