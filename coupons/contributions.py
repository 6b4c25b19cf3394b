"""What coupons adds to the shared registry: dashboard, counter, sandbox, demo, schedules."""

from datetime import timedelta

from django.utils.translation import gettext_lazy as _

from stores.backoffice.menu import list_item, may_view
from stores.registry import MenuItem, Schedule, registry

COUPONS = _("Coupons")

registry.sandbox_classes.append("coupons.sandbox.UmemberSandbox")
registry.demo_parts.append("coupons.demo.CouponsDemo")
registry.demo_infos.append("coupons.demo.info")
registry.counter_kinds.append("coupons.counter.CouponKind")
registry.counter_links += [
    MenuItem(_("Counter"), _("Paste many codes"), "playlist_add_check", "coupons:batches"),
    MenuItem(_("Counter"), _("Poster for guests"), "qr_code_2", "coupons:poster-here"),
]
registry.schedules += [
    Schedule("coupons.tasks.sync_all_stores", timedelta(minutes=30)),
    Schedule("coupons.tasks.sync_all_products", timedelta(hours=6)),
    Schedule("coupons.tasks.prune_lookups", timedelta(days=1)),
]
registry.cards.append("coupons.dashboard.cards")
registry.alerts.append("coupons.dashboard.alerts")
registry.charts.append("coupons.dashboard.charts")
registry.tables.append("coupons.dashboard.tables")
registry.steps.append("coupons.dashboard.steps")
registry.store_links.append("coupons.dashboard.store_links")
registry.connection_forms["umember"] = "coupons.admin.connection.UmemberConnectionForm"
registry.platform_tools["umember"] = "coupons.dashboard.UmemberTools"
registry.verb_labels |= {
    "asked the platform": _("Asked the platform"),
    "batch created": _("Started a batch"),
    "settled by hand": _("Settled by hand"),
    "synced products": _("Synced products"),
    "synced stores": _("Synced stores"),
    "verifications exported": _("Exported verifications"),
}
registry.menu += [
    list_item(COUPONS, "coupons.Verification", _("Verifications"), "fact_check"),
    MenuItem(
        COUPONS, _("Batches"), "playlist_add_check", "coupons:batches", may_view("coupons.Batch")
    ),
    list_item(COUPONS, "coupons.Product", _("Products"), "sell"),
    list_item(COUPONS, "coupons.GatewayStore", _("Stores at the gateway"), "store"),
    list_item(COUPONS, "coupons.SyncRun", _("Syncs"), "sync"),
]
