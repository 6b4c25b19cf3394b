"""Web processes and workers that are started too early name the command that is missing."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from tests.processes import ROOT, clean_environment

GUNICORN = [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", "config.wsgi"]
MANAGE = [sys.executable, "manage.py"]


@pytest.fixture
def fresh(tmp_path: Path) -> dict[str, str]:
    """The environment of an installation in which nothing was done yet."""
    return clean_environment(
        ENV_FILE=os.devnull,
        VAR_DIR=str(tmp_path),
        SECRET_KEY="s" * 60,
        HASH_KEY="h" * 60,
        CREDENTIAL_KEYS=Fernet.generate_key().decode(),
        BIND="127.0.0.1:0",
    )


def ran(command: list[str], env: dict[str, str]) -> tuple[int, str]:
    done = subprocess.run(
        command, env=env, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    return done.returncode, done.stderr


@pytest.mark.skipif(
    not os.environ.get("DATABASE_URL", "").startswith("postgres"), reason="only PostgreSQL pools"
)
def test_no_connection_is_left_that_forked_web_processes_would_share() -> None:
    code = (
        "import django; django.setup(); "
        "from django.db import connections; "
        "from stores.management import ready; "
        "ready.MigrationExecutor.migration_plan = lambda *_: []; "
        "ready.expect_migrated(); "
        "print(connections['default']._connection_pools)"
    )
    env = clean_environment(
        DATABASE_POOL="1",
        DATABASE_URL=os.environ["DATABASE_URL"],
        DJANGO_SETTINGS_MODULE="config.settings",
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=env, cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "{}"


@pytest.mark.parametrize("command", [GUNICORN, [*MANAGE, "worker"]], ids=["web", "worker"])
def test_before_migrate_the_command_is_named(fresh: dict[str, str], command: list[str]) -> None:
    code, told = ran(command, fresh)
    assert (code, "python manage.py migrate" in told) == (1, True)
    assert "Traceback" not in told


@pytest.mark.slow
def test_before_collectstatic_the_command_is_named(fresh: dict[str, str], tmp_path: Path) -> None:
    assert ran([*MANAGE, "migrate", "--noinput", "-v0"], fresh)[0] == 0
    code, told = ran(GUNICORN, fresh)
    assert (code, "python manage.py collectstatic --noinput" in told) == (1, True)
    assert "Traceback" not in told


def test_settings_that_the_checks_refuse_are_said_without_a_traceback(
    fresh: dict[str, str],
) -> None:
    code, told = ran(GUNICORN, fresh | {"CREDENTIAL_KEYS": "short"})
    assert (code, "stores.E008" in told, "Traceback" in told) == (1, True, False)
