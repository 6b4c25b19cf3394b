"""The OpenAPI parts that the routes of all domains share."""

from collections.abc import Sequence
from typing import Any

from django.utils.functional import lazy
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise
from drf_spectacular.extensions import OpenApiSerializerExtension
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse
from rest_framework import serializers

from stores.api.problems import needs_one_of
from stores.api.serializers import AnswerSerializer, Body, TextField
from stores.web.problems import PROBLEM_JSON, codes, problem, titles


# An RFC 9457 problem.
class ProblemSerializer(AnswerSerializer):
    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    code = serializers.ChoiceField(
        choices=list(titles().items()), help_text=_("Stable, and meant for programs")
    )
    detail = serializers.CharField(help_text=_("For people"))
    retry_after = serializers.IntegerField(required=False, help_text=_("Seconds"))

    def get_fields(self) -> dict[str, Any]:
        """Adds `errors`, which cannot be declared above: serializers have an attribute of that
        name.
        """
        wrong = serializers.DictField(required=False, help_text=_("What is wrong with which field"))
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
            limits = {"minLength": 1, "pattern": r"\S"} | limits
        return limits


# With plain numbers drf-spectacular would take a problem for the main answer, and show lists
# without their pages.
JSON = "application/json"
WAIT = OpenApiParameter(
    "wait",
    {"type": "number", "minimum": 0},
    description=_(
        "Seconds to wait for a result, 0 to 10; more counts as 10. Without it, or with 0, an "
        "answer that comes within "
        "3 seconds of a free slot is still given at once."
    ),
)
IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "minLength": 1, "maxLength": 100, "pattern": "^[!-~]+$"},
    OpenApiParameter.HEADER,
    description=_(
        "1 to 100 visible ASCII characters of your choice. For 24 hours the same request with the "
        "same key of the same "
        "API key changes nothing and gets what the first one got, with status 200; another request "
        "with it gets 409 "
        "`key_reused`."
    ),
)


def problems(
    *named: str, scopes: Sequence[str], **own: dict[str, Any]
) -> dict[tuple[int, str], Any]:
    """Returns a route's problem answers for OpenAPI, by code, with those that every route has.

    The key needs one of the `scopes`. `own` gives what an answer of this route has besides its code
    and title. Each is an example, and tests/contract/test_api_problems.py gets the very same
    answers.
    """
    known = codes()
    own["forbidden"] = {"detail": lazy(needs_one_of, str)(tuple(scopes))}
    found = {"unauthenticated", "too_many_tries", "unavailable", *named, *own}
    by_status: dict[int, list[str]] = {}
    for code in sorted(found, key=list(known).index):
        by_status.setdefault(known[code].status, []).append(code)
    return {
        (status, PROBLEM_JSON): OpenApiResponse(
            ProblemSerializer,
            _joined([known[code].title for code in together]),
            [
                _problem_example(code, EVERYWHERE.get(code, {}) | own.get(code, {}))
                for code in together
            ],
        )
        for status, together in by_status.items()
    }


# What every route with a body may answer.
IN_BODIES = ("malformed_json", "not_found", "body_too_large", "unsupported_media_type")
# What answers to some requests have besides their code and title.
NO_SUCH_PARAMETER: dict[str, Any] = {"errors": {"page": [_("There is no such parameter.")]}}


def without(name: str) -> dict[str, Any]:
    """What a problem has besides its code and title when the body lacks a field."""
    return {"errors": {name: [serializers.Field.default_error_messages["required"]]}}


def without_either(first: str, second: str) -> dict[str, Any]:
    """What a problem has besides its code and title when the body has neither of two fields."""
    return {"errors": {"body": [lazy(Body.needs_one_of, str)((first, second))]}}


# What answers of every route have besides their code and title.
EVERYWHERE: dict[str, dict[str, Any]] = {"too_many_tries": {"retry_after": 60}}


def _joined(texts: list[StrOrPromise]) -> StrOrPromise:
    return format_lazy(" / ".join(["{}"] * len(texts)), *texts)


def _problem_example(code: str, extra: dict[str, Any]) -> OpenApiExample:
    known = codes()[code]
    detail, more = extra.get("detail", known.title), {**extra}
    more.pop("detail", None)
    return OpenApiExample(
        code,
        summary=code,
        value=problem(code, detail, status=known.status, **more),
        response_only=True,
        status_codes=[str(known.status)],
        media_type=PROBLEM_JSON,
    )


def example(
    name: str, summary: StrOrPromise, value: dict[str, Any], status: int = 200
) -> OpenApiExample:
    """An example of an answer."""
    return OpenApiExample(
        name, summary=summary, value=value, response_only=True, status_codes=[str(status)]
    )


def sent(name: str, summary: StrOrPromise, value: dict[str, Any]) -> OpenApiExample:
    """An example of a request's body."""
    return OpenApiExample(name, summary=summary, value=value, request_only=True)
