"""System checks refuse what would lose money, secrets or tasks, and accept the settings as they
are.
"""

import runpy
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core.checks import CheckMessage, run_checks
from gunicorn.config import KNOWN_SETTINGS  # type: ignore[import-untyped]
from pytest_django.fixtures import Settings

from tests.processes import ROOT, clean_environment

KEY = Fernet.generate_key().decode()


def ids(messages: list[CheckMessage]) -> list[str]:
    return [message.id or "" for message in messages]


def checked(*, deploy: bool = False) -> list[str]:
    return [
        found
        for found in ids(run_checks(include_deployment_checks=deploy))
        if found.startswith(("stores", "coup"))
    ]


@pytest.fixture
def production(settings: Settings) -> Settings:
    settings.DEBUG = False
    settings.SECRET_KEY, settings.HASH_KEY, settings.CREDENTIAL_KEYS = "s" * 60, "h" * 60, [KEY]
    settings.PUBLIC_BASE_URL, settings.TRUSTED_PROXIES = "https://shop.example.com", 1
    settings.PROXY_BUFFERS, settings.ALLOWED_HOSTS = True, ["shop.example.com"]
    return settings


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("PROXY_BUFFERS", False, "stores.W002"),
        ("ALLOWED_HOSTS", ["*"], "stores.E011"),
        ("ALLOWED_HOSTS", ["shop.example.com", "*"], "stores.E011"),
    ],
)
def test_a_deployment_is_asked_for_its_proxy_and_its_names(
    production: Settings, name: str, value: object, expected: str
) -> None:
    assert [found for found in checked(deploy=True) if found.startswith("stores")] == []
    setattr(production, name, value)
    assert expected in checked(deploy=True)
    assert checked() == []


def test_the_settings_as_they_are_pass(production: Settings) -> None:
    assert checked() == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"workers": 0}, ["stores.E001"]),
        ({"timeout": None}, ["stores.E001"]),
        ({"retry": 270}, ["stores.E002"]),
        ({"queue_limit": 50}, ["stores.E002"]),
        ({"timeout": 55}, ["stores.E003"]),
        ({"max_attempts": 2}, ["stores.E004"]),
        ({"ack_failures": False}, ["stores.E004"]),
        ({"catch_up": True}, ["stores.E004"]),
        ({"orm": None}, ["stores.E005"]),
    ],
)
def test_a_wrong_queue_arithmetic_is_refused(
    production: Settings, changes: dict[str, Any], expected: list[str]
) -> None:
    production.Q_CLUSTER = production.Q_CLUSTER | changes
    assert checked() == expected


def test_a_lease_shorter_than_two_requests_is_refused(production: Settings) -> None:
    production.LEASE = timedelta(seconds=39)
    assert checked() == ["stores.E006"]


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ([], ["stores.E007"]),
        ([""], ["stores.E007"]),
        (["short"], ["stores.E008"]),
        ([KEY, "x"], ["stores.E008"]),
    ],
)
def test_missing_or_invalid_credential_keys_are_refused(
    production: Settings, keys: list[str], expected: list[str]
) -> None:
    production.CREDENTIAL_KEYS = keys
    assert checked() == expected


@pytest.mark.parametrize("name", ["SECRET_KEY", "HASH_KEY", "CREDENTIAL_KEYS"])
def test_a_development_secret_is_refused_outside_debug(production: Settings, name: str) -> None:
    default = (
        [production.DEV_CREDENTIAL_KEY] if name == "CREDENTIAL_KEYS" else production.DEV_SECRET
    )
    setattr(production, name, default)
    assert checked() == ["stores.E009"]
    production.DEBUG = True
    assert checked() == []


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("http://shop.example.com", ["stores.E010"]),
        ("http://192.168.1.20:8000", ["stores.E010"]),
        ("http://127.0.0.1:8000", []),
        ("http://localhost:8000", []),
        ("https://shop.example.com", []),
    ],
)
def test_a_public_address_in_the_clear_is_refused(
    production: Settings, address: str, expected: list[str]
) -> None:
    production.PUBLIC_BASE_URL = address
    assert checked() == expected


def test_a_gateway_in_the_clear_is_a_deployment_warning_that_can_be_silenced(
    production: Settings,
) -> None:
    production.UMEMBER_BASE_URL = "http://mtopen.umember.cn"
    assert checked(deploy=True) == ["coupons.W001"]
    (warning,) = [
        found for found in run_checks(include_deployment_checks=True) if found.id == "coupons.W001"
    ]
    production.SILENCED_SYSTEM_CHECKS = ["coupons.W001"]
    assert warning.is_silenced()
    production.UMEMBER_BASE_URL = "https://gateway.example.com"
    assert checked(deploy=True) == []


def test_requests_that_outlast_the_lease_are_refused(production: Settings) -> None:
    production.UMEMBER_TIMEOUT = (10.0, 15.0)
    assert checked() == ["coupons.E001"]


def test_a_pace_counts_accounts_or_addresses(production: Settings) -> None:
    production.PACE_SCOPE = {"umember": "token"}
    assert checked() == ["coupons.E002"]


def test_https_without_a_trusted_proxy_is_warned_of_before_it_is_deployed(
    production: Settings,
) -> None:
    production.TRUSTED_PROXIES = 0
    assert checked() == []
    assert "stores.W001" in checked(deploy=True)


def printed(code: str, **environment: str) -> list[str]:
    """The words that this code prints in a process with this environment."""
    env = clean_environment(**environment)
    ran = subprocess.run(
        [sys.executable, "-c", code], env=env, cwd=ROOT, capture_output=True, text=True, check=True
    )
    return ran.stdout.split()


def settings_of(**values: str) -> list[str]:
    """HSTS and the language cookie as an installation with this environment has them."""
    names = ("HSTS_SECONDS", "HSTS_INCLUDE_SUBDOMAINS", "HSTS_PRELOAD")
    code = (
        "from config import settings; print(*[getattr(settings, 'SECURE_' + name) for name in "
        f"{names}], "
    )
    code += "settings.LANGUAGE_COOKIE_SAMESITE, settings.LANGUAGE_COOKIE_SECURE)"
    return printed(code, ENV_FILE="/dev/null", **values)


def test_https_is_promised_for_our_own_host_only_unless_it_is_wished() -> None:
    there = "https://shop.example.com"
    assert settings_of(PUBLIC_BASE_URL=there) == ["31536000", "False", "False", "Lax", "True"]
    assert settings_of(PUBLIC_BASE_URL=there, HSTS_WHOLE_DOMAIN="1")[:3] == [
        "31536000",
        "True",
        "True",
    ]
    assert settings_of(PUBLIC_BASE_URL="http://127.0.0.1:8000") == [
        "0",
        "False",
        "False",
        "Lax",
        "False",
    ]


def test_gunicorn_reads_its_settings_from_the_file_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("VAR_DIR", raising=False)
    file = tmp_path / "env"
    file.write_text(
        f"WEB_WORKERS=3\nWEB_THREADS=7\nBIND=127.0.0.1:1\nDATABASE_POOL=0\nVAR_DIR={tmp_path}\n"
    )
    code = (
        "import os, runpy; told = runpy.run_path('gunicorn.conf.py'); from config.env import "
        "VAR_DIR; "
        "print(told['workers'], told['threads'], told['bind'], os.environ['DATABASE_POOL'], "
        "VAR_DIR)"
    )
    assert printed(code, ENV_FILE=str(file)) == ["3", "7", "127.0.0.1:1", "0", str(tmp_path)]


def test_gunicorn_knows_our_settings_and_shares_no_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    # The file sets defaults of the environment, which must not outlive the test.
    monkeypatch.setenv("DATABASE_POOL", "0")
    told = runpy.run_path(str(ROOT / "gunicorn.conf.py"))
    known = {setting.name for setting in KNOWN_SETTINGS}
    values = {
        name
        for name, value in told.items()
        if isinstance(value, str | int) and not name.startswith("__")
    }
    assert values <= known
    assert told["control_socket_disable"] is True
    # A proxy must not be able to change the path that the application sees.
    taken = next(each for each in KNOWN_SETTINGS if each.name == "forwarder_headers")
    assert taken.validator(told["forwarder_headers"]) == []


def told_of_the_database(prepare: str) -> list[str]:
    code = (
        "from config.env import database; told = database(); "
        "print(*sorted(told['OPTIONS']), told['ENGINE'], told.get('DISABLE_SERVER_SIDE_CURSORS'))"
    )
    return printed(code, DATABASE_URL="postgres://a:b@localhost/c", DATABASE_PREPARE=prepare)


def test_behind_a_proxy_that_pools_transactions_nothing_on_the_server_outlives_one() -> None:
    assert told_of_the_database("0") == ["lock_timeout", "config.pooled", "True"]


def test_without_one_the_limit_for_locks_comes_with_the_connection_and_costs_no_query() -> None:
    options = ["options", "prepare_threshold", "server_side_binding"]
    assert told_of_the_database("1") == [*options, "django.db.backends.postgresql", "None"]
