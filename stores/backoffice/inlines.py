"""Rows inside another row's form: a person who may change the row may change them."""

from typing import Any, cast

from django.http import HttpRequest
from unfold.admin import TabularInline

from stores.backoffice.base import ScopedAdmin
from stores.backoffice.dates import picker_of


class ScopedInline(TabularInline):
    """Takes its permissions from the parent's admin and its rows from the parent, which is
    scoped.
    """

    def _parent(self) -> ScopedAdmin:
        return cast(ScopedAdmin, self.admin_site.get_model_admin(self.parent_model))

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if picker := picker_of(db_field):
            kwargs.setdefault("widget", picker)
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._parent().has_view_permission(request, obj)

    def has_add_permission(self, request: HttpRequest, obj: Any) -> bool:
        return self._may_change(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may_change(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may_change(request, obj)

    def _may_change(self, request: HttpRequest, obj: Any) -> bool:
        parent = self._parent()
        return (
            parent.has_change_permission(request, obj)
            if obj
            else parent.has_add_permission(request)
        )
