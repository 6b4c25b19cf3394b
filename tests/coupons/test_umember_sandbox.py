from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from coupons.sandbox import UmemberSandbox
from stores.platforms.sandbox import ControlError, Request, SandboxServer

EMAIL, PASSWORD = "owner@example.com", "correct horse"
SHOP, OTHER_SHOP, FOREIGN_SHOP = 1001, 1002, 2001
STATES = ("unused", "used", "expired", "refunded", "not_yet_valid", "not_on_this_day")
PRODUCT = {
    "sku_id": "1206941234",
    "sku_name": "【开业特惠】通用通宵8小时",
    "product_name": "通用通宵8小时",
    "actual_amount": "49.0",
    "origin_amount": 78,
}
SEED = {
    "accounts": [
        {
            "email": EMAIL,
            "password": PASSWORD,
            "id": 7,
            "username": "老板",
            "phone": "13800000000",
            "stores": [
                {
                    "store_id": SHOP,
                    "store_name": "静安棋牌室",
                    "address": "上海市静安区",
                    "products": [PRODUCT],
                    "codes": [{"code": f"code-{state}", "sku_id": "1206941234", "state": state} for state in STATES],
                },
                {"store_id": OTHER_SHOP, "store_name": "徐汇台球厅", "codes": [{"code": "code-other"}]},
            ],
        },
        {
            "email": "stranger@example.com",
            "password": "x",
            "stores": [{"store_id": FOREIGN_SHOP, "codes": [{"code": "code-foreign"}]}],
        },
    ]
}


class Caller:
    def __init__(self, server: SandboxServer, token: str = "") -> None:
        self.server = server
        self.token = token

    def login(self, email: Any = EMAIL, password: Any = PASSWORD) -> requests.Response:
        return self._call("POST", "login", json={"email": email, "password": password})

    def stores(self) -> requests.Response:
        return self._call("GET", "user/meituan/store/list")

    def products(self, store_id: Any = SHOP) -> requests.Response:
        return self._call("GET", "user/meituan/coupon/list", params={"store_id": store_id})

    def detail(self, code: str, store_id: Any = SHOP) -> requests.Response:
        params = {"store_id": store_id, "coupon_code": code}
        return self._call("GET", "user/meituan/coupon/detail", params=params)

    def verify(self, code: Any, store_id: Any = SHOP) -> requests.Response:
        return self._call("POST", "user/meituan/coupon/verify", json={"store_id": store_id, "coupon_code": code})

    def _call(self, method: str, path: str, **kwargs: Any) -> requests.Response:
        url = f"{self.server.url}/umember/open/{path}"
        return requests.request(method, url, headers={"Authorization": self.token}, timeout=30, **kwargs)


@pytest.fixture
def gateway() -> UmemberSandbox:
    gateway = UmemberSandbox()
    gateway.seed(SEED)
    gateway.configure(rate_limit=None)
    return gateway


@pytest.fixture
def server(gateway: UmemberSandbox) -> Iterator[SandboxServer]:
    with SandboxServer([gateway]) as server:
        yield server


@pytest.fixture
def caller(server: SandboxServer) -> Caller:
    caller = Caller(server)
    caller.token = caller.login().json()["data"]["token"]
    server.arrivals.clear()
    return caller


def code_of(gateway: UmemberSandbox, code: str) -> dict[str, Any]:
    shown = gateway.control(f"codes/{code}", None)
    return {name: shown[name] for name in ("state", "verifies", "applied")}


def test_login_hands_out_a_bare_token(server: SandboxServer) -> None:
    envelope = Caller(server).login().json()
    assert {name: envelope[name] for name in ("code", "msg", "count")} == {"code": 10000, "msg": "success", "count": 1}
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", envelope["date_time"])
    assert envelope["data"]["token"].count(".") == 2
    assert (envelope["data"]["id"], envelope["data"]["username"]) == (7, "老板")


@pytest.mark.parametrize(
    ("email", "password"), [(EMAIL, "wrong"), ("nobody@example.com", PASSWORD), (1, PASSWORD), (EMAIL, None)]
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


def test_expired_tokens_are_unauthorised_in_either_form(caller: Caller, gateway: UmemberSandbox) -> None:
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
            session.post(f"{server.url}/umember/open/login", json={"email": EMAIL, "password": PASSWORD}, timeout=30)
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


def test_the_first_edition_of_detail_has_no_price_and_status_code(caller: Caller, gateway: UmemberSandbox) -> None:
    gateway.configure(edition=1)
    assert set(caller.detail("code-unused").json()["data"]) == {"order_id", "sku_id", "sku_name", "status"}


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


@pytest.mark.parametrize("code", ["nobody-knows", "code-other", "code-foreign", "'; DROP TABLE--", "🐈"])
def test_detail_of_a_code_that_is_not_the_stores_fails(caller: Caller, code: str) -> None:
    envelope = caller.detail(code).json()
    assert (envelope["code"], envelope["data"]) == (10010, None)


def test_verify_consumes_a_code_once(caller: Caller, gateway: UmemberSandbox) -> None:
    first, second = caller.verify("code-unused").json(), caller.verify("code-unused").json()
    assert (first["code"], first["data"]) == (10000, {"verify_message": "验证成功", "verify_success": True})
    assert (second["code"], second["data"]) == (10000, {"verify_message": "该券码已使用", "verify_success": False})
    assert code_of(gateway, "code-unused") == {"state": "used", "verifies": 2, "applied": 1}
    assert caller.detail("code-unused").json()["data"]["status_code"] == 1


def test_the_success_message_may_be_empty(caller: Caller, gateway: UmemberSandbox) -> None:
    gateway.configure(verify_success_message="")
    assert caller.verify("code-unused").json()["data"] == {"verify_message": "", "verify_success": True}


def test_of_simultaneous_verifies_exactly_one_succeeds(caller: Caller, gateway: UmemberSandbox) -> None:
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
def test_a_store_id_that_is_no_integer_is_an_error(caller: Caller, gateway: UmemberSandbox, store_id: Any) -> None:
    assert caller.verify("code-unused", store_id).json()["code"] == 10001
    assert code_of(gateway, "code-unused")["state"] == "unused"


@pytest.mark.parametrize("store_id", ["", "x", "１００１", "9" * 30])
def test_a_query_with_a_bad_store_id_is_an_error(caller: Caller, store_id: str) -> None:
    assert caller.products(store_id).json()["code"] == 10001
    assert caller.detail("code-unused", store_id).json()["code"] == 10001


def test_another_accounts_store_does_not_exist(caller: Caller, gateway: UmemberSandbox) -> None:
    for answer in (caller.verify("code-foreign", FOREIGN_SHOP), caller.detail("code-foreign", FOREIGN_SHOP)):
        assert (answer.json()["code"], answer.json()["msg"]) == (10003, "门店不存在")
    assert code_of(gateway, "code-foreign") == {"state": "unused", "verifies": 0, "applied": 0}


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff\xfe", b"[" * 100_000, b'{"store_id": ' + b"9" * 5000 + b"}"])
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


@pytest.mark.parametrize(("status", "message"), [(1, "门店未授权"), (3, "门店授权已过期")])
def test_a_store_without_authorisation_is_refused(
    caller: Caller, gateway: UmemberSandbox, status: int, message: str
) -> None:
    gateway.control(f"stores/{SHOP}", {"status": status})
    for answer in (caller.verify("code-unused"), caller.detail("code-unused"), caller.products()):
        assert answer.json()["code"] != 10000
        assert answer.json()["msg"] == message
    assert code_of(gateway, "code-unused") == {"state": "unused", "verifies": 0, "applied": 0}


def test_a_lapsed_store_may_still_verify_where_so_set(caller: Caller, gateway: UmemberSandbox) -> None:
    gateway.control(f"stores/{SHOP}", {"status": 3})
    gateway.configure(verify_on_lapse=True)
    assert caller.verify("code-unused").json()["data"]["verify_success"] is True
    assert caller.detail("code-unused").json()["code"] != 10000


def test_verify_spends_the_quota_and_detail_does_not(caller: Caller, gateway: UmemberSandbox) -> None:
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


@pytest.mark.parametrize(("form", "status"), [("429", 429), ("403", 403), ("code", 200), ("html", 200)])
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
    assert [caller.login().status_code, caller.stores().status_code, caller.login().status_code] == [200, 200, 429]
    assert caller.login("stranger@example.com", "x").status_code == 200


def admitted(gateway: UmemberSandbox, caller: Caller, times: list[float]) -> list[bool]:
    headers = {"authorization": caller.token}
    path = "/open/user/meituan/store/list"
    return [gateway.admit(Request("GET", path, headers=headers, at=at)) is None for at in times]


def test_the_window_slides_and_blocked_calls_do_not_prolong_it(caller: Caller, gateway: UmemberSandbox) -> None:
    gateway.configure(rate_limit=2)
    assert admitted(gateway, caller, [0, 0.6, 0.9, 1.0, 1.5, 1.61]) == [True, True, False, True, False, True]


def test_blocked_calls_may_prolong_the_window(caller: Caller, gateway: UmemberSandbox) -> None:
    gateway.configure(rate_limit=2, count_blocked=True)
    assert admitted(gateway, caller, [0, 0.6, 0.9, 1.0, 1.95, 2.5]) == [True, True, False, False, True, True]


def test_a_blocked_verify_does_not_reach_the_code_nor_use_up_a_fault(caller: Caller, gateway: UmemberSandbox) -> None:
    gateway.configure(rate_limit=0)
    caller.server.faults.add(operation="verify", kind="drop_after")
    assert caller.verify("code-unused").status_code == 429
    assert code_of(gateway, "code-unused")["verifies"] == 0
    assert len(caller.server.faults.all()) == 1


def test_a_verify_dropped_after_applying_has_spent_the_code(caller: Caller, gateway: UmemberSandbox) -> None:
    caller.server.faults.add(operation="verify", kind="drop_after", platform="umember")
    with pytest.raises(requests.ConnectionError):
        caller.verify("code-unused")
    assert code_of(gateway, "code-unused") == {"state": "used", "verifies": 1, "applied": 1}
    assert caller.detail("code-unused").json()["data"]["status_code"] == 1


def test_a_verify_of_wrong_types_has_not_spent_the_code(caller: Caller, gateway: UmemberSandbox) -> None:
    caller.server.faults.add(operation="verify", kind="wrong_types")
    assert caller.verify("code-unused").json()["data"] == {"verify_message": 0, "verify_success": "false"}
    assert code_of(gateway, "code-unused")["state"] == "unused"


@pytest.mark.parametrize(("kind", "code"), [("throttle", 429), ("auth", 401)])
def test_throttle_and_auth_faults_speak_like_the_gateway(caller: Caller, kind: str, code: int) -> None:
    caller.server.faults.add(operation="detail", kind=kind)
    answer = caller.detail("code-unused")
    assert (answer.status_code, answer.json()["code"]) == (code, code)


def test_an_arrival_names_account_store_and_only_the_codes_end(caller: Caller) -> None:
    caller.verify("code-unused")
    caller.detail("code-unused")
    caller.login()
    verify, detail, login = caller.server.arrivals.all()
    assert (verify.operation, verify.account, verify.store_id, verify.code_tail) == ("verify", EMAIL, SHOP, "used")
    assert (detail.operation, detail.store_id, detail.code_tail) == ("detail", SHOP, "used")
    assert (login.operation, login.account, login.store_id) == ("login", EMAIL, None)


def test_a_restarted_sandbox_remembers_codes_tokens_and_settings(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    gateway = UmemberSandbox()
    gateway.seed(SEED)
    with SandboxServer([gateway], state_file=state) as server:
        caller = Caller(server)
        caller.token = caller.login().json()["data"]["token"]
        gateway.configure(rate_limit=None)
        caller.verify("code-unused")
    with SandboxServer([UmemberSandbox()], state_file=state) as server:
        again = Caller(server, caller.token)
        assert again.verify("code-unused").json()["data"]["verify_message"] == "该券码已使用"
        shown = requests.get(f"{server.url}/_control/umember/codes/code-unused", timeout=30).json()
        assert (shown["state"], shown["verifies"], shown["applied"]) == ("used", 2, 1)
        assert again.stores().json()["data"][0]["request_count"] == 9981


@pytest.mark.parametrize(
    "state", [{}, {"settings": {}, "tokens": {"t": {"colour": 1}}}, {"settings": {}, "tokens": []}]
)
def test_a_foreign_snapshot_is_refused(gateway: UmemberSandbox, state: dict[str, Any]) -> None:
    before = gateway.snapshot()
    with pytest.raises(ControlError):
        gateway.restore(state)
    assert gateway.snapshot() == before


def test_a_snapshot_survives_json(gateway: UmemberSandbox) -> None:
    twin = UmemberSandbox()
    twin.restore(json.loads(json.dumps(gateway.snapshot())))
    assert twin.snapshot() == gateway.snapshot()


def test_seeding_again_adds_and_renames_but_never_unspends(caller: Caller, gateway: UmemberSandbox) -> None:
    caller.verify("code-unused")
    rows = [{"code": "code-unused", "state": "unused", "price": "1.25"}, {"code": "code-new"}]
    store = {"store_id": SHOP, "store_name": "新名字", "codes": rows}
    gateway.seed({"accounts": [{"email": EMAIL, "stores": [store]}]})
    assert code_of(gateway, "code-unused") == {"state": "used", "verifies": 1, "applied": 1}
    assert gateway.control("codes/code-unused", None)["price"] == "1.25"
    assert caller.verify("code-new").json()["data"]["verify_success"] is True
    assert gateway.control(f"stores/{SHOP}", None)["address"] == "上海市静安区"


@pytest.mark.parametrize(
    "seed",
    [
        [],
        {"accounts": {}},
        {"accounts": [1]},
        {"accounts": [{"password": "x"}]},
        {"accounts": [{"email": "new@example.com", "stores": [{"store_id": "1"}]}]},
        {"accounts": [{"email": "new@example.com", "stores": [{"store_id": 1, "status": 4}]}]},
        {"accounts": [{"email": "new@example.com", "stores": [{"store_id": 1, "request_count": "many"}]}]},
        {
            "accounts": [
                {"email": "new@example.com", "stores": [{"store_id": 1, "codes": [{"code": "c", "state": "?"}]}]}
            ]
        },
        {
            "accounts": [
                {"email": "new@example.com", "stores": [{"store_id": 1, "codes": [{"code": "c", "price": "?"}]}]}
            ]
        },
    ],
)
def test_a_senseless_seed_changes_nothing(server: SandboxServer, gateway: UmemberSandbox, seed: Any) -> None:
    before = gateway.snapshot()
    answer = requests.post(f"{server.url}/_control/umember/seed", json=seed, timeout=30)
    assert (answer.status_code, list(answer.json())) == (400, ["error"])
    assert gateway.snapshot() == before


def test_the_control_api_does_what_python_does(server: SandboxServer, gateway: UmemberSandbox) -> None:
    url = f"{server.url}/_control/umember"
    assert requests.post(f"{url}/seed", json=SEED, timeout=30).json() == {"accounts": 2, "codes": 8}
    assert requests.post(f"{url}/settings", json={"edition": 1}, timeout=30).json()["edition"] == 1
    assert requests.get(f"{url}/settings", timeout=30).json()["edition"] == 1
    assert requests.post(f"{url}/expire_tokens", timeout=30).json() == {"expired": 0}
    assert (
        requests.post(f"{url}/stores/{SHOP}", json={"status": 3, "request_count": 0}, timeout=30).json()["status"] == 3
    )
    assert requests.post(f"{url}/codes/code-unused", json={"state": "used"}, timeout=30).json()["state"] == "used"
    assert requests.get(f"{url}/codes/code-unused", timeout=30).json()["applied"] == 0
    assert requests.post(f"{server.url}/_control/reset", timeout=30).json()["umember"]["accounts"] == []


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("settings", {"edition": 3}, 400),
        ("settings", {"colour": "red"}, 400),
        ("settings", {"rate_limit": "2"}, 400),
        ("settings", {"spends": ["login"]}, 400),
        ("settings", {"token_seconds": 1e300}, 400),
        ("settings", [], 400),
        ("codes/code-unused", {"state": "eaten"}, 400),
        ("codes/code-unused", 5, 400),
        ("codes/nobody-knows", {"state": "used"}, 404),
        ("stores/9", {"status": 2}, 404),
        ("stores/x", {"status": 2}, 404),
        (f"stores/{SHOP}", {"status": True}, 400),
        ("nothing", {}, 404),
    ],
)
def test_a_senseless_control_call_is_refused(
    server: SandboxServer, gateway: UmemberSandbox, path: str, body: Any, status: int
) -> None:
    before = gateway.snapshot()
    answer = requests.post(f"{server.url}/_control/umember/{path}", json=body, timeout=30)
    assert (answer.status_code, list(answer.json())) == (status, ["error"])
    assert gateway.snapshot() == before
