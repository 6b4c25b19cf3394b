"""The base of all API views: keys, limits, JSON in and out, and never a page where a program
expects JSON.
"""

import json
import re
from collections.abc import Sequence
from typing import Any, ClassVar, TypeVar

from django.conf import settings
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from rest_framework.exceptions import NotFound, ParseError, ValidationError
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.permissions import SAFE_METHODS
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from stores.api.paging import Pages
from stores.api.problems import Problem
from stores.api.serializers import (
    MAX_WAIT,
    AnswerSerializer,
    Body,
    ListFilter,
    body_reader,
    refuse_unknown,
)
from stores.models import ApiKey, Store
from stores.web import limits
from stores.web.errors import not_found
from stores.web.problems import titles

Row = TypeVar("Row", bound=Model)
MAX_BODY = 256 * 1024
# A number of JSON, as the schema says.
_SECONDS = re.compile(r"[0-9]{1,400}(\.[0-9]{1,400})?([eE][+-]?[0-9]{1,4})?")
_KEY = re.compile(r"[\x21-\x7e]{1,100}")


class JSONBody(BaseParser):
    """Parses UTF-8 JSON of bounded size, whatever charset the header names.

    Programs on Windows put a byte order mark before it.
    """

    media_type = "application/json"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        content = stream.read(MAX_BODY + 1)
        if len(content) > MAX_BODY:
            raise Problem("body_too_large", titles()["body_too_large"], status=413)
        try:
            return json.loads(content.decode("utf-8-sig"), parse_constant=self._refuse)
        except (ValueError, RecursionError) as error:
            raise ParseError() from error

    @staticmethod
    def _refuse(name: str) -> None:
        raise ValueError(f"{name} is not JSON")


class AlwaysJSON(BaseContentNegotiation):
    """Answers JSON always; Accept and ?format= are not read."""

    def select_parser(self, request: Request, parsers: Any) -> BaseParser | None:
        offered = (request.content_type or "").partition(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == offered), None)

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: Any = None
    ) -> tuple[BaseRenderer, str]:
        return renderers[0], renderers[0].media_type


class KeyThrottle(BaseThrottle):
    """Limits each key to API_REQUESTS_PER_MINUTE over all processes; 0 means no limit."""

    taken = limits.Taken(allowed=True, retry_after=0)

    def allow_request(self, request: Request, view: APIView) -> bool:
        if settings.API_REQUESTS_PER_MINUTE and isinstance(request.auth, ApiKey):
            limit = limits.Limit("api-key", settings.API_REQUESTS_PER_MINUTE, 60)
            self.taken = limits.take_prepaid(
                limit, request.auth.digest, is_reading=request.method in SAFE_METHODS
            )
        return self.taken.allowed

    def wait(self) -> float:
        return self.taken.retry_after


class ApiView(APIView):
    """Base of all API views. `scopes` names, per method, the scopes of which the key needs one."""

    scopes: ClassVar[dict[str, tuple[str, ...]]] = {}
    # The parameters of the query string; a list takes them from its filter.
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
        """Returns the active store with this id, if the key reaches it; raises NotFound."""
        try:
            return Store.objects.for_staff(self.key).get(pk=pk, is_active=True)
        except Store.DoesNotExist:
            raise NotFound from None

    def store_ids(self, wanted: int | None) -> list[int]:
        """Returns the stores whose rows a list shows: the wanted one, or all that the key reaches.

        They are values: with a join, the database cannot know how rare a merchant's rows are.
        Raises NotFound.
        """
        stores = Store.objects.all() if wanted is None else Store.objects.filter(pk=wanted)
        ids = stores.ids_for(self.key)
        if wanted is not None and not ids:
            raise NotFound
        return ids

    def asked_for(self, filters: type[ListFilter]) -> dict[str, Any]:
        """Returns the list's parameters; raises ValidationError."""
        query = filters(data=self.request.query_params)
        query.is_valid(raise_exception=True)
        given: dict[str, Any] = query.validated_data
        return given

    def body(self, body: type[Body]) -> dict[str, Any]:
        """Returns the validated fields of the request's body; raises ValidationError."""
        given: dict[str, Any] = body_reader(body).run_validation(self.request.data)
        return given

    def row(self, rows: QuerySet[Row]) -> Row:
        """Returns the only row; raises NotFound."""
        found = rows.first()
        if found is None:
            raise NotFound
        return found

    def wait_seconds(self) -> float:
        """Returns ?wait=, the seconds that the caller waits for a result, MAX_WAIT at most."""
        given = self.request.query_params.get("wait", "0")
        if not _SECONDS.fullmatch(given):
            raise ValidationError({"wait": [_("Give a number of seconds from 0 to 10.")]})
        return min(float(given), MAX_WAIT)

    def idempotency_key(self) -> str:
        """Returns the Idempotency-Key header, "" when there is none."""
        given = self.request.headers.get("Idempotency-Key")
        if given is not None and not _KEY.fullmatch(given):
            raise ValidationError(
                {"Idempotency-Key": [_("Give 1 to 100 visible ASCII characters.")]}
            )
        return given or ""


class ApiList(ApiView):
    """A list, by pages.

    A subclass gives `serializer` and `rows`, and `filters` when it can be narrowed.
    """

    serializer: type[AnswerSerializer]
    filters: type[ListFilter] = ListFilter
    pagination_class: type[Pages] = Pages

    def get(self, request: Request, **path: Any) -> Response:
        given = self.asked_for(self.filters)
        rows = self.rows(given).filter(
            **{name: given[key] for key, name in self.filters.lookups.items() if key in given}
        )
        pages = self.pagination_class()
        page = pages.paginate_queryset(rows, request) or []
        shown = self.serializer(page, many=True, context=self.context(page))
        return pages.get_paginated_response(shown.data)

    def rows(self, given: dict[str, Any]) -> QuerySet[Any]:
        """Returns the rows that the key reaches.

        `lookups` of the filters narrow them further. Raises NotFound.
        """
        raise NotImplementedError

    def context(self, rows: Sequence[Any]) -> dict[str, Any]:
        """Returns what the serializer needs besides the rows."""
        return {}


class ApiDetail(ApiView):
    """One row by the primary key in the address. A subclass gives `rows` and `answer`."""

    def get(self, request: Request, pk: int) -> Response:
        wait = self.wait_seconds()
        row = self.row(self.rows().filter(pk=pk))
        if wait:
            self.process(row, wait)
        return self.answer(row)

    def rows(self) -> QuerySet[Any]:
        """Returns the rows that the key reaches."""
        raise NotImplementedError

    def process(self, row: Any, wait: float) -> None:
        """Works on the row for up to `wait` seconds; only for views with the parameter `wait`."""

    def answer(self, row: Any) -> Response:
        raise NotImplementedError


@csrf_exempt
def no_such_route(request: HttpRequest) -> HttpResponse:
    """Answers any other request under /api/ with a problem, not with a redirect that loses the
    body.
    """
    return not_found(request)
