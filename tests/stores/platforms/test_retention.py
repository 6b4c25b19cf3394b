"""Content of the ledgers: ciphertext at rest, removed after the merchant's days, rows kept."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection as database
from django.utils import timezone

from stores.models import Connection, InboundEvent, Merchant, OutboundAttempt, OutboundCall
from stores.platforms import outbox, retention
from stores.platforms.inbound import inbox
from stores.platforms.inbound.once import (
    AnswerGone,
    StoredAnswer,
    answer_once,
    keep_answer,
    preset_answer,
)
from tests.scripted import Scripted
from tests.stores.factories import ConnectionFactory

PHONE = "13800001234"
BODY = {"name": "王小明", "phone": PHONE, "list": [1, {"a": "b"}]}


def stored_text(table: str) -> str:
    """A whole table as the database holds it."""
    with database.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {table}")
        return repr(cursor.fetchall())


def notice(connection: Connection, key: str = "1", *, days_ago: float = 0, **fields: Any) -> Any:
    event = inbox.receive(connection=connection, kind="k", dedup_key=key, body=BODY)
    at = timezone.now() - timedelta(days=days_ago)
    values = {"state": "handled", "received_at": at, "handled_at": at} | fields
    InboundEvent.objects.filter(pk=event.pk).update(**values)
    return event


def question(connection: Connection, *, days_ago: float = 0) -> InboundEvent:
    answer_once(
        connection=connection, kind="q", key="1", body=BODY, handle=lambda: StoredAnswer("yes")
    )
    at = timezone.now() - timedelta(days=days_ago)
    InboundEvent.objects.update(received_at=at, handled_at=at)
    return InboundEvent.objects.get()


def call(connection: Connection, key: str = "1", *, days_ago: float = 0, **fields: Any) -> Any:
    row: OutboundCall = OutboundCall.objects.create(
        platform="umember", operation="x", key=key, connection=connection, pace=connection.pace,
        subject_id=1, expires_at=timezone.now(),
        **{"payload": BODY, "state": "done"}
        | {"settled_at": timezone.now() - timedelta(days=days_ago)}
        | fields,
    )  # fmt: skip
    OutboundAttempt.objects.create(call=row, sent=PHONE, detail=PHONE)
    return row


# At rest


def test_neither_bodies_nor_answers_nor_payloads_are_readable_in_the_database(
    connection: Connection,
) -> None:
    notice(connection, error=f"ValueError: {PHONE}")
    call(connection)
    answer_once(
        connection=connection,
        kind="q",
        key="1",
        body=BODY,
        handle=lambda: StoredAnswer(PHONE, final=False),
    )
    answer_once(
        connection=connection, kind="q", key="1", body={}, handle=lambda: StoredAnswer("yes")
    )
    for table in ("stores_inboundevent", "stores_outboundcall", "stores_outboundattempt"):
        text = stored_text(table)
        assert (PHONE in text, "王小明" in text, "gAAAA" in text) == (False, False, True)
    asked = InboundEvent.objects.get(kind="q")
    assert [(before["body"], before["answer"]) for before in asked.earlier] == [(BODY, PHONE)]
    assert (asked.body, asked.answer) == ({}, "yes")
    assert OutboundCall.objects.get().payload == BODY
    assert OutboundAttempt.objects.get().sent == PHONE


def test_what_is_empty_stays_empty(connection: Connection) -> None:
    inbox.receive(connection=connection, kind="k", dedup_key="1", body={})
    assert "gAAAA" not in stored_text("stores_inboundevent")
    event = InboundEvent.objects.get()
    assert (event.body, event.answer, event.earlier) == ({}, "", [])


def test_an_answer_settled_beforehand_is_compared_in_the_clear(connection: Connection) -> None:
    names: dict[str, Any] = {"connection": connection, "kind": "q", "key": "1"}
    assert preset_answer(**names, answer=StoredAnswer("closed"))
    assert preset_answer(**names, answer=StoredAnswer("closed"))
    assert not preset_answer(**names, answer=StoredAnswer("open"))
    keep_answer(**names, body=BODY, answer=StoredAnswer("again"))
    assert InboundEvent.objects.get().answer == "closed"


def test_one_event_that_no_key_opens_does_not_stop_the_others(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    inbox.handles("umember", "k")(lambda event: seen.append(event.body["phone"]))
    try:
        first = inbox.receive(connection=connection, kind="k", dedup_key="1", body=BODY)
        inbox.receive(connection=connection, kind="k", dedup_key="2", body=BODY)
        with database.cursor() as cursor:
            cursor.execute(
                "UPDATE stores_inboundevent SET body = 'gAAAAgarbage' WHERE id = %s", [first.pk]
            )
        assert inbox.sweep() == 1
    finally:
        inbox._handlers.pop(("umember", "k"))
    assert seen == [PHONE]
    states = InboundEvent.objects.order_by("id").values_list("state", flat=True)
    assert list(states) == ["failed", "handled"]


# Removal


def removed() -> list[bool]:
    events = InboundEvent.objects.order_by("id").values_list("emptied_at", flat=True)
    return [at is not None for at in events]


def test_bodies_are_removed_after_the_merchants_days_and_rows_are_kept(
    connection: Connection,
) -> None:
    Merchant.objects.update(personal_data_days=10)
    old, _ = notice(connection, "1", days_ago=11), notice(connection, "2", days_ago=9)
    assert retention.remove_old_content() == 1
    assert removed() == [True, False]
    old.refresh_from_db()
    assert (old.kind, old.dedup_key, old.body, old.state) == ("k", "1", {}, "handled")
    assert retention.remove_old_content() == 0


def test_each_merchant_has_days_of_its_own(connection: Connection) -> None:
    other = ConnectionFactory(merchant__personal_data_days=1)
    notice(connection, days_ago=2)
    notice(other, days_ago=2)
    retention.remove_old_content()
    assert removed() == [False, True]


def test_a_notice_told_again_after_its_content_was_removed_is_still_a_repetition(
    connection: Connection,
) -> None:
    notice(connection, days_ago=100)
    retention.remove_old_content()
    inbox.receive(connection=connection, kind="k", dedup_key="1", body=BODY)
    event = InboundEvent.objects.get()
    assert (event.repeats, event.body, event.state) == (1, {}, "handled")


def test_a_notice_that_cannot_be_handled_keeps_its_content_for_a_month(
    connection: Connection,
) -> None:
    Merchant.objects.update(personal_data_days=0)
    notice(connection, "1", days_ago=29, state="failed", handled_at=None)
    notice(connection, "2", days_ago=31, state="failed", handled_at=None)
    retention.remove_old_content()
    assert removed() == [False, True]
    ended = InboundEvent.objects.get(dedup_key="2")
    assert (ended.state, ended.error) == ("handled", retention.NEVER_HANDLED)
    assert not ended.may_be_replayed
    assert inbox.sweep() == 0 or InboundEvent.objects.get(dedup_key="2").attempts == 0


def test_an_answer_is_repeated_long_after_the_merchants_days(connection: Connection) -> None:
    Merchant.objects.update(personal_data_days=1)
    question(connection, days_ago=retention.ANSWER_DAYS - 1)
    assert retention.remove_old_content() == 0
    assert (
        answer_once(
            connection=connection, kind="q", key="1", body=BODY, handle=lambda: pytest.fail("again")
        )
        == "yes"
    )


def test_a_question_whose_answer_was_removed_is_not_judged_again(connection: Connection) -> None:
    question(connection, days_ago=retention.ANSWER_DAYS + 1)
    assert retention.remove_old_content() == 1
    for _ in range(2):
        with pytest.raises(AnswerGone):
            answer_once(
                connection=connection,
                kind="q",
                key="1",
                body=BODY,
                handle=lambda: pytest.fail("judged"),
            )
    assert InboundEvent.objects.get().answer == ""


def test_payloads_and_what_was_sent_are_removed_when_a_call_is_settled_for_long(
    connection: Connection,
) -> None:
    call(connection, "old", days_ago=91)
    call(connection, "new", days_ago=89)
    call(connection, "open", state="unknown", settled_at=None)
    assert retention.remove_old_content() == 1
    old = OutboundCall.objects.get(key="old")
    assert (old.payload, old.emptied_at is None) == ({}, False)
    assert old.attempts.get().sent == old.attempts.get().detail == ""
    assert {row.key for row in OutboundCall.objects.filter(emptied_at=None)} == {"new", "open"}


def test_what_was_sent_is_emptied_also_of_a_call_without_a_payload(connection: Connection) -> None:
    row = call(connection, days_ago=500, payload={})
    kept = call(connection, days_ago=5, payload={}, key="new")
    assert retention.remove_old_content() == 1
    assert row.attempts.get().sent == ""
    assert kept.attempts.get().sent == PHONE


def test_a_dead_call_without_its_content_cannot_be_sent_again(
    connection: Connection, script: object
) -> None:
    row = call(connection, days_ago=100, state="dead")
    OutboundCall.objects.update(operation=Scripted.name)
    row.refresh_from_db()
    retention.remove_old_content()
    assert outbox.retry_dead(row, ask_first=False) is False


def test_a_call_that_was_put_back_to_work_meanwhile_keeps_its_content(
    connection: Connection,
) -> None:
    row = call(connection, days_ago=100, state="dead")
    found = list(retention._old_calls(connection.pk, 90).values_list("pk", flat=True))
    OutboundCall.objects.update(state="pending", settled_at=None)
    assert (found, retention._empty_calls(found)) == ([row.pk], 0)
    assert OutboundCall.objects.get().payload == BODY
    assert row.attempts.get().sent == PHONE


def test_removal_goes_in_batches_and_ends_in_time(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)
    for number in range(5):
        notice(connection, str(number), days_ago=100)
    assert retention.remove_old_content(seconds=0) == 2
    assert retention.remove_old_content() == 3
    assert removed() == [True] * 5


def test_the_daily_task_removes_old_content(connection: Connection) -> None:
    from stores import tasks

    notice(connection, days_ago=100)
    tasks.prune()
    assert removed() == [True]


def test_json_at_rest_is_what_was_given(connection: Connection) -> None:
    body = {"text": "少辣 🌶", "big": 123456789012345678901234567890, "none": None, "f": 1.5}
    inbox.receive(connection=connection, kind="k", dedup_key="1", body=body)
    assert json.dumps(InboundEvent.objects.get().body) == json.dumps(body)


def test_days_beyond_the_calendar_stop_no_other_connection(
    db: None, caplog: pytest.LogCaptureFixture
) -> None:
    broken, fine = ConnectionFactory(), ConnectionFactory()
    for connection in (broken, fine):
        notice(connection, days_ago=91)
        call(connection, f"{connection.pk}", days_ago=91)
    Merchant.objects.filter(pk=broken.tenant.pk).update(personal_data_days=2**31 - 1)
    assert retention.remove_old_content() == 2
    assert f"content of connection {broken.pk} is not removed" in caplog.text
