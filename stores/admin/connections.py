"""Accounts at platforms: credentials are write-only."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin import display
from django.db import models, transaction
from django.forms import HiddenInput
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.module_loading import import_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from stores.backoffice.buttons import Button, ButtonsAdmin, button
from stores.backoffice.connection_forms import ConnectionForm
from stores.backoffice.deleting import delete_unused, goes_along, kept_by
from stores.backoffice.filters import ScopedRelatedFilter
from stores.backoffice.labels import badge_column, moment_column, platform_name
from stores.backoffice.pages import staff_user
from stores.backoffice.plain_errors import explained, plain_text
from stores.backoffice.scoping import access_for
from stores.backoffice.widgets import Step
from stores.conflicts import Conflict
from stores.domains import domain_of, domains, platform_choices
from stores.models import Connection
from stores.platforms import tokens
from stores.platforms.tools import SyncTools, connection_form, platform_tools
from stores.roles import Permission
from stores.text import listed
from stores.web import limits

STATE_COLOURS = {"new": "info", "working": "success", "refused": "danger"}
_IS_STORE = models.Q(parent__isnull=False)
LEVELS = {"info": messages.INFO, "warning": messages.WARNING, "error": messages.ERROR}
# Tests and syncs by hand; a name that was not proved yet could be another merchant's.
PER_CONNECTION = limits.Limit("connection-tries", 10, 600)
PER_MERCHANT = limits.Limit("merchant-tries", 30, 600)
# The stored token belongs to these: when one of them changes, it is dropped.
IDENTITY = {"platform", "account", "base_url", "credentials"}


def _syncs(connection: Connection) -> bool:
    return isinstance(platform_tools(connection.platform), SyncTools)


def _with_store_pages() -> list[str]:
    return [domain.platform for domain in domains() if domain.store_page]


def _last_test_failed(connection: Connection) -> tuple[StrOrPromise, str] | None:
    if connection.state == Connection.State.NEW and connection.last_error:
        return _("the last test failed"), Connection.State.REFUSED
    return None


def _take_a_try(connection: Connection) -> None:
    """Raises Conflict when the connection or its merchant was tested or synced too often."""
    tries = [limits.take(PER_CONNECTION, f"{connection.pk}")]
    if connection.merchant_id:
        tries.append(limits.take(PER_MERCHANT, f"{connection.merchant_id}"))
    wait = max((one.retry_after for one in tries if not one.allowed), default=0)
    if wait:
        minutes = -(-wait // 60)
        text = _("Tested or synced too often. Try again in %(minutes)d minutes.")
        raise Conflict(text % {"minutes": minutes})


def _in_use(names: list[str]) -> str:
    text = _(
        "This connection cannot be deleted, because it was used (%(what)s). If you no longer need"
        " it, switch off “active” and save."
    )
    return text % {"what": listed(names)}


@admin.register(Connection)
class ConnectionAdmin(ButtonsAdmin):
    view_permission = add_permission = change_permission = Permission.MANAGE_CONNECTIONS
    buttons = ("test", "sync", "remove")
    list_display = ("__str__", "merchant", "account", "state_label", "checked", "is_active")
    list_select_related = ("merchant",)
    list_filter = (("merchant", ScopedRelatedFilter), "platform", "state", "is_active")
    search_fields = ("name", "account")
    state_label = badge_column("state", STATE_COLOURS, _("state"), special=_last_test_failed)
    checked = moment_column("checked_at", _("checked"))
    readonly_fields = ("state_label", "trouble", "checked_at")
    change_form_outer_before_template = "stores/backoffice/connection_top.html"
    change_form_outer_after_template = "stores/backoffice/connection_extra.html"

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        return super().get_queryset(request).exclude(_IS_STORE, platform__in=_with_store_pages())

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Leads to the page that the domain has for a store below a developer account."""
        if page := self._store_page(request, object_id):
            return HttpResponseRedirect(page)
        found: HttpResponse = super().change_view(request, object_id, form_url, extra_context)
        return found

    def _store_page(self, request: HttpRequest, object_id: str) -> str:
        rows = super().get_queryset(request).filter(_IS_STORE, platform__in=_with_store_pages())
        number = int(object_id) if object_id.isdecimal() and len(object_id) < 19 else 0
        connection = rows.filter(pk=number).first()
        domain = domain_of(connection.platform) if connection else None
        return str(import_string(domain.store_page)(connection)) if domain else ""

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Asks first for the platform, then for that platform's credentials."""
        if self._platform(request, None) is None and self.has_add_permission(request):
            return self._choose_platform(request)
        page: HttpResponse = super().add_view(request, form_url, extra_context)
        return page

    def response_add(
        self, request: HttpRequest, obj: Connection, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Stays on the row's page: the button to test it and the addresses to register are
        there.
        """
        self.message_user(request, _("Saved."), messages.SUCCESS)
        self._lead_on(request, obj)
        return HttpResponseRedirect(self.page_of(obj))

    def response_change(self, request: HttpRequest, obj: Connection) -> HttpResponse:
        """Stays on the row's page while something is left to do there."""
        if all(step.done for step in self._steps(obj)):
            page: HttpResponse = super().response_change(request, obj)
            return page
        return self.response_add(request, obj)

    def _steps(self, row: Connection) -> list[Step]:
        form = connection_form(row.platform)
        return form.next_steps(row) if form and row.is_active else []

    def _lead_on(self, request: HttpRequest, row: Connection) -> None:
        """Says which step comes next, when there is one."""
        if step := next((step for step in self._steps(row) if not step.done), None):
            text = _("Next: %(step)s. %(how)s") % {"step": step.title, "how": step.text}
            messages.info(request, text)

    @display(description=_("last error"))
    def trouble(self, row: Connection) -> SafeString | str:
        return explained(row.last_error)

    def _platform(self, request: HttpRequest, row: Connection | None) -> str | None:
        named = row.platform if row else request.POST.get("platform", request.GET.get("platform"))
        return named if named and connection_form(named) else None

    def _choose_platform(self, request: HttpRequest) -> HttpResponse:
        context = self.admin_site.each_context(request) | {
            "title": _("Add a connection"),
            "opts": self.opts,
            "platforms": [
                {"title": title, "url": f"?platform={platform}"}
                for platform, title in platform_choices()
                if connection_form(platform)
            ],
        }
        return TemplateResponse(request, "stores/backoffice/choose_platform.html", context)

    def _form(self, request: HttpRequest, row: Connection | None) -> type[ConnectionForm]:
        platform = self._platform(request, row)
        return connection_form(platform) if platform else ConnectionForm

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        return super().get_form(
            request, obj, change, **(kwargs | {"form": self._form(request, obj)})
        )

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        hidden = self.hidden_fields(request, obj)
        names = ("merchant", "platform", "name", "account", "is_active", "base_url")
        parts: list[Any] = [(None, {"fields": [name for name in names if name not in hidden]})]
        if credentials := self._form(request, obj).credential_fields(obj):
            parts.append((_("Credentials"), {"fields": credentials}))
        return [*parts, (_("State"), {"fields": self.readonly_fields})] if obj else parts

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """An operator may leave out the merchant where the platform has accounts of operators."""
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if field and db_field.name == "merchant" and access_for(request).everything:
            field.required = not self._form(request, None).for_operator
        return field

    def formfield_for_choice_field(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "platform":
            kwargs |= {"widget": HiddenInput(), "initial": self._platform(request, None)}
        return super().formfield_for_choice_field(db_field, request, **kwargs)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        row = kwargs.get("obj")
        form = self._form(request, row)
        if row:
            steps = self._steps(row)
            context |= {
                "steps": [] if all(step.done for step in steps) else steps,
                "extra_template": form.extra_template,
                "why_not_deleted": _in_use(used) if (used := kept_by(row)) else "",
                **form.extra_context(row),
            }
        else:
            context["intro"] = form.intro
            context["subtitle"] = platform_name(str(self._platform(request, None)))
        return super().render_change_form(request, context, *args, **kwargs)

    def hidden_fields(self, request: HttpRequest, row: Any) -> set[str]:
        """Hides the address from merchants, who could point it at our own network."""
        hidden = super().hidden_fields(request, row)
        return hidden if access_for(request).everything else hidden | {"base_url"}

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return (*self.readonly_fields, "merchant", "platform") if obj else self.readonly_fields

    def save_model(self, request: HttpRequest, obj: Connection, form: Any, change: bool) -> None:
        """Writes only the changed fields: workers write the token of the same row meanwhile."""
        credentials = form.new_credentials()
        changed = set(form.changed_data) & {*ConnectionForm.Meta.fields, "base_url"}
        if credentials:
            obj.credentials, changed = credentials, changed | {"credentials"}
        if not change:
            super().save_model(request, obj, form, change)
        elif changed:
            obj.save(update_fields=changed | {"pace"})
        if change and changed & IDENTITY:
            tokens.forget(obj)

    @button(
        Button(
            title=_("Test connection"),
            icon="network_check",
            permission=Permission.MANAGE_CONNECTIONS,
            busy=_("Being tested …"),
        )
    )
    def test(self, request: HttpRequest, row: Connection, cleaned_data: dict[str, Any]) -> None:
        tools = platform_tools(row.platform)
        if tools is None:
            return
        _take_a_try(row)
        error = tools.test(connection=row, user=staff_user(request))
        if error:
            messages.error(
                request,
                _("The platform could not be signed in to: %(error)s")
                % {"error": plain_text(error)},
            )
        else:
            messages.success(request, tools.works)
            row.refresh_from_db()
            self._lead_on(request, row)

    @button(
        Button(
            title=_("Sync"),
            icon="sync",
            permission=Permission.MANAGE_CONNECTIONS,
            shown=_syncs,
            busy=_("Being synced …"),
        )
    )
    def sync(self, request: HttpRequest, row: Connection, cleaned_data: dict[str, Any]) -> None:
        tools = platform_tools(row.platform)
        _take_a_try(row)
        if not isinstance(tools, SyncTools):
            return
        found = tools.sync(connection=row, user=staff_user(request))
        for line in found:
            messages.add_message(request, LEVELS[line.level], line.text)
        if not any(line.level == "error" for line in found):
            self._lead_on(request, row)

    @button(
        Button(
            title=_("Delete"),
            icon="delete",
            permission=Permission.MANAGE_CONNECTIONS,
            form=forms.Form,
            text=_(
                "%(name)s was never used. It is deleted for good, with its credentials. This cannot"
                " be undone."
            ),
            done=_("The connection was deleted."),
            shown=lambda connection: not kept_by(connection),
        )
    )
    def remove(self, request: HttpRequest, row: Connection, cleaned_data: dict[str, Any]) -> None:
        if used := kept_by(row):
            raise Conflict(_in_use(used))
        with transaction.atomic():
            self.log_deletions(request, Connection.objects.filter(pk=row.pk))
            delete_unused(row)

    def title_of(self, row: Connection, wanted: Button) -> StrOrPromise:
        tools = platform_tools(row.platform)
        if wanted.name == "sync" and isinstance(tools, SyncTools):
            return tools.sync_title
        return wanted.title

    def text_of(self, row: Connection, wanted: Button) -> StrOrPromise:
        """Says beside the question what goes with the connection."""
        if wanted.name != "remove":
            return wanted.text
        text = str(wanted.text) % {"name": row}
        if goes := goes_along(row):
            text = _("%(text)s Deleted with it: %(what)s.") % {
                "text": text,
                "what": listed(goes),
            }
        return text
