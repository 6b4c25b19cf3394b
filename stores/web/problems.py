"""RFC 9457 problem objects: how programs read a refusal. Imports no web framework of the API."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from stores.domains import merged

PROBLEM_JSON = "application/problem+json"
SHARED_TITLES: dict[str, StrOrPromise] = {
    "not_found": _("There is no such thing here"),
    "forbidden": _("You may not do this"),
    "unauthenticated": _("A valid API key is needed"),
    "invalid": _("The request is not valid"),
    "malformed_json": _("The body is not valid JSON"),
    "conflict": _("The present state does not allow this"),
    "key_reused": _("This Idempotency-Key was used before, for something else"),
    "body_too_large": _("The body is too large"),
    "method_not_allowed": _("This method is not allowed here"),
    "unsupported_media_type": _("Send JSON"),
    "too_many_tries": _("Too many tries, please wait a moment"),
    "unavailable": _("The system is busy, please try again"),
    "key_missing": _("This server lacks the key of a stored secret; tell the operator"),
    "error": _("Something went wrong on our side"),
}


def titles() -> dict[str, StrOrPromise]:
    """Returns code → title, the domains' own codes included."""
    return SHARED_TITLES | merged("problem_codes")


def problem(code: str, detail: StrOrPromise, *, status: int, **extra: Any) -> dict[str, Any]:
    """An RFC 9457 problem object; `code` is ours and stable, `detail` is for people."""
    title = titles().get(code, detail)
    return {
        "type": f"urn:zhanggui:problem:{code}",
        "title": str(title),
        "status": status,
        "code": code,
        "detail": str(detail),
        **extra,
    }
