"""The five calls over real sockets: what is sent, and what every recorded answer becomes."""

import json
from dataclasses import asdict, is_dataclass
from decimal import Decimal
from typing import Any

import pytest

from coupons.client import UmemberClient
from stores.platforms import errors
from stores.platforms.errors import PlatformError, Refused
from tests.canned import Canned, envelope
from tests.recorded import Recorded, recorded

CODE = "123456789012"
CALLS: dict[str, Any] = {
    "login": lambda client: client.login("a@b.c", "secret"),
    "stores": lambda client: client.stores("token"),
    "products": lambda client: client.products("token", 880001),
    "detail": lambda client: client.detail("token", 880001, CODE),
    "verify": lambda client: client.verify("token", 880001, CODE),
}
ANSWERS = recorded("umember")


def shown(value: Any) -> Any:
    """Returns a result in the form of a fixture."""
    if isinstance(value, list):
        return [shown(item) for item in value]
    if not is_dataclass(value) or isinstance(value, type):
        return value
    return {
        name: str(item) if isinstance(item, Decimal) else item
        for name, item in asdict(value).items()
    }


def outcome(call: str, *plays: bytes) -> tuple[Any, bytes]:
    """Returns the result or the error of the call, and the request that was sent."""
    with Canned(*plays) as server:
        try:
            result = CALLS[call](UmemberClient(server.url, timeout=(5, 5)))
        except PlatformError as error:
            result = error
    return result, server.requests[0]


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: answer.name)
def test_a_recorded_answer_becomes_what_stands_beside_it(answer: Recorded) -> None:
    got, _ = outcome(answer.call, answer.bytes)
    if answer.is_failure:
        assert type(got) is getattr(errors, answer.expect["error"])
        wanted = {name: value for name, value in answer.expect.items() if name != "error"}
        assert {name: getattr(got, name) for name in wanted} == wanted
    else:
        assert shown(got) == answer.expect


def test_every_call_and_both_editions_are_recorded() -> None:
    assert {answer.call for answer in ANSWERS} == set(CALLS)
    assert {answer.edition for answer in recorded("umember", "detail")} == {1, 2}
    assert {answer.edition for answer in recorded("umember", "verify")} == {1, 2}


@pytest.mark.parametrize(
    ("call", "line", "authorised", "body"),
    [
        ("login", "POST /open/login", False, {"email": "a@b.c", "password": "secret"}),
        ("stores", "GET /open/user/meituan/store/list", True, None),
        ("products", "GET /open/user/meituan/coupon/list?store_id=880001", True, None),
        (
            "detail",
            f"GET /open/user/meituan/coupon/detail?store_id=880001&coupon_code={CODE}",
            True,
            None,
        ),
        (
            "verify",
            "POST /open/user/meituan/coupon/verify",
            True,
            {"store_id": 880001, "coupon_code": CODE},
        ),
    ],
)
def test_a_request_is_the_documents(call: str, line: str, authorised: bool, body: Any) -> None:
    _, request = outcome(call, envelope())
    head, _, content = request.partition(b"\r\n\r\n")
    first, *headers = head.decode().split("\r\n")
    assert first == f"{line} HTTP/1.1"
    assert ("Authorization: token" in headers) is authorised
    assert (json.loads(content) if content else None) == body
    if body:
        assert "Content-Type: application/json" in headers


@pytest.mark.parametrize("call", ["detail", "verify"])
def test_a_code_that_the_gateway_repeats_is_not_kept(call: str) -> None:
    got, _ = outcome(call, envelope(code=10010, msg=f"券码{CODE}不存在"))
    assert isinstance(got, Refused)
    assert (got.message, CODE in str(got)) == ("券码…9012不存在", False)


def test_a_code_in_the_words_of_a_success_is_not_kept() -> None:
    got, _ = outcome(
        "verify", envelope({"verify_success": True, "verify_message": f"{CODE} 验证成功"})
    )
    assert got.message == "…9012 验证成功"
    got, _ = outcome("detail", envelope({"status": f"未使用 {CODE}"}))
    assert got.status_text == "未使用 …9012"


@pytest.mark.parametrize("token", [None, "", 5, ["x"], "令牌", "a\r\nb"])
def test_a_login_without_a_usable_token_is_unknown(token: Any) -> None:
    got, _ = outcome("login", envelope({"token": token}))
    assert type(got) is errors.Unknown
