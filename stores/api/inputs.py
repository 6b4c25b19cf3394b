"""Readers of requests: filters of lists, moments, fields of a body."""

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from stores.api.paging import Pages

MAX_ID = 2**63 - 1
# Seconds.
MAX_WAIT = 10.0


def refuse_unknown(given: Iterable[str], known: Iterable[str]) -> None:
    """Raises ValidationError for an unknown parameter: a misspelt one would seem to have worked."""
    if unknown := sorted(set(given) - set(known)):
        raise ValidationError(
            {name[:100]: [_("There is no such parameter.")] for name in unknown[:5]}
        )


class ListFilter(serializers.Serializer[Any]):
    """The parameters of a list."""

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        size = str(Pages.page_size_query_param)
        refuse_unknown(self.initial_data, {*self.fields, Pages.cursor_query_param, size})
        if size in self.initial_data:
            self._validate_size(size)
        return attrs

    def _validate_size(self, name: str) -> None:
        try:
            serializers.IntegerField(min_value=1).run_validation(self.initial_data[name])
        except ValidationError as error:
            raise ValidationError({name: error.detail}) from error


class Moment(serializers.DateTimeField):
    """ISO 8601; a `+` that was not escaped in the address arrives as a space."""

    def to_internal_value(self, value: Any) -> Any:
        return super().to_internal_value(value.replace(" ", "+") if "T" in value else value)


def field_of(body: Any, name: str) -> Any:
    """Returns the field of a body's object; raises ValidationError."""
    if not isinstance(body, dict):
        raise ValidationError({"body": [_("Give a JSON object.")]})
    if name not in body:
        raise ValidationError({name: [_("This field is required.")]})
    return body[name]
