"""The inbound template: every endpoint limits, authenticates, parses, stores and acknowledges the same way."""

import json
import logging
from typing import Any, ClassVar, NoReturn

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt

from stores.models import Connection
from stores.platforms import inbox
from stores.platforms.words import storable_json

log = logging.getLogger(__name__)


class Rejected(Exception):
    """The request is not acceptable; `reason` goes into the platform's own form of saying no."""

    def __init__(self, reason: str, status: int = 400) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status


@method_decorator(csrf_exempt, name="dispatch")
class PlatformEndpoint(View):
    """Receives notices of one platform. Subclasses say how a request is authenticated, named and acknowledged."""

    http_method_names = ["post"]
    platform: ClassVar[str]
    max_bytes: ClassVar[int] = 262_144

    def authenticate(self, request: HttpRequest, connection: Connection) -> None:
        """Raises Rejected unless the platform really sent this."""
        raise Rejected("no authentication defined", 403)

    def name(self, data: dict[str, Any]) -> tuple[str, str]:
        """(kind, deduplication key) of a notice; raises Rejected when it has none."""
        raise Rejected("no kind defined")

    def acknowledge(self) -> HttpResponse:
        """The platform's exact form of "received"."""
        return HttpResponse(status=200)

    def reject(self, rejected: Rejected) -> HttpResponse:
        """The platform's exact form of "no"."""
        return HttpResponse(rejected.reason, status=rejected.status, content_type="text/plain; charset=utf-8")

    def post(self, request: HttpRequest, connection_id: int) -> HttpResponse:
        try:
            connection = self._connection(connection_id)
            self._limit(request)
            self.authenticate(request, connection)
            data = self.parse(request)
            kind, key = self._named(data)
            inbox.receive(connection=connection, kind=kind, dedup_key=key, body=data)
        except Rejected as rejected:
            log.warning("%s endpoint rejected a request: %s", self.platform, rejected.reason)
            return self.reject(rejected)
        return self.acknowledge()

    def _connection(self, connection_id: int) -> Connection:
        found = Connection.objects.filter(pk=connection_id, platform=self.platform, is_active=True).first()
        if found is None:
            raise Rejected("unknown connection", 404)
        return found

    def _limit(self, request: HttpRequest) -> None:
        try:
            too_large = len(request.body) > self.max_bytes
        except RequestDataTooBig:
            too_large = True
        except UnreadablePostError as error:
            raise Rejected("the body ended early") from error
        if too_large:
            raise Rejected("body too large", 413)

    def _named(self, data: dict[str, Any]) -> tuple[str, str]:
        kind, key = self.name(data)
        if not (0 < len(kind) <= 60 and 0 < len(key) <= 200):
            raise Rejected("kind or key of impossible length")
        return kind, key

    def parse(self, request: HttpRequest) -> dict[str, Any]:
        """The body as a JSON object."""
        try:
            data = storable_json(json.loads(request.body, parse_constant=_no_constant))
        except (ValueError, RecursionError) as error:
            raise Rejected("not JSON") from error
        if not isinstance(data, dict):
            raise Rejected("not a JSON object")
        return data


def _no_constant(name: str) -> NoReturn:
    """NaN and Infinity are Python's, not JSON's."""
    raise ValueError(name)
