"""What was found by asking and had not been told, by day."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from messaging.admin.labels import order_column, order_store_column
from messaging.models import MissedPush
from stores.backoffice.filters import DayFilter, ScopedRelatedFilter
from stores.backoffice.labels import moment_column
from stores.backoffice.read_only import LedgerAdmin
from stores.roles import Permission


@admin.register(MissedPush)
class MissedPushAdmin(LedgerAdmin):
    view_permission = Permission.SETTLE
    list_display = ("found", "kind", "number", "came", "order_store")
    list_select_related = ("order__store__merchant",)
    list_filter = (("found_at", DayFilter), ("order__store", ScopedRelatedFilter), "kind")
    ordering = ("-found_at", "-id")
    fields = (("kind", "number"), ("found_at", "came_at"))
    empty_text = _("Meituan has told us everything.")
    found = moment_column("found_at", pgettext_lazy("missed push", "found"))
    number, order_store = order_column, order_store_column
    came = moment_column("came_at", _("push came"))

    def get_queryset(self, request: HttpRequest) -> QuerySet[MissedPush]:
        rows: Any = super().get_queryset(request)
        lost: QuerySet[MissedPush] = rows.lost()
        return lost
