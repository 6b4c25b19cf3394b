"""The environment, from which settings.py and gunicorn.conf.py read everything (README lists it).

It wins over the file: $ENV_FILE, else `.env` beside manage.py, else the one that `make demo` makes.
"""

import os
from pathlib import Path

import environ

BASE_DIR = Path(__file__).resolve().parent.parent
DEV_SECRET = "dev-only-secret-that-checks-refuse-outside-debug"  # noqa: S105
DEV_CREDENTIAL_KEY = "ZGV2LW9ubHkta2V5LXRoYXQtY2hlY2tzLXJlZnVzZSE="
# How long a thread keeps its connection to the database.
CONNECTION_SECONDS = 300
# Like SQLite's timeout below: who waits longer for a lock is answered with "try again".
LOCK_TIMEOUT = "10s"

env = environ.Env()
_FILE = Path(os.environ.get("ENV_FILE") or BASE_DIR / ".env")
env.read_env(str(_FILE))
VAR_DIR = Path(env.str("VAR_DIR", "") or BASE_DIR / "var").resolve()
if not os.environ.get("ENV_FILE") and not _FILE.exists():
    # After `make demo` every command on the same checkout finds the demo's keys.
    env.read_env(str(VAR_DIR / "demo.env"))


def private_folder(path: Path) -> Path:
    """Makes a folder that only we can enter: databases and keys lie there. Old ones are left."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def sqlite_options() -> dict[str, object]:
    """Returns WAL and IMMEDIATE transactions: without them half of all concurrent writes fail."""
    return {
        "transaction_mode": "IMMEDIATE",
        "timeout": env.float("SQLITE_TIMEOUT", 10.0),
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }


def is_pooled() -> bool:
    """Returns whether a proxy that pools transactions stands before PostgreSQL."""
    return not env.bool("DATABASE_PREPARE", True)


def postgres_options() -> dict[str, object]:
    """Returns a pool for web processes (gunicorn.conf.py sets DATABASE_POOL).

    A forking worker cluster must not inherit one.
    """
    options: dict[str, object] = {"lock_timeout": LOCK_TIMEOUT}
    if not is_pooled():
        # A third of the database's work is planning the same queries again.
        options = {
            "options": f"-c lock_timeout={LOCK_TIMEOUT}",
            "server_side_binding": True,
            "prepare_threshold": 3,
        }
    if env.bool("DATABASE_POOL", False):
        options["pool"] = {
            "min_size": 2,
            "max_size": env.int("DATABASE_POOL_SIZE", 16),
            "timeout": 10,
        }
    return options


def _test_name(config: dict[str, object]) -> str | None:
    """Returns a file: an in-memory SQLite locks tables and never waits, unlike any installation."""
    return str(VAR_DIR / "test.sqlite3") if "sqlite" in str(config["ENGINE"]) else None


def database() -> dict[str, object]:
    """Returns DATABASES["default"] from DATABASE_URL; SQLite below var/ unless told otherwise."""
    url = env.str("DATABASE_URL", "") or f"sqlite:///{VAR_DIR / 'zhanggui.sqlite3'}"
    config: dict[str, object] = dict(env.db_url_config(url))
    if "sqlite" in str(config["ENGINE"]):
        config["OPTIONS"] = sqlite_options()
        # To open the file costs more than most questions.
        config["CONN_MAX_AGE"] = CONNECTION_SECONDS
        private_folder(Path(str(config["NAME"])).parent)
    else:
        config["OPTIONS"] = options = postgres_options()
        config["CONN_MAX_AGE"] = 0 if "pool" in options else CONNECTION_SECONDS
        config["CONN_HEALTH_CHECKS"] = True
        if is_pooled():
            config["ENGINE"] = "config.pooled"
            # A cursor on the server would be asked for its next rows over another connection.
            config["DISABLE_SERVER_SIDE_CURSORS"] = True
    config["TEST"] = {"NAME": env.str("TEST_DATABASE_NAME", "") or _test_name(config)}
    return config
