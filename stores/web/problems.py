"""RFC 9457 problem objects: how programs read a refusal. Imports no web framework of the API."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from stores.domains import ProblemCode, merged

PROBLEM_JSON = "application/problem+json"
_CORRECT = _("correct the request")
SHARED: dict[str, ProblemCode] = {
    "invalid": ProblemCode(
        400,
        _("The request is not valid"),
        _("a field, parameter or header is missing or wrong; `errors` says which"),
        _CORRECT,
    ),
    "malformed_json": ProblemCode(
        400, _("The body is not valid JSON"), _("the body is not JSON"), _CORRECT
    ),
    "unauthenticated": ProblemCode(
        401,
        _("A valid API key is needed"),
        _("no key, a wrong one or one that was switched off"),
        _("check the key in the back office"),
    ),
    "forbidden": ProblemCode(
        403,
        _("You may not do this"),
        _("the key lacks the scope"),
        _("give the key the scope"),
    ),
    "not_found": ProblemCode(
        404,
        _("There is no such thing here"),
        _("no such row, or the key does not reach it"),
        _("check the id and the stores of the key"),
    ),
    "method_not_allowed": ProblemCode(
        405, _("This method is not allowed here"), _("the route has no such method"), _CORRECT
    ),
    "key_reused": ProblemCode(
        409,
        _("This Idempotency-Key was used before, for something else"),
        _("the `Idempotency-Key` came with another request in the last 24 hours"),
        _("use a new key for a new request"),
    ),
    "conflict": ProblemCode(
        409,
        _("The present state does not allow this"),
        _("the present state does not allow this; `detail` says why"),
        _("read the row again"),
    ),
    "body_too_large": ProblemCode(
        413, _("The body is too large"), _("more than 256 KB"), _("send less at once")
    ),
    "unsupported_media_type": ProblemCode(
        415, _("Send JSON"), _("not `application/json`"), _("set the header `Content-Type`")
    ),
    "too_many_tries": ProblemCode(
        429,
        _("Too many tries, please wait a moment"),
        _("too many requests or wrong keys; `retry_after` in seconds"),
        _("wait that long"),
    ),
    "unavailable": ProblemCode(
        503,
        _("The system is busy, please try again"),
        _("the database is busy or away"),
        _("repeat after `Retry-After`, with the same `Idempotency-Key`"),
    ),
    "key_missing": ProblemCode(
        503,
        _("This server lacks the key of a stored secret; tell the operator"),
        _("the server lacks a key of `CREDENTIAL_KEYS`"),
        _("tell the operator; repeat later with the same `Idempotency-Key`"),
    ),
    "error": ProblemCode(
        500,
        _("Something went wrong on our side"),
        _("a mistake of ours; it is in the log"),
        _("repeat with the same `Idempotency-Key`, then report it"),
    ),
}


def codes() -> dict[str, ProblemCode]:
    """Returns every problem by its code, the domains' own included."""
    return SHARED | merged("problem_codes")


def titles() -> dict[str, StrOrPromise]:
    """Returns code → title."""
    return {code: each.title for code, each in codes().items()}


def problem(code: str, detail: StrOrPromise, *, status: int, **extra: Any) -> dict[str, Any]:
    """An RFC 9457 problem object; `code` is ours and stable, `detail` is for people.

    Texts are in the language in which it is written as JSON.
    """
    title = titles().get(code, detail)
    return {
        "type": f"urn:zhanggui:problem:{code}",
        "title": title,
        "status": status,
        "code": code,
        "detail": detail,
        **extra,
    }
