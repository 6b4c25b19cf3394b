"""Deliveries in the back office: the list by day, and one delivery with all that is known of it."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin import display
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from delivery.addresses import tracking_url
from delivery.admin import delivery_parts as parts
from delivery.admin.delivery_timeline import timeline
from delivery.admin.exporting import COLUMNS, cost, counting
from delivery.admin.finding import condition_of
from delivery.admin.why import decisions
from delivery.choices import SEND
from delivery.models import Attempt, Delivery
from delivery.services import cases, correcting, proof, settling
from delivery.services.arriving import call_of
from delivery.services.costing import cost_by_delivery
from delivery.services.persons import reasons_of, retry_words
from delivery.services.showing import receiver_of
from stores.backoffice.buttons import DONE, Button, ButtonsAdmin, button
from stores.backoffice.daily import Worth
from stores.backoffice.exporting import ExportsAdmin
from stores.backoffice.filters import DayFilter, ScopedRelatedFilter
from stores.backoffice.labels import actor_column, badge_column, moment_column, money, opened
from stores.backoffice.needs_person import NeedsPersonFilter, settle_button
from stores.backoffice.newest import LongListAdmin
from stores.backoffice.pages import staff_user
from stores.backoffice.timeline import Moment, TimelineAdmin
from stores.clock import short_moment
from stores.conflicts import Conflict
from stores.money import yuan_text
from stores.roles import Permission

STATE_COLOURS = {
    "waiting": "warning",
    "running": "warning",
    "delivered": "success",
    "returned": "danger",
    "cancelled": "info",
}
# The key of the session under which the delivery stands whose receiver is shown whole, once.
SHOWN_ONCE = "delivery_receiver_shown"


def _has_case(row: Delivery) -> bool:
    return row.cases.filter(closed_at=None).exists()


def _is_correctable(row: Delivery) -> bool:
    try:
        correcting.check_correctable(row)
    except Conflict:
        return False
    return True


@admin.register(Delivery)
class DeliveryAdmin(ButtonsAdmin, ExportsAdmin, TimelineAdmin, LongListAdmin):
    exported_as = "delivery.deliveries.exported"
    file_name, file_title, columns = "deliveries", _("Deliveries"), COLUMNS
    buttons = ("correct", "show_receiver", "close_case", "settle", "get_proof")
    asked_about = ("number", "state_label", "courier", "cost_label")
    list_display = (
        "time",
        "number",
        "state_label",
        "courier",
        "at_courier",
        "cost_label",
        "value_label",
        "wanted",
        "phone_tail",
        "store",
    )
    list_select_related = ("store__merchant",)
    list_filter = (
        "state",
        ("store", ScopedRelatedFilter),
        NeedsPersonFilter,
        ("created_at", DayFilter),
    )
    search_fields = ("reference",)
    search_help_text = _("Your number, that at the courier, or the last four of the phone")
    fields = (
        ("number", "state_label"),
        ("store", "cost_label"),
        ("time", "by"),
        ("ready_label", "wanted"),
        ("call_label",),
        ("ended", "value_label"),
        ("weight", "afterwards"),
        ("tracking",),
    )
    worth = Worth("cost")
    list_before_template = "delivery/admin/list_head.html"
    change_form_outer_after_template = "delivery/admin/delivery.html"
    empty_text = _("No deliveries yet.")
    state_label = badge_column("state", STATE_COLOURS, _("state"), needs_person=True)
    time = moment_column("created_at", _("entered"))
    ended = moment_column("ended_at", _("ended"))
    by = actor_column("created_by", _("entered by"))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Delivery]:
        rows: QuerySet[Delivery] = super().get_queryset(request).filter(is_drill=False)
        rows = rows.annotate(cost=cost_by_delivery())
        return rows.prefetch_related("attempts__courier__account")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Finds whole numbers, which have indexes."""
        term = search_term.strip()
        return (queryset.filter(condition_of(term)) if term else queryset), False

    @display(description=_("number"))
    def number(self, row: Delivery) -> str:
        return str(row)

    @display(description=_("courier"))
    def courier(self, row: Delivery) -> str:
        attempt = counting(row)
        return attempt.courier_name if attempt else "–"

    @display(description=_("state at the courier"))
    def at_courier(self, row: Delivery) -> str:
        attempt = counting(row)
        known = attempt and attempt.waybill_state
        return attempt.get_waybill_state_display() if attempt and known else "–"

    @display(description=_("cost"))
    def cost_label(self, row: Delivery) -> SafeString | str:
        found = cost(row)
        return money(found) if found or row.attempts.all() else "–"

    @display(description=_("value of the goods"), ordering="value")
    def value_label(self, row: Delivery) -> str:
        return yuan_text(row.value)

    @display(description=_("wanted at"), ordering="wanted_at")
    def wanted(self, row: Delivery) -> str:
        return short_moment(row.wanted_at) if row.wanted_at else str(_("at once"))

    @display(description=_("when to call"))
    def call_label(self, row: Delivery) -> str:
        call = call_of(row, getattr(row.store, "delivery_store", None))
        return f"{call.words} {call.plan}" if call else "–"

    @display(description=_("goods ready"))
    def ready_label(self, row: Delivery) -> str:
        return short_moment(row.ready_at) if row.ready_at else str(_("not yet"))

    @display(description=_("afterwards"))
    def afterwards(self, row: Delivery) -> str:
        return row.get_then_display() or "–"

    @display(description=_("receiver's tracking page"))
    def tracking(self, row: Delivery) -> SafeString:
        return format_html('<a class="text-primary-600" href="{0}">{0}</a>', tracking_url(row))

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fields

    def timeline(self, request: HttpRequest, row: Delivery) -> list[Moment]:
        return timeline(row, row.attempts.all())

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        if row := kwargs.get("obj"):
            context |= self._parts(request, row)
        return super().render_change_form(request, context, *args, **kwargs)

    def _parts(self, request: HttpRequest, row: Delivery) -> dict[str, Any]:
        named = self.permits(request, Permission.VIEW_PERSONAL, row)
        # The button's answer leads here; who loads the page again asks again.
        whole = named and request.session.pop(SHOWN_ONCE, None) == row.pk
        attempts: list[Attempt] = sorted(row.attempts.all(), key=lambda each: each.pk)
        return {
            "receiver": receiver_of(row, whole=whole),
            "note": opened(row, "note") if whole else "",
            "is_whole": whole,
            "person_reasons": list(reasons_of(row, attempts)),
            "retry_words": retry_words(row, getattr(row.store, "delivery_store", None)),
            "attempts": parts.attempts_shown(attempts, whole=whole),
            "cost_lines": parts.cost_lines(attempts),
            "rounds": parts.rounds(row),
            "decisions": decisions(row),
            "moments": row.moments.order_by("at", "pk"),
            "cases": parts.cases(row),
            "goods": parts.goods_lines(row),
            "board_url": reverse("delivery:board") if self._sends(request, row) else "",
        }

    def _sends(self, request: HttpRequest, row: Delivery) -> bool:
        return row.is_open and self.permits(request, SEND, row)

    @button(
        Button(
            title=_("Correct the order"), icon="edit", permission=SEND, shown=_is_correctable,
        )
    )  # fmt: skip
    def correct(self, request: HttpRequest, row: Delivery, cleaned_data: Any) -> HttpResponse:
        return HttpResponseRedirect(reverse("delivery:correct", args=[row.pk]))

    @button(
        Button(
            title=_("Show the receiver"),
            icon="visibility",
            permission=Permission.VIEW_PERSONAL,
        )
    )
    def show_receiver(self, request: HttpRequest, row: Delivery, cleaned_data: Any) -> None:
        settling.note_receiver_shown(row, actor=staff_user(request))
        request.session[SHOWN_ONCE] = row.pk

    @button(
        Button(
            title=_("Settle what the receiver said"), icon="support_agent", permission=SEND,
            form=forms.Form, done=DONE, shown=_has_case,
            text=_("Somebody has spoken with the receiver, and nothing is left to be done."),
        )
    )  # fmt: skip
    def close_case(self, request: HttpRequest, row: Delivery, cleaned_data: Any) -> None:
        for case in row.cases.filter(closed_at=None):
            cases.case_close(case=case, actor=staff_user(request))

    @button(
        settle_button(
            _("Nothing is left to do"),
            _("The delivery is over; it is no longer put before a person."),
            shown=lambda row: row.needs_person and not row.is_open,
            permission=SEND,
        )
    )
    def settle(self, request: HttpRequest, row: Delivery, cleaned_data: dict[str, Any]) -> None:
        settling.delivery_settle(delivery=row, actor=staff_user(request), **cleaned_data)

    @button(
        Button(
            title=_("Proof of the delivery"),
            icon="verified",
            permission=Permission.EXPORT,
            form=forms.Form,
            text=_(
                "A file with all that was asked, said and paid, with names and phones: requests,"
                " prices, WeChat's messages with their signatures. Each line holds the hash of the"
                " one before, so that a change shows."
            ),
        )
    )
    def get_proof(self, request: HttpRequest, row: Delivery, cleaned_data: Any) -> HttpResponse:
        text = proof.proof_taken(row, actor=staff_user(request))
        answer = HttpResponse(text, content_type="application/x-ndjson; charset=utf-8")
        answer["Content-Disposition"] = f'attachment; filename="delivery-{row.pk}.jsonl"'
        answer["Cache-Control"] = "no-store"
        return answer
