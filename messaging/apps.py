from dataclasses import replace
from datetime import timedelta

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from messaging.choices import ORDERS as ORDERS_SCOPE
from messaging.choices import PLATFORM, PRINT, REFUND, TAKE, PushKind
from stores.backoffice.menu import ORDERS, RECORDS, STORES, list_item, opened_on_today
from stores.domains import CounterLink, Domain, MenuEntry, MenuItem, ProblemCode, Schedule
from stores.roles import Permission, Role
from stores.tenancy import access_of


def has_takeaway(request: HttpRequest) -> bool:
    """Whether a person sees a store that is or was bound; read once per request."""
    from messaging.models import TakeawayStore

    found: bool | None = getattr(request, "_has_takeaway", None)
    if found is None:
        rows = TakeawayStore.objects.for_staff(request.user).exclude(state="waiting")
        found = request._has_takeaway = rows.exists()  # type: ignore[attr-defined]
    return found


def has_desk(request: HttpRequest) -> bool:
    """Whether a person handles takeaway orders of some store. Operators do so as the owner of the
    merchant whom they view: a desk of all merchants would be nobody's.
    """
    access = access_of(request.user)
    return not access.everything and access.has_permission(TAKE) and has_takeaway(request)


def may_connect(request: HttpRequest) -> bool:
    return access_of(request.user).has_permission(Permission.MANAGE_CONNECTIONS)


def of_takeaway(
    entry: MenuEntry, label: str, title: StrOrPromise, order: int, query: str = ""
) -> MenuItem:
    """A list of the menu that those have who have takeaway."""
    usual = list_item(entry, label, title, query, order)
    return replace(usual, shown=lambda request: usual.shown(request) and has_takeaway(request))


class MessagingConfig(Domain):
    name = "messaging"
    verbose_name = _("Takeaway")
    platform = PLATFORM
    platform_title = _("Meituan takeaway")
    tools = "messaging.tools.TakeawayTools"
    connection_form = "messaging.admin.connection.TakeawayConnectionForm"
    store_page = "messaging.admin.stores.page_of"
    problem_codes = {
        "takeaway_conflict": ProblemCode(
            409,
            _("The takeaway order does not allow this as it stands"),
            _("the order does not allow this now; `detail` says why"),
            _("read the order, show `detail` to the staff"),
        ),
        "chat_conflict": ProblemCode(
            409,
            _("Nothing can be written in this conversation"),
            _("the conversation is closed, or the text is not one; `detail` says why"),
            _("show `detail` to the staff; they may answer in Meituan's own app"),
        ),
    }
    quick_start = "messaging.api.docs.quick_start"
    scopes = {
        ORDERS_SCOPE: _("read and handle takeaway orders"),
        PRINT: _("print receipts on a machine in the shop"),
    }
    permissions = {
        TAKE: frozenset({Role.CLERK, Role.MANAGER}),
        REFUND: frozenset({Role.MANAGER}),
    }
    early = {"/takeaway/pulse/": "messaging.pages.pulse.unchanged"}
    registers = (
        "messaging.services.reading",
        "messaging.services.acting",
        "messaging.services.cards.asking",
        "messaging.services.cards.saving",
        "messaging.services.chat.asking",
        "messaging.services.chat.connecting",
        "messaging.services.printing.reporting",
        "messaging.services.chat.sending",
        "messaging.services.chat.presence",
        "messaging.webhooks.handlers",
    )
    sandbox = "messaging.sandbox.TakeawaySandbox"
    sandbox_addresses = {"TAKEAWAY_BASE_URL": "/takeaway"}
    demo = "messaging.demo.TakeawayDemo"
    demo_info = "messaging.demo.info"
    schedules = (
        Schedule("messaging.tasks.reconcile_all", timedelta(minutes=2)),
        Schedule("messaging.tasks.accept_due", timedelta(minutes=1)),
        Schedule("messaging.tasks.ask_cards", timedelta(minutes=30)),
        Schedule("messaging.tasks.ask_rates", timedelta(hours=6)),
        Schedule("messaging.tasks.send_cards", timedelta(minutes=1)),
        Schedule("messaging.tasks.forget_staff", timedelta(days=1)),
        Schedule("messaging.tasks.print_due", timedelta(seconds=10)),
        Schedule("messaging.tasks.call_shops", timedelta(seconds=10)),
        Schedule("messaging.tasks.forget_addresses", timedelta(minutes=10)),
        Schedule("messaging.tasks.forget_customers", timedelta(days=1)),
        Schedule("messaging.tasks.remove_old_chat", timedelta(days=1)),
    )
    programs = {"chat": ("im_listen",)}
    task_titles = {
        "messaging.tasks.remove_old_chat": _("Remove old conversations"),
        "messaging.tasks.reconcile_all": _("Ask Meituan for what it has not told"),
        "messaging.tasks.reconcile": _("Ask Meituan about one takeaway account"),
        "messaging.tasks.accept_due": _("Accept takeaway orders by the stores' rules"),
        "messaging.tasks.call_shops": _("Call shops to urgent messages by their printers"),
        "messaging.tasks.ask_cards": _("Ask Meituan how the safety cards stand"),
        "messaging.tasks.ask_rates": _("Ask Meituan for the reply rates"),
        "messaging.tasks.send_cards": _("Send the safety cards of completed orders"),
        "messaging.tasks.send_card": _("Send the safety card of one order"),
        "messaging.tasks.forget_staff": _("Remove the staff of old safety cards"),
        "messaging.tasks.print_due": _("Print the receipts that wait"),
        "messaging.tasks.print_queued": _("Print the receipts of one printer"),
        "messaging.tasks.forget_addresses": _("Remove addresses of takeaway orders"),
        "messaging.tasks.forget_customers": _("Remove customers of old takeaway orders"),
    }
    cards = "messaging.dashboard.cards"
    alerts = "messaging.dashboard.alerts"
    charts = "messaging.dashboard.charts"
    store_links = "messaging.dashboard.store_links"
    searcher = "messaging.admin.finding.SEARCHER"
    event_titles = {kind.value: kind.label for kind in PushKind}
    verb_labels = {
        "takeaway.bound": _("Meituan bound a takeaway store"),
        "takeaway.unbound": _("Meituan unbound a takeaway store"),
        "takeaway.order.accept": _("Accepted a takeaway order"),
        "takeaway.order.cancel": _("Cancelled a takeaway order"),
        "takeaway.order.ready": _("Reported a meal as ready"),
        "takeaway.order.urge": _("Answered a customer's urge"),
        "takeaway.order.time": _("Answered a wish for another time"),
        "takeaway.order.on_the_way": _("Reported that our courier has set out"),
        "takeaway.order.delivered": _("Reported that our courier has delivered"),
        "takeaway.refund.decide": _("Decided a takeaway refund"),
        "takeaway.refund.part": _("Refunded a part of a takeaway order"),
        "takeaway.chat.on": _("Turned the chat of a takeaway store on"),
        "takeaway.chat.off": _("Turned the chat of a takeaway store off"),
        "takeaway.chat.subscribe": _("Subscribed to a takeaway store's messages"),
        "takeaway.chat.unsubscribe": _("Ended the subscription to a takeaway store's messages"),
        "takeaway.chat.block": _("Blocked a takeaway customer"),
        "takeaway.chat.unblock": _("Let a blocked takeaway customer write again"),
        "takeaway.chat.dismiss": _("Said that a customer's message needs no answer"),
        "takeaway.chat.missed": _("Looked after messages that did not arrive"),
        "takeaway.card.save": _("Saved a safety card"),
        "takeaway.card.set_up": _("Set up a safety card"),
        "takeaway.rider.call": _("Called a rider"),
        "takeaway.rider.cancel": _("Cancelled a rider"),
        "takeaway.customer.shown": _("Looked at a customer's phones and address"),
        "takeaway.printer.tested": _("Printed a test page"),
        "takeaway.receipt.reprint": _("Printed a receipt again"),
        "takeaway.receipts.leftovers": _("Decided about old receipts"),
        "takeaway.orders.exported": _("Exported takeaway orders"),
    }
    audit_details = {
        "agree": _("agreed"),
        "code": _("code of the reason"),
        "copy": _("copy"),
        "customers": _("customers"),
        "day": _("day"),
        "printed": _("printed"),
        "skipped": _("left out"),
    }
    counter_links = (
        CounterLink(_("Order desk"), "takeaway:desk", has_desk),
        CounterLink(_("Customers' messages"), "takeaway:chat", has_desk),
        CounterLink(_("Safety card"), "takeaway:cards", has_desk),
    )
    menu = (
        # What has deadlines comes before the lists, also before those of other platforms.
        MenuItem(ORDERS, _("Order desk"), "takeaway:desk", has_desk, order=5),
        MenuItem(ORDERS, _("Customers' messages"), "takeaway:chat", has_desk, order=6),
        of_takeaway(
            ORDERS, "messaging.Order", _("Takeaway orders"), 55, opened_on_today("ordered_at")
        ),
        of_takeaway(ORDERS, "messaging.Refund", _("Takeaway refunds"), 56),
        MenuItem(ORDERS, _("Safety card"), "takeaway:cards", has_desk, order=62),
        MenuItem(
            STORES,
            _("Takeaway stores"),
            "admin:messaging_takeawaystore_changelist",
            lambda request: may_connect(request) or has_takeaway(request),
        ),
        of_takeaway(STORES, "messaging.Printer", _("Receipt printers"), 56),
        of_takeaway(STORES, "messaging.ChatStore", _("Chat settings"), 57),
        of_takeaway(STORES, "messaging.QuickReply", _("Quick replies"), 58),
        of_takeaway(RECORDS, "messaging.PrintJob", _("Receipts"), 49),
        of_takeaway(RECORDS, "messaging.MissedPush", _("Takeaway: not told"), 50),
    )
