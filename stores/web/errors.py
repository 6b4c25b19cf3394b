"""Refusals at the edge of a web process: a problem object for programs, a plain page for people."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from stores.web.problems import PROBLEM_JSON, problem, titles


def wants_json(request: HttpRequest) -> bool:
    return request.path.startswith("/api/")


def is_htmx(request: HttpRequest) -> bool:
    return request.headers.get("HX-Request") == "true"


def _refuse(request: HttpRequest, code: str, status: int, **headers: str) -> HttpResponse:
    title = titles()[code]
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
        # Another sign-in in the same browser renewed the token; only the reloaded page has the new
        # one.
        answer["HX-Refresh"] = "true"
    return answer
