"""Rows that the tests of a module share: made once, and rolled back when they are over."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction
from pytest_django import DjangoDbBlocker


@contextmanager
def rolled_back(blocker: DjangoDbBlocker) -> Iterator[None]:
    """Opens the database and takes back what was written. May stand within itself."""
    with blocker.unblock(), transaction.atomic():
        yield
        transaction.set_rollback(True)
