"""Stores that deliver: where couriers fetch, and with which accounts they are called."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin import display
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from delivery.admin.couriers import StoreCourierInline
from delivery.admin.facts import known_of
from delivery.admin.rule_form import LADDER, LIKELY, RULE
from delivery.admin.steps import store_steps
from delivery.admin.store_form import DeliveryStoreForm
from delivery.choices import PLATFORM
from delivery.models import DeliveryStore
from delivery.services.pausing import pauses_end
from stores.backoffice.adding import NeedsFirstAdmin
from stores.backoffice.buttons import Button, ButtonsAdmin, button
from stores.backoffice.filters import ScopedRelatedFilter
from stores.backoffice.pages import staff_user
from stores.backoffice.scoping import access_for, where_permitted
from stores.models import Connection, Store
from stores.roles import Permission
from stores.text import listed

ADDRESS = (("contact", "phone"), ("city", "detail"), "address")
PLACE = (("lng", "lat"), "is_baidu")


def _has_pause(place: DeliveryStore) -> bool:
    return any(each.is_paused for each in place.couriers.all())


@admin.register(DeliveryStore)
class DeliveryStoreAdmin(NeedsFirstAdmin, ButtonsAdmin):
    add_permission = change_permission = Permission.MANAGE_STORES
    form = DeliveryStoreForm
    buttons = ("check_set_up", "end_pauses")
    list_display = ("store", "account", "city", "address", "couriers")
    list_select_related = ("store__merchant", "connection")
    list_filter = (("store", ScopedRelatedFilter), "city")
    search_fields = ("store__name", "address", "connection__account")
    empty_text = _("No store calls couriers yet.")
    change_form_outer_before_template = "stores/backoffice/connection_top.html"
    change_form_outer_after_template = "delivery/admin/couriers.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[DeliveryStore]:
        rows: QuerySet[DeliveryStore] = super().get_queryset(request)
        return rows.prefetch_related("couriers__account")

    @display(description=_("mini-program"))
    def account(self, place: DeliveryStore) -> str:
        return str(place.connection)

    @display(description=_("couriers"))
    def couriers(self, place: DeliveryStore) -> str:
        names = [each.account.courier for each in place.couriers.all() if each.is_active]
        return listed(names) or "–"

    def needed_first(self, request: HttpRequest) -> tuple[StrOrPromise, str] | None:
        if not _connections(request).exists():
            if not access_for(request).has_permission(Permission.MANAGE_CONNECTIONS):
                return _(
                    "Ask the owner to connect the mini-program first; then you can add the store."
                ), reverse("admin:delivery_deliverystore_changelist")
            add = reverse("admin:stores_connection_add")
            return (
                _("Connect your mini-program first; then you can add the store."),
                f"{add}?platform={PLATFORM}",
            )
        if not _stores(request).exists():
            add = reverse("admin:stores_store_add")
            return _("Add the store first; then you can say how it delivers."), add
        return None

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        """The accounts to choose from are those of the stored mini-program."""
        return (StoreCourierInline,) if obj else ()

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        form.connections = _connections(request, obj)
        return form

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if not self.has_change_permission(request, obj):
            return [
                (None, {"fields": ("store", "connection")}),
                (_("Where couriers fetch"), {"fields": (*ADDRESS, ("lng", "lat"))}),
            ]
        return [
            (None, {"fields": ("store", "connection")}),
            (_("Where couriers fetch"), {"fields": ("pasted", *ADDRESS)}),
            (_("Coordinates (GCJ-02)"), {"fields": PLACE}),
            *(self._rule_fieldsets() if obj else ()),
        ]

    @staticmethod
    def _rule_fieldsets() -> list[Any]:
        """Once there are couriers to choose from."""
        return [
            (_("Which courier is called"), {"fields": RULE}),
            (
                _("“Likely to accept”: learned from your own orders"),
                {"fields": LIKELY, "classes": ("collapse",)},
            ),
            (_("While nobody accepts"), {"fields": LADDER, "classes": ("collapse",)}),
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return ()
        # The couriers' accounts are those of the mini-program.
        return ("store", "connection") if obj.couriers.exists() else ("store",)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "store":
            kwargs["queryset"] = _stores(request)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def response_add(
        self, request: HttpRequest, obj: Any, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Goes to the row, where its couriers are chosen."""
        return HttpResponseRedirect(self.page_of(obj))

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        if place := kwargs.get("obj"):
            steps = store_steps(place)
            context["steps"] = [] if all(step.done for step in steps) else steps
            couriers = [each.account for each in place.couriers.all()]
            context["known"] = known_of((each.delivery_id, each.name) for each in couriers)
        return super().render_change_form(request, context, *args, **kwargs)

    @button(
        Button(
            title=_("Check the set-up"),
            icon="fact_check",
            permission=Permission.MANAGE_STORES,
        )
    )
    def check_set_up(
        self, request: HttpRequest, row: DeliveryStore, cleaned_data: dict[str, Any]
    ) -> HttpResponse:
        return HttpResponseRedirect(reverse("delivery:doctor", args=[row.pk]))

    @button(
        Button(
            title=_("End the pause"),
            icon="play_arrow",
            permission=Permission.MANAGE_STORES,
            form=forms.Form,
            text=_(
                "The couriers that are paused are asked for prices and called again at once, as if"
                " nothing had been. If one fails again, it is paused again."
            ),
            done=_("The couriers are called again."),
            shown=_has_pause,
        )
    )
    def end_pauses(
        self, request: HttpRequest, row: DeliveryStore, cleaned_data: dict[str, Any]
    ) -> None:
        pauses_end(place=row, actor=staff_user(request))


def _connections(request: HttpRequest, place: DeliveryStore | None = None) -> QuerySet[Connection]:
    """Returns the mini-programs to choose from: for a stored row those of its merchant."""
    rows = Connection.objects.filter(platform=PLATFORM, is_active=True, merchant__isnull=False)
    if place:
        rows = rows.filter(merchant=place.store.merchant_id)
        return rows | Connection.objects.filter(pk=place.connection_id)
    return where_permitted(request, rows, Permission.MANAGE_STORES)


def _stores(request: HttpRequest) -> QuerySet[Store]:
    """Returns the stores that a person may add."""
    rows = Store.objects.for_staff(request.user).filter(is_active=True)
    return where_permitted(request, rows, Permission.MANAGE_STORES)
