"""Refusals at the edge of a web process: a problem object for programs, a plain page for people."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import Resolver404, resolve, reverse
from django.utils.translation import gettext as _

from stores.platforms.inbound.endpoint import Inbound, Rejected
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


def key_missing(request: HttpRequest) -> HttpResponse:
    return _refuse(request, "key_missing", 503)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _refuse(request, "not_found", 404)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _refuse(request, "forbidden", 403)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Refuses what is not read, also for the name of a host that is not ours."""
    return in_own_form(request, "bad request") or _refuse(request, "invalid", 400)


def in_own_form(request: HttpRequest, reason: str) -> HttpResponse | None:
    """Returns a refusal in the form of the platform whose address was called; None for others."""
    try:
        match = resolve(request.path_info)
    except Resolver404:
        return None
    kind = getattr(match.func, "view_class", None)
    if isinstance(kind, type) and issubclass(kind, Inbound):
        view = kind()
        view.setup(request, *match.args, **match.kwargs)
        return view.reject(Rejected(reason))
    if getattr(match.func, "is_in_own_form", False):
        answer: HttpResponse = match.func(request, *match.args, **match.kwargs)
        return answer
    return None


def too_long(request: HttpRequest) -> HttpResponse:
    return _refuse(request, "body_too_large", 413)


def server_error(request: HttpRequest) -> HttpResponse:
    return _refuse(request, "error", 500)


def only_viewing(request: HttpRequest, title: str) -> HttpResponse:
    """Refuses a change while an operator views a merchant (stores/web/viewing.py)."""
    if wants_json(request):
        refusal = problem("forbidden", title, status=403)
        return JsonResponse(refusal, status=403, content_type=PROBLEM_JSON)
    context = {"title": title, "status": 403, "viewing": True}
    answer = render(request, "stores/error.html", context, status=403)
    if is_htmx(request):
        # A fragment has no room for it.
        answer["HX-Redirect"] = reverse("admin:viewing")
    return answer


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
