"""Merchants, their stores and their staff."""

from typing import Any

from django.contrib import admin
from django.contrib.admin import display
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from stores.admin.staff_forms import StaffAddForm, StaffForm
from stores.backoffice.base import ScopedAdmin
from stores.backoffice.buttons import Button, ButtonsAdmin, button
from stores.backoffice.filters import ScopedRelatedFilter
from stores.backoffice.given_passwords import GivesPasswords, renewal
from stores.backoffice.labels import badge_column, moment_column
from stores.backoffice.scoping import OPERATOR
from stores.backoffice.widgets import Link, store_links
from stores.conflicts import Conflict
from stores.models import Merchant, Staff, Store
from stores.roles import Permission
from stores.text import listed
from stores.web import viewing

ROLE_COLOURS = {"owner": "primary", "manager": "info", "clerk": "success"}


@admin.register(Merchant)
class MerchantAdmin(ButtonsAdmin):
    view_permission = add_permission = change_permission = OPERATOR
    buttons = ("view_as_owner",)
    change_form_outer_after_template = "stores/backoffice/merchant_lists.html"
    list_display = ("name", "is_active", "created")
    search_fields = ("name",)
    fields = ("name", "is_active", "personal_data_days")
    created = moment_column("created_at", _("created"))

    def after(self, request: HttpRequest, row: Merchant) -> str:
        return reverse("admin:index")

    @button(
        Button(
            title=_("View as the owner"),
            icon="visibility",
            permission=OPERATOR,
            shown=lambda merchant: merchant.is_active,
        )
    )
    def view_as_owner(
        self, request: HttpRequest, row: Merchant, cleaned_data: dict[str, Any]
    ) -> None:
        viewing.start(request, row)


@admin.register(Store)
class StoreAdmin(ScopedAdmin):
    add_permission = Permission.MANAGE_CONNECTIONS
    change_permission = Permission.MANAGE_STORES
    list_display = ("name", "merchant", "trade", "guest_page_open", "is_active", "pages")
    list_select_related = ("merchant",)
    list_filter = (("merchant", ScopedRelatedFilter), "trade", "is_active")
    search_fields = ("name", "address")
    fieldsets = (
        (None, {"fields": ("merchant", "name", "trade", "address", "phone", "is_active")}),
        (_("Guest page"), {"fields": ("guest_page_open", "pages")}),
    )
    readonly_fields = ("pages",)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return (*self.readonly_fields, "merchant") if obj else self.readonly_fields

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        changelist = super().get_changelist_instance(request)
        links = store_links(changelist.result_list)
        for store in changelist.result_list:
            store.links = links[store.pk]
        return changelist

    @display(description=_("Pages"))
    def pages(self, store: Store) -> SafeString | str:
        links = self._links(store) if store.pk else []
        lines = [(link.url, link.title) for link in links]
        return format_html_join(
            "\u2003", '<a class="text-primary-600" href="{}" target="_blank">{}</a>', lines
        )

    @staticmethod
    def _links(store: Store) -> list[Link]:
        """Returns the row's links; a list has read them for all of its stores at once."""
        read: list[Link] | None = getattr(store, "links", None)
        return store_links([store])[store.pk] if read is None else read


@admin.register(Staff)
class StaffAdmin(GivesPasswords):
    view_permission = add_permission = change_permission = Permission.MANAGE_STAFF
    list_display = ("sign_in", "merchant", "role_label", "store_names", "is_active")
    list_select_related = ("user", "merchant")
    list_filter = (("merchant", ScopedRelatedFilter), "role", "is_active")
    search_fields = ("user__username", "user__first_name")
    role_label = badge_column("role", ROLE_COLOURS, _("role"))
    form = StaffForm
    buttons = ("renew_password",)
    fieldsets = ((None, {"fields": ("merchant", "sign_in", "role", "stores", "is_active")}),)
    add_fieldsets = (
        (_("Sign-in"), {"fields": ("username", "full_name")}),
        (_("Work"), {"fields": ("merchant", "role", "stores")}),
    )

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        return super().get_form(
            request, obj, change, **(kwargs if obj else kwargs | {"form": StaffAddForm})
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("merchant", "sign_in") if obj else ()

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("stores")

    def save_model(self, request: HttpRequest, obj: Staff, form: Any, change: bool) -> None:
        if not change:
            obj.user = User.objects.create_user(
                form.cleaned_data["username"],
                password=self.make_password(request),
                first_name=form.cleaned_data["full_name"],
                is_staff=True,
            )
            obj.password_is_given = True
        super().save_model(request, obj, form, change)

    def account_of(self, row: Staff) -> User:
        return row.user

    @button(renewal(Permission.MANAGE_STAFF))
    def renew_password(
        self, request: HttpRequest, row: Staff, cleaned_data: dict[str, Any]
    ) -> HttpResponse:
        """Whoever knows the password can sign in as that member, also at other merchants."""
        elsewhere = row.user.memberships.exclude(pk=row.pk)
        if row.user != request.user and (row.user.is_superuser or elsewhere.exists()):
            raise Conflict(_("This person also works elsewhere; ask the platform operator."))
        return self.renew(request, row)

    def known_as(self, row: Staff) -> str:
        """Without the role, which changes."""
        return row.user.get_full_name() or row.user.username

    def audited(self, row: Staff) -> dict[str, Any]:
        return {"role": row.role, "active": row.is_active}

    @display(description=_("signs in as"), ordering="user__username")
    def sign_in(self, staff: Staff) -> str:
        name = staff.user.get_full_name()
        return f"{name} ({staff.user.username})" if name else staff.user.username

    @display(description=_("stores"))
    def store_names(self, staff: Staff) -> str:
        if staff.role == "owner":
            return str(_("all stores"))
        return listed(store.name for store in staff.stores.all())
