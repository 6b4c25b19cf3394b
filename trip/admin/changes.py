"""Changes of which Meituan must hear: the form, the text of the mail, and who has sent it."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldBooleanSwitchWidget

from stores.backoffice.buttons import Button, ButtonsAdmin, button
from stores.backoffice.dependent_fields import DependentFields, Rule, mark_needed
from stores.backoffice.filters import ScopedRelatedFilter
from stores.backoffice.labels import moment_column
from stores.backoffice.pages import staff_user
from stores.backoffice.scoping import where_permitted
from stores.models import Connection
from stores.roles import Permission
from trip.choices import PLATFORM
from trip.models import PlannedChange
from trip.services import changes


class PlannedChangeForm(DependentFields, forms.ModelForm[PlannedChange]):
    """Refuses a change of which Meituan would hear too late, unless the person insists."""

    shown_with = (Rule(("base_url",), "kind", (PlannedChange.Kind.ADDRESS,)),)

    too_near = forms.BooleanField(
        label=_("Announce it though it is nearer than three working days"),
        required=False,
        widget=UnfoldBooleanSwitchWidget(),
        help_text=_("Meituan then leaves the losses to you."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        mark_needed(self.fields, "base_url")

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        starts_at, ends_at = data.get("starts_at"), data.get("ends_at")
        if starts_at and ends_at and ends_at <= starts_at:
            self.add_error("ends_at", _("It ends before it begins."))
        if starts_at and changes.is_too_near(starts_at) and not data.get("too_near"):
            self.add_error(
                "starts_at",
                _("Meituan wants to hear of it three working days ahead. Choose a later time."),
            )
        is_missing = not data.get("base_url") and "base_url" not in self.errors
        if data.get("kind") == PlannedChange.Kind.ADDRESS and is_missing:
            self.add_error("base_url", _("Give the new address."))
        return data


def _is_open(change: PlannedChange) -> bool:
    return change.announced_at is None


def _can_be_mailed(change: PlannedChange) -> bool:
    return _is_open(change) and bool(settings.EMAIL_HOST)


@admin.register(PlannedChange)
class PlannedChangeAdmin(ButtonsAdmin):
    view_permission = add_permission = Permission.MANAGE_CONNECTIONS
    form = PlannedChangeForm
    buttons = ("send", "sent")
    list_display = ("__str__", "connection", "starts", "ends", "announced", "announced_by")
    list_select_related = ("connection",)
    list_filter = (("connection", ScopedRelatedFilter), "kind")
    empty_text = _("No change is planned.")
    readonly_fields = ("announced_at", "announced_by")
    starts = moment_column("starts_at", _("begins"))
    ends = moment_column("ends_at", _("service is back"))
    announced = moment_column("announced_at", _("announced"))
    change_form_outer_after_template = "trip/admin/change.html"

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        asked = ["connection", "kind", "base_url", "starts_at", "ends_at", "affected", "bd_email"]
        last = self.readonly_fields if obj else ("too_near",)
        return [(None, {"fields": [*asked, *last]})]

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        rows = Connection.objects.for_staff(request.user).filter(platform=PLATFORM, is_active=True)
        kwargs["queryset"] = where_permitted(request, rows, Permission.MANAGE_CONNECTIONS)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        asked: dict[str, Any] = super().get_changeform_initial_data(request)
        return {"base_url": settings.PUBLIC_BASE_URL} | asked

    def response_add(
        self, request: HttpRequest, obj: PlannedChange, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Goes to the text of the mail."""
        return HttpResponseRedirect(self.page_of(obj))

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        if row := kwargs.get("obj"):
            context |= {
                "recipients": changes.recipients_of(row),
                "mail_subject": changes.subject_of(row),
                "mail_text": changes.text_of(row),
                "mail_link": changes.mail_link(row),
            }
        return super().render_change_form(request, context, *args, **kwargs)

    @button(
        Button(
            title=_("Send the mail"),
            icon="send",
            permission=Permission.MANAGE_CONNECTIONS,
            shown=_can_be_mailed,
            busy=_("Being sent …"),
            done=_("The mail was sent."),
        )
    )
    def send(self, request: HttpRequest, row: PlannedChange, cleaned_data: dict[str, Any]) -> None:
        changes.change_send(change=row, actor=staff_user(request))

    @button(
        Button(
            title=_("I have sent it myself"),
            icon="done",
            permission=Permission.MANAGE_CONNECTIONS,
            shown=_is_open,
            done=_("Noted."),
        )
    )
    def sent(self, request: HttpRequest, row: PlannedChange, cleaned_data: dict[str, Any]) -> None:
        changes.change_announced(change=row, actor=staff_user(request), method="by hand")
