"""Lists that shop people open every day, under a head: tabs with their numbers, the choice of the
store, how many rows there are and what they are worth.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar

from django.contrib.admin.views.main import ChangeList
from django.core.validators import EMPTY_VALUES
from django.db.models import Count, F, Q, QuerySet, Sum
from django.db.models.expressions import Combinable
from django.http import HttpRequest
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django_stubs_ext import StrOrPromise

from stores.backoffice.base import ScopedAdmin, ScopedChangeList
from stores.backoffice.dates import OTHER_DAYS
from stores.backoffice.filters import DayFilter, ScopedRelatedFilter, StateFilter
from stores.models import Store
from stores.money import number_text, yuan_text

# Of more rows the head says only that there are more: nobody waits for their sum.
MOST_COUNTED = 20_000
SHEET_WITHOUT_IT = "stores/backoffice/kept_filter.html"


@dataclass(frozen=True)
class Worth:
    """What rows are worth: the sum of a column or expression in yuan over those that meet
    `condition`; `of` tells people which those are.
    """

    amount: str | Combinable
    condition: Q | None = None
    of: StrOrPromise = ""


@dataclass(frozen=True)
class ShownTab:
    title: StrOrPromise
    link: str
    is_open: bool
    count: str


class DailyChangeList(ScopedChangeList):
    """Knows its head. What the head chooses is not in the sheet of filters again."""

    _filters: Any = None
    list_display: Any

    def __init__(self, request: HttpRequest, *given: Any, **named: Any) -> None:
        super().__init__(request, *given, **named)
        self.request = request
        if not self.store_filter:
            self.list_display = [name for name in self.list_display if name != "store"]

    def get_filters(self, request: HttpRequest) -> Any:
        """Reads the choices of the filters once, however often the rows are asked for."""
        if self._filters is None:
            specs, has_any, *rest, _active = super().get_filters(request)
            self._filters = (specs, has_any, *rest, self._narrows(request, specs))
        return self._filters

    def _narrows(self, request: HttpRequest, specs: Any) -> bool:
        """Gives the filters of the head a place in the sheet that only keeps their choice; returns
        whether another one is chosen.
        """
        in_head = {id(spec) for spec in (_tabs_among(specs), _stores_among(specs))}
        active = False
        for spec in specs:
            names = [name for name in spec.expected_parameters() if name]
            chosen = [
                (name, value)
                for name in names
                for value in request.GET.getlist(name)
                if value not in EMPTY_VALUES
            ]
            if id(spec) in in_head:
                spec.template, spec.kept = SHEET_WITHOUT_IT, chosen
            else:
                active = active or bool(chosen)
        return active

    @cached_property
    def tab_filter(self) -> DayFilter | StateFilter | None:
        return _tabs_among(self.filter_specs)

    @cached_property
    def store_filter(self) -> Any:
        return _stores_among(self.filter_specs)

    @cached_property
    def tabs(self) -> list[ShownTab]:
        """Returns the tabs, with the number of rows that the other filters leave in each."""
        spec = self.tab_filter
        if spec is None:
            return []
        tabs = spec.tabs()
        counts = {
            f"tab{number}": Count("pk", filter=tab.condition)
            for number, tab in enumerate(tabs)
            if tab.condition is not None
        }
        rows = self.get_queryset(self.request, exclude_parameters=spec.expected_parameters())
        found = rows.filter(spec.counted()).aggregate(**counts)
        return [
            ShownTab(
                tab.title,
                self.get_query_string(dict(tab.address)),
                tab.is_open,
                number_text(found[f"tab{number}"]) if f"tab{number}" in found else "",
            )
            for number, tab in enumerate(tabs)
        ]

    @cached_property
    def days_form(self) -> Any:
        """Returns the two days to choose when their tab is open."""
        spec = self.tab_filter
        if not isinstance(spec, DayFilter) or spec.chosen.name != OTHER_DAYS:
            return None
        return next(spec.choices(self))["form"]

    @property
    def chosen_store(self) -> str:
        return self.request.GET.get(self.store_filter.lookup_kwarg, "")

    @property
    def is_narrowed_by_head(self) -> bool:
        """Whether somebody has chosen a tab or a store, so that an empty list is no empty table."""
        specs = [spec for spec in (self.tab_filter, self.store_filter) if spec]
        return any(
            self.request.GET.get(name)
            for spec in specs
            for name in spec.expected_parameters()
            if name
        )

    def kept_without(self, *specs: Any) -> list[tuple[str, str]]:
        """Returns what a form of the head keeps of the address: all but what it chooses itself."""
        own = {name for spec in specs if spec for name in spec.expected_parameters()}
        return [
            (name, value)
            for name, values in self.filter_params.items()
            for value in values
            if name not in own
        ]

    @property
    def kept_by_days(self) -> list[tuple[str, str]]:
        return self.kept_without(self.tab_filter)

    @property
    def kept_by_stores(self) -> list[tuple[str, str]]:
        return self.kept_without(self.store_filter)

    @property
    def kept_by_search(self) -> list[tuple[str, str]]:
        """A search looks at all days."""
        days = self.tab_filter if isinstance(self.tab_filter, DayFilter) else None
        return [pair for pair in self.kept_without(days) if pair[0] != "q"]

    @cached_property
    def total(self) -> str:
        """Returns the number of the filtered rows, and what they are worth."""
        counted: QuerySet[Any] = self.queryset[: MOST_COUNTED + 1]
        worth: Worth | None = self.model_admin.worth
        sums = {}
        if worth:
            amount = F(worth.amount) if isinstance(worth.amount, str) else worth.amount
            sums["worth"] = Sum(amount, filter=worth.condition)
        found = counted.aggregate(number=Count("pk"), **sums)
        number = found["number"]
        if number > MOST_COUNTED:
            return _("more than %(count)s rows") % {"count": number_text(MOST_COUNTED)}
        text = ngettext("%(count)s row", "%(count)s rows", number) % {"count": number_text(number)}
        amount_found: Decimal | None = found.get("worth")
        if worth is None or not amount_found:
            return text
        text = f"{text} · {yuan_text(amount_found)}"
        return _("%(text)s (%(of)s)") % {"text": text, "of": worth.of} if worth.of else text


def _tabs_among(specs: Any) -> DayFilter | StateFilter | None:
    return next((spec for spec in specs if isinstance(spec, DayFilter | StateFilter)), None)


def _stores_among(specs: Any) -> ScopedRelatedFilter | None:
    return next(
        (
            spec
            for spec in specs
            if isinstance(spec, ScopedRelatedFilter) and spec.field.related_model is Store
        ),
        None,
    )


class DailyListAdmin(ScopedAdmin):
    """A list under a head. The first DayFilter or StateFilter of `list_filter` makes the tabs, and
    that of the stores the choice for people with several; `worth` is summed.
    """

    list_before_template = "stores/backoffice/list_head.html"
    worth: ClassVar[Worth | None] = None

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return DailyChangeList
