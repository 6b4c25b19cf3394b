"""A database of the benchmark's own: PostgreSQL (created and dropped) or an SQLite file in the run's folder."""

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

NAME = "zg_bench"
POSTGRES = "postgres://postgres@127.0.0.1:5432/postgres"


@contextlib.contextmanager
def environment(database: str, folder: Path) -> Iterator[None]:
    """Sets what Django and every child process read, makes the database, and drops it at the end.

    `database` is "sqlite" or the URL of a PostgreSQL database from which another one can be created.
    """
    os.environ.update(
        DJANGO_SETTINGS_MODULE="config.settings",
        ENV_FILE=os.devnull,
        DEBUG="0",
        LOG_LEVEL="WARNING",
        SECRET_KEY=secrets.token_urlsafe(50),
        HASH_KEY=secrets.token_urlsafe(50),
        CREDENTIAL_KEYS=_fernet_key(),
        STATICFILES_BACKEND="django.contrib.staticfiles.storage.StaticFilesStorage",
    )
    if database == "sqlite":
        os.environ["DATABASE_URL"] = f"sqlite:///{folder / 'bench.sqlite3'}"
        yield
        return
    os.environ["DATABASE_URL"] = urlunsplit(urlsplit(database)._replace(path=f"/{NAME}"))
    _execute(database, f'DROP DATABASE IF EXISTS "{NAME}"')
    _execute(database, f'CREATE DATABASE "{NAME}"')
    try:
        yield
    finally:
        _execute(database, f'DROP DATABASE IF EXISTS "{NAME}" WITH (FORCE)')


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
