from datetime import timedelta

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from delivery.choices import BILLS, DELIVERIES, PLATFORM, SEND
from stores.backoffice.menu import CONNECTIONS, ORDERS, STORES, may_view, opened_on_today
from stores.domains import CounterLink, Domain, MenuItem, ProblemCode, Schedule
from stores.roles import Permission, Role
from stores.tenancy import access_of


def has_delivery(request: HttpRequest) -> bool:
    """Whether a person belongs to a merchant with a mini-program."""
    from delivery.models.uses import uses_delivery

    return uses_delivery(request.user)


def has_board(request: HttpRequest) -> bool:
    """Whether a person sends goods of some store that delivers. Operators do so as the owner of the
    merchant whom they view: a board of all merchants would be nobody's.
    """
    access = access_of(request.user)
    return not access.everything and access.has_permission(SEND) and has_delivery(request)


def sees_stores(request: HttpRequest) -> bool:
    may_connect = access_of(request.user).has_permission(Permission.MANAGE_CONNECTIONS)
    return may_connect or has_delivery(request)


def sees_accounts(request: HttpRequest) -> bool:
    return has_delivery(request) and may_view("delivery.CourierAccount")(request)


def has_delivery_stores(request: HttpRequest) -> bool:
    """Whether a person sees a store that sends by couriers; read once per request."""
    from delivery.models import DeliveryStore

    found: bool | None = getattr(request, "_has_delivery_stores", None)
    if found is None:
        found = DeliveryStore.objects.for_staff(request.user).exists()
        request._has_delivery_stores = found  # type: ignore[attr-defined]
    return found


def sees_money(request: HttpRequest) -> bool:
    may = access_of(request.user).has_permission(BILLS) and has_delivery(request)
    return may and has_delivery_stores(request)


def sees_deliveries(request: HttpRequest) -> bool:
    return has_delivery(request) and may_view("delivery.Delivery")(request)


def sees_drills(request: HttpRequest) -> bool:
    return has_delivery(request) and may_view("delivery.DrillRun")(request)


class DeliveryConfig(Domain):
    name = "delivery"
    verbose_name = _("Delivery")
    platform = PLATFORM
    platform_title = _("WeChat instant delivery")
    tools = "delivery.tools.WechatTools"
    connection_form = "delivery.admin.connection.WechatConnectionForm"
    error_words = "delivery.reasons.words_of"
    registers = (
        "delivery.services.calls",
        "delivery.services.tips",
        "delivery.webhooks.handlers",
    )
    event_titles = {
        "update_waybill_status": _("How far an order is"),
        "component_verify_ticket": _("Ticket for a service provider"),
        "authorized": _("A mini-program has authorised us"),
        "updateauthorized": _("A mini-program has changed its authorisation"),
        "unauthorized": _("A mini-program has withdrawn its authorisation"),
    }
    scopes = {DELIVERIES: _("send goods: ask for prices, call, tip and cancel riders")}
    permissions = {
        SEND: frozenset({Role.CLERK, Role.MANAGER}),
        BILLS: frozenset({Role.MANAGER}),
    }
    problem_codes = {
        "delivery_conflict": ProblemCode(
            409,
            _("The delivery does not allow this as it stands"),
            _("the delivery does not allow this now; `detail` says why"),
            _("read the delivery, show `detail` to the staff"),
        ),
        "wrong_order": ProblemCode(
            422,
            _("No courier would take this order"),
            _(
                "a field of the order cannot be right; `errors` says which, `meant` has the"
                " coordinates that are probably meant"
            ),
            _("correct the order"),
        ),
        "cancel_fee": ProblemCode(
            409,
            _("Cancelling costs more than was allowed"),
            _("`fee` is above `max_fee`, or `null`: the courier does not say it; nothing was sent"),
            _("ask a person, and cancel with a higher `max_fee`, or `null` for any"),
        ),
    }
    quick_start = "delivery.api.docs.quick_start"
    schedules = (
        Schedule("delivery.tasks.go_on_all", timedelta(seconds=10)),
        Schedule("delivery.tasks.ask_due", timedelta(seconds=10)),
        Schedule("delivery.tasks.read_quotas", timedelta(minutes=1)),
        Schedule("delivery.tasks.forget_receivers", timedelta(days=1)),
        Schedule("delivery.tasks.exchange_owed", timedelta(minutes=1)),
        Schedule("delivery.tasks.renew_tokens", timedelta(minutes=1)),
        Schedule("delivery.tasks.ask_for_tickets", timedelta(minutes=5)),
        Schedule("delivery.tasks.forget_files", timedelta(hours=1)),
    )
    task_titles = {
        "delivery.tasks.go_on": _("Call the next rider of a delivery"),
        "delivery.tasks.go_on_all": _("Call the riders that rules and ladders want"),
        "delivery.tasks.take_step": _("Take the next step while no rider accepts"),
        "delivery.tasks.ask_due": _("Ask about riders of whom nothing was heard"),
        "delivery.tasks.read_quotas": _("Read how many calls WeChat still takes today"),
        "delivery.tasks.forget_receivers": _("Remove receivers of old deliveries"),
        "delivery.tasks.exchange": _("Confirm the authorisation of a mini-program"),
        "delivery.tasks.exchange_owed": _("Confirm authorisations that wait"),
        "delivery.tasks.check_set_up": _("Check the set-up of a store"),
        "delivery.tasks.run_drill": _("Run a delivery drill"),
        "delivery.tasks.renew_tokens": _("Renew WeChat's tokens before they end"),
        "delivery.tasks.ask_for_tickets": _("Ask WeChat for tickets that do not come"),
        "delivery.tasks.forget_files": _("Remove couriers' bills that nobody has compared"),
    }
    sandbox = "delivery.sandbox.WechatSandbox"
    sandbox_addresses = {"WECHAT_BASE_URL": "/wechat"}
    demo = "delivery.demo.DeliveryDemo"
    demo_info = "delivery.demo.info"
    cards = "delivery.dashboard.cards"
    steps = "delivery.dashboard.steps"
    store_links = "delivery.dashboard.store_links"
    alerts = "delivery.dashboard.alerts"
    searcher = "delivery.admin.finding.SEARCHER"
    operator_alerts = "delivery.dashboard.operator_alerts"
    verb_labels = {
        "delivery.bill.compared": _("Compared a courier's bill"),
        "delivery.bill.exported": _("Exported claims against a courier"),
        "delivery.bill.removed": _("Removed a courier's bill"),
        "delivery.cancel": _("Cancelled a rider or a delivery"),
        "delivery.case": _("A receiver said that nothing came"),
        "delivery.case.closed": _("Settled what a receiver had said"),
        "delivery.create": _("Entered a delivery"),
        "delivery.corrected": _("Corrected an order"),
        "delivery.deliveries.exported": _("Exported deliveries"),
        "delivery.dispatch": _("Called a rider"),
        "delivery.doctor": _("Checked the set-up of a store"),
        "delivery.drill.started": _("Started a delivery drill"),
        "delivery.gone": _("Said that a rider is surely gone"),
        "delivery.own_step": _("Said how far their own people are"),
        "delivery.proof": _("Took the proof file of a delivery"),
        "delivery.ready": _("Said that the goods are ready"),
        "delivery.receiver.shown": _("Looked at a receiver's phone and address"),
        "delivery.returned": _("Confirmed that goods are back"),
        "delivery.settled": _("Said that nothing is left to do about a delivery"),
        "delivery.wait": _("Had a delivery called when it is time, or no longer"),
        "delivery.tip": _("Raised a rider's tip"),
        "wechat.accounts.synced": _("Read the accounts at couriers"),
        "wechat.authorised": _("A mini-program has authorised us"),
        "wechat.withdrawn": _("A mini-program has withdrawn its authorisation"),
        "wechat.claimed": _("Said whose a mini-program is"),
        "wechat.opening.asked": _("Asked a shop to open instant delivery"),
        "wechat.courier.resumed": _("Ended the pause of couriers"),
        "wechat.courier.asked": _("Asked a shop to bind a courier"),
    }
    audit_details = {
        "courier": _("courier"),
        "couriers": _("couriers"),
        "findings": _("findings"),
        "lines": _("lines"),
    }
    early = {"/wechat/board/live/": "delivery.pages.board_news.unchanged"}
    counter_links = (CounterLink(_("Dispatch board"), "delivery:board", has_board),)
    menu = (
        MenuItem(ORDERS, _("Dispatch board"), "delivery:board", has_board, order=7),
        MenuItem(ORDERS, _("Courier figures"), "delivery:figures", sees_money, order=65),
        MenuItem(ORDERS, _("Courier bills"), "delivery:bills", sees_money, order=66),
        MenuItem(
            ORDERS,
            _("Deliveries"),
            "admin:delivery_delivery_changelist",
            sees_deliveries,
            opened_on_today("created_at"),
            order=58,
        ),
        MenuItem(ORDERS, _("New delivery"), "delivery:new", has_board, order=59),
        MenuItem(
            STORES,
            _("Delivery stores"),
            "admin:delivery_deliverystore_changelist",
            sees_stores,
            order=59,
        ),
        MenuItem(
            STORES,
            _("Courier accounts"),
            "admin:delivery_courieraccount_changelist",
            sees_accounts,
            order=60,
        ),
        MenuItem(
            CONNECTIONS,
            _("Delivery drill"),
            "admin:delivery_drillrun_changelist",
            sees_drills,
        ),
    )
