"""The views that platforms call: each limits, authenticates and reads a request the same way.

PlatformEndpoint stores notices and acknowledges them, CallEndpoint answers questions.
"""

import logging
from collections.abc import Callable
from functools import cached_property
from typing import Any, ClassVar

from csp.decorators import csp_exempt
from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, OperationalError, models
from django.db import connection as database
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.http.response import HttpResponseBase
from django.views import View
from django.views.decorators.csrf import csrf_exempt

from stores.models import Connection, prepared
from stores.platforms.inbound import bodies, inbox
from stores.platforms.inbound.bodies import BodyError
from stores.platforms.reading import Malformed
from stores.text import clean_json, is_id

log = logging.getLogger(__name__)


class Rejected(Exception):
    """The request is not acceptable; `reason` is put into the platform's form of a refusal."""

    def __init__(self, reason: str, status: int = 400) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status


class Inbound(View):
    """Base of notices and calls: finds the connection, limits the size, authenticates and reads.

    `reader` is the body's format, one of `bodies`.
    """

    http_method_names = ["post"]
    platform: ClassVar[str]
    max_bytes: ClassVar[int] = 262_144
    reader: Callable[[bytes], dict[str, Any]] = staticmethod(bodies.json_object)

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Callable[..., HttpResponseBase]:
        # Not `method_decorator`, which decorates anew for every call.
        return csrf_exempt(csp_exempt()(super().as_view(**initkwargs)))

    @cached_property
    def fields(self) -> dict[str, Any]:
        """The body as it was sent; `authenticate` reads it where the signature is over its fields.

        Raises BodyError.
        """
        return self.reader(self.request.body)

    def authenticate(self, request: HttpRequest, connection: Connection) -> None:
        """Raises Rejected or BodyError unless the platform sent this request."""
        raise Rejected("no authentication defined", 403)

    def content(self, connection: Connection) -> dict[str, Any]:
        """Returns what an authenticated request says: decrypts a body, or reads the JSON in a form.

        Raises Rejected or BodyError.
        """
        return self.fields

    def reject(self, rejected: Rejected) -> HttpResponse:
        """Returns the platform's exact form of a refusal."""
        return HttpResponse(
            rejected.reason, status=rejected.status, content_type="text/plain; charset=utf-8"
        )

    def open(self, request: HttpRequest, connection_id: int) -> tuple[Connection, dict[str, Any]]:
        """Returns the connection and the content of a request that the platform sent.

        Raises Rejected.
        """
        connection = self._connection(connection_id)
        self._limit(request)
        try:
            self.authenticate(request, connection)
            data = clean_json(self.content(connection))
        except BodyError as error:
            raise Rejected(str(error)) from error
        except RecursionError as error:
            raise Rejected("nested too deeply") from error
        return connection, data

    def _connection(self, connection_id: int) -> Connection:
        if connection_id > models.BigIntegerField.MAX_BIGINT:
            raise Rejected("unknown connection", 404)
        found = prepared.CONNECTION.one(pk=connection_id, platform=self.platform)
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
        if not too_large and len(request.body) < _promised(request):
            raise Rejected("the body ended early")
        if too_large:
            raise Rejected("body too large", 413)


def _promised(request: HttpRequest) -> int:
    """Returns the length that the sender gave; 0 for a body in pieces, which has an end of its
    own.
    """
    length = request.headers.get("Content-Length", "")
    return int(length) if is_id(length) and "Transfer-Encoding" not in request.headers else 0


class PlatformEndpoint(Inbound):
    """Receives notices of one platform.

    Subclasses say how a request is authenticated, named and acknowledged, and what is kept of it.
    """

    # The platform's console checks an address by an empty POST, which must get a success.
    empty_is_check: ClassVar[bool] = False

    def name(self, data: dict[str, Any]) -> tuple[str, str]:
        """Returns (kind, deduplication key) of a notice.

        A platform that gives no id chooses: `inbox.key_of(self.request.body)` when the same bytes
        are a repetition, `inbox.new_key()` when they may be a new fact. Raises Rejected or
        Malformed.
        """
        raise Rejected("no kind defined")

    def store_name(self, data: dict[str, Any]) -> str:
        """Returns the account by which a notice to a developer account names its store.

        "" for a notice about the account itself. Raises Rejected or Malformed when the name is
        missing.
        """
        return ""

    def kept(self, data: dict[str, Any]) -> dict[str, Any]:
        """Returns what the ledger keeps of a notice, encrypted and for the merchant's days."""
        return data

    def acknowledge(self, connection: Connection, data: dict[str, Any]) -> HttpResponse:
        """Returns the platform's exact form of "received"; `data` is {} for an empty check."""
        return HttpResponse(status=200)

    def post(self, request: HttpRequest, connection_id: int) -> HttpResponse:
        try:
            return self._received(request, connection_id)
        except (Rejected, Malformed) as error:
            rejected = error if isinstance(error, Rejected) else Rejected(str(error))
            log.warning("%s endpoint rejected a request: %s", self.platform, rejected.reason)
            return self.reject(rejected)

    def _received(self, request: HttpRequest, connection_id: int) -> HttpResponse:
        if self.empty_is_check and self._is_empty(request):
            return self.acknowledge(self._connection(connection_id), {})
        connection, data = self.open(request, connection_id)
        kind, key = self._named(data)
        inbox.receive(
            connection=connection,
            kind=kind,
            dedup_key=key,
            body=self.kept(data),
            store_name=self._store_named(data),
        )
        return self.acknowledge(connection, data)

    def _is_empty(self, request: HttpRequest) -> bool:
        self._limit(request)
        return not request.body

    def _named(self, data: dict[str, Any]) -> tuple[str, str]:
        kind, key = self.name(data)
        if not (0 < len(kind) <= 60 and 0 < len(key) <= 200):
            raise Rejected("kind or key of impossible length")
        return kind, key

    def _store_named(self, data: dict[str, Any]) -> str:
        name = self.store_name(data)
        if len(name) > 200:
            raise Rejected("store name of impossible length")
        return name


class EchoEndpoint(PlatformEndpoint):
    """Receives notices at an address that the platform verifies by a GET with an echo."""

    http_method_names = ["get", "post"]

    def echo(self, request: HttpRequest, connection: Connection) -> str:
        """Returns the text that the platform wants to read back. Raises Rejected for a stranger."""
        raise Rejected("no echo defined", 403)

    def get(self, request: HttpRequest, connection_id: int) -> HttpResponse:
        try:
            text = self.echo(request, self._connection(connection_id))
        except Rejected as rejected:
            log.warning("%s endpoint rejected a check: %s", self.platform, rejected.reason)
            return self.reject(rejected)
        return HttpResponse(text, content_type="text/plain; charset=utf-8")


class CallEndpoint(Inbound):
    """Answers what one platform asks, always in the platform's own form, also for our own failures.

    Subclasses say how a request is authenticated, answered and refused.
    """

    def respond(self, connection: Connection, data: dict[str, Any]) -> HttpResponse:
        """Returns the answer to an authenticated request; changes go through `answer_once`.

        Raises Rejected.
        """
        raise Rejected("no answer defined")

    def fail(self) -> HttpResponse:
        """Returns the platform's exact form of "our fault, ask again"; nothing took effect."""
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
