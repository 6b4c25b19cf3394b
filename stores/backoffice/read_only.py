"""Admins of tables that nobody edits."""

from typing import Any

from django.contrib.admin.utils import flatten
from django.http import HttpRequest

from stores.backoffice.base import ScopedAdmin
from stores.backoffice.paging import UncountedPaginator


class ReadOnlyAdmin(ScopedAdmin):
    """Lists and details without forms."""

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        """Leaves out the link to a history that only forms write."""
        return super().render_change_form(
            request, context | {"show_history": False}, *args, **kwargs
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return flatten(self.fields or ())


class LedgerAdmin(ReadOnlyAdmin):
    """Tables that only grow: never counted, newest first, read-only."""

    paginator = UncountedPaginator
    show_full_result_count = False
    ordering: tuple[str, ...] = ("-id",)
    sortable_by: Any = ()
