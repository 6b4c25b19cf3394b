"""The coordinates of stores for Meituan's map."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from stores.backoffice.base import ScopedAdmin
from stores.backoffice.scoping import where_permitted
from stores.models import Store
from stores.roles import Permission
from trip.models import Place


@admin.register(Place)
class PlaceAdmin(ScopedAdmin):
    add_permission = change_permission = Permission.MANAGE_STORES
    list_display = ("store", "city", "longitude", "latitude", "system")
    list_select_related = ("store__merchant",)
    search_fields = ("store__name", "city")
    ordering = ("store__name", "id")
    fieldsets = (
        (
            None,
            {
                "fields": ("store", "city", ("longitude", "latitude"), "system"),
                "description": _(
                    "Look the place up in Gaode's map and copy its coordinates:"
                    " longitude comes first."
                ),
            },
        ),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("store",) if obj else ()

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offers the stores that the user manages and that have no place yet."""
        rows = Store.objects.for_staff(request.user).filter(place=None).select_related("merchant")
        kwargs["queryset"] = where_permitted(request, rows, Permission.MANAGE_STORES)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)
