"""Ticket products: their use, their visitors, and their refund rules."""

from typing import Any, cast

from django.contrib import admin
from django.contrib.admin import display
from django.db.models import Exists, OuterRef, Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from stores.backoffice.adding import NeedsFirstAdmin
from stores.backoffice.buttons import Button, ButtonsAdmin, button
from stores.backoffice.daily import DailyListAdmin
from stores.backoffice.filters import ScopedRelatedFilter
from stores.backoffice.inlines import ScopedInline
from stores.backoffice.labels import badge_column, connection_column, link
from stores.backoffice.pages import staff_user
from stores.backoffice.scoping import access_for, where_permitted
from stores.models import Connection, Store
from stores.money import yuan_text
from stores.roles import Permission
from trip import services
from trip.admin.product_forms import ProductForm, RefundStepForm, RefundStepFormSet
from trip.admin.product_sections import sections
from trip.choices import PLATFORM, SELL
from trip.models import Offer, Product, RefundStep
from trip.pages.calendar import calendar_page
from trip.pages.prices import OFFERED

STATE_COLOURS = {"on_sale": "success", "paused": "warning"}
LISTING_COLOURS = {"0": "info", "1": "success", "2": "danger", "3": "warning", "4": "warning"}


def _no_price(product: Any) -> tuple[StrOrPromise, str] | None:
    on_sale = product.state == Product.State.ON_SALE
    if on_sale and product.by_calendar and not product.has_dates:
        return _("no price"), Product.State.PAUSED
    return None


def _not_heard_of(product: Product) -> tuple[StrOrPromise, str] | None:
    return (_("not heard of yet"), "") if product.listing is None else None


class RefundStepInline(ScopedInline):
    model = RefundStep
    form, formset = RefundStepForm, RefundStepFormSet
    fields = ("minutes_before", "fee_mode", "fee", "note")
    verbose_name_plural = _("Refund steps")
    extra = 0


@admin.register(Product)
class ProductAdmin(NeedsFirstAdmin, ButtonsAdmin, DailyListAdmin):
    add_permission = change_permission = SELL
    form = ProductForm
    buttons = ("pause", "resume")
    inlines = (RefundStepInline,)
    list_display = (
        "title",
        "merchant",
        "store",
        "state_label",
        "price",
        "listing_label",
        "deal_id",
    )
    list_select_related = ("store", "connection__merchant")
    list_filter = (("store", ScopedRelatedFilter), "state", "by_calendar", "issuing")
    search_fields = ("title", "deal_id")
    ordering = ("connection_id", "deal_id", "id")
    readonly_fields = (
        "account",
        "state_label",
        "listing_label",
        "listing_check",
        "listing_at",
        "calendar_link",
        "price",
        "left",
    )
    account = connection_column
    state_label = badge_column("state", STATE_COLOURS, _("state"), special=_no_price)
    listing_label = badge_column(
        "listing", LISTING_COLOURS, _("listing at Meituan"), special=_not_heard_of
    )
    # Meituan and existing orders depend on these.
    fixed = ("deal_id", "by_calendar")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Product]:
        undated = Prefetch("offers", Offer.objects.filter(date=None), to_attr="undated")
        coming = Offer.objects.filter(product=OuterRef("pk"), date__gte=timezone.localdate())
        rows = super().get_queryset(request).prefetch_related(undated)
        return cast(QuerySet[Product], rows.annotate(has_dates=Exists(coming)))

    def needed_first(self, request: HttpRequest) -> tuple[StrOrPromise, str] | None:
        is_owner = access_for(request).has_permission(Permission.MANAGE_CONNECTIONS)
        products = reverse("admin:trip_product_changelist")
        if not _connections(request).exists():
            if not is_owner:
                return _(
                    "Ask the owner to connect the ticket account first; then you can add products."
                ), products
            add = reverse("admin:stores_connection_add")
            return _(
                "Connect your ticket account first; then you can add products."
            ), f"{add}?platform=trip"
        if not _stores(request).exists():
            if not is_owner:
                return _(
                    "Ask the owner to add you to a store first; then you can add products."
                ), products
            return _(
                "Add the store first where the tickets are used; then you can add products."
            ), reverse("admin:stores_store_add")
        return None

    def response_add(
        self, request: HttpRequest, obj: Product, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Continues with the calendar of a new product, because it cannot be bought without a
        price.
        """
        answer: HttpResponse = super().response_add(request, obj, post_url_continue)
        return redirect(_calendar_url(obj)) if obj.by_calendar else answer

    def hidden_fields(self, request: HttpRequest, row: Any) -> set[str]:
        """Shows the connection's name without a link, because not every seller may open the
        connection's page.
        """
        return super().hidden_fields(request, row) | {"connection" if row else "account"}

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.calendar_view)
        return [
            path("<path:object_id>/calendar/", view, name="trip_product_calendar"),
            *super().get_urls(),
        ]

    def calendar_view(self, request: HttpRequest, object_id: str) -> Any:
        product = self.get_object(request, object_id)
        may_change = self.has_change_permission(request, product)
        context = self.admin_site.each_context(request) | {"opts": self.opts, "original": product}
        return calendar_page(request, product, may_change=may_change, context=context)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        hidden = self.hidden_fields(request, obj)
        return sections(obj, hidden=hidden, is_read=not self.has_change_permission(request, obj))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj:
            return (*self.readonly_fields, *self.fixed)
        return self.readonly_fields

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offers the connections and stores of merchants where the user may sell; the connection's
        fields stay hidden.
        """
        is_connection = db_field.name == "connection"
        kwargs["queryset"] = _connections(request) if is_connection else _stores(request)
        if len(only := kwargs["queryset"][:2]) == 1:
            kwargs["initial"] = only[0].pk
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: Product, form: Any, change: bool) -> None:
        """Saves only the changed fields, because Meituan's notices write the listing in the same
        row at the same time.
        """
        if not change:
            super().save_model(request, obj, form, change)
        elif form.changed_data:
            obj.save(update_fields=set(form.changed_data) - set(OFFERED))

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        form.save_price()
        if not change or form.has_changed() or any(formset.has_changed() for formset in formsets):
            services.product_saved(product=form.instance, is_new=not change)

    @button(
        Button(
            title=_("Pause"),
            icon="pause_circle",
            permission=SELL,
            done=_("Paused: nobody can order it now, and Meituan is told."),
            shown=lambda product: product.state == Product.State.ON_SALE,
        )
    )
    def pause(self, request: HttpRequest, row: Product, cleaned_data: dict[str, Any]) -> None:
        services.product_pause(product=row, actor=staff_user(request))

    @button(
        Button(
            title=_("Put on sale"),
            icon="play_circle",
            permission=SELL,
            done=_("On sale again, and Meituan is told."),
            shown=lambda product: product.state == Product.State.PAUSED,
        )
    )
    def resume(self, request: HttpRequest, row: Product, cleaned_data: dict[str, Any]) -> None:
        services.product_resume(product=row, actor=staff_user(request))

    @display(description=_("merchant"), ordering="connection__merchant")
    def merchant(self, product: Product) -> str:
        return str(product.connection.tenant)

    @display(description=_("price"))
    def price(self, product: Any) -> SafeString | str:
        if product.by_calendar:
            return link(_calendar_url(product), _("by day"))
        return next((yuan_text(offer.sale_price) for offer in product.undated), "–")

    @display(description=_("stock"))
    def left(self, product: Any) -> str:
        """What is left of the tickets, for people who only look."""
        offer = next(iter(product.undated), None)
        if offer is None:
            return "–"
        return str(_("unlimited") if offer.left is None else offer.left)

    @display(description=_("prices and stock"))
    def calendar_link(self, product: Product) -> SafeString | str:
        return link(_calendar_url(product), _("Open the calendar"))


def _calendar_url(product: Product) -> str:
    return reverse("admin:trip_product_calendar", args=[product.pk])


def _connections(request: HttpRequest) -> QuerySet[Connection]:
    rows = Connection.objects.filter(platform=PLATFORM).select_related("merchant")
    return where_permitted(request, rows, SELL)


def _stores(request: HttpRequest) -> QuerySet[Store]:
    rows = Store.objects.for_staff(request.user).select_related("merchant")
    return where_permitted(request, rows, SELL)
