"""Pages of a list by cursor."""

import re
from base64 import b64decode
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

from django.utils.translation import gettext as _
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request


class Pages(CursorPagination):
    """Pages that stay in place while new rows come in."""

    ordering: Any = ("-created_at", "-id")
    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 200

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        parameters: list[dict[str, Any]] = super().get_schema_operation_parameters(view)
        for each in parameters:
            if each["name"] == self.page_size_query_param:
                each["schema"]["minimum"] = 1
                each["description"] = _("Rows of a page; more than 200 count as 200.")
        return parameters

    def decode_cursor(self, request: Request) -> Cursor | None:
        try:
            if text := request.query_params.get(self.cursor_query_param):
                _check_written(text)
            cursor = super().decode_cursor(request)
            if cursor is None or cursor.position is None:
                return cursor
            return cursor._replace(position=self._position(str(cursor.position)))
        except (NotFound, ValueError) as error:
            raise ValidationError(
                {"cursor": [_("Follow the links of an earlier answer.")]}
            ) from error

    def _position(self, text: str) -> Any:
        """Returns the value that rows are compared with; raises ValueError."""
        at = datetime.fromisoformat(text)
        if at.tzinfo != UTC or str(at) != text:
            raise ValueError("a time that no answer of ours contains")
        return at


def _check_written(text: str) -> None:
    """Refuses what no answer of ours contains: REST framework reads it as the first page.

    Raises:
        ValueError: it is not base64 of a cursor's own parts.
    """
    written = b64decode(text, validate=True).decode("ascii")
    if not set(parse_qs(written, keep_blank_values=True, strict_parsing=True)) <= {"o", "r", "p"}:
        raise ValueError("not a cursor")


class PagesById(Pages):
    ordering = "id"
    page_size = 100

    def _position(self, text: str) -> Any:
        if not re.fullmatch("[0-9]{1,18}", text):
            raise ValueError("not an id")
        return int(text)
