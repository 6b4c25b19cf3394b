"""What comes in: filters of lists, moments, fields of a body."""

from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from stores.api.paging import Pages

MAX_ID = 2**63 - 1


class ListFilter(serializers.Serializer[Any]):
    """What a list may be asked for. A misspelt name would otherwise give everything, as if it had been heard."""

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        known = {*self.fields, Pages.cursor_query_param, str(Pages.page_size_query_param)}
        if unknown := sorted(set(self.initial_data) - known):
            raise ValidationError({name[:100]: [_("There is no such parameter.")] for name in unknown[:5]})
        return attrs


class Moment(serializers.DateTimeField):
    """ISO 8601; a `+` that was not escaped in the address arrives as a space."""

    def to_internal_value(self, value: Any) -> Any:
        return super().to_internal_value(value.replace(" ", "+") if "T" in value else value)


def field_of(body: Any, name: str) -> Any:
    """What a body's object has under this name; raises ValidationError."""
    if not isinstance(body, dict):
        raise ValidationError({"body": [_("Give a JSON object.")]})
    if name not in body:
        raise ValidationError({name: [_("This field is required.")]})
    return body[name]
