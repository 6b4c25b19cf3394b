"""Takeaway stores: adding one, binding it at Meituan, and what its rules are."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise
from unfold.widgets import UnfoldAdminSelectWidget

from messaging.choices import PLATFORM
from messaging.models import TakeawayStore
from messaging.services import connecting
from messaging.services.chat.bookkeeping import chat_of
from messaging.services.printing.rendering import look_of
from stores.backoffice.adding import NeedsFirstAdmin
from stores.backoffice.base import ScopedAdmin
from stores.backoffice.buttons import Button, ButtonsAdmin, button
from stores.backoffice.deleting import delete_unused
from stores.backoffice.filters import ScopedRelatedFilter
from stores.backoffice.labels import badge_column, link, moment_column
from stores.backoffice.pages import staff_user
from stores.backoffice.plain_errors import explained
from stores.backoffice.scoping import where_permitted
from stores.backoffice.widgets import Step
from stores.conflicts import Conflict
from stores.models import Connection, Store
from stores.roles import Permission

State = TakeawayStore.State
STATE_COLOURS = {"waiting": "warning", "bound": "success", "unbound": "danger"}
OPENING_COLOURS = {"open": "success", "resting": "warning", "online": "info", "offline": "danger"}
RULES = (
    "accepts_itself",
    ("accepts_from", "accepts_until"),
    "accepts_most",
    "booked_minutes",
)
LOOK = ("head_line", "foot_line", ("big_dishes", "kitchen_prices"))
CLOCKS = ("accept_minutes", "refund_hours")


class DeveloperField(forms.ModelChoiceField[Connection]):
    """The developer accounts of a person's merchants and of the operator."""

    def label_from_instance(self, row: Any) -> str:
        return str(_("the platform's own account")) if row.merchant_id is None else str(row)


class AddForm(forms.ModelForm[TakeawayStore]):
    """Subclasses name the accounts that the person may choose from."""

    accounts: ClassVar[QuerySet[Connection]] = Connection.objects.none()
    developer = DeveloperField(
        label=_("developer account"),
        queryset=Connection.objects.none(),
        widget=UnfoldAdminSelectWidget(),
        help_text=_("The account at Meituan's open platform below which the store is bound."),
    )

    class Meta:
        model = TakeawayStore
        fields = ("store", "provider")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["developer"]
        field.queryset = self.accounts
        if len(only := list(self.accounts[:2])) == 1:
            field.initial = only[0].pk

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        store, developer = data.get("store"), data.get("developer")
        if store and developer:
            if not connecting.developers_for(store).filter(pk=developer.pk).exists():
                self.add_error("developer", _("This account is another merchant's."))
            elif connecting.is_added(store, developer, data.get("provider")):
                self.add_error("store", _("This store was added already; open it in the list."))
        return data


def _is_waiting(row: TakeawayStore) -> bool:
    return row.state != State.BOUND


def _is_bound(row: TakeawayStore) -> bool:
    return row.state == State.BOUND


def _was_never_bound(row: TakeawayStore) -> bool:
    return row.state == State.WAITING and row.bound_at is None


@admin.register(TakeawayStore)
class TakeawayStoreAdmin(NeedsFirstAdmin, ButtonsAdmin, ScopedAdmin):
    add_permission = Permission.MANAGE_CONNECTIONS
    change_permission = Permission.MANAGE_STORES
    buttons = ("bind", "test", "chat_settings", "unbind", "remove")
    list_display = ("store", "provider", "state_label", "opening_label", "poi_name", "bound")
    list_select_related = ("store__merchant", "connection")
    list_filter = (("store", ScopedRelatedFilter), "state", "provider")
    search_fields = ("store__name", "poi_name", "connection__account")
    empty_text = _("No store is bound to Meituan takeaway yet.")
    state_label = badge_column("state", STATE_COLOURS, _("state"))
    opening_label = badge_column("opening", OPENING_COLOURS, _("at Meituan"))
    bound = moment_column("bound_at", _("bound at"))
    readonly_fields = (
        "state_label",
        "opening_label",
        "bound",
        "poi_name",
        "e_poi_id",
        "trouble",
        "card_link",
    )
    change_form_outer_before_template = "stores/backoffice/connection_top.html"
    change_form_outer_after_template = "messaging/admin/receipts.html"

    def needed_first(self, request: HttpRequest) -> tuple[StrOrPromise, str] | None:
        if not _accounts(request).exists():
            add = reverse("admin:stores_connection_add")
            return (
                _("Add your developer account at Meituan first; then you can bind a store."),
                f"{add}?platform={PLATFORM}",
            )
        if not _stores(request).exists():
            add = reverse("admin:stores_store_add")
            return _("Add the store first; then you can bind it."), add
        return None

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        if obj:
            return super().get_form(request, obj, change, **kwargs)
        form = type("AddForm", (AddForm,), {"accounts": _accounts(request)})
        return super().get_form(request, obj, change, **(kwargs | {"form": form}))

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return [(None, {"fields": ("store", "provider", "developer")})]
        about = ("store", "provider", ("state_label", "opening_label"), ("poi_name", "e_poi_id"))
        parts: list[Any] = [(None, {"fields": (*about, ("bound", "trouble"), "card_link")})]
        if obj.takes_orders:
            parts.append((_("Accept orders by itself"), {"fields": RULES}))
            parts.append((_("Deadlines"), {"fields": CLOCKS}))
        return [*parts, (_("How receipts look"), {"fields": LOOK})]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return (*self.readonly_fields, "store", "provider") if obj else ()

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        kwargs["queryset"] = _stores(request)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """A new store gets a connection of its own below the developer account."""
        if change:
            super().save_model(request, obj, form, change)
        else:
            obj.connection = connecting.store_connection(
                store=obj.store, developer=form.cleaned_data["developer"]
            )
            obj.save()

    def response_add(
        self, request: HttpRequest, obj: Any, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Goes to the row, where the store is bound."""
        return HttpResponseRedirect(self.page_of(obj))

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        if row := kwargs.get("obj"):
            steps = _steps(row)
            context["steps"] = [] if all(step.done for step in steps) else steps
            context |= look_of(row)
        return super().render_change_form(request, context, *args, **kwargs)

    @admin.display(description=_("our name of the store (ePoiId)"))
    def e_poi_id(self, row: TakeawayStore) -> str:
        return row.connection.account

    @admin.display(description=_("last error"))
    def trouble(self, row: TakeawayStore) -> SafeString | str:
        return explained(row.connection.last_error)

    @admin.display(description=_("safety card"))
    def card_link(self, row: TakeawayStore) -> SafeString | str:
        if row.state == State.WAITING:
            return "–"
        return link(reverse("takeaway:card", args=[row.pk]), _("Open the safety card"))

    @button(
        Button(
            title=_("Bind at Meituan"),
            icon="link",
            permission=Permission.MANAGE_CONNECTIONS,
            shown=_is_waiting,
        )
    )
    def bind(
        self, request: HttpRequest, row: TakeawayStore, cleaned_data: dict[str, Any]
    ) -> HttpResponse:
        return HttpResponseRedirect(connecting.binding_url(row))

    @button(
        Button(
            title=_("Test the store"),
            icon="network_check",
            permission=Permission.MANAGE_CONNECTIONS,
            busy=_("Being tested …"),
            shown=_is_bound,
        )
    )
    def test(self, request: HttpRequest, row: TakeawayStore, cleaned_data: dict[str, Any]) -> None:
        if error := connecting.store_check(row=row, actor=staff_user(request)):
            raise Conflict(error)
        messages.success(request, _("Meituan answers for this store."))

    @button(
        Button(
            title=_("Chat settings"),
            icon="chat",
            permission=Permission.MANAGE_STORES,
            shown=_is_bound,
        )
    )
    def chat_settings(
        self, request: HttpRequest, row: TakeawayStore, cleaned_data: dict[str, Any]
    ) -> HttpResponse:
        chat = chat_of(row.connection_id)
        return HttpResponseRedirect(reverse("admin:messaging_chatstore_change", args=[chat.pk]))

    @button(
        Button(
            title=_("Unbind at Meituan"),
            icon="link_off",
            permission=Permission.MANAGE_CONNECTIONS,
            form=forms.Form,
            text=_("New orders no longer come here; open ones are only shown."),
            shown=_is_bound,
        )
    )
    def unbind(
        self, request: HttpRequest, row: TakeawayStore, cleaned_data: dict[str, Any]
    ) -> HttpResponse:
        return HttpResponseRedirect(connecting.unbinding_url(row))

    @button(
        Button(
            title=_("Delete"),
            icon="delete",
            permission=Permission.MANAGE_CONNECTIONS,
            form=forms.Form,
            text=_(
                "This store was never bound to Meituan. Only its entry here is deleted; the store"
                " itself stays."
            ),
            done=_("The entry was deleted."),
            shown=_was_never_bound,
        )
    )
    def remove(
        self, request: HttpRequest, row: TakeawayStore, cleaned_data: dict[str, Any]
    ) -> None:
        connection = row.connection
        with transaction.atomic():
            Connection.objects.select_for_update().get(pk=connection.pk)
            if not _was_never_bound(TakeawayStore.objects.get(pk=row.pk)):
                raise Conflict(_("The store is bound by now; unbind it instead."))
            self.log_deletions(request, TakeawayStore.objects.filter(pk=row.pk))
            delete_unused(row)
            delete_unused(connection)


def page_of(connection: Connection) -> str:
    """Returns the address of the page of a store's connection."""
    row = TakeawayStore.objects.get(connection=connection)
    return reverse("admin:messaging_takeawaystore_change", args=[row.pk])


def _accounts(request: HttpRequest) -> QuerySet[Connection]:
    """Returns the developer accounts that a person may bind stores below."""
    rows = Connection.objects.filter(platform=PLATFORM, parent=None, is_active=True)
    own = where_permitted(request, rows, Permission.MANAGE_CONNECTIONS)
    return (rows.filter(merchant=None) | own).distinct().order_by("merchant_id", "pk")


def _stores(request: HttpRequest) -> QuerySet[Store]:
    """Returns the stores that a person may bind."""
    rows = Store.objects.for_staff(request.user).filter(is_active=True)
    return where_permitted(request, rows, Permission.MANAGE_CONNECTIONS)


def _steps(row: TakeawayStore) -> list[Step]:
    is_tested = bool(row.connection.checked_at) and not row.connection.last_error
    return [
        Step(
            _("Bind the store"),
            _("Press “Bind at Meituan” and confirm it there; Meituan then tells us by itself."),
            row.state == State.BOUND,
        ),
        Step(_("Test it"), _("Press “Test the store” on this page."), is_tested),
    ]
