from typing import Any

from django.contrib import admin
from django.contrib.admin import display
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from coupons.models import Batch, Verification
from coupons.services import batch_progress
from stores.backoffice.daily import DailyListAdmin
from stores.backoffice.filters import DayFilter, ScopedRelatedFilter
from stores.backoffice.labels import actor_column, link, moment_column
from stores.backoffice.read_only import LedgerAdmin

LIVE = Q(items__verification__status__in=Verification.LIVE)


@admin.register(Batch)
class BatchAdmin(DailyListAdmin, LedgerAdmin):
    list_display = ("time", "progress", "store", "who")
    list_select_related = ("store__merchant",)
    list_filter = (("store", ScopedRelatedFilter), ("created_at", DayFilter))
    fields = (("store", "who"), "created_at", "summary", "page")
    time = moment_column("created_at", _("time"))
    who = actor_column("requested_by", _("requested by"))
    list_before_template = "coupons/admin/paste.html"

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        paste = {"paste_url": reverse("coupons:batches")}
        return super().changelist_view(request, paste | (extra_context or {}))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)
        live = Count("items__verification", filter=LIVE, distinct=True)
        counted: QuerySet[Any] = rows.annotate(lines=Count("items"), settled=Count("items") - live)
        return counted

    @display(description=_("progress"))
    def progress(self, batch: Any) -> SafeString:
        return format_html(
            '<progress max="{}" value="{}"></progress> {} / {}',
            batch.lines or 1,
            batch.settled,
            batch.settled,
            batch.lines,
        )

    @display(description=_("progress"))
    def summary(self, batch: Batch) -> str:
        state = batch_progress(batch)
        return str(
            _(
                "%(percent)d %%: %(verified)d verified, %(refused)d refused,"
                " %(malformed)d no codes, %(repeated)d repeated, %(open)d open"
            )
            % {
                "percent": state.percent,
                "verified": state.verified,
                "refused": state.refused,
                "malformed": state.malformed,
                "repeated": state.repeated,
                "open": state.waiting + state.unknown,
            }
        )

    @display(description=_("lines"))
    def page(self, batch: Batch) -> SafeString:
        url = reverse("coupons:batch", args=[batch.pk])
        return link(url, _("Show every line"))
