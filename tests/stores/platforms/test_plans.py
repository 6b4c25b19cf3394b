"""What is asked all the time reads the open rows of a ledger, not the whole of it."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection as database
from django.test import Client
from django.utils import timezone

from stores.backoffice import dashboard
from stores.models import Connection, InboundEvent, OutboundCall
from stores.platforms import outbox
from stores.platforms.inbound import inbox
from stores.platforms.outbox import claims, working

LEDGERS = ("stores_outboundcall", "stores_inboundevent")
EXPLAIN = {"sqlite": "EXPLAIN QUERY PLAN ", "postgresql": "EXPLAIN "}
# How a plan says that it reads a ledger from one end to the other.
WHOLE = {
    "sqlite": re.compile(
        r"SCAN (U0|stores_outboundcall|stores_inboundevent)\b(?!.* (outbound_live|inbound_open))"
    ),
    "postgresql": re.compile(r"Seq Scan on (stores_outboundcall|stores_inboundevent)"),
}
ASKED: dict[str, Callable[[Connection], object]] = {
    "the next call of an account": lambda row: claims.first_in_line(row.pace_id),
    "accounts with due calls": lambda row: working._accounts_with_due_calls(),
    "what falls due soon": lambda row: working._near(),
    "what dead processes left": lambda row: outbox.sweep(),
    "events to be handled": lambda row: inbox.sweep(),
    "failed events of a merchant": lambda row: dashboard.alerts(User.objects.get()),
    "health": lambda row: Client().get("/readyz"),
}


def statements(ask: Callable[[], object]) -> list[tuple[str, Any]]:
    """What `ask` asks of the ledgers, with its parameters."""
    found = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if any(ledger in sql for ledger in LEDGERS):
            found.append((sql, params))
        return execute(sql, params, many, context)

    with database.execute_wrapper(note):
        ask()
    return found


def plan(sql: str, params: Any) -> list[str]:
    with database.cursor() as cursor:
        cursor.execute(EXPLAIN[database.vendor] + sql, params)
        return [str(row[-1]) for row in cursor.fetchall()]


def settle_many(row: Connection, count: int = 3000) -> None:
    """Ledgers as they are after some days: reading a small table whole would be best."""
    now = timezone.now()
    known = {"platform": row.platform, "connection": row}
    call = {
        "operation": "x",
        "subject_id": 0,
        "pace_id": row.pace_id,
        "state": "done",
        "settled_at": now,
        "expires_at": now,
    }
    OutboundCall.objects.bulk_create(
        OutboundCall(**known, **call, key=str(n)) for n in range(count)
    )
    event = {"kind": "x", "state": "handled"}
    InboundEvent.objects.bulk_create(
        InboundEvent(**known, **event, dedup_key=str(n)) for n in range(count)
    )
    if database.vendor == "postgresql":
        # As the database does by itself after a while.
        with database.cursor() as cursor:
            cursor.execute("ANALYZE stores_outboundcall, stores_inboundevent")


@pytest.mark.parametrize("asked", ASKED)
def test_what_is_asked_all_the_time_reads_only_open_rows(
    connection: Connection, asked: str
) -> None:
    User.objects.create(username="operator", is_superuser=True)
    settle_many(connection)
    steps = [
        step
        for sql, params in statements(lambda: ASKED[asked](connection))
        for step in plan(sql, params)
    ]
    assert any("outbound_live" in step or "inbound_open" in step for step in steps), steps
    assert [step for step in steps if WHOLE[database.vendor].search(step)] == []
