"""The base of all admins: rows by `for_staff`, permissions by role.

Strangers get 404, an insufficient role gets 403.
"""

from typing import Any, ClassVar, cast

from django import forms
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.utils import flatten
from django.contrib.admin.widgets import RelatedFieldWidgetWrapper
from django.core.exceptions import PermissionDenied
from django.db import DataError, models
from django.http import Http404, HttpRequest
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise
from unfold.admin import ModelAdmin
from unfold.views import ChangeList
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminTextInputWidget

from stores import audit
from stores.backoffice.dates import picker_of
from stores.backoffice.history import audit_log_of, translate
from stores.backoffice.menu import place
from stores.backoffice.pages import staff_user
from stores.backoffice.scoping import OPERATOR, Required, access_for, visible_to, where_permitted
from stores.models import Merchant, Store
from stores.roles import Permission
from stores.tenancy import TenantQuerySet
from stores.text import listed


class Headed:
    """A row that templates show under `heading` instead of its own name."""

    def __init__(self, row: models.Model, heading: str) -> None:
        self.row = row
        self.heading = heading

    def __getattr__(self, name: str) -> Any:
        return getattr(self.row, name)

    def __str__(self) -> str:
        return self.heading


class RowsField(forms.ModelMultipleChoiceField[models.Model]):
    """Rows of a related table; a number that no database can compare with is no choice."""

    def clean(self, value: Any) -> models.QuerySet[Any]:
        try:
            return super().clean(value)
        except OverflowError as error:
            raise forms.ValidationError(
                self.error_messages["invalid_choice"],
                code="invalid_choice",
                params={"value": listed(value)[:100]},
            ) from error


class ScopedChangeList(ChangeList):
    """A list that takes a value which no database can compare with as a filter that does not
    exist.
    """

    result_list: Any

    def get_results(self, request: HttpRequest) -> None:
        try:
            super().get_results(request)
            # Read here, where the error is still known to come from the address.
            self.result_list = list(self.result_list)
        except (OverflowError, DataError) as error:
            raise IncorrectLookupParameters(error) from error


class ScopedAdmin(ModelAdmin):
    """Subclasses name the permission to view, add, change and delete, and nothing else."""

    view_permission: ClassVar[Required] = Permission.VIEW
    add_permission: ClassVar[Required] = None
    change_permission: ClassVar[Required] = None
    delete_permission: ClassVar[Required] = None

    # The text of an empty list.
    empty_text: StrOrPromise = _("Nothing here yet.")

    actions: Any = None
    list_per_page = 50
    list_max_show_all = 0
    list_filter_sheet = True
    list_filter_submit = True
    show_facets: Any = None
    change_form_before_template: str | None = "stores/backoffice/form_top.html"
    # Django's own box calls what was typed the current address.
    formfield_overrides: Any = {
        models.URLField: {
            "assume_scheme": "https",
            "widget": UnfoldAdminTextInputWidget(attrs={"type": "url"}),
        }
    }

    # Permissions

    def permits(
        self, request: HttpRequest, permission: Required, row: models.Model | None = None
    ) -> bool:
        """Returns whether a person may do this to the row, or to any row at all."""
        access = access_for(request)
        if permission is None or access.everything:
            return permission is not None
        if row and self.merchant_path() and self.merchant_of(row) is None:
            # The operator's own, as a developer account.
            return False
        return permission != OPERATOR and access.has_permission(
            permission, self.merchant_id_of(row) if row else None
        )

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.permits(request, self.view_permission, obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.permits(request, self.add_permission)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.permits(request, self.change_permission, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.permits(request, self.delete_permission, obj)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.permits(request, self.view_permission)

    # Rows

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return ScopedChangeList

    def merchant_path(self) -> str:
        rows = self.model._default_manager.all()
        return rows.merchant_path if isinstance(rows, TenantQuerySet) else ""

    def merchant_of(self, row: models.Model) -> Merchant | None:
        path = self.merchant_path()
        found: Any = row if path else None
        for name in path.split("__"):
            found = getattr(found, name, None) if name not in ("", "pk") else found
        return cast(Merchant | None, found)

    def merchant_id_of(self, row: models.Model) -> int | None:
        merchant = self.merchant_of(row)
        return merchant.pk if merchant else None

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        rows = self.allowed(request, visible_to(self.model, request), self.view_permission)
        ordering = self.get_ordering(request)
        return rows.order_by(*ordering) if ordering else rows

    def allowed(
        self, request: HttpRequest, rows: models.QuerySet[Any], permission: Required
    ) -> models.QuerySet[Any]:
        """Returns those of `rows` whose merchant gives the person the permission.

        A person may have several roles.
        """
        access = access_for(request)
        if access.merchants_with(permission or "") == access.merchants_in_part:
            return rows
        path = self.merchant_path()
        return where_permitted(request, rows, permission, path) if path else rows.none()

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Any:
        """Raises 403 when the role may see no such row, 404 for a foreign or missing row."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        # The address says which field; Django takes an empty one for a name.
        row = super().get_object(request, object_id, from_field or None)
        if row is None:
            raise Http404
        return row

    # Choices

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.remote_field.model is Merchant:
            return self._merchant_field(db_field, request, **kwargs)
        kwargs.setdefault("queryset", visible_to(db_field.remote_field.model, request))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def _merchant_field(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offers only merchants where the person may add such rows; preselects the only one."""
        merchants = Merchant.objects.for_staff(request.user)
        mine = where_permitted(request, merchants, self.add_permission, "pk")
        if not access_for(request).everything and len(mine) == 1:
            kwargs |= {"widget": forms.HiddenInput(), "initial": mine[0].pk}
        return super().formfield_for_foreignkey(db_field, request, **(kwargs | {"queryset": mine}))

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        kwargs.setdefault("queryset", visible_to(db_field.remote_field.model, request))
        kwargs.setdefault("form_class", RowsField)
        kwargs.setdefault("widget", UnfoldAdminCheckboxSelectMultipleWidget())
        field: Any = super().formfield_for_manytomany(db_field, request, **kwargs)
        if db_field.remote_field.model is Store and self.has_many_merchants(request):
            field.queryset = field.queryset.select_related("merchant").order_by("merchant_id", "pk")
            field.label_from_instance = lambda store: f"{store.merchant} · {store}"
        return field

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Leaves out the add, change and view icons beside choices: every list is one tap away.

        Days and times have the browser's own picker.
        """
        if picker := picker_of(db_field):
            kwargs.setdefault("widget", picker)
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field and isinstance(field.widget, RelatedFieldWidgetWrapper):
            field.widget = field.widget.widget
        return field

    def has_many_merchants(self, request: HttpRequest) -> bool:
        access = access_for(request)
        return access.everything or len(access.merchants_in_part) > 1

    def get_list_display(self, request: HttpRequest) -> Any:
        """Shows the merchant's column only to people who see several merchants."""
        columns = list(super().get_list_display(request))
        return (
            columns
            if self.has_many_merchants(request)
            else [c for c in columns if c not in MERCHANT_COLUMNS]
        )

    def get_list_filter(self, request: HttpRequest) -> Any:
        filters = list(super().get_list_filter(request))
        return (
            filters
            if self.has_many_merchants(request)
            else [f for f in filters if _field(f) not in MERCHANT_COLUMNS]
        )

    def hidden_fields(self, request: HttpRequest, row: Any) -> set[str]:
        """Hides the merchant of an existing row, which never changes, from people with one
        merchant.
        """
        return set() if row is None or self.has_many_merchants(request) else {"merchant"}

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        hidden = self.hidden_fields(request, obj)
        return [
            (
                title,
                {
                    **options,
                    "fields": [field for field in options["fields"] if field not in hidden],
                },
            )
            for title, options in super().get_fieldsets(request, obj)
        ]

    # Headings

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """Calls the list what the menu calls it."""
        shown = place(request)
        title = {"title": shown.tab.title} if shown and shown.tab else {}
        return super().changelist_view(request, title | (extra_context or {}))

    def heading(self, row: Any) -> str:
        """Returns what the pages of a row are called."""
        return str(row)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        one_save = {"show_save_and_continue": False, "show_save_and_add_another": False}
        _open_what_is_wrong(context["adminform"])
        response = super().render_change_form(request, context | one_save, *args, **kwargs)
        if row := kwargs.get("obj"):
            heading = self.heading(row)
            response.context_data |= {"subtitle": heading, "original": Headed(row, heading)}
        else:
            # In the words of the button that leads here.
            title = _("Add %(name)s") % {"name": self.opts.verbose_name}
            response.context_data["title"] = title
        return response

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> Any:
        response = super().history_view(request, object_id, extra_context)
        context = getattr(response, "context_data", None)
        if context and (row := context.get("object")):
            heading = self.heading(row)
            title = str(context["title"]).replace(str(row), heading)
            context |= {"title": title, "object": Headed(row, heading)}
            context["audit_log"] = audit_log_of(request, self.known_as(row))
            context["action_list"].object_list = list(map(translate, context["action_list"]))
        return response

    # Audit

    def known_as(self, row: Any) -> str:
        """Returns the text by which the audit log's search finds what was done with a row."""
        return str(row)

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        self.audit(request, "added", obj)
        return super().log_addition(request, obj, message)

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        fields = [field for part in message for field in part.get("changed", {}).get("fields", [])]
        # Rows inside the form, whatever was done with them.
        fields += {deed["name"]: 0 for part in message for deed in part.values() if "name" in deed}
        if fields:
            self.audit(request, "changed", obj, fields=fields, **self.audited(obj))
        return super().log_change(request, obj, message)

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        for row in queryset:
            self.audit(request, "deleted", row)
        return super().log_deletions(request, queryset)

    def audited(self, row: Any) -> dict[str, Any]:
        """Returns values for the audit log besides the names of the changed fields; never
        secrets.
        """
        return {}

    def audit(self, request: HttpRequest, verb: str, row: Any, **data: Any) -> None:
        """Writes to the audit log, as "store changed"."""
        store = row if isinstance(row, Store) else getattr(row, "store", None)
        audit.record(
            f"{self.opts.model_name} {verb}",
            actor=staff_user(request),
            merchant=self.merchant_of(row) if row.pk else None,
            store=store if isinstance(store, Store) else None,
            target=row,
            **data,
        )


def _open_what_is_wrong(adminform: Any) -> None:
    """Leaves no section folded in which there is a mistake; Django looks at single fields only."""
    wrong = adminform.form.errors.keys()
    adminform.fieldsets = [
        (title, options | ({} if wrong.isdisjoint(flatten(options["fields"])) else {"classes": ()}))
        for title, options in adminform.fieldsets
    ]


MERCHANT_COLUMNS = ("merchant", "store__merchant", "connection__merchant")


def _field(list_filter: Any) -> Any:
    return list_filter[0] if isinstance(list_filter, tuple) else list_filter
