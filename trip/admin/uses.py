"""Tickets used at the door: who came when, and what Meituan settles for them."""

from django.contrib import admin
from django.contrib.admin import display
from django.db.models import F, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from stores import audit
from stores.backoffice.daily import Worth
from stores.backoffice.exporting import ExportsAdmin
from stores.backoffice.filters import DayFilter, ScopedRelatedFilter
from stores.backoffice.labels import actor_column, moment_column, money
from stores.backoffice.read_only import LedgerAdmin
from stores.backoffice.spreadsheets import Column
from trip.admin.buyers import buyer_of, with_buyers
from trip.admin.orders import order_link, times
from trip.admin.refunds import OrderDrillFilter
from trip.models import Consumption

COLUMNS = (
    Column(_("Time"), "at"),
    # A text, because a spreadsheet rounds whole numbers of more than 15 digits.
    Column(_("Order number"), "order__order_id", str),
    Column(_("Store"), "store__name"),
    Column(_("Product"), "order__product__title"),
    Column(_("Tickets"), "quantity", is_summed=True),
    Column(_("Settlement price (yuan)"), "order__buy_price"),
    Column(
        _("Settled by Meituan (yuan)"),
        lambda use: use.order.buy_price * use.quantity,
        is_summed=True,
    ),
    Column(_("Where"), "method"),
    Column(_("By"), "by", audit.shown),
)


@admin.register(Consumption)
class UseAdmin(ExportsAdmin, LedgerAdmin):
    exported_as = "trip.uses.exported"
    file_name, file_title, columns = "tickets-used", _("Tickets used"), COLUMNS
    dated = "at"
    worth = Worth(F("quantity") * F("order__buy_price"), of=_("settled by Meituan"))
    ordering = ("-at", "-id")
    list_display = ("time", "used", "buyer", "settled", "method", "who", "order_number", "store")
    list_select_related = ("order__product", "store__merchant")
    list_filter = (
        ("at", DayFilter),
        ("store", ScopedRelatedFilter),
        "method",
        OrderDrillFilter,
    )
    search_fields = ("order__order_id__exact",)
    search_help_text = _("Meituan's order number")
    fields = (("at", "used"), ("buyer", "settled"), ("method", "who"), ("order_number", "store"))
    time = moment_column("at", _("time"))
    who = actor_column("by", _("by"))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Consumption]:
        return with_buyers(super().get_queryset(request), "order__")

    def heading(self, row: Consumption) -> str:
        return self.used(row)

    @display(description=_("product"))
    def used(self, use: Consumption) -> str:
        return times(use.order, use.quantity)

    @display(description=_("buyer"))
    def buyer(self, use: Consumption) -> str:
        return buyer_of(use.order)

    @display(description=_("settled by Meituan"))
    def settled(self, use: Consumption) -> SafeString:
        return money(use.order.buy_price * use.quantity)

    @display(description=_("order"))
    def order_number(self, use: Consumption) -> SafeString:
        return order_link(use.order)
