"""Errors of the API as application/problem+json."""

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import Http404
from django.utils.translation import gettext as _
from django_stubs_ext import StrOrPromise
from rest_framework import exceptions
from rest_framework.response import Response

from stores.conflicts import Conflict
from stores.text import listed
from stores.web.problems import PROBLEM_JSON, problem, titles

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
    exceptions.NotAcceptable: "invalid",
    exceptions.UnsupportedMediaType: "unsupported_media_type",
    exceptions.Throttled: "too_many_tries",
}


class Problem(exceptions.APIException):
    """An API error with one of our own reason codes."""

    def __init__(self, code: str, detail: StrOrPromise, *, status: int, **extra: Any) -> None:
        super().__init__(detail, code)
        self.status_code = status
        self.reason = code
        self.extra = extra


def problem_details(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler: every error of the API as application/problem+json."""
    # rest_framework.views reads the setting that names this function, so it is imported here.
    from rest_framework.renderers import JSONRenderer
    from rest_framework.views import exception_handler, set_rollback

    # The description of the API is YAML; its refusals are not.
    context["request"].accepted_renderer = JSONRenderer()
    context["request"].accepted_media_type = JSONRenderer.media_type
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
    extra: dict[str, Any] = {}
    if isinstance(error, exceptions.ValidationError):
        extra = {"errors": response.data}
    elif isinstance(error, exceptions.Throttled) and (wait := getattr(error, "wait", None)):
        extra = {"retry_after": int(wait)}
    response.data = problem(code, titles()[code], status=response.status_code, **extra)
    response.content_type = PROBLEM_JSON
    return response


def needs_one_of(scopes: Sequence[str]) -> str:
    """Returns the detail for a key that has none of these scopes."""
    return _("The key needs one of these scopes: %(scopes)s") % {"scopes": listed(scopes)}


def _as_problem(error: Exception) -> Exception:
    """Returns the API's problem for an exception of a service or of Django; others unchanged."""
    match error:
        case Conflict():
            return Problem(error.code, error.reason, status=409)
        case SuspiciousOperation():
            return Problem("invalid", titles()["invalid"], status=400)
    return error
