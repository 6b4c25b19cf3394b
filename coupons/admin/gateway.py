"""The gateway's lists: stores with their quota, products, and the syncs that read them."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin import display
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from coupons.models import GatewayStore, Product, SyncRun
from coupons.services import products_sync, quota_outlooks
from coupons.services.syncing import QuotaOutlook
from coupons.tools import sync_messages
from stores.admin.connections import LEVELS
from stores.backoffice.buttons import Button, ButtonsAdmin, button
from stores.backoffice.daily import DailyListAdmin
from stores.backoffice.filters import PresenceFilter, ScopedRelatedFilter
from stores.backoffice.labels import badge, badge_column, connection_column, moment_column
from stores.backoffice.pages import staff_user
from stores.backoffice.plain_errors import explained
from stores.backoffice.read_only import LedgerAdmin, ReadOnlyAdmin
from stores.money import number_text
from stores.roles import Permission
from stores.text import listed

AUTHORISATION_COLOURS = {
    "authorised": "success",
    "not_authorised": "danger",
    "expired": "danger",
    "unknown": "warning",
}

LISTINGS = {"new": _("new"), "listed": _("on sale"), "vanished": _("vanished")}
LISTING_COLOURS = {"new": "success", "listed": "info", "vanished": "danger"}


@admin.register(GatewayStore)
class GatewayStoreAdmin(ButtonsAdmin, ReadOnlyAdmin):
    buttons = ("sync_products",)
    list_per_page = 25
    list_display = (
        "store",
        "left",
        "authorisation_label",
        "days_left",
        "burn_rate",
        "remote_id",
        "listed",
    )
    list_select_related = ("store", "connection__merchant")
    list_filter = (("connection", ScopedRelatedFilter), "authorisation", PresenceFilter)
    search_fields = ("remote_name", "store__name")
    fields = (
        ("store", "account"),
        ("remote_id", "remote_name"),
        ("authorisation_label", "left"),
        ("burn_rate", "days_left"),
        ("synced_at", "vanished_at"),
    )
    account = connection_column
    authorisation_label = badge_column("authorisation", AUTHORISATION_COLOURS, _("authorisation"))

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """Computes the outlook of the whole page with one query."""
        response = super().changelist_view(request, extra_context)
        if isinstance(response, TemplateResponse) and response.context_data:
            rows = list(response.context_data["cl"].result_list)
            outlooks = quota_outlooks(rows)
            for row in rows:
                row.outlook = outlooks[row.pk]
            response.context_data["cl"].result_list = rows
        return response

    @button(
        Button(
            title=_("Sync products"),
            icon="sync",
            permission=Permission.MANAGE_STORES,
            busy=_("Being synced …"),
        )
    )
    def sync_products(
        self, request: HttpRequest, row: GatewayStore, cleaned_data: dict[str, Any]
    ) -> None:
        for line in sync_messages(products_sync(store=row.store, actor=staff_user(request))):
            messages.add_message(request, LEVELS[line.level], line.text)

    @display(description=_("calls left"), ordering="request_count")
    def left(self, row: GatewayStore) -> str:
        return "–" if row.request_count is None else number_text(row.request_count)

    @display(description=_("calls a day"))
    def burn_rate(self, row: GatewayStore) -> str:
        per_day = _outlook(row).per_day
        return "–" if per_day is None else number_text(round(per_day))

    @display(description=_("days left"))
    def days_left(self, row: GatewayStore) -> str:
        days = _outlook(row).days_left
        return "–" if days is None else number_text(int(days))

    @display(description=_("listed"), boolean=True)
    def listed(self, row: GatewayStore) -> bool:
        return row.vanished_at is None


def _outlook(row: GatewayStore) -> QuotaOutlook:
    found: QuotaOutlook = getattr(row, "outlook", None) or quota_outlooks([row])[row.pk]
    return found


@admin.register(Product)
class ProductAdmin(DailyListAdmin, ReadOnlyAdmin):
    list_display = ("deal", "store", "price", "list_price", "listing", "sku_id", "synced")
    list_select_related = ("store__merchant",)
    list_filter = (("store", ScopedRelatedFilter), PresenceFilter)
    search_fields = ("name", "sku_id")
    fields = (
        ("store", "sku_id"),
        ("name", "sku_name"),
        ("price", "list_price"),
        ("created_at", "synced_at"),
        "listing",
    )
    synced = moment_column("synced_at", _("synced"))

    @display(description=_("name"), ordering="name")
    def deal(self, product: Product) -> str:
        return str(product)

    @display(description=_("listing"))
    def listing(self, product: Product) -> SafeString:
        """Products that the last sync added are new."""
        is_new = product.synced_at is not None and product.created_at >= product.synced_at
        key = "new" if is_new else "listed"
        if product.vanished_at:
            key = "vanished"
        return badge(LISTINGS[key], LISTING_COLOURS, key)


@admin.register(SyncRun)
class SyncRunAdmin(LedgerAdmin):
    view_permission = Permission.MANAGE_STORES
    list_display = ("started_at", "account", "store", "kind", "found", "trouble")
    list_select_related = ("connection__merchant", "store")
    list_filter = (("connection", ScopedRelatedFilter), ("store", ScopedRelatedFilter), "kind")
    fields = (
        ("account", "store"),
        "kind",
        ("started_at", "ended_at"),
        "new",
        "changes",
        "gone",
        "trouble",
    )
    account = connection_column

    @display(description=_("new / changed / vanished"))
    def found(self, run: SyncRun) -> str:
        return f"{len(run.added)} / {len(run.changed)} / {len(run.vanished)}"

    @display(description=_("new"))
    def new(self, run: SyncRun) -> str:
        return listed(run.added)

    @display(description=_("changed"))
    def changes(self, run: SyncRun) -> str:
        return listed(run.changed)

    @display(description=_("error"))
    def trouble(self, run: SyncRun) -> SafeString | str:
        return explained(run.error)

    @display(description=_("vanished"))
    def gone(self, run: SyncRun) -> str:
        return listed(run.vanished)
