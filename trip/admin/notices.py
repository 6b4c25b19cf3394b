"""The list of notices to Meituan: those that did not arrive yet, or all on request."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from stores.admin.ledgers import OutboundCallAdmin
from stores.backoffice.filters import (
    EVERYTHING,
    DayFilter,
    DefaultedFilter,
    DrillFilter,
    ScopedRelatedFilter,
)
from trip.choices import PLATFORM
from trip.models import MeituanNotice

State = MeituanNotice.State


class OpenFilter(DefaultedFilter):
    """Shows the notices that did not arrive unless a state is chosen."""

    title = _("state")
    parameter_name = "state__exact"
    all_option: Any = ["", _("not arrived yet")]
    options = (*State.choices, (EVERYTHING, _("All")))

    def narrowed(self, rows: QuerySet[MeituanNotice], value: str) -> QuerySet[MeituanNotice]:
        if value == EVERYTHING:
            return rows
        if value:
            return rows.filter(state=value)
        return rows.exclude(state=State.DONE)


@admin.register(MeituanNotice)
class MeituanNoticeAdmin(OutboundCallAdmin):
    list_filter = (
        OpenFilter,
        DrillFilter,
        ("store", ScopedRelatedFilter),
        ("queued_at", DayFilter),
    )
    empty_text = _("Meituan has taken every notice.")

    def get_queryset(self, request: HttpRequest) -> QuerySet[MeituanNotice]:
        notices: QuerySet[MeituanNotice] = super().get_queryset(request)
        return notices.filter(platform=PLATFORM)
