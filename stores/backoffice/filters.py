"""Filters of the admin lists that offer only what a person may see."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, ClassVar

from django.contrib.admin.views.main import SEARCH_VAR
from django.db.models import DateTimeField, Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise
from unfold.contrib.filters.admin import DropdownFilter, RangeDateFilter, RelatedDropdownFilter

from stores.backoffice.dates import (
    ENDS,
    NAMED_DAYS,
    NAMES_OF_DAYS,
    OTHER_DAYS,
    WEEK,
    Days,
    DaysForm,
    chosen_days,
    named_days,
)
from stores.backoffice.scoping import visible_to
from stores.clock import begin_of
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


@dataclass(frozen=True)
class Tab:
    """One of the tabs over a list.

    `address` holds the parameters that choose it, None for one that must not stand there.
    `condition` is met by its rows; None where their number is not told.
    """

    title: StrOrPromise
    address: Mapping[str, str | None]
    is_open: bool
    condition: Q | None = None


class DayFilter(RangeDateFilter):
    """From one day to another, both included, in local time; or today, yesterday, seven days.

    Of a list with a head (`stores.backoffice.daily`) it makes the tabs.
    """

    form_class = DaysForm
    template = "stores/backoffice/day_filter.html"

    def __init__(
        self, field: Any, request: HttpRequest, params: Any, *given: Any, **named: Any
    ) -> None:
        super().__init__(field, request, params, *given, **named)
        self.chosen = chosen_days(request.GET, self.field_path)
        name = f"{self.field_path}{NAMED_DAYS}"
        if name in params:
            self.used_parameters[name] = params.pop(name)[-1]

    def expected_parameters(self) -> list[str | None]:
        return [*super().expected_parameters(), f"{self.field_path}{NAMED_DAYS}"]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(self._within(self.chosen))

    def choices(self, changelist: Any) -> Iterator[dict[str, Any]]:
        first, last = self.chosen.first, self.chosen.last
        ends = (first, last) if self.chosen.name == OTHER_DAYS else (None, None)
        yield {"form": DaysForm(name=self.field_path, ends=ends)}

    def tabs(self) -> list[Tab]:
        return [self._tab(*tab) for tab in NAMES_OF_DAYS.items()]

    def counted(self) -> Q:
        """Met by the rows of all tabs whose number is told; older ones would be too many."""
        return self._within(named_days(WEEK))

    def _tab(self, name: str, title: StrOrPromise) -> Tab:
        address: dict[str, str | None] = {f"{self.field_path}{end}": None for end in ENDS}
        address[f"{self.field_path}{NAMED_DAYS}"] = name or None
        is_counted = name not in ("", OTHER_DAYS)
        condition = self._within(named_days(name)) if is_counted else None
        return Tab(title, address, name == self.chosen.name, condition)

    def _within(self, days: Days) -> Q:
        wanted = Q()
        if days.first:
            wanted &= Q(**{f"{self.field_path}__gte": self._begin(days.first)})
        if days.last:
            end = self._begin(days.last + timedelta(days=1))
            wanted &= Q(**{f"{self.field_path}__lt": end})
        return wanted

    def _begin(self, day: date) -> date:
        """Local midnight, or of a column of days the day."""
        if not isinstance(self.field, DateTimeField):
            return day
        return begin_of(day)


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


class StateFilter(DefaultedFilter):
    """By state, each with its condition; of a list with a head it makes the tabs."""

    all_option: Any = None

    def condition(self, value: str) -> Q:
        raise NotImplementedError

    def narrowed(self, rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        return rows.filter(self.condition(value))

    def tabs(self) -> list[Tab]:
        name, opened = self.parameter_name or "", self.chosen() or self.default
        return [
            Tab(title, {name: key}, key == opened, self.condition(key))
            for key, title in self.options
        ]

    def counted(self) -> Q:
        return Q()


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
