import logging
from collections.abc import Callable
from typing import Any

from csp.middleware import CSPMiddleware
from django.db import OperationalError, connection
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.http.response import HttpResponseBase
from django.middleware.locale import LocaleMiddleware
from django.utils.module_loading import import_string

from stores.audit import caller_ip
from stores.domains import merged
from stores.fields import SecretUnreadable
from stores.web.addresses import client_ip
from stores.web.errors import bad_request, key_missing, too_long, unavailable, wants_json
from stores.web.health import BY_PATH
from stores.web.uploads import is_too_long

log = logging.getLogger(__name__)
# Only our own pages use the camera, to scan; nothing uses the rest.
PERMISSIONS = "camera=(self), geolocation=(), microphone=(), payment=(), usb=()"


def headers_of_every_answer(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Says what a page may use of the device, and that nobody keeps answers of the API."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS)
        if wants_json(request):
            response.headers.setdefault("Cache-Control", "no-store")
        return response

    return middleware


def health_under_any_name(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Answers load balancers before the name of the host is looked at: they send our address."""

    def middleware(request: HttpRequest) -> HttpResponse:
        check = BY_PATH.get(request.path_info)
        return check(request) if check else get_response(request)

    return middleware


def answered_early(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Answers what is asked all the time without session, language and the like (Domain.early)."""
    answers = {path: import_string(name) for path, name in merged("early").items()}

    def middleware(request: HttpRequest) -> HttpResponse:
        answer = answers.get(request.path_info)
        found: HttpResponse | None = answer(request) if answer else None
        return get_response(request) if found is None else found

    return middleware


def long_forms_refused(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Answers 413 to a form that is longer than what its page takes, without reading it."""

    def middleware(request: HttpRequest) -> HttpResponse:
        return get_response(request)

    def process_view(
        request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> HttpResponse | None:
        return too_long(request) if is_too_long(request, view) else None

    middleware.process_view = process_view  # type: ignore[attr-defined]
    return middleware


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


def told_when_a_key_is_missing(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Says so where a stored secret is needed and no key of this machine opens it."""

    def middleware(request: HttpRequest) -> HttpResponse:
        return get_response(request)

    def process_exception(request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, SecretUnreadable):
            return None
        log.error("no key of CREDENTIAL_KEYS opens what %s needs: %s", request.path, error)
        return key_missing(request)

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
    """Adds Content-Security-Policy; builds none for exempt answers, 4 % of an inbound call, nor for
    those without content.
    """

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        if getattr(response, "_csp_exempt", False) or response.status_code == 204:
            return response
        return super().process_response(request, response)
