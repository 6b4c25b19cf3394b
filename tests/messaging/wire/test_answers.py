"""Each answer of the takeaway platform becomes its data, or the error that says what happened."""

import json
from typing import Any

import pytest

from messaging.wire.answers import is_confirmed_already, open_answer
from stores.platforms.client import Answer
from stores.platforms.errors import (
    LoginRefused,
    NotSent,
    PlatformError,
    Refused,
    Throttled,
    TimedOut,
    Unknown,
)


def answer(content: Any, status: int = 200) -> Answer:
    text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
    return Answer(status, text.encode())


def failure(name: str, msg: str = "words", **data: Any) -> dict[str, Any]:
    return {"code": name, "msg": msg, "data": data or None, "traceId": "1"}


@pytest.mark.parametrize("data", [None, "ok", {"a": 1}, [1]])
def test_a_success_gives_its_data(data: Any) -> None:
    assert open_answer(answer({"code": "OP_SUCCESS", "msg": "", "data": data})) == data


@pytest.mark.parametrize(
    ("content", "status", "wanted"),
    [
        (failure("OP_UNIAUTH_FAILED", code=3), 200, LoginRefused),
        (failure("OP_UNIAUTH_FAILED", code="4"), 200, LoginRefused),
        (failure("OP_UNIAUTH_FAILED", code=5), 200, LoginRefused),
        (failure("OP_UNIAUTH_FAILED"), 200, LoginRefused),
        (failure("OP_UNIAUTH_FAILED", code=19), 200, Refused),
        (failure("OP_API_GRANT_FAILED"), 200, Refused),
        (failure("OP_SYSTEM_PARAM_ERROR"), 200, Refused),
        (failure("OP_BIZ_ERROR"), 200, Refused),
        (failure("OP_SOMETHING_NEW"), 200, Refused),
        (failure("OP_LIMITATION_REJECT"), 200, Throttled),
        ("", 429, Throttled),
        (failure("OP_TIMEOUT"), 200, TimedOut),
        (failure("OP_SOCKET_TIMEOUT_EXCEPTION"), 200, TimedOut),
        (failure("OP_CIRCUITBREAK"), 200, NotSent),
        (failure("OP_LIMITATION_ERROR"), 200, NotSent),
        (
            {"error": {"code": 3, "error_type": "signature_error", "message": "签名验证失败"}},
            200,
            LoginRefused,
        ),
        ({"error": {"code": 801, "message": "门店不存在"}}, 200, Refused),
        ("<html>", 502, Unknown),
        ("<html>", 200, Unknown),
        ("[]", 200, Unknown),
        ({"msg": "no code"}, 200, Unknown),
        ({"code": {"nested": 1}}, 200, Unknown),
    ],
)
def test_every_failure_says_whether_the_call_was_executed(
    content: Any, status: int, wanted: type[PlatformError]
) -> None:
    with pytest.raises(PlatformError) as raised:
        open_answer(answer(content, status))
    assert type(raised.value) is wanted


@pytest.mark.parametrize(
    ("message", "wanted"),
    [
        ("订单已确认，请勿重复操作", True),
        ("该订单已经接单", True),
        ("订单已取消", False),
        ("", False),
    ],
)
def test_accepting_an_accepted_order_is_known_by_its_words(message: str, wanted: bool) -> None:
    assert is_confirmed_already(Refused("OP_BIZ_ERROR", message)) is wanted
