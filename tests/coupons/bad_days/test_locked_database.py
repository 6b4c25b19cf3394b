"""A database that is locked or gone: an answer in hand is written in the end."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connection as database
from django.db import connections
from django.test import Client

from coupons.models import Verification
from stores.models import OutboundCall
from stores.platforms import outbox
from tests import locking
from tests.coupons.bad_days.passing import (
    Status,
)
from tests.coupons.factories import Shop
from tests.coupons.flows import arrived, ask_for, call_of, coupon
from tests.locking import give_up_early
from tests.processes import wait_until
from tests.stores.factories import api_key

# The database is locked


@contextmanager
def locked_database(table: str) -> Iterator[None]:
    """Holds the lock that writing to `table` needs; this connection gives up early until it
    reconnects.
    """
    give_up_early()
    try:
        with locking.locked_database(table):
            yield
    finally:
        database.close()


def test_an_answer_that_meets_a_locked_database_is_written_afterwards(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    code = shop.code()
    row = ask_for(shop, code)
    assert outbox.attempt_now(OutboundCall.objects.get(), patience=1.0)
    shop.sandbox.faults.add(operation="verify", kind="slow_after", seconds=0.4, times=1)
    lock, locked = locked_database("stores_outboundcall"), threading.Event()

    def hold() -> None:
        wait_until(lambda: arrived(shop, "verify"))
        with lock:
            locked.set()
            wait_until(lambda: "the database is busy" in caplog.text)

    give_up_early()
    holder = threading.Thread(target=hold)
    holder.start()
    assert outbox.attempt_now(call_of(row), patience=1.0)
    holder.join()
    row.refresh_from_db()
    assert locked.is_set()
    assert (row.status, row.inferred, call_of(row).attempts_made) == (Status.VERIFIED, False, 1)
    assert coupon(shop, code)["verifies"] == 1


def test_a_database_that_stays_locked_is_answered_with_try_again(
    shop: Shop, client: Client
) -> None:
    _, secret = api_key(shop.merchant)

    def post() -> tuple[int, str]:
        answer = client.post(
            f"/api/v1/stores/{shop.store.pk}/verifications/",
            {"code": code},
            content_type="application/json",
            headers={"Authorization": f"Bearer {secret}", "Idempotency-Key": "order-1"},
        )
        return answer.status_code, answer.headers.get("Retry-After", "")

    code = shop.code()
    with locked_database("coupons_verification"):
        assert post() == (503, "2")
    assert not Verification.objects.exists()
    assert arrived(shop) == []
    assert post()[0] == 201


@pytest.mark.skipif(
    database.vendor != "postgresql", reason="SQLite has no server that could go away"
)
def test_a_database_connection_that_dies_with_the_answer_in_hand_loses_nothing(shop: Shop) -> None:
    row = ask_for(shop, shop.code())
    assert outbox.attempt_now(OutboundCall.objects.get(), patience=1.0)
    shop.sandbox.faults.add(operation="verify", kind="slow_after", seconds=0.4, times=1)
    with database.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        [pid] = cursor.fetchone()

    def terminate() -> None:
        wait_until(lambda: arrived(shop, "verify"))
        with database.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s)", [pid])
        connections.close_all()

    other = threading.Thread(target=terminate)
    other.start()
    assert outbox.attempt_now(call_of(row), patience=1.0)
    other.join()
    row.refresh_from_db()
    assert (row.status, row.inferred) == (Status.VERIFIED, False)
