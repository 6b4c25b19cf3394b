"""The inbound template: every endpoint limits, authenticates and parses the same way. Notices are stored and
acknowledged, calls are answered."""

import json
import logging
from typing import Any, ClassVar, NoReturn

from csp.decorators import csp_exempt
from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.db import connection as database
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt

from stores.models import Connection
from stores.platforms.inbound import inbox
from stores.text import clean_json

log = logging.getLogger(__name__)


class Rejected(Exception):
    """The request is not acceptable; `reason` goes into the platform's own form of saying no."""

    def __init__(self, reason: str, status: int = 400) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status


@method_decorator([csrf_exempt, csp_exempt()], name="dispatch")
class Inbound(View):
    """What notices and calls share: whose they are, how large, whether the platform sent them, what they say."""

    http_method_names = ["post"]
    platform: ClassVar[str]
    max_bytes: ClassVar[int] = 262_144

    def authenticate(self, request: HttpRequest, connection: Connection) -> None:
        """Raises Rejected unless the platform really sent this."""
        raise Rejected("no authentication defined", 403)

    def reject(self, rejected: Rejected) -> HttpResponse:
        """The platform's exact form of "no"."""
        return HttpResponse(
            rejected.reason, status=rejected.status, content_type="text/plain; charset=utf-8"
        )

    def open(self, request: HttpRequest, connection_id: int) -> tuple[Connection, dict[str, Any]]:
        """The connection and the body of a request that the platform really sent; raises Rejected."""
        connection = self._connection(connection_id)
        self._limit(request)
        self.authenticate(request, connection)
        return connection, self.parse(request)

    def _connection(self, connection_id: int) -> Connection:
        found = Connection.serving(connection_id, self.platform)
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

    def parse(self, request: HttpRequest) -> dict[str, Any]:
        """The body as a JSON object."""
        try:
            data = clean_json(json.loads(request.body, parse_constant=_no_constant))
        except (ValueError, RecursionError) as error:
            raise Rejected("not JSON") from error
        if not isinstance(data, dict):
            raise Rejected("not a JSON object")
        return data


class PlatformEndpoint(Inbound):
    """Receives notices of one platform. Subclasses say how a request is authenticated, named and acknowledged."""

    def name(self, data: dict[str, Any]) -> tuple[str, str]:
        """(kind, deduplication key) of a notice; raises Rejected when it has none."""
        raise Rejected("no kind defined")

    def acknowledge(self) -> HttpResponse:
        """The platform's exact form of "received"."""
        return HttpResponse(status=200)

    def post(self, request: HttpRequest, connection_id: int) -> HttpResponse:
        try:
            connection, data = self.open(request, connection_id)
            kind, key = self._named(data)
            inbox.receive(connection=connection, kind=kind, dedup_key=key, body=data)
        except Rejected as rejected:
            log.warning("%s endpoint rejected a request: %s", self.platform, rejected.reason)
            return self.reject(rejected)
        return self.acknowledge()

    def _named(self, data: dict[str, Any]) -> tuple[str, str]:
        kind, key = self.name(data)
        if not (0 < len(kind) <= 60 and 0 < len(key) <= 200):
            raise Rejected("kind or key of impossible length")
        return kind, key


class CallEndpoint(Inbound):
    """Answers what one platform asks, always in the platform's own form: garbage, strangers, a wrong method and our own
    failures too. Subclasses say how a request is authenticated, answered and refused."""

    def respond(self, connection: Connection, data: dict[str, Any]) -> HttpResponse:
        """The answer to a verified request; raises Rejected. What may happen only once goes through `answer_once`."""
        raise Rejected("no answer defined")

    def fail(self) -> HttpResponse:
        """The platform's exact form of "our fault, ask again"; nothing of the question took effect."""
        raise NotImplementedError

    def post(self, request: HttpRequest, connection_id: int) -> HttpResponse:
        try:
            return self._answered(request, connection_id)
        except (OperationalError, InterfaceError) as error:
            log.error("database not available for %s: %s", request.path, error)
            database.close()
        except Exception:
            log.exception("%s endpoint failed at %s", self.platform, request.path)
        return self.fail()

    def http_method_not_allowed(
        self, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        return self.reject(Rejected(f"{request.method} is not allowed here, send POST", 405))

    def _answered(self, request: HttpRequest, connection_id: int) -> HttpResponse:
        try:
            return self.respond(*self.open(request, connection_id))
        except Rejected as rejected:
            log.warning("%s endpoint rejected a request: %s", self.platform, rejected.reason)
            return self.reject(rejected)


def _no_constant(name: str) -> NoReturn:
    """NaN and Infinity are Python's, not JSON's."""
    raise ValueError(name)
