"""What the environment may set, read in one place. A `.env` file beside manage.py (or $ENV_FILE) is read first."""

import os
from pathlib import Path

import environ

BASE_DIR = Path(__file__).resolve().parent.parent
DEV_SECRET = "dev-only-secret-that-checks-refuse-outside-debug"  # noqa: S105
DEV_CREDENTIAL_KEY = "ZGV2LW9ubHkta2V5LXRoYXQtY2hlY2tzLXJlZnVzZSE="

env = environ.Env()
environ.Env.read_env(os.environ.get("ENV_FILE", str(BASE_DIR / ".env")))


def sqlite_options() -> dict[str, object]:
    """WAL and IMMEDIATE transactions: without them half of all concurrent writes fail with "database is locked"."""
    return {
        "transaction_mode": "IMMEDIATE",
        "timeout": env.float("SQLITE_TIMEOUT", 10.0),
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }


def postgres_options() -> dict[str, object]:
    """A pool in web processes (gunicorn.conf.py sets DATABASE_POOL); a forking worker cluster must not inherit one."""
    if not env.bool("DATABASE_POOL", False):
        return {}
    return {"pool": {"min_size": 2, "max_size": env.int("DATABASE_POOL_SIZE", 16), "timeout": 10}}


def _test_name(config: dict[str, object]) -> str | None:
    """A file, because an in-memory SQLite locks tables and never waits, which no real installation does."""
    return str(BASE_DIR / "var" / "test.sqlite3") if "sqlite" in str(config["ENGINE"]) else None


def database() -> dict[str, object]:
    """DATABASES["default"] from DATABASE_URL; SQLite below var/ unless told otherwise."""
    config: dict[str, object] = dict(
        env.db("DATABASE_URL", default=f"sqlite:///{BASE_DIR / 'var' / 'zhanggui.sqlite3'}")
    )
    if "sqlite" in str(config["ENGINE"]):
        config["OPTIONS"] = sqlite_options()
        Path(str(config["NAME"])).parent.mkdir(parents=True, exist_ok=True)
    else:
        config["OPTIONS"] = postgres_options()
        config["CONN_MAX_AGE"] = 0 if config["OPTIONS"] else 300
        config["CONN_HEALTH_CHECKS"] = True
    config["TEST"] = {"NAME": env.str("TEST_DATABASE_NAME", "") or _test_name(config)}
    return config
