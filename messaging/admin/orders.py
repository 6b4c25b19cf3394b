"""Takeaway orders in the back office: the list, one order, and what may be done with it."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin import display
from django.db.models import DecimalField, ExpressionWrapper, F, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django_stubs_ext import StrOrPromise

from messaging.admin.exporting import COLUMNS
from messaging.admin.forms import CancelForm, CourierForm, ReprintForm
from messaging.admin.labels import (
    PRINT_AGAIN,
    RECEIPT_ICON,
    REFUND_COLOURS,
    STATE_COLOURS,
    dishes_text,
    fen_column,
)
from messaging.admin.order_parts import bags, papers, sums
from messaging.admin.timeline import timeline
from messaging.choices import REFUND, TAKE, OrderState
from messaging.models import Order
from messaging.reasons import reason_text
from messaging.services import allowed, customers, deciding, other_time
from messaging.services.printing import asking
from messaging.services.under_way import under_way
from messaging.wire.values import mask_phones
from stores.backoffice.buttons import DONE, Button, ButtonsAdmin, button
from stores.backoffice.daily import Worth
from stores.backoffice.exporting import ExportsAdmin
from stores.backoffice.filters import DayFilter, ScopedRelatedFilter
from stores.backoffice.labels import badge, badge_column, moment_column
from stores.backoffice.newest import LongListAdmin
from stores.backoffice.pages import staff_user
from stores.backoffice.timeline import Moment, TimelineAdmin
from stores.clock import short_moment
from stores.fields import readable
from stores.money import yuan_of, yuan_text
from stores.roles import Permission

# The key of the session under which the order stands whose customer is shown whole, once.
SHOWN_ONCE = "takeaway_customer_shown"


def _may(why_not: Callable[[Order], StrOrPromise]) -> Callable[[Order], bool]:
    return lambda order: not why_not(order)


@admin.register(Order)
class TakeawayOrderAdmin(ButtonsAdmin, ExportsAdmin, TimelineAdmin, LongListAdmin):
    exported_as = "takeaway.orders.exported"
    file_name, file_title, columns = "takeaway-orders", _("Takeaway orders"), COLUMNS
    dated = "ordered_at"
    buttons = (
        "accept",
        "ready",
        "urge",
        "time_agreed",
        "time_refused",
        "on_the_way",
        "delivered",
        "call_rider",
        "call_off_rider",
        "refund_part",
        "cancel",
        "print_again",
        "print_here",
        "chat",
        "show_customer",
    )
    asked_about = ("number", "dishes", "paid_label", "state_label")
    ordering = ("-ordered_at", "-id")
    list_display = (
        "time",
        "number",
        "state_label",
        "paid_label",
        "received_label",
        "wanted",
        "dishes",
        "store",
    )
    list_select_related = ("store__merchant", "connection__takeaway_store")
    list_filter = (
        "state",
        ("store", ScopedRelatedFilter),
        ("ordered_at", DayFilter),
    )
    search_fields = ("order_id", "view_id")
    search_help_text = _("Meituan's whole order number")
    fields = (
        ("number", "state_label"),
        ("order_id", "view_id"),
        ("store", "delivery"),
        ("ordered_at", "wanted"),
        ("accepted_at", "ready_at"),
        ("finished_at", "cancelled_at"),
        ("why",),
        ("urge_label",),
        ("other_time",),
        ("handled",),
    )
    worth = Worth(
        ExpressionWrapper(
            F("paid") * Decimal("0.01"), DecimalField(max_digits=12, decimal_places=2)
        ),
        ~Q(state=OrderState.CANCELLED),
        _("not cancelled"),
    )
    change_form_outer_after_template = "messaging/admin/order.html"
    state_label = badge_column("state", STATE_COLOURS, _("state"))
    time = moment_column("ordered_at", _("ordered"))
    paid_label = fen_column("paid", _("customer paid"))
    received_label = fen_column("received", _("shop receives"))

    @display(description=pgettext_lazy("takeaway order", "number"), ordering="day_number")
    def number(self, order: Order) -> str:
        return str(order)

    @display(description=_("dishes"))
    def dishes(self, order: Order) -> str:
        return dishes_text(order)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        is_shown = {
            "urge_label": obj and obj.urged_at,
            "other_time": obj and obj.new_time,
            "handled": obj and not obj.connection.takeaway_store.takes_orders,
        }
        return [row for row in self.fields if is_shown.get(row[0], True)]

    @display(description=pgettext_lazy("takeaway order", "urge"))
    def urge_label(self, order: Order) -> StrOrPromise:
        """Meituan publishes no field for the words of an answer, so that none are sent."""
        asked, answered = order.urged_at, allowed.urge_answered_at(order)
        words = _("%(asked)s, answered %(answered)s without a text")
        words = words if answered else _("%(asked)s, not answered")
        return words % {"asked": short_moment(asked), "answered": short_moment(answered)}

    @display(description=_("other time asked for"))
    def other_time(self, order: Order) -> str:
        return other_time.in_words(order)

    @display(description=_("where it is handled"))
    def handled(self, order: Order) -> StrOrPromise:
        return allowed.IN_THE_APP

    @display(description=_("wanted at"))
    def wanted(self, order: Order) -> str:
        return short_moment(order.wanted_at) if order.wanted_at else str(_("at once"))

    @display(description=_("why it was cancelled"))
    def why(self, order: Order) -> str:
        known = (str(reason_text(order.cancel_code)), order.cancel_reason)
        return " · ".join(text for text in known if text) or "–"

    def timeline(self, request: HttpRequest, row: Order) -> list[Moment]:
        return timeline(row)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        if order := kwargs.get("obj"):
            context |= self._parts(request, order)
        return super().render_change_form(request, context, *args, **kwargs)

    def _parts(self, request: HttpRequest, order: Order) -> dict[str, Any]:
        named = self.permits(request, Permission.VIEW_PERSONAL, order)
        # The button's answer leads here; who loads the page again asks again.
        whole = named and request.session.pop(SHOWN_ONCE, None) == order.pk
        refunds = list(order.refunds.all())
        return {
            "customer": customers.shown(order, whole=whole),
            "bags": bags(order),
            "money": sums(order, refunds),
            "papers": papers(order),
            "card_deliveries": order.card_deliveries.select_related("message"),
            "under_way": under_way(order),
            "refunds": [
                {
                    "row": row,
                    "label": badge(row.get_state_display(), REFUND_COLOURS, row.state),
                    "money": "" if row.amount is None else yuan_text(yuan_of(row.amount)),
                    "reason": mask_phones(readable(row, "reason", "")),
                }
                for row in refunds
            ],
        }

    @button(
        Button(
            title=pgettext_lazy("takeaway order", "Accept"),
            icon="check",
            permission=TAKE,
            done=DONE,
            shown=_may(allowed.why_not_accept),
        )
    )
    def accept(self, request: HttpRequest, row: Order, cleaned_data: dict[str, Any]) -> None:
        deciding.order_accept(order=row, actor=staff_user(request))

    @button(
        Button(
            title=_("Meal ready"), icon="takeout_dining", permission=TAKE, done=DONE,
            shown=_may(allowed.why_not_ready),
        )
    )  # fmt: skip
    def ready(self, request: HttpRequest, row: Order, cleaned_data: dict[str, Any]) -> None:
        deciding.order_ready(order=row, actor=staff_user(request))

    @button(
        Button(
            title=_("Answer the urge"), icon="notifications_active", permission=TAKE, done=DONE,
            shown=_may(allowed.why_not_answer_urge),
        )
    )  # fmt: skip
    def urge(self, request: HttpRequest, row: Order, cleaned_data: dict[str, Any]) -> None:
        deciding.urge_answer(order=row, actor=staff_user(request))

    @button(
        Button(
            title=_("Agree to the other time"), icon="schedule", permission=TAKE, done=DONE,
            shown=_may(allowed.why_not_answer_time),
        )
    )  # fmt: skip
    def time_agreed(self, request: HttpRequest, row: Order, cleaned_data: dict[str, Any]) -> None:
        deciding.time_decide(order=row, actor=staff_user(request), agree=True)

    @button(
        Button(
            title=_("Keep the time"), icon="event_busy", permission=TAKE, done=DONE,
            shown=_may(allowed.why_not_answer_time),
        )
    )  # fmt: skip
    def time_refused(self, request: HttpRequest, row: Order, cleaned_data: dict[str, Any]) -> None:
        deciding.time_decide(order=row, actor=staff_user(request), agree=False)

    @button(
        Button(
            title=_("On the way"), icon="moped", permission=TAKE, form=CourierForm, done=DONE,
            shown=_may(allowed.why_not_deliver),
        )
    )  # fmt: skip
    def on_the_way(self, request: HttpRequest, row: Order, cleaned_data: dict[str, Any]) -> None:
        deciding.own_delivery(order=row, actor=staff_user(request), delivered=False, **cleaned_data)

    @button(
        Button(
            title=_("Delivered"), icon="where_to_vote", permission=TAKE, form=CourierForm,
            done=DONE, shown=_may(allowed.why_not_deliver),
        )
    )  # fmt: skip
    def delivered(self, request: HttpRequest, row: Order, cleaned_data: dict[str, Any]) -> None:
        deciding.own_delivery(order=row, actor=staff_user(request), delivered=True, **cleaned_data)

    @button(
        Button(
            title=_("Call a rider"), icon="two_wheeler", permission=TAKE, done=DONE,
            shown=_may(allowed.why_not_call_rider),
        )
    )  # fmt: skip
    def call_rider(self, request: HttpRequest, row: Order, cleaned_data: dict[str, Any]) -> None:
        deciding.rider_call(order=row, actor=staff_user(request))

    @button(
        Button(
            title=_("Cancel the rider"), icon="person_off", permission=TAKE, form=forms.Form,
            text=_("Meituan may charge for a rider who is on the way."), done=DONE,
            shown=_may(allowed.why_not_cancel_rider),
        )
    )  # fmt: skip
    def call_off_rider(
        self, request: HttpRequest, row: Order, cleaned_data: dict[str, Any]
    ) -> None:
        deciding.rider_cancel(order=row, actor=staff_user(request))

    @button(
        Button(
            title=_("Refund a part"), icon="currency_exchange", permission=REFUND,
            shown=_may(allowed.why_not_refund_part),
        )
    )  # fmt: skip
    def refund_part(
        self, request: HttpRequest, row: Order, cleaned_data: dict[str, Any]
    ) -> HttpResponse:
        return redirect("takeaway:part-refund", row.pk)

    @button(
        Button(
            title=_("Cancel the order"), icon="block", permission=TAKE, form=CancelForm,
            text=_("The customer gets the money back. This cannot be taken back."), done=DONE,
            shown=_may(allowed.why_not_cancel),
        )
    )  # fmt: skip
    def cancel(self, request: HttpRequest, row: Order, cleaned_data: dict[str, Any]) -> None:
        deciding.order_cancel(order=row, actor=staff_user(request), **cleaned_data)

    @button(
        Button(
            title=PRINT_AGAIN, icon=RECEIPT_ICON, permission=TAKE, form=ReprintForm,
            done=_("It is printed again, and says so."),
            shown=lambda order: order.store.printers.filter(is_active=True).exists(),
        )
    )  # fmt: skip
    def print_again(self, request: HttpRequest, row: Order, cleaned_data: dict[str, Any]) -> None:
        asking.receipt_reprint(order=row, actor=staff_user(request), **cleaned_data)

    @button(
        Button(
            title=_("Print in the browser"), icon="open_in_browser",
            permission=Permission.VIEW, shown=lambda order: order.said_at and not order.emptied_at,
        )
    )  # fmt: skip
    def print_here(
        self, request: HttpRequest, row: Order, cleaned_data: dict[str, Any]
    ) -> HttpResponse:
        return redirect("takeaway:print-order", row.pk)

    @button(
        Button(
            title=_("Customer's messages"), icon="chat", permission=TAKE,
            shown=lambda order: order.conversations.exists(),
        )
    )  # fmt: skip
    def chat(self, request: HttpRequest, row: Order, cleaned_data: dict[str, Any]) -> HttpResponse:
        talk = row.conversations.order_by("-last_at").first()
        return redirect("takeaway:talk", talk.pk) if talk else redirect(self.page_of(row))

    @button(
        Button(
            title=_("Show phones and address"),
            icon="visibility",
            permission=Permission.VIEW_PERSONAL,
            shown=lambda order: bool(order.customer),
        )
    )
    def show_customer(self, request: HttpRequest, row: Order, cleaned_data: dict[str, Any]) -> None:
        customers.note_looked_at(row, actor=staff_user(request))
        request.session[SHOWN_ONCE] = row.pk
