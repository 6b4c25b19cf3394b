"""How we say no: problem details to machines, a plain page to people; never a stack trace."""

from typing import Any

from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise
from rest_framework import exceptions
from rest_framework.response import Response

PROBLEM_JSON = "application/problem+json"
TITLES: dict[str, StrOrPromise] = {
    "not_found": gettext_lazy("There is no such thing here"),
    "forbidden": gettext_lazy("You may not do this"),
    "unauthenticated": gettext_lazy("A valid API key is needed"),
    "invalid": gettext_lazy("The request is not valid"),
    "malformed_json": gettext_lazy("The body is not valid JSON"),
    "malformed_code": gettext_lazy("This is not a coupon code"),
    "key_reused": gettext_lazy("This Idempotency-Key was used before, for something else"),
    "order_conflict": gettext_lazy("The order does not allow this as it stands"),
    "body_too_large": gettext_lazy("The body is too large"),
    "method_not_allowed": gettext_lazy("This method is not allowed here"),
    "unsupported_media_type": gettext_lazy("Send JSON"),
    "too_many_tries": gettext_lazy("Too many tries, please wait a moment"),
    "unavailable": gettext_lazy("The system is busy, please try again"),
    "error": gettext_lazy("Something went wrong on our side"),
}
_CODES: dict[type[Exception], str] = {
    exceptions.ParseError: "malformed_json",
    exceptions.ValidationError: "invalid",
    exceptions.NotAuthenticated: "unauthenticated",
    exceptions.AuthenticationFailed: "unauthenticated",
    exceptions.PermissionDenied: "forbidden",
    PermissionDenied: "forbidden",
    exceptions.NotFound: "not_found",
    Http404: "not_found",
    exceptions.MethodNotAllowed: "method_not_allowed",
    exceptions.UnsupportedMediaType: "unsupported_media_type",
    exceptions.Throttled: "too_many_tries",
}


class Conflict(Exception):
    """A person's or system's wish that the present state does not allow; `reason` says why."""

    def __init__(self, reason: StrOrPromise) -> None:
        super().__init__(reason)
        self.reason = reason


class KeyReused(Conflict):
    """An idempotency key that was used before, for something else."""

    def __init__(self) -> None:
        super().__init__(TITLES["key_reused"])


class Problem(exceptions.APIException):
    """An API error with one of our own reason codes."""

    def __init__(self, code: str, detail: StrOrPromise, *, status: int, **extra: Any) -> None:
        super().__init__(detail, code)
        self.status_code = status
        self.reason = code
        self.extra = extra


def problem(code: str, detail: StrOrPromise, *, status: int, **extra: Any) -> dict[str, Any]:
    """An RFC 9457 problem object; `code` is ours and stable, `detail` is for people."""
    title = TITLES.get(code, detail)
    return {
        "type": f"urn:zhanggui:problem:{code}",
        "title": str(title),
        "status": status,
        "code": code,
    } | {
        "detail": str(detail),
        **extra,
    }


def problem_details(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler: every error of the API as application/problem+json."""
    # rest_framework.views reads the settings that name this function, so it cannot be imported above.
    from rest_framework.views import exception_handler, set_rollback

    error = _as_problem(error)
    if isinstance(error, Problem):
        set_rollback()
        body = problem(error.reason, str(error.detail), status=error.status_code, **error.extra)
        headers = (
            {"Retry-After": str(error.extra["retry_after"])} if "retry_after" in error.extra else {}
        )
        return Response(body, status=error.status_code, headers=headers, content_type=PROBLEM_JSON)
    response = exception_handler(error, context)
    if response is None:
        return None
    code = next((code for kind, code in _CODES.items() if isinstance(error, kind)), "error")
    extra: dict[str, Any] = (
        {"errors": response.data} if isinstance(error, exceptions.ValidationError) else {}
    )
    response.data = problem(code, TITLES[code], status=response.status_code, **extra)
    response.content_type = PROBLEM_JSON
    return response


def _as_problem(error: Exception) -> Exception:
    """What services and Django say, in the API's words; anything else as it is."""
    match error:
        case KeyReused():
            return Problem("key_reused", error.reason, status=409)
        case Conflict():
            return Problem("order_conflict", error.reason, status=409)
        case SuspiciousOperation():
            return Problem("invalid", TITLES["invalid"], status=400)
    return error


def wants_json(request: HttpRequest) -> bool:
    return request.path.startswith("/api/")


def is_htmx(request: HttpRequest) -> bool:
    return request.headers.get("HX-Request") == "true"


def _refuse(request: HttpRequest, code: str, status: int, **headers: str) -> HttpResponse:
    title = TITLES[code]
    if wants_json(request):
        answer: HttpResponse = JsonResponse(
            problem(code, title, status=status), status=status, content_type=PROBLEM_JSON
        )
    else:
        answer = render(
            request, "stores/error.html", {"title": title, "status": status}, status=status
        )
    for name, value in headers.items():
        answer[name.replace("_", "-")] = value
    return answer


def unavailable(request: HttpRequest) -> HttpResponse:
    return _refuse(request, "unavailable", 503, Retry_After="2")


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _refuse(request, "not_found", 404)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _refuse(request, "forbidden", 403)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _refuse(request, "invalid", 400)


def server_error(request: HttpRequest) -> HttpResponse:
    return _refuse(request, "error", 500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    title = _("This page was open for too long. Please reload it and try again.")
    answer = render(
        request, "stores/error.html", {"title": title, "status": 403, "stale": True}, status=403
    )
    if is_htmx(request):
        # Another sign-in in the same browser renewed the token; only the whole page, fetched anew, has the new one.
        answer["HX-Refresh"] = "true"
    return answer
