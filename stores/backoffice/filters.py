"""Filters of the admin lists that offer only what a person may see."""

from collections.abc import Sequence
from datetime import MAXYEAR, MINYEAR, datetime, time, timedelta
from typing import Any, ClassVar

from django.contrib.admin.views.main import SEARCH_VAR
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise
from unfold.contrib.filters.admin import DropdownFilter, RangeDateFilter, RelatedDropdownFilter
from unfold.utils import parse_date_str

from stores.backoffice.base import visible_to
from stores.domains import platform_choices
from stores.platforms.outbox import operations

# The option of a DefaultedFilter that narrows nothing.
EVERYTHING = "all"


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
        # The first and the last year do not fit into every time zone.
        if day is None or day.year in (MINYEAR, MAXYEAR):
            return None
        return timezone.make_aware(datetime.combine(day, time.min))


class ChoiceFilter(DropdownFilter):
    """Subclasses list their `options` and narrow the rows by the chosen one.

    A value that is no option narrows nothing.
    """

    options: ClassVar[Sequence[tuple[str, StrOrPromise]]] = ()

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(self.options)

    def narrowed(self, rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        raise NotImplementedError

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        chosen = self.chosen()
        return self.narrowed(queryset, chosen) if chosen else queryset

    def chosen(self) -> str:
        """The chosen option; "" for none and for a value that is no option."""
        value = super().value()
        return value if value in dict(self.lookup_choices) else ""


class DefaultedFilter(ChoiceFilter):
    """Narrows the list even when nothing is chosen: by the `default`.

    With a `default` among the options there is no empty choice; otherwise `default` is "", and
    `all_option` says what it means.
    """

    default: ClassVar[str] = ""

    def value(self) -> str | None:
        return self.chosen() or self.default or super().value()

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return self.narrowed(queryset, self.chosen() or self.default)


class DrillFilter(DefaultedFilter):
    """Hides what a drill made unless it is asked for, or a search text is given.

    `path` leads to the field that says so.
    """

    title = _("drill")
    parameter_name = "drill"
    all_option: Any = ["", _("without drills")]
    options = (("too", _("including drills")), ("only", _("drills only")))
    path: ClassVar[str] = "is_drill"

    def narrowed(self, rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        if value == "only":
            return rows.filter(**{self.path: True})
        is_asked_for = value == "too" or self.request.GET.get(SEARCH_VAR)
        return rows if is_asked_for else rows.filter(**{self.path: False})


class CallDrillFilter(DrillFilter):
    path = "call__is_drill"


class OperationFilter(ChoiceFilter):
    """By what a call does."""

    title = _("operation")
    parameter_name = "operation"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        known = sorted(operations.by_name.values(), key=lambda each: each.name)
        return [(each.name, each.title or each.name) for each in known]

    def narrowed(self, rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        return rows.filter(operation=value)


class PlatformFilter(ChoiceFilter):
    """By platform, called as people call it."""

    title = _("platform")
    parameter_name = "platform"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return platform_choices()

    def narrowed(self, rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        return rows.filter(platform=value)


class PresenceFilter(ChoiceFilter):
    """Whether the platform still lists a row."""

    title = _("listed")
    parameter_name = "listed"
    options = (("yes", _("on sale or listed")), ("no", _("vanished")))

    def narrowed(self, rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        return rows.filter(vanished_at__isnull=value == "yes")
