import logging
from collections.abc import Callable

from csp.middleware import CSPMiddleware
from django.db import OperationalError, connection
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.http.response import HttpResponseBase
from django.middleware.locale import LocaleMiddleware

from stores.audit import caller_ip
from stores.web.addresses import client_ip
from stores.web.errors import bad_request, unavailable

log = logging.getLogger(__name__)


def unavailable_when_database_is(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Answers 503 and "try again" when the database is busy or away, in the form the caller
    expects.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        try:
            return get_response(request)
        except OperationalError as error:
            return database_unavailable(request, error)

    def process_exception(request: HttpRequest, error: Exception) -> HttpResponse | None:
        return database_unavailable(request, error) if isinstance(error, OperationalError) else None

    middleware.process_exception = process_exception  # type: ignore[attr-defined]
    return middleware


def database_unavailable(request: HttpRequest, error: OperationalError) -> HttpResponse:
    log.error("database not available for %s: %s", request.path, error)
    connection.close()
    return unavailable(request)


def refused_when_the_body_is_cut(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Answers 400 when a body ends early or comes in wrong pieces: not an error of ours."""

    def middleware(request: HttpRequest) -> HttpResponse:
        return get_response(request)

    def process_exception(request: HttpRequest, error: Exception) -> HttpResponse | None:
        return bad_request(request) if isinstance(error, UnreadablePostError) else None

    middleware.process_exception = process_exception  # type: ignore[attr-defined]
    return middleware


def address_for_the_audit(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Keeps the request's address for the audit log, which services write without a request."""

    def middleware(request: HttpRequest) -> HttpResponse:
        before = caller_ip.set(client_ip(request))
        try:
            return get_response(request)
        finally:
            caller_ip.reset(before)

    return middleware


class ChineseFirstLocaleMiddleware(LocaleMiddleware):
    """Shows pages in Chinese until a person chooses otherwise; only the API reads
    Accept-Language.
    """

    def process_request(self, request: HttpRequest) -> None:
        if not request.path_info.startswith("/api/"):
            request.META.pop("HTTP_ACCEPT_LANGUAGE", None)
        super().process_request(request)


class PolicyMiddleware(CSPMiddleware):
    """Adds Content-Security-Policy; builds none for exempt answers: 4 % of an inbound call."""

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        if getattr(response, "_csp_exempt", False):
            return response
        return super().process_response(request, response)
