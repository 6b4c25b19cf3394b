"""The five calls of the sandbox gateway, and bad input to them."""

from __future__ import annotations

import re
import threading
from typing import Any

import pytest
import requests

from coupons.sandbox import UmemberSandbox
from stores.sandbox import SandboxServer
from tests.coupons.umember_sandbox.calling import (
    EMAIL,
    FOREIGN_SHOP,
    PASSWORD,
    PRODUCT,
    SHOP,
    Caller,
    code_of,
)


def test_login_hands_out_a_bare_token(server: SandboxServer) -> None:
    envelope = Caller(server).login().json()
    assert {name: envelope[name] for name in ("code", "msg", "count")} == {
        "code": 10000,
        "msg": "success",
        "count": 1,
    }
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", envelope["date_time"])
    assert envelope["data"]["token"].count(".") == 2
    assert (envelope["data"]["id"], envelope["data"]["username"]) == (7, "老板")


@pytest.mark.parametrize(
    ("email", "password"),
    [(EMAIL, "wrong"), ("nobody@example.com", PASSWORD), (1, PASSWORD), (EMAIL, None)],
)
def test_a_wrong_login_gets_no_token(server: SandboxServer, email: Any, password: Any) -> None:
    envelope = Caller(server).login(email, password).json()
    assert envelope["code"] != 10000
    assert envelope["data"] is None
    assert envelope["msg"]


def test_several_tokens_are_valid_at_once(server: SandboxServer) -> None:
    tokens = [Caller(server).login().json()["data"]["token"] for _ in range(2)]
    assert tokens[0] != tokens[1]
    assert [Caller(server, token).stores().status_code for token in tokens] == [200, 200]


@pytest.mark.parametrize("token", ["", "nonsense", "Bearer {token}"])
def test_anything_but_the_bare_token_is_unauthorised(caller: Caller, token: str) -> None:
    caller.token = token.format(token=caller.token)
    answer = caller.stores()
    assert (answer.status_code, answer.json()["code"], answer.json()["data"]) == (401, 401, None)
    assert caller.server.arrivals.all()[0].outcome == "unauthorised"


def test_expired_tokens_are_unauthorised_in_either_form(
    caller: Caller, gateway: UmemberSandbox
) -> None:
    assert gateway.control("expire_tokens", {}) == {"expired": 1}
    assert caller.stores().status_code == 401
    gateway.configure(auth_failure_as="code")
    answer = caller.stores()
    assert (answer.status_code, answer.json()["msg"]) == (200, "token已过期，请重新登录")


def test_tokens_expire_by_themselves(server: SandboxServer, gateway: UmemberSandbox) -> None:
    gateway.configure(token_seconds=0)
    caller = Caller(server)
    caller.token = caller.login().json()["data"]["token"]
    assert caller.stores().status_code == 401


def test_old_tokens_are_forgotten_in_time(server: SandboxServer, gateway: UmemberSandbox) -> None:
    gateway.configure(token_seconds=0)
    with requests.Session() as session:
        for _ in range(1010):
            session.post(
                f"{server.url}/umember/open/login",
                json={"email": EMAIL, "password": PASSWORD},
                timeout=30,
            )
    assert len(gateway.snapshot()["tokens"]) < 20


def test_stores_are_the_accounts_own(caller: Caller) -> None:
    envelope = caller.stores().json()
    assert envelope["count"] == 2
    assert envelope["data"][0] == {
        "store_id": SHOP,
        "store_name": "静安棋牌室",
        "address": "上海市静安区",
        "status": 2,
        "request_count": 9983,
        "area_id": 310115,
        "city_id": 310100,
        "province_id": 310000,
    }


def test_products_have_amounts_with_one_decimal(caller: Caller) -> None:
    assert caller.products().json()["data"] == [{**PRODUCT, "origin_amount": "78.0"}]


def test_detail_names_the_product_otherwise_than_the_list(caller: Caller) -> None:
    detail = caller.detail("code-unused").json()["data"]
    assert detail["sku_name"] == "通用通宵8小时[49.00元][1206941234]"
    assert re.fullmatch(r"\d{19}", detail["order_id"])
    assert (detail["status"], detail["status_code"], detail["price"]) == ("未使用", 0, "49.0")


def test_the_first_edition_of_detail_has_no_price_and_status_code(
    caller: Caller, gateway: UmemberSandbox
) -> None:
    gateway.configure(edition=1)
    assert set(caller.detail("code-unused").json()["data"]) == {
        "order_id",
        "sku_id",
        "sku_name",
        "status",
    }


@pytest.mark.parametrize(
    ("state", "status"),
    [
        ("used", "已使用"),
        ("expired", "已过期"),
        ("refunded", "已退款"),
        ("not_yet_valid", "未使用"),
        ("not_on_this_day", "未使用"),
    ],
)
def test_detail_tells_the_status_in_chinese(caller: Caller, state: str, status: str) -> None:
    assert caller.detail(f"code-{state}").json()["data"]["status"] == status


@pytest.mark.parametrize(
    "code", ["nobody-knows", "code-other", "code-foreign", "'; DROP TABLE--", "🐈"]
)
def test_detail_of_a_code_that_is_not_the_stores_fails(caller: Caller, code: str) -> None:
    envelope = caller.detail(code).json()
    assert (envelope["code"], envelope["data"]) == (10010, None)


def test_verify_consumes_a_code_once(caller: Caller, gateway: UmemberSandbox) -> None:
    first, second = caller.verify("code-unused").json(), caller.verify("code-unused").json()
    assert (first["code"], first["data"]) == (
        10000,
        {"verify_message": "验证成功", "verify_success": True},
    )
    assert (second["code"], second["data"]) == (
        10000,
        {"verify_message": "该券码已使用", "verify_success": False},
    )
    assert code_of(gateway, "code-unused") == {"state": "used", "verifies": 2, "applied": 1}
    assert caller.detail("code-unused").json()["data"]["status_code"] == 1


def test_the_success_message_may_be_empty(caller: Caller, gateway: UmemberSandbox) -> None:
    gateway.configure(verify_success_message="")
    assert caller.verify("code-unused").json()["data"] == {
        "verify_message": "",
        "verify_success": True,
    }


def test_of_simultaneous_verifies_exactly_one_succeeds(
    caller: Caller, gateway: UmemberSandbox
) -> None:
    barrier = threading.Barrier(20)
    results: list[bool] = []

    def verify() -> None:
        barrier.wait()
        results.append(caller.verify("code-unused").json()["data"]["verify_success"])

    threads = [threading.Thread(target=verify) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [False] * 19 + [True]
    assert code_of(gateway, "code-unused") == {"state": "used", "verifies": 20, "applied": 1}


REFUSALS = [
    ("code-used", "该券码已使用"),
    ("code-expired", "该券码已过期"),
    ("code-refunded", "该券码已退款"),
    ("code-not_yet_valid", "该券码未到使用时间"),
    ("code-not_on_this_day", "该券码今日不可用"),
    ("code-other", "该券码非本门店可用"),
    ("code-foreign", "该券码非本门店可用"),
    ("nobody-knows", "券码不存在"),
]


@pytest.mark.parametrize(("code", "message"), REFUSALS)
def test_a_refused_code_says_why_in_the_data(caller: Caller, code: str, message: str) -> None:
    envelope = caller.verify(code).json()
    assert envelope["code"] == 10000
    assert envelope["data"] == {"verify_message": message, "verify_success": False}
    assert caller.server.arrivals.all()[0].applied is False


@pytest.mark.parametrize(("code", "message"), REFUSALS)
def test_a_refused_code_may_say_why_in_the_envelope(
    caller: Caller, gateway: UmemberSandbox, code: str, message: str
) -> None:
    gateway.configure(refuse_in="envelope")
    envelope = caller.verify(code).json()
    assert (envelope["code"], envelope["msg"], envelope["data"]) == (10010, message, None)


@pytest.mark.parametrize("code", [None, "", 12, ["x"], "x" * 65])
def test_a_malformed_code_is_an_error(caller: Caller, code: Any) -> None:
    assert caller.verify(code).json()["code"] == 10001


@pytest.mark.parametrize("store_id", [None, "1001", 1001.0, True, [1001], {}])
def test_a_store_id_that_is_no_integer_is_an_error(
    caller: Caller, gateway: UmemberSandbox, store_id: Any
) -> None:
    assert caller.verify("code-unused", store_id).json()["code"] == 10001
    assert code_of(gateway, "code-unused")["state"] == "unused"


@pytest.mark.parametrize("store_id", ["", "x", "１００１", "9" * 30])
def test_a_query_with_a_bad_store_id_is_an_error(caller: Caller, store_id: str) -> None:
    assert caller.products(store_id).json()["code"] == 10001
    assert caller.detail("code-unused", store_id).json()["code"] == 10001


def test_another_accounts_store_does_not_exist(caller: Caller, gateway: UmemberSandbox) -> None:
    for answer in (
        caller.verify("code-foreign", FOREIGN_SHOP),
        caller.detail("code-foreign", FOREIGN_SHOP),
    ):
        assert (answer.json()["code"], answer.json()["msg"]) == (10003, "门店不存在")
    assert code_of(gateway, "code-foreign") == {"state": "unused", "verifies": 0, "applied": 0}


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"\xff\xfe", b"[" * 100_000, b'{"store_id": ' + b"9" * 5000 + b"}"]
)
def test_a_body_that_is_no_json_object_is_a_bad_request(caller: Caller, body: bytes) -> None:
    url = f"{caller.server.url}/umember/open/user/meituan/coupon/verify"
    answer = requests.post(url, data=body, headers={"Authorization": caller.token}, timeout=30)
    assert (answer.status_code, answer.json()["code"]) == (400, 10001)
    assert caller.server.arrivals.all()[0].outcome == "bad_request"


def test_a_lone_surrogate_in_a_code_is_an_unknown_code(caller: Caller) -> None:
    url = f"{caller.server.url}/umember/open/user/meituan/coupon/verify"
    body = b'{"store_id": 1001, "coupon_code": "\\ud800"}'
    answer = requests.post(url, data=body, headers={"Authorization": caller.token}, timeout=30)
    assert answer.json()["data"]["verify_message"] == "券码不存在"
    assert requests.get(f"{caller.server.url}/_control/arrivals", timeout=30).json()["count"] == 1


def test_unknown_paths_and_wrong_methods_are_refused(caller: Caller) -> None:
    assert requests.get(f"{caller.server.url}/umember/open/nothing", timeout=30).status_code == 404
    answer = requests.get(f"{caller.server.url}/umember/open/login", timeout=30)
    assert (answer.status_code, answer.json()["msg"]) == (405, "请求方法不正确")
