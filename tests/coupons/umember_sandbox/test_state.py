"""What the sandbox gateway remembers, seeds and lets be controlled."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import requests

from coupons.sandbox import UmemberSandbox
from stores.sandbox import ControlError, SandboxServer
from tests.coupons.umember_sandbox.calling import (
    EMAIL,
    SEED,
    SHOP,
    Caller,
    code_of,
)


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


def test_seeding_again_adds_and_renames_but_never_unspends(
    caller: Caller, gateway: UmemberSandbox
) -> None:
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
        {
            "accounts": [
                {"email": "new@example.com", "stores": [{"store_id": 1, "request_count": "many"}]}
            ]
        },
        {
            "accounts": [
                {
                    "email": "new@example.com",
                    "stores": [{"store_id": 1, "codes": [{"code": "c", "state": "?"}]}],
                }
            ]
        },
        {
            "accounts": [
                {
                    "email": "new@example.com",
                    "stores": [{"store_id": 1, "codes": [{"code": "c", "price": "?"}]}],
                }
            ]
        },
    ],
)
def test_a_senseless_seed_changes_nothing(
    server: SandboxServer, gateway: UmemberSandbox, seed: Any
) -> None:
    before = gateway.snapshot()
    answer = requests.post(f"{server.url}/_control/umember/seed", json=seed, timeout=30)
    assert (answer.status_code, list(answer.json())) == (400, ["error"])
    assert gateway.snapshot() == before


def test_the_control_api_does_what_python_does(
    server: SandboxServer, gateway: UmemberSandbox
) -> None:
    url = f"{server.url}/_control/umember"
    assert requests.post(f"{url}/seed", json=SEED, timeout=30).json() == {"accounts": 2, "codes": 8}
    assert requests.post(f"{url}/settings", json={"edition": 1}, timeout=30).json()["edition"] == 1
    assert requests.get(f"{url}/settings", timeout=30).json()["edition"] == 1
    assert requests.post(f"{url}/expire_tokens", timeout=30).json() == {"expired": 0}
    assert (
        requests.post(
            f"{url}/stores/{SHOP}", json={"status": 3, "request_count": 0}, timeout=30
        ).json()["status"]
        == 3
    )
    assert (
        requests.post(f"{url}/codes/code-unused", json={"state": "used"}, timeout=30).json()[
            "state"
        ]
        == "used"
    )
    assert requests.get(f"{url}/codes/code-unused", timeout=30).json()["applied"] == 0
    assert (
        requests.post(f"{server.url}/_control/reset", timeout=30).json()["umember"]["accounts"]
        == []
    )


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
