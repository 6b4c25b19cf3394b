"""Two merchants for the tests of a file. The domain in new_domain is tested in a copy of the
repository (test_new_domain.py).
"""

from collections.abc import Iterator
from copy import deepcopy

import pytest
from pytest_django import DjangoDbBlocker

from tests.contract.two_merchants import World, world
from tests.rollback import rolled_back

collect_ignore = ["new_domain"]


@pytest.fixture(scope="module")
def _two_merchants(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[World]:
    """A row in every table takes longer than most tests that look at it."""
    with rolled_back(django_db_blocker):
        yield world()


@pytest.fixture
def made(_two_merchants: World, django_db_blocker: DjangoDbBlocker) -> Iterator[World]:
    """Two merchants with a row in every table. What the test changes is rolled back.

    The other tests of the file must neither use real transactions nor the mark django_db, which
    closes the connection.
    """
    with rolled_back(django_db_blocker):
        yield deepcopy(_two_merchants)
