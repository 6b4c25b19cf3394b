"""What every API view shares: keys, limits, JSON in and out, and never a page where a machine expects JSON."""

import json
import re
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.csrf import csrf_exempt
from drf_spectacular.utils import OpenApiExample, OpenApiParameter
from drf_spectacular.views import SpectacularSwaggerSplitView
from rest_framework import serializers
from rest_framework.exceptions import NotFound, ParseError, ValidationError
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from stores import limits
from stores.errors import PROBLEM_JSON, TITLES, Problem, not_found
from stores.models import ApiKey, Store

MAX_BODY = 256 * 1024
MAX_WAIT = 10.0
MAX_ID = 2**63 - 1
_SECONDS = re.compile(r"[0-9]{1,4}(\.[0-9]{1,6})?")
_KEY = re.compile(r"[\x21-\x7e]{1,100}")


class JSONBody(BaseParser):
    """UTF-8 JSON of bounded size, whatever charset the header claims."""

    media_type = "application/json"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        content = stream.read(MAX_BODY + 1)
        if len(content) > MAX_BODY:
            raise Problem("body_too_large", TITLES["body_too_large"], status=413)
        try:
            return json.loads(content.decode(), parse_constant=self._refuse)
        except (ValueError, RecursionError) as error:
            raise ParseError() from error

    @staticmethod
    def _refuse(name: str) -> None:
        raise ValueError(f"{name} is not JSON")


class AlwaysJSON(BaseContentNegotiation):
    """JSON is all there is, so Accept and ?format= are not looked at."""

    def select_parser(self, request: Request, parsers: Any) -> BaseParser | None:
        offered = (request.content_type or "").partition(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == offered), None)

    def select_renderer(self, request: Request, renderers: Any, format_suffix: Any = None) -> tuple[BaseRenderer, str]:
        return renderers[0], renderers[0].media_type


class KeyThrottle(BaseThrottle):
    """API_REQUESTS_PER_MINUTE for each key, over all processes; 0 means no limit."""

    taken = limits.Taken(allowed=True, retry_after=0)

    def allow_request(self, request: Request, view: APIView) -> bool:
        if settings.API_REQUESTS_PER_MINUTE and isinstance(request.auth, ApiKey):
            limit = limits.Limit("api-key", settings.API_REQUESTS_PER_MINUTE, 60)
            self.taken = limits.take_prepaid(limit, request.auth.digest)
        return self.taken.allowed

    def wait(self) -> float:
        return self.taken.retry_after


class Pages(CursorPagination):
    """Pages that stay where they are while new rows come in."""

    ordering: Any = ("-created_at", "-id")
    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 200

    def decode_cursor(self, request: Request) -> Cursor | None:
        try:
            cursor = super().decode_cursor(request)
            if cursor is None or cursor.position is None:
                return cursor
            return cursor._replace(position=self._position(str(cursor.position)))
        except (NotFound, ValueError) as error:
            raise ValidationError({"cursor": [_("Follow the links of an earlier answer.")]}) from error

    def _position(self, text: str) -> Any:
        """The value that rows are compared with; raises ValueError."""
        at = datetime.fromisoformat(text)
        if at.tzinfo is None:
            raise ValueError("a time without its zone")
        return at


class PagesById(Pages):
    ordering = "id"
    page_size = 100

    def _position(self, text: str) -> Any:
        if not re.fullmatch("[0-9]{1,18}", text):
            raise ValueError("not an id")
        return int(text)


def refuse_unknown(given: Iterable[str], known: Iterable[str]) -> None:
    """Raises ValidationError for a parameter that nobody listens to: a misspelt one would seem to have been heard."""
    if unknown := sorted(set(given) - set(known)):
        raise ValidationError({name[:100]: [_("There is no such parameter.")] for name in unknown[:5]})


class ListFilter(serializers.Serializer[Any]):
    """What a list may be asked for."""

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


class ApiView(APIView):
    """Base of all API views. `scopes` names, per method, the scopes of which the key needs one."""

    scopes: ClassVar[dict[str, tuple[str, ...]]] = {}
    # What may stand in the query string; a list's filter says it for lists.
    parameters: ClassVar[tuple[str, ...]] = ()
    http_method_names = ["get", "head", "post"]
    parser_classes = [JSONBody]
    content_negotiation_class = AlwaysJSON
    throttle_classes = [KeyThrottle]

    def initialize_request(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Request:
        # The charset of the Content-Type header would otherwise be used to decode the query string.
        request.encoding = "utf-8"
        return super().initialize_request(request, *args, **kwargs)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if not hasattr(self, "pagination_class"):
            refuse_unknown(request.query_params, self.parameters)

    @property
    def key(self) -> ApiKey:
        assert isinstance(self.request.auth, ApiKey), "HasScope lets nobody else in"
        return self.request.auth

    def store(self, pk: int) -> Store:
        """The active store with this id, if the key reaches it; raises NotFound."""
        try:
            return Store.objects.for_staff(self.key).get(pk=pk, is_active=True)
        except Store.DoesNotExist:
            raise NotFound from None

    def store_ids(self, wanted: int | None) -> list[int]:
        """The stores whose rows a list shows: the one wanted, or all that the key reaches; raises NotFound.

        As values: with a join instead, the database cannot know how rare a merchant's rows are.
        """
        stores = Store.objects.for_staff(self.key)
        ids = list((stores if wanted is None else stores.filter(pk=wanted)).order_by().values_list("pk", flat=True))
        if wanted is not None and not ids:
            raise NotFound
        return ids

    def asked_for(self, filters: type[ListFilter]) -> dict[str, Any]:
        """What the query string narrows a list to; raises ValidationError."""
        query = filters(data=self.request.query_params)
        query.is_valid(raise_exception=True)
        given: dict[str, Any] = query.validated_data
        return given

    def wait_seconds(self) -> float:
        """?wait=: how long the caller is ready to wait for a result, MAX_WAIT at most."""
        given = self.request.query_params.get("wait", "0")
        if not _SECONDS.fullmatch(given):
            raise ValidationError({"wait": [_("Give a number of seconds from 0 to 10.")]})
        return min(float(given), MAX_WAIT)

    def idempotency_key(self) -> str:
        """The Idempotency-Key header, empty when there is none."""
        given = self.request.headers.get("Idempotency-Key")
        if given is not None and not _KEY.fullmatch(given):
            raise ValidationError({"Idempotency-Key": [_("Give 1 to 100 visible ASCII characters.")]})
        return given or ""


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


def yuan(amount: Decimal | None) -> str | None:
    """An amount of money as programs read it: "12.50"."""
    return None if amount is None else f"{amount:.2f}"


class ProblemShown(serializers.Serializer[Any]):
    """An RFC 9457 problem. `code` is stable and meant for programs, `detail` for people."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    code = serializers.ChoiceField(choices=list(TITLES))
    detail = serializers.CharField()
    retry_after = serializers.IntegerField(required=False, help_text="Seconds")

    def get_fields(self) -> dict[str, Any]:
        """`errors` cannot be declared above: serializers have an attribute of that name."""
        wrong = serializers.DictField(required=False, help_text="What is wrong with which field")
        return super().get_fields() | {"errors": wrong}


PROBLEMS: dict[int, str] = {
    400: "invalid",
    401: "unauthenticated",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    409: "order_conflict",
    413: "body_too_large",
    415: "unsupported_media_type",
    422: "malformed_code",
    429: "too_many_tries",
    503: "unavailable",
}
WAIT = OpenApiParameter(
    "wait",
    {"type": "number", "minimum": 0, "maximum": MAX_WAIT},
    description=gettext_lazy(
        "Seconds to wait for a result, 0 to 10; more counts as 10. Without it, or with 0, an answer that comes within "
        "3 seconds of a free slot is still given at once."
    ),
)
IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "minLength": 1, "maxLength": 100, "pattern": "^[!-~]+$"},
    OpenApiParameter.HEADER,
    description=gettext_lazy("1 to 100 visible ASCII characters of your choice. The same key gets the same answer."),
)


def problems(*statuses: int) -> dict[tuple[int, str], Any]:
    """The problem answers of a route, for OpenAPI; those that every route has are added."""
    every = {401, 403, 429, 503, *statuses}
    return {(status, PROBLEM_JSON): ProblemShown for status in sorted(every)}


def problem_examples(*statuses: int) -> list[OpenApiExample]:
    return [
        OpenApiExample(
            PROBLEMS[status],
            value={
                "type": f"urn:zhanggui:problem:{PROBLEMS[status]}",
                "title": str(TITLES[PROBLEMS[status]]),
                "status": status,
                "code": PROBLEMS[status],
                "detail": str(TITLES[PROBLEMS[status]]),
            },
            status_codes=[str(status)],
            response_only=True,
            media_type=PROBLEM_JSON,
        )
        for status in statuses
    ]


@csrf_exempt
def no_such_route(request: HttpRequest) -> HttpResponse:
    """Whatever else is asked for under /api/: a problem, and no redirect that would lose the body."""
    return not_found(request)


class ApiDocs(SpectacularSwaggerSplitView):
    """Swagger UI from our own static files; its start script and style are files too, so no policy is relaxed."""

    template_name = "stores/api_docs.html"
