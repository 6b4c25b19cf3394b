"""The OpenAPI parts that the routes of all domains share."""

from typing import Any

from django.utils.translation import gettext_lazy
from drf_spectacular.extensions import OpenApiSerializerExtension
from drf_spectacular.utils import OpenApiExample, OpenApiParameter
from rest_framework import serializers

from stores.api.serializers import AnswerSerializer, TextField
from stores.web.problems import PROBLEM_JSON, problem, titles


class ProblemSerializer(AnswerSerializer):
    """An RFC 9457 problem. `code` is stable and meant for programs, `detail` for people."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    code = serializers.ChoiceField(choices=list(titles()))
    detail = serializers.CharField()
    retry_after = serializers.IntegerField(required=False, help_text="Seconds")

    def get_fields(self) -> dict[str, Any]:
        """Adds `errors`, which cannot be declared above: serializers have an attribute of that
        name.
        """
        wrong = serializers.DictField(required=False, help_text="What is wrong with which field")
        return super().get_fields() | {"errors": wrong}


def bodies_are_required(
    result: dict[str, Any], generator: Any, request: Any, public: bool
) -> dict[str, Any]:
    """Says that a body must be sent, also where none of its fields must."""
    for operations in result["paths"].values():
        for operation in operations.values():
            if "requestBody" in operation:
                operation["requestBody"]["required"] = True
    return result


class BodyScheme(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]
    """Says of which two fields a body has exactly one, and what else its fields refuse."""

    target_class = "stores.api.serializers.Body"
    match_subclasses = True

    def map_serializer(self, auto_schema: Any, direction: str) -> dict[str, Any]:
        schema: dict[str, Any] = auto_schema._map_serializer(
            self.target, direction, bypass_extensions=True
        )
        if self.target.either:
            schema["oneOf"] = [{"required": [name]} for name in self.target.either]
        for name, field in self.target.fields.items():
            schema["properties"][name] |= self._limits(field)
        return schema

    @staticmethod
    def _limits(field: Any) -> dict[str, Any]:
        limits: dict[str, Any] = dict(getattr(field, "limits", {}))
        if isinstance(field, TextField) and not field.allow_blank:
            limits |= {"minLength": 1, "pattern": r"\S"}
        return limits


# With plain numbers drf-spectacular would take a problem for the main answer, and show lists
# without their pages.
JSON = "application/json"
WAIT = OpenApiParameter(
    "wait",
    {"type": "number", "minimum": 0},
    description=gettext_lazy(
        "Seconds to wait for a result, 0 to 10; more counts as 10. Without it, or with 0, an "
        "answer that comes within "
        "3 seconds of a free slot is still given at once."
    ),
)
IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "minLength": 1, "maxLength": 100, "pattern": "^[!-~]+$"},
    OpenApiParameter.HEADER,
    description=gettext_lazy(
        "1 to 100 visible ASCII characters of your choice. For 24 hours the same request with the "
        "same key of the same "
        "API key changes nothing and gets what the first one got, with status 200; another request "
        "with it gets 409 "
        "`key_reused`."
    ),
)


def problems(*statuses: int) -> dict[tuple[int, str], Any]:
    """Returns a route's problem answers for OpenAPI, with those that every route has."""
    every = {401, 403, 429, 503, *statuses}
    return {(status, PROBLEM_JSON): ProblemSerializer for status in sorted(every)}


def problem_examples(*problems: tuple[int, str]) -> list[OpenApiExample]:
    """Examples of problems, each given as status and code."""
    return [
        OpenApiExample(
            code,
            value=problem(code, titles()[code], status=status),
            status_codes=[str(status)],
            response_only=True,
            media_type=PROBLEM_JSON,
        )
        for status, code in problems
    ]


def example(name: str, value: dict[str, Any], status: int = 200) -> OpenApiExample:
    """An example of an answer."""
    return OpenApiExample(name, value=value, response_only=True, status_codes=[str(status)])


def sent(name: str, value: dict[str, Any]) -> OpenApiExample:
    """An example of a request's body."""
    return OpenApiExample(name, value=value, request_only=True)
