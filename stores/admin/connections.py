"""Accounts at platforms: credentials go in and never come out again."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin import display
from django.db import models
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminEmailInputWidget, UnfoldAdminPasswordWidget

from stores.admin.base import person
from stores.admin.buttons import Button, ButtonsAdmin, button
from stores.admin.filters import ScopedRelatedFilter
from stores.admin.labels import state
from stores.limits import client_ip
from stores.models import Connection
from stores.platforms import tokens
from stores.registry import platform_tools
from stores.tenancy import Verb

STATE_COLOURS = {"new": "info", "working": "success", "refused": "danger"}
LEVELS = {"info": messages.INFO, "warning": messages.WARNING, "error": messages.ERROR}
# What the stored token was got with: when one of these changes, it is worth nothing any more.
IDENTITY = {"platform", "account", "base_url", "credentials"}


class ConnectionForm(forms.ModelForm[Connection]):
    email = forms.EmailField(
        label=_("Login e-mail"),
        required=False,
        widget=UnfoldAdminEmailInputWidget(attrs={"autocomplete": "off"}),
        help_text=_("Leave empty when it is the account above."),
    )
    password = forms.CharField(
        label=_("Password"),
        required=False,
        strip=False,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}),
        help_text=_("Stored encrypted and never shown again. Leave empty to keep the stored one."),
    )

    class Meta:
        model = Connection
        fields = ("merchant", "platform", "name", "account", "is_active")

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        if not password and not self.instance.pk:
            raise forms.ValidationError(_("A new connection needs a password."))
        return password

    def new_credentials(self) -> dict[str, str] | None:
        """The stored credentials with what was typed; None when nothing was."""
        typed = {name: self.cleaned_data[name] for name in ("email", "password") if self.cleaned_data[name]}
        return {**(self.instance.credentials or {}), **typed} if typed else None


@admin.register(Connection)
class ConnectionAdmin(ButtonsAdmin):
    viewing = adding = changing = Verb.MANAGE_CONNECTIONS
    form = ConnectionForm
    buttons = ("test", "sync")
    formfield_overrides = {models.URLField: {"assume_scheme": "https"}}
    list_display = ("__str__", "merchant", "account", "state_label", "checked_at", "is_active")
    list_select_related = ("merchant",)
    list_filter = (("merchant", ScopedRelatedFilter), "platform", "state", "is_active")
    search_fields = ("name", "account")
    readonly_fields = ("state_label", "last_error", "checked_at")
    add_fieldsets = (
        (None, {"fields": ("merchant", "platform", "name", "account", "is_active", "base_url")}),
        (_("Credentials"), {"fields": ("email", "password")}),
    )
    fieldsets = (*add_fieldsets, (_("State"), {"fields": readonly_fields}))

    def hidden_fields(self, request: HttpRequest, row: Any) -> set[str]:
        """Where we connect to is for operators: a merchant could point it at our own network."""
        hidden = super().hidden_fields(request, row)
        return hidden if person(request).is_superuser else hidden | {"base_url"}

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return (*self.readonly_fields, "merchant", "platform") if obj else self.readonly_fields

    def save_model(self, request: HttpRequest, obj: Connection, form: Any, change: bool) -> None:
        """Writes only what was changed: workers write the token of the same row meanwhile."""
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

    @button(Button(title=_("Test connection"), icon="network_check", needs=Verb.MANAGE_CONNECTIONS))
    def test(self, request: HttpRequest, row: Connection, answers: dict[str, Any]) -> None:
        tools = platform_tools(row.platform)
        if tools is None:
            return
        error = tools.test(connection=row, user=person(request), ip=client_ip(request))
        if error:
            messages.error(request, _("The platform could not be signed in to: %(error)s") % {"error": error})
        else:
            messages.success(request, _("The connection works."))

    @button(Button(title=_("Sync stores"), icon="sync", needs=Verb.MANAGE_CONNECTIONS))
    def sync(self, request: HttpRequest, row: Connection, answers: dict[str, Any]) -> None:
        tools = platform_tools(row.platform)
        for line in tools.sync(connection=row, user=person(request)) if tools else []:
            messages.add_message(request, LEVELS[line.level], line.text)

    @display(description=_("state"), ordering="state")
    def state_label(self, connection: Connection) -> SafeString:
        return state(connection.get_state_display(), STATE_COLOURS, connection.state)
