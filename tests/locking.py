"""A database that somebody else holds for writing."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection as database


@contextmanager
def locked_database(table: str, *, mode: str = "ACCESS EXCLUSIVE") -> Iterator[None]:
    """Holds the lock that writing to `table` needs in another connection."""
    other = database.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("BEGIN IMMEDIATE" if database.vendor == "sqlite" else "BEGIN")
            if database.vendor != "sqlite":
                cursor.execute(f"LOCK TABLE {table} IN {mode} MODE")
        yield
    finally:
        with other.cursor() as cursor:
            cursor.execute("ROLLBACK")
        other.close()


def give_up_early() -> None:
    """This connection waits for a lock only briefly until it reconnects."""
    is_sqlite = database.vendor == "sqlite"
    with database.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout = 200" if is_sqlite else "SET lock_timeout = '200ms'")
