"""PostgreSQL behind a pool of transactions and directly (`python -m tests.pooler` runs this file
through pgbouncer).
"""

import threading

import pytest
from django.conf import settings
from django.db import DatabaseError, OperationalError, connection, connections, transaction

from config.env import LOCK_TIMEOUT
from stores.backoffice.spreadsheets import Column, FileName, as_csv, spreadsheet
from stores.models import Merchant, Store
from tests.stores.factories import MerchantFactory, StoreFactory

pytestmark = pytest.mark.skipif(
    connection.vendor != "postgresql", reason="SQLite waits by its own time limit"
)
is_pooled = settings.DATABASES["default"]["ENGINE"] == "config.pooled"
only_pooled = pytest.mark.skipif(not is_pooled, reason="sets its limit for each transaction")


def shown(name: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"SHOW {name}")
        [value] = cursor.fetchone()
    return str(value)


def test_every_transaction_waits_for_locks_no_longer_than_the_limit(transactional_db: None) -> None:
    for _time in range(3):
        with transaction.atomic():
            assert shown("lock_timeout") == LOCK_TIMEOUT
            with transaction.atomic():
                assert shown("lock_timeout") == LOCK_TIMEOUT


@only_pooled
def test_who_waits_longer_is_told_so_and_can_go_on(
    transactional_db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    merchant = MerchantFactory()
    other = connection.copy()
    monkeypatch.setattr(connection, "lock_timeout", "200ms")
    try:
        other.set_autocommit(False)
        with other.cursor() as cursor:
            cursor.execute("SELECT 1 FROM stores_merchant WHERE id = %s FOR UPDATE", [merchant.pk])
        with pytest.raises(OperationalError, match="lock timeout"), transaction.atomic():
            Merchant.objects.filter(pk=merchant.pk).update(name="new")
    finally:
        other.rollback()
        other.close()
    with transaction.atomic():
        assert Merchant.objects.filter(pk=merchant.pk).update(name="new") == 1


@only_pooled
def test_a_transaction_whose_limit_cannot_be_set_leaves_no_broken_connection(
    transactional_db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as wrong:
        connection.ensure_connection()
        wrong.setattr(connection, "lock_timeout", "nonsense")
        with pytest.raises(DatabaseError, match="lock_timeout"), transaction.atomic():
            Merchant.objects.count()
    assert connection.get_autocommit()
    assert Merchant.objects.count() == 0


def test_an_export_is_whole_while_others_use_the_connections(
    transactional_db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Eight connections of the pool, more people than those, and rows read in many pieces."""
    monkeypatch.setattr("stores.backoffice.spreadsheets.CHUNK", 5)
    merchant = MerchantFactory()
    for number in range(40):
        StoreFactory(merchant=merchant, name=f"Store {number}")
    stop = threading.Event()

    def others() -> None:
        while not stop.is_set():
            with transaction.atomic():
                Store.objects.count()
        connections.close_all()

    threads = [threading.Thread(target=others) for _ in range(10)]
    for thread in threads:
        thread.start()
    try:
        columns = [Column("Name", "name")]
        sheet = spreadsheet(
            FileName("stores", "stores"), "Stores", columns, Store.objects.order_by("pk")
        )
        lines = b"".join(as_csv(sheet)).decode().splitlines()
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert lines[1:] == [f"Store {number}" for number in range(40)]
