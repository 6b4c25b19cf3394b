"""The two layers of answers, and what each code says about whether a call was executed."""

import json
from typing import Any

import pytest

from delivery.wire.answers import CourierRefused, open_courier, open_platform, rid_of
from stores.platforms.client import Answer
from stores.platforms.errors import (
    AuthExpired,
    LoginRefused,
    NotSent,
    PlatformError,
    Refused,
    Throttled,
    Unknown,
)

RID = " rid: 6181362b-37a64162-58c91e94"


def answer(status: int = 200, **content: Any) -> Answer:
    return Answer(status, json.dumps(content, ensure_ascii=False).encode())


def test_a_success_needs_no_errcode() -> None:
    given: dict[str, Any] = {"resultcode": 0, "resultmsg": "ok", "fee": 10}
    assert open_courier(answer(**given)) == given
    assert open_courier(answer(errcode=0, errmsg="ok", **given))["fee"] == 10
    assert open_platform(answer(access_token="t", expires_in=7200))["access_token"] == "t"


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (40001, AuthExpired),
        (40014, AuthExpired),
        (42001, AuthExpired),
        (41001, AuthExpired),
        (40013, LoginRefused),
        (40164, LoginRefused),
        (61005, NotSent),
        (45009, Throttled),
        (45011, Throttled),
        (930564, Throttled),
        (48001, Refused),
        (61007, Refused),
        (930559, Refused),
        (930562, Refused),
        (930563, Refused),
        (930565, Refused),
        (9300535, Refused),
        (-1, Unknown),
        (930555, Unknown),
        (930556, Unknown),
        (930557, Unknown),
        (930558, Unknown),
        (123456, Unknown),
    ],
)
@pytest.mark.parametrize("as_text", [False, True])
def test_each_code_of_wechat_has_its_outcome(
    code: int, kind: type[PlatformError], as_text: bool
) -> None:
    with pytest.raises(PlatformError) as caught:
        open_courier(answer(errcode=str(code) if as_text else code, errmsg=f"words{RID}"))
    error = caught.value
    assert type(error) is kind
    if isinstance(error, Refused):
        assert (error.code, error.message) == (str(code), "words")
    else:
        assert RID.strip() in error.detail


@pytest.mark.parametrize(
    ("code", "text", "kind"),
    [
        (2003, "签名错误", CourierRefused),
        (1202, "不要在2s内重复提交数据!", CourierRefused),
        (-99, "微信接口验证签名失败", CourierRefused),
        (1, "系统错误", Unknown),
        (1, "签名校验失败", CourierRefused),
        (3, "请求超时，请重试", Unknown),
        (9, "System Error", Unknown),
    ],
)
def test_a_courier_that_failed_leaves_it_open_and_one_that_refused_does_not(
    code: int, text: str, kind: type
) -> None:
    with pytest.raises(kind):
        open_courier(answer(resultcode=code, resultmsg=text, fee=0, waybill_id=""))


@pytest.mark.parametrize(
    "given",
    [
        Answer(200, b""),
        Answer(200, b"<html>"),
        Answer(200, b"[]"),
        Answer(200, b'{"resultcode": null}'),
        Answer(200, b'{"resultcode": true}'),
        Answer(502, b"Bad Gateway"),
        Answer(404, b'{"resultcode": 0}'),
    ],
)
def test_what_is_no_answer_of_wechat_leaves_it_open(given: Answer) -> None:
    with pytest.raises(Unknown):
        open_courier(given)


def test_429_is_too_many() -> None:
    with pytest.raises(Throttled):
        open_courier(Answer(429, b""))


@pytest.mark.parametrize(
    ("message", "wanted"),
    [
        ("args error rid: 6181362b-37a64162-58c91e94", "6181362b-37a64162-58c91e94"),
        ("args error hint: [Ab12cd]", ""),
        ("args error", ""),
        ("", ""),
    ],
)
def test_the_number_of_an_error_is_found(message: str, wanted: str) -> None:
    assert rid_of(message) == wanted
