from datetime import timedelta

from django.utils.translation import gettext_lazy as _

from coupons.choices import LOOKUP, PLATFORM, VERIFY
from stores.backoffice.menu import (
    ORDERS,
    PRODUCTS,
    RECORDS,
    STORES,
    list_item,
    opened_on_today,
)
from stores.domains import CounterLink, Domain, ProblemCode, Schedule


class CouponsConfig(Domain):
    name = "coupons"
    verbose_name = _("Coupons")
    platform = PLATFORM
    platform_title = _("Meituan group coupons (umember)")
    # The gateway allows 2 requests a second; with 0.56 s between two, no second has more than 2
    # even with 50 ms jitter.
    pace_seconds = 0.56
    tools = "coupons.tools.UmemberTools"
    connection_form = "coupons.admin.connection.UmemberConnectionForm"
    scopes = {LOOKUP: _("look coupons up"), VERIFY: _("verify coupons")}
    problem_codes = {
        "malformed_code": ProblemCode(
            422,
            _("This is not a coupon code"),
            _(
                "the text holds no coupon code, or several: `read_as` names what it is, `offered`"
                " lists numbers that a person may mean"
            ),
            _(
                "show `detail`; have it scanned again, or send the number that a person chose with"
                " `confirmed`"
            ),
        )
    }
    code_tables = "coupons.api.docs.code_tables"
    quick_start = "coupons.api.docs.quick_start"
    registers = ("coupons.services.operations",)
    sandbox = "coupons.sandbox.UmemberSandbox"
    sandbox_addresses = {"UMEMBER_BASE_URL": "/umember"}
    demo = "coupons.demo.CouponsDemo"
    demo_info = "coupons.demo.info"
    counter_kind = "coupons.counter.CouponKind"
    counter_links = (
        CounterLink(_("Paste many codes"), "coupons:batches"),
        CounterLink(_("Poster for guests"), "coupons:poster-here"),
    )
    schedules = (
        Schedule("coupons.tasks.sync_all_stores", timedelta(minutes=30)),
        Schedule("coupons.tasks.sync_all_products", timedelta(hours=6)),
        Schedule("coupons.tasks.prune_lookups", timedelta(days=1)),
        Schedule("coupons.tasks.forget_codes", timedelta(hours=1)),
    )
    task_titles = {
        "coupons.tasks.sync_stores": _("Read a gateway account's stores"),
        "coupons.tasks.sync_products": _("Read a store's deals"),
        "coupons.tasks.sync_all_stores": _("Read all gateway accounts' stores"),
        "coupons.tasks.sync_all_products": _("Read all stores' deals"),
        "coupons.tasks.prune_lookups": _("Remove old look-ups of guests"),
        "coupons.tasks.forget_codes": _("Remove codes that are not needed any more"),
    }
    cards = "coupons.dashboard.cards"
    alerts = "coupons.dashboard.alerts"
    charts = "coupons.dashboard.charts"
    tables = "coupons.dashboard.tables"
    steps = "coupons.dashboard.steps"
    store_links = "coupons.dashboard.store_links"
    health = "coupons.dashboard.health"
    searcher = "coupons.admin.searching.SEARCHER"
    verb_labels = {
        "asked the platform": _("Asked the platform"),
        "batch created": _("Started a batch"),
        "guest page locked": _("Locked a phone on the guest page: too many wrong numbers"),
        "settled by hand": _("Settled by hand"),
        "synced products": _("Synced products"),
        "synced stores": _("Synced stores"),
        "verification withdrawn": _("Withdrew a verification that waited"),
        "verifications exported": _("Exported verifications"),
    }
    audit_details = {"codes": _("codes"), "lines": _("lines"), "verified": _("verified")}
    menu = (
        list_item(
            ORDERS, "coupons.Verification", _("Verifications"), opened_on_today("created_at")
        ),
        list_item(ORDERS, "coupons.Batch", _("Batches")),
        list_item(PRODUCTS, "coupons.Product", _("Coupon deals")),
        list_item(STORES, "coupons.GatewayStore", _("Authorisation and calls left")),
        list_item(RECORDS, "coupons.SyncRun", _("Syncs")),
    )
