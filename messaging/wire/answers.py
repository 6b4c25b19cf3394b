"""Answers to our calls: the data of a success, or the error that its code means
(docs/platforms/takeaway.md §1.2).
"""

from collections.abc import Mapping
from typing import Any

from stores.platforms.client import Answer
from stores.platforms.errors import (
    LoginRefused,
    NotSent,
    PlatformError,
    Refused,
    Throttled,
    TimedOut,
)
from stores.platforms.reading import any_text, any_whole

SUCCESS = "OP_SUCCESS"
UNAUTHORISED = "OP_UNIAUTH_FAILED"
# `data.code` of UNAUTHORISED; the older form of answers has the same numbers. No token of a bound
# store can be renewed: what is wrong with it, a person settles by binding the store again.
WRONG_SIGNATURE, TOKEN_EXPIRED, WRONG_TOKEN, NO_RIGHT, AUTHORISATION_ENDED = 3, 4, 5, 19, 22
THROTTLED = "OP_LIMITATION_REJECT"
# Meituan's own time limit: the business system may still execute the call.
LATE = {"OP_TIMEOUT", "OP_SOCKET_TIMEOUT_EXCEPTION"}
# A part of Meituan failed before it passed the call on.
NOT_PASSED_ON = {
    "OP_UNIAUTH_REMOTE_ERROR",
    "OP_API_GRANT_REMOTE_ERROR",
    "OP_LIMITATION_ERROR",
    "OP_CIRCUITBREAK",
}
# How accepting an accepted order is refused.
ALREADY_WORDS = ("已确认", "已经确认", "已接单", "已经接单", "重复确认", "already confirmed")


def open_answer(answer: Answer) -> Any:
    """Returns `data` of a successful answer, None when there is none.

    Raises a PlatformError; Unknown for an answer that is not Meituan's.
    """
    if answer.status == 429:
        raise Throttled(f"HTTP 429: {answer.excerpt}")
    if answer.status != 200:
        raise answer.strange()
    content = answer.json_object()
    if isinstance(older := content.get("error"), dict):
        raise _older(older)
    code = any_text(content, "code")
    if not code.startswith("OP_"):
        raise answer.strange("no code of Meituan's")
    if code != SUCCESS:
        raise _failed(code, content)
    return content.get("data")


def is_confirmed_already(error: Refused) -> bool:
    """Whether accepting was refused because the order is accepted."""
    text = error.message.lower()
    return any(words in text for words in ALREADY_WORDS)


def _failed(code: str, content: Mapping[str, Any]) -> PlatformError:
    message = any_text(content, "msg", most=500)
    if code == UNAUTHORISED:
        data = content.get("data")
        number = any_whole(data, "code") if isinstance(data, dict) else None
        return _unauthorised(number, message)
    if code == THROTTLED:
        return Throttled(f"{code}: {message}")
    if code in LATE:
        return TimedOut(f"{code}: {message}")
    if code in NOT_PASSED_ON:
        return NotSent(f"{code}: {message}")
    return Refused(code, message)


def _unauthorised(number: int | None, message: str) -> PlatformError:
    if number == NO_RIGHT:
        return Refused(f"{UNAUTHORISED} {number}", message)
    return LoginRefused(f"{UNAUTHORISED} {number}: {message}")


def _older(error: Mapping[str, Any]) -> PlatformError:
    """Returns the error of the form that version 1 of the interfaces answers with."""
    number, message = any_whole(error, "code"), any_text(error, "message", most=500)
    known = (WRONG_SIGNATURE, TOKEN_EXPIRED, WRONG_TOKEN, NO_RIGHT, AUTHORISATION_ENDED)
    if number in known:
        return _unauthorised(number, message)
    return Refused(str(number), message)
