"""How a database would answer a query."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper


@contextmanager
def without_reading_whole_tables() -> Iterator[CursorWrapper]:
    """Plans inside use indexes: PostgreSQL would rather read a table of no size whole."""
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")
        yield cursor
