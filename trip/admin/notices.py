"""The notices that Meituan has not taken yet, and on request all others."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import DropdownFilter

from stores.admin.ledgers import OutboundCallAdmin
from stores.backoffice.filters import DayFilter, ScopedRelatedFilter
from trip.choices import PLATFORM
from trip.models import MeituanNotice
from trip.services.notices import notices_of_drills

State = MeituanNotice.State
EVERYTHING = "all"


class OpenFilter(DropdownFilter):
    """What did not arrive, unless something else is asked for. What a drill owes, nobody waits for."""

    title = _("state")
    parameter_name = "state__exact"
    all_option: Any = ["", _("not arrived yet")]

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [*State.choices, (EVERYTHING, _("All"))]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[MeituanNotice]
    ) -> QuerySet[MeituanNotice]:
        if self.value() == EVERYTHING:
            return queryset
        if self.value() in State.values:
            return queryset.filter(state=self.value())
        return queryset.exclude(state=State.DONE).filter(~notices_of_drills())


@admin.register(MeituanNotice)
class MeituanNoticeAdmin(OutboundCallAdmin):
    list_filter = (OpenFilter, ("store", ScopedRelatedFilter), ("queued_at", DayFilter))
    empty_text = _("Meituan has taken every notice.")

    def get_queryset(self, request: HttpRequest) -> QuerySet[MeituanNotice]:
        notices: QuerySet[MeituanNotice] = super().get_queryset(request)
        return notices.filter(platform=PLATFORM)
