"""Texts at hand for the chat: a merchant's own, for one store or for all."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.contrib.admin import display
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise
from unfold.widgets import UnfoldAdminTextareaWidget

from messaging.admin.store_choice import takeaway_stores, with_present
from messaging.models import QuickReply
from messaging.services.chat import quick_replies
from stores.backoffice.buttons import Button, ButtonsAdmin, button
from stores.backoffice.deleting import delete_unused
from stores.backoffice.filters import ScopedRelatedFilter
from stores.backoffice.scoping import access_for
from stores.models import Store
from stores.roles import Permission
from stores.tenancy import Access
from stores.text import listed


class QuickReplyForm(forms.ModelForm[QuickReply]):
    """Subclasses name the access of the person who fills it in."""

    access: ClassVar[Access] = Access()

    class Meta:
        model = QuickReply
        fields = ("merchant", "store", "title", "text", "position")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if text := self.fields.get("text"):
            text.widget = UnfoldAdminTextareaWidget(attrs={"rows": 4})
            text.help_text = variables_text()
        store = self.fields.get("store")
        if isinstance(store, forms.ModelChoiceField) and store.queryset is not None:
            store.queryset = with_present(store.queryset, self.instance.store_id)

    def clean_text(self) -> str:
        text: str = self.cleaned_data["text"]
        if unknown := quick_replies.unknown_variables(text):
            names = listed(f"{{{name}}}" for name in unknown)
            raise forms.ValidationError(
                _("There is no such variable: %(names)s.") % {"names": names}
            )
        if quick_replies.has_lone_brace(text):
            raise forms.ValidationError(
                _("A brace is alone or full-width: write a variable as {number}.")
            )
        return text

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        merchant = data.get("merchant") or (self.instance.merchant if self.instance.pk else None)
        store = data.get("store")
        if merchant is None or "store" in self.errors:
            return data
        if store and store.merchant_id != merchant.pk:
            self.add_error("store", _("This store belongs to another merchant."))
        if store is None and not (self.access.everything or merchant.pk in self.access.merchants):
            self.add_error("store", _("Choose your store: only the owner writes for all stores."))
        return data


def variables_text() -> StrOrPromise:
    """Returns what may stand in braces, for people."""
    names = listed(f"{{{each.name}}} {each.title}" for each in quick_replies.VARIABLES)
    return _(
        "These are filled in from the order: %(names)s. Where the order does not say it, the reply "
        "cannot be used. There is none for phone numbers and addresses."
    ) % {"names": names}


@admin.register(QuickReply)
class QuickReplyAdmin(ButtonsAdmin):
    add_permission = change_permission = Permission.MANAGE_STORES
    buttons = ("remove",)
    list_display = ("title", "merchant", "text", "used_in", "position")
    list_select_related = ("merchant", "store")
    list_filter = (("merchant", ScopedRelatedFilter), ("store", ScopedRelatedFilter))
    search_fields = ("title", "text")
    ordering = ("merchant_id", "position", "id")
    empty_text = _("No quick replies yet. What you write often, you can keep here.")

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        form = type("QuickReplyForm", (QuickReplyForm,), {"access": access_for(request)})
        return super().get_form(request, obj, change, **(kwargs | {"form": form}))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("merchant",) if obj else ()

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.remote_field.model is Store:
            kwargs["queryset"] = takeaway_stores(request, self.add_permission)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    @display(description=_("used in"), ordering="store")
    def used_in(self, row: QuickReply) -> str:
        return str(row.store or _("all stores"))

    @button(
        Button(
            title=_("Delete"),
            icon="delete",
            permission=Permission.MANAGE_STORES,
            form=forms.Form,
            text=_("The quick reply is deleted for good."),
            done=_("The quick reply was deleted."),
        )
    )
    def remove(self, request: HttpRequest, row: QuickReply, cleaned_data: dict[str, Any]) -> None:
        with transaction.atomic():
            self.log_deletions(request, QuickReply.objects.filter(pk=row.pk))
            delete_unused(row)
