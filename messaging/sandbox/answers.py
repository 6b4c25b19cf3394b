"""The gateway's answers, in today's form (version 2) and in the old one (version 1)."""

from __future__ import annotations

import secrets
from typing import Any

from stores.sandbox import Reply

# The codes inside OP_UNIAUTH_FAILED
WRONG_SIGN, TOKEN_EXPIRED, TOKEN_UNKNOWN = 3, 4, 5
TEXTS = {
    WRONG_SIGN: "签名验证失败",
    TOKEN_EXPIRED: "令牌已过期",
    TOKEN_UNKNOWN: "非法令牌",
}


class Refused(Exception):
    """A call that the platform does not carry out; `data` goes into the answer."""

    def __init__(self, code: str, message: str, data: Any = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.data = data


def unauthorised(code: int) -> Refused:
    return Refused("OP_UNIAUTH_FAILED", TEXTS[code], {"code": code, "message": TEXTS[code]})


def missing(name: str) -> Refused:
    return Refused("OP_SYSTEM_PARAM_ERROR", f"缺少系统参数{name}")


def business_error(message: str) -> Refused:
    """Returns the error of a rule of the business; the codes beside the text are not published."""
    return Refused("OP_BIZ_ERROR", message)


def success(data: Any, version: str) -> Reply:
    if version == "1":
        return Reply.json({"data": data}, applied=True)
    return Reply.json(_envelope("OP_SUCCESS", "成功", data), applied=True)


def refusal(error: Refused, version: str) -> Reply:
    is_stranger = error.code == "OP_UNIAUTH_FAILED"
    outcome = "unauthorised" if is_stranger else "bad_request"
    if version == "1":
        code = error.data["code"] if is_stranger else 1
        kind = "signature_error" if code == WRONG_SIGN else error.code.lower()
        old = {"code": code, "error_type": kind, "message": error.message}
        return Reply.json({"error": old}, outcome=outcome)
    return Reply.json(_envelope(error.code, error.message, error.data), outcome=outcome)


def _envelope(code: str, message: str, data: Any) -> dict[str, Any]:
    return {"code": code, "msg": message, "data": data, "traceId": secrets.token_hex(16)}
