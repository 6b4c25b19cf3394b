"""API keys: the secret is shown once, right after it was made."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from stores.backoffice.buttons import Button, ButtonsAdmin, button
from stores.backoffice.dependent_fields import DependentFields, Rule, mark_needed
from stores.backoffice.filters import ScopedRelatedFilter
from stores.backoffice.labels import moment_column
from stores.models import ApiKey
from stores.roles import Permission
from stores.text import listed

DOCS_LINK = "stores/backoffice/api_docs_link.html"


class ApiKeyForm(DependentFields, forms.ModelForm[ApiKey]):
    shown_with = (Rule(("stores",), "limited_to_stores", (True,)),)
    scopes = forms.MultipleChoiceField(
        label=_("scopes"),
        choices=ApiKey.scope_choices,
        widget=UnfoldAdminCheckboxSelectMultipleWidget(),
        initial=[
            scope for scope, _title in ApiKey.scope_choices() if scope != ApiKey.Scope.PERSONAL
        ],
    )

    class Meta:
        model = ApiKey
        fields = ("merchant", "name", "scopes", "limited_to_stores", "stores")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        mark_needed(self.fields, "stores")

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        merchant = data.get("merchant") or (self.instance.merchant if self.instance.pk else None)
        stores = list(data.get("stores") or ())
        if merchant and any(store.merchant_id != merchant.pk for store in stores):
            self.add_error("stores", _("These stores do not all belong to the merchant."))
        if data.get("limited_to_stores") and not stores and "stores" not in self.errors:
            self.add_error("stores", _("Choose at least one store, or the key opens nothing."))
        return data


@admin.register(ApiKey)
class ApiKeyAdmin(ButtonsAdmin):
    view_permission = add_permission = change_permission = Permission.MANAGE_CONNECTIONS
    form = ApiKeyForm
    list_before_template = change_form_before_template = DOCS_LINK
    buttons = ("revoke",)
    list_display = (
        "name",
        "merchant",
        "prefix",
        "scope_list",
        "is_active",
        "last_used",
        "created",
    )
    list_select_related = ("merchant",)
    list_filter = (("merchant", ScopedRelatedFilter), "is_active")
    search_fields = ("name", "prefix")
    last_used = moment_column("last_used_at", _("last used"))
    created = moment_column("created_at", _("created"))

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        fields = ["merchant", "name", "scopes", "limited_to_stores", "stores"]
        return [*fields, "prefix", "is_active", "last_used_at", "created_at"] if obj else fields

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("merchant", "prefix", "is_active", "last_used_at", "created_at") if obj else ()

    def save_model(self, request: HttpRequest, obj: ApiKey, form: Any, change: bool) -> None:
        if not change:
            request.new_secret = obj.renew_secret()  # type: ignore[attr-defined]
        super().save_model(request, obj, form, change)

    def response_add(
        self, request: HttpRequest, obj: Any, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Shows the secret in this very answer, so that it is stored nowhere, not even in a
        session.
        """
        context = self.admin_site.each_context(request) | {
            "title": _("API key created"),
            "text": _(
                "Copy this key now: it is stored only as a fingerprint and never shown again."
            ),
            "subtitle": str(obj),
            "secret": request.new_secret,  # type: ignore[attr-defined]
            "opts": self.opts,
            "back": reverse("admin:stores_apikey_change", args=[obj.pk]),
        }
        return TemplateResponse(request, "stores/backoffice/secret.html", context)

    @button(
        Button(
            title=_("Revoke"),
            icon="block",
            permission=Permission.MANAGE_CONNECTIONS,
            form=forms.Form,
            text=_("Systems that use this key will be refused at once. This cannot be undone."),
            done=_("The key is revoked."),
            shown=lambda key: key.is_active,
        )
    )
    def revoke(self, request: HttpRequest, row: ApiKey, cleaned_data: dict[str, Any]) -> None:
        if ApiKey.objects.filter(pk=row.pk, is_active=True).update(is_active=False):
            self.audit(request, "revoked", row)

    @admin.display(description=_("scopes"))
    def scope_list(self, key: ApiKey) -> str:
        titles = dict(ApiKey.scope_choices())
        return listed(titles.get(scope, scope) for scope in key.scopes)
