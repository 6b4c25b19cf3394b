"""A database with readable ledgers is encrypted by its migration, and readable again when it is
undone.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection as database
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone
from pytest_django import DjangoDbBlocker

from stores.models import InboundEvent, OutboundAttempt, OutboundCall
from tests import flush

# In one process, which goes the long way back to the old tables and forth again once.
# The way forth is long on a busy machine, and half of it would break the tests that follow.
pytestmark = [pytest.mark.xdist_group("content migration"), pytest.mark.timeout(600)]
BEFORE = [("stores", "0003_one_after_the_other")]
SCHEMA = [("stores", "0004_content_at_rest")]
AFTER = [("stores", "0005_content_encrypted")]
FILLED = ("OutboundAttempt", "OutboundCall", "InboundEvent", "Connection", "Pace", "Merchant")


def migrate(to: list[tuple[str, str]]) -> Any:
    executor = MigrationExecutor(database)
    executor.migrate(to)
    return MigrationExecutor(database).loader.project_state(to).apps


@pytest.fixture(scope="module")
def _old_tables(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """The last test's rows are there when all later migrations run."""
    with django_db_blocker.unblock():
        migrate(BEFORE)
        yield
        call_command("migrate", verbosity=0)
        flush.empty()


@pytest.fixture
def old(_old_tables: None) -> Any:
    """The tables as they were, empty."""
    apps = migrate(BEFORE)
    for name in FILLED:
        apps.get_model("stores", name).objects.all().delete()
    return apps


def fill(apps: Any, rows: int) -> None:
    model = {name: apps.get_model("stores", name) for name in ("Merchant", "Pace", "Connection")}
    merchant = model["Merchant"].objects.create(name="商家")
    pace = model["Pace"].objects.create(platform="trip", account="1")
    connection = model["Connection"].objects.create(
        merchant=merchant, platform="trip", account="1", pace=pace
    )
    events = [
        apps.get_model("stores", "InboundEvent")(
            platform="trip",
            connection=connection,
            kind="order.create",
            dedup_key=str(number),
            body={"orderId": number, "name": "王"} if number % 2 else {},
            answer=f'{{"code":200,"n":{number}}}' if number % 3 else "",
            earlier=[{"at": "x", "body": {}, "answer": "a"}] if number % 5 == 0 else [],
            error="Traceback 王" if number == 7 else "",
        )
        for number in range(rows)
    ]
    apps.get_model("stores", "InboundEvent").objects.bulk_create(events)
    call = apps.get_model("stores", "OutboundCall").objects.create(
        platform="trip", operation="x", key="1", connection=connection, pace=pace, subject_id=1,
        expires_at=timezone.now(), payload={"status": 1},
    )  # fmt: skip
    apps.get_model("stores", "OutboundAttempt").objects.create(call=call, sent="王", detail="")


def readable() -> list[tuple[Any, ...]]:
    names = ("dedup_key", "body", "answer", "earlier", "error")
    return list(InboundEvent.objects.order_by("id").values_list(*names))


def raw() -> str:
    with database.cursor() as cursor:
        cursor.execute("SELECT body, answer, earlier, error FROM stores_inboundevent ORDER BY id")
        return repr(cursor.fetchall())


def test_every_row_is_encrypted_and_reads_as_before(old: Any) -> None:
    fill(old, 1203)
    before = list(
        old.get_model("stores", "InboundEvent")
        .objects.order_by("id")
        .values_list("dedup_key", "body", "answer", "earlier", "error")
    )
    migrate(AFTER)
    assert readable() == before
    assert ("王" in raw(), "code" in raw(), "gAAAA" in raw()) == (False, False, True)
    payloads: list[Any] = list(OutboundCall.objects.values_list("payload", flat=True))
    assert payloads == [{"status": 1}]
    assert (OutboundAttempt.objects.get().sent, OutboundAttempt.objects.get().detail) == ("王", "")


def test_the_migration_can_be_undone(old: Any) -> None:
    fill(old, 12)
    migrate(AFTER)
    before = readable()
    apps = migrate(BEFORE)
    again = apps.get_model("stores", "InboundEvent").objects.order_by("id")
    assert list(again.values_list("dedup_key", "body", "answer", "earlier", "error")) == before
    assert "gAAAA" not in raw()


def test_a_migration_that_was_cut_off_goes_on(old: Any) -> None:
    fill(old, 12)
    migrate(AFTER)
    before = readable()
    # As after a crash between two batches: the schema is new, some rows are readable still.
    with database.cursor() as cursor:
        cursor.execute(
            'UPDATE stores_inboundevent SET body = \'{"orderId": 3, "name": "王"}\', earlier = '
            "'[]' WHERE dedup_key = '3'"
        )
        cursor.execute("DELETE FROM django_migrations WHERE name = '0005_content_encrypted'")
    migrate(AFTER)
    assert readable() == before
