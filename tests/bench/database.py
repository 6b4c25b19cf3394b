"""A database of the benchmark's own:

PostgreSQL (created and dropped) or an SQLite file in the run's folder.
"""

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

# Two runs at once do not meet.
NAME = f"zg_bench_{os.getpid()}"
LARGE = f"{NAME}_large"
POSTGRES = "postgres://postgres@127.0.0.1:5432/postgres"


@contextlib.contextmanager
def environment(database: str, folder: Path) -> Iterator[None]:
    """Sets what Django and every child process read, makes the database, and drops it at the end.

    `database` is "sqlite" or the URL of a PostgreSQL database from which another one can be
    created.
    """
    os.environ.update(
        DJANGO_SETTINGS_MODULE="config.settings",
        ENV_FILE=os.devnull,
        VAR_DIR=str(folder),
        DEBUG="0",
        LOG_LEVEL="WARNING",
        # The limiter does its work and lets everything through.
        API_REQUESTS_PER_MINUTE="10000000",
        SECRET_KEY=secrets.token_urlsafe(50),
        HASH_KEY=secrets.token_urlsafe(50),
        CREDENTIAL_KEYS=_fernet_key(),
        STATICFILES_BACKEND="django.contrib.staticfiles.storage.StaticFilesStorage",
    )
    (folder / "static").mkdir()
    if database == "sqlite":
        os.environ["DATABASE_URL"] = f"sqlite:///{folder / NAME}"
        yield
        return
    os.environ["DATABASE_URL"] = urlunsplit(urlsplit(database)._replace(path=f"/{NAME}"))
    _execute(database, f'CREATE DATABASE "{NAME}"')
    try:
        yield
    finally:
        for name in (LARGE, NAME):
            _execute(database, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def url(name: str) -> str:
    """DATABASE_URL of one of the two databases."""
    return os.environ["DATABASE_URL"].removesuffix(NAME) + name


def point_at(name: str) -> None:
    """Lets this process's queries go to one of the two databases."""
    from django.db import connections

    default = connections.databases["default"]
    connections["default"].close()
    default["NAME"] = default["NAME"].removesuffix(LARGE).removesuffix(NAME) + name
    del connections["default"]


def clone() -> None:
    """Makes the large database a copy of the first one, which nobody else may be using."""
    from django.db import connection

    vendor, name = connection.vendor, str(connection.settings_dict["NAME"])
    if vendor == "sqlite":
        tidy()
        connection.close()
        shutil.copyfile(name, name.removesuffix(NAME) + LARGE)
    else:
        connection.close()
        _execute(url("postgres"), f'DROP DATABASE IF EXISTS "{LARGE}" WITH (FORCE)')
        _execute(url("postgres"), f'CREATE DATABASE "{LARGE}" TEMPLATE "{NAME}"')


def _fernet_key() -> str:
    from cryptography.fernet import Fernet

    return Fernet.generate_key().decode()


def _execute(url: str, sql: str) -> None:
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql)


def prepare() -> None:
    """Sets Django up and writes the tables."""
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)


def tidy() -> None:
    """Leaves no dead rows and fresh statistics, as the database's own upkeep would in time."""
    from django.db import connection

    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # Autovacuum may be at work on the same table.
            cursor.execute("SET lock_timeout = 0")
            cursor.execute("VACUUM ANALYZE")
            cursor.execute("CHECKPOINT")
        else:
            cursor.execute("ANALYZE")
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def server_version() -> str:
    """Name and version of the database in use."""
    from django.db import connection

    connection.ensure_connection()
    if connection.vendor == "sqlite":
        import sqlite3

        return f"SQLite {sqlite3.sqlite_version}"
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        return f"PostgreSQL {cursor.fetchone()[0].split()[0]}"
