"""The sandbox gateway's limits: authorisation, quota, calls a second; and its faults."""

from __future__ import annotations

import json

import pytest
import requests

from coupons.sandbox import UmemberSandbox
from stores.sandbox import Request
from tests.coupons.umember_sandbox.calling import (
    EMAIL,
    SHOP,
    Caller,
    code_of,
)


@pytest.mark.parametrize(("status", "message"), [(1, "门店未授权"), (3, "门店授权已过期")])
def test_a_store_without_authorisation_is_refused(
    caller: Caller, gateway: UmemberSandbox, status: int, message: str
) -> None:
    gateway.control(f"stores/{SHOP}", {"status": status})
    for answer in (caller.verify("code-unused"), caller.detail("code-unused"), caller.products()):
        assert answer.json()["code"] != 10000
        assert answer.json()["msg"] == message
    assert code_of(gateway, "code-unused") == {"state": "unused", "verifies": 0, "applied": 0}


def test_a_lapsed_store_may_still_verify_where_so_set(
    caller: Caller, gateway: UmemberSandbox
) -> None:
    gateway.control(f"stores/{SHOP}", {"status": 3})
    gateway.configure(verify_on_lapse=True)
    assert caller.verify("code-unused").json()["data"]["verify_success"] is True
    assert caller.detail("code-unused").json()["code"] != 10000


def test_verify_spends_the_quota_and_detail_does_not(
    caller: Caller, gateway: UmemberSandbox
) -> None:
    gateway.control(f"stores/{SHOP}", {"request_count": 2})
    caller.detail("code-unused")
    caller.verify("code-used")
    assert gateway.control(f"stores/{SHOP}", None)["request_count"] == 1
    caller.verify("code-unused")
    envelope = caller.verify("code-unused").json()
    assert (envelope["code"], envelope["msg"]) == (10006, "调用次数不足")
    assert caller.detail("code-unused").json()["code"] == 10000
    assert code_of(gateway, "code-unused")["verifies"] == 1


def test_which_calls_spend_the_quota_is_a_setting(caller: Caller, gateway: UmemberSandbox) -> None:
    gateway.configure(spends=["detail", "verify"], spend_on_refusal=False)
    caller.detail("code-unused")
    caller.verify("code-used")
    assert gateway.control(f"stores/{SHOP}", None)["request_count"] == 9982


@pytest.mark.parametrize(
    ("form", "status"), [("429", 429), ("403", 403), ("code", 200), ("html", 200)]
)
def test_the_third_call_within_a_second_is_blocked(
    caller: Caller, gateway: UmemberSandbox, form: str, status: int
) -> None:
    gateway.configure(rate_limit=2, rate_window=3600, blocked_as=form)
    answers = [caller.stores() for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, status]
    assert "请求过于频繁" in answers[2].content.decode()
    if form != "html":
        assert answers[2].json()["code"] == 429
    assert [arrival.outcome for arrival in caller.server.arrivals.all()] == ["ok", "ok", "blocked"]


def test_login_counts_and_other_accounts_do_not(caller: Caller, gateway: UmemberSandbox) -> None:
    gateway.configure(rate_limit=2, rate_window=3600)
    assert [
        caller.login().status_code,
        caller.stores().status_code,
        caller.login().status_code,
    ] == [200, 200, 429]
    assert caller.login("stranger@example.com", "x").status_code == 200


def admitted(gateway: UmemberSandbox, caller: Caller, times: list[float]) -> list[bool]:
    headers = {"authorization": caller.token}
    path = "/open/user/meituan/store/list"
    return [gateway.admit(Request("GET", path, headers=headers, at=at)) is None for at in times]


def test_the_window_slides_and_blocked_calls_do_not_prolong_it(
    caller: Caller, gateway: UmemberSandbox
) -> None:
    gateway.configure(rate_limit=2)
    assert admitted(gateway, caller, [0, 0.6, 0.9, 1.0, 1.5, 1.61]) == [
        True,
        True,
        False,
        True,
        False,
        True,
    ]


def test_blocked_calls_may_prolong_the_window(caller: Caller, gateway: UmemberSandbox) -> None:
    gateway.configure(rate_limit=2, count_blocked=True)
    assert admitted(gateway, caller, [0, 0.6, 0.9, 1.0, 1.95, 2.5]) == [
        True,
        True,
        False,
        False,
        True,
        True,
    ]


def test_a_blocked_verify_does_not_reach_the_code_nor_use_up_a_fault(
    caller: Caller, gateway: UmemberSandbox
) -> None:
    gateway.configure(rate_limit=0)
    caller.server.faults.add(operation="verify", kind="drop_after")
    assert caller.verify("code-unused").status_code == 429
    assert code_of(gateway, "code-unused")["verifies"] == 0
    assert len(caller.server.faults.all()) == 1


def test_a_verify_dropped_after_applying_has_spent_the_code(
    caller: Caller, gateway: UmemberSandbox
) -> None:
    caller.server.faults.add(operation="verify", kind="drop_after", platform="umember")
    with pytest.raises(requests.ConnectionError):
        caller.verify("code-unused")
    assert code_of(gateway, "code-unused") == {"state": "used", "verifies": 1, "applied": 1}
    assert caller.detail("code-unused").json()["data"]["status_code"] == 1


def test_a_verify_of_wrong_types_has_not_spent_the_code(
    caller: Caller, gateway: UmemberSandbox
) -> None:
    caller.server.faults.add(operation="verify", kind="wrong_types")
    assert caller.verify("code-unused").json()["data"] == {
        "verify_message": 0,
        "verify_success": "false",
    }
    assert code_of(gateway, "code-unused")["state"] == "unused"


@pytest.mark.parametrize(("kind", "code"), [("throttle", 429), ("auth", 401)])
def test_throttle_and_auth_faults_speak_like_the_gateway(
    caller: Caller, kind: str, code: int
) -> None:
    caller.server.faults.add(operation="detail", kind=kind)
    answer = caller.detail("code-unused")
    assert (answer.status_code, answer.json()["code"]) == (code, code)


def test_an_arrival_names_account_store_and_only_the_codes_end(caller: Caller) -> None:
    caller.verify("code-unused")
    caller.detail("code-unused")
    caller.login()
    verify, detail, login = caller.server.arrivals.all()
    assert (verify.operation, verify.account, verify.store_id, verify.code_tail) == (
        "verify",
        EMAIL,
        SHOP,
        "used",
    )
    assert (detail.operation, detail.store_id, detail.code_tail) == ("detail", SHOP, "used")
    assert (login.operation, login.account, login.store_id) == ("login", EMAIL, None)


def test_the_limit_may_count_all_that_come_from_one_address(
    caller: Caller, gateway: UmemberSandbox
) -> None:
    gateway.configure(rate_limit=2, rate_scope="address")
    gateway.seed({"accounts": [{"email": "other@example.com", "password": "x"}]})
    assert admitted(gateway, caller, [0, 0.1]) == [True, True]
    login = Request(
        "POST",
        "/open/login",
        body=json.dumps({"email": "other@example.com", "password": "x"}).encode(),
        headers={"content-type": "application/json"},
        at=0.2,
    )
    assert gateway.admit(login) is not None
    gateway.configure(rate_scope="account")
    assert gateway.admit(login) is None
