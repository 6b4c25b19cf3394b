"""Inserts and saves that are compiled once write what the ORM's save writes."""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, models, transaction
from django.utils import timezone

from coupons.models import Verification
from stores.models import IdempotencyKey, InboundEvent, OutboundAttempt, OutboundCall
from stores.prepared import insert, insert_or_ignore, save_fields
from stores.transitions import move
from tests.coupons.factories import VerificationFactory
from tests.stores import statements
from tests.stores.factories import ConnectionFactory, StoreFactory
from tests.trip.factories import TicketProductFactory
from trip.models import Order, Voucher

pytestmark = pytest.mark.django_db


def event() -> InboundEvent:
    row = ConnectionFactory(platform="trip")
    known = {"platform": "trip", "connection": row, "kind": "k", "dedup_key": "1"}
    return InboundEvent(**known, answer="好", body={"价": [1]}, earlier=[{"at": "x"}])


def order() -> Order:
    product = TicketProductFactory()
    known = {"unit_price": Decimal("1.50"), "buy_price": 1, "total_price": Decimal("1.5")}
    return Order(
        connection=product.connection,
        store=product.store,
        product=product,
        order_id=1,
        quantity=1,
        offer=product.offers.get(),
        voucher_type=product.voucher_type,
        issuing=product.issuing,
        terms={"last_entry": "18:00", "steps": [[1, 2, "0.5"]]},
        pay_until=timezone.now() + timedelta(minutes=5),
        **known,
    )


def voucher() -> Voucher:
    of = order()
    of.save()
    return Voucher(connection=of.connection, order=of, code="A1", quantity=2)


def call() -> OutboundCall:
    known = statements.call()
    return OutboundCall(
        platform=known.platform,
        connection=known.connection,
        pace_id=known.pace_id,
        operation="x",
        key="2",
        subject_id=1,
        payload={"钱": 1.5},
        expires_at=timezone.now(),
    )


def verification() -> Verification:
    store = StoreFactory()
    return Verification(store=store, code_hash="h", code_tail="1234", code="1234", channel="api")


ROWS: dict[str, Callable[[], models.Model]] = {
    "event": event,
    "order": order,
    "voucher": voucher,
    "call": call,
    "attempt": lambda: OutboundAttempt(call=statements.call(), kind="send"),
    "key": lambda: IdempotencyKey(digest="d" * 64, fingerprint="f", kind="k", subject_id=1),
    "verification": verification,
}


def written(row: models.Model, write: Callable[[Any], object]) -> dict[str, Any]:
    """What the row's table holds after `write`, which is undone; without key and own moments."""
    auto = [f for f in row._meta.concrete_fields if getattr(f, "auto_now_add", False)]
    with transaction.atomic():
        write(row)
        (values,) = type(row)._default_manager.filter(pk=row.pk).values()
        assert not row._state.adding
        assert all(values[field.attname] == getattr(row, field.attname) for field in auto)
        transaction.set_rollback(True)
    keys = {row._meta.auto_field.attname} if row._meta.auto_field else set()
    return {
        name: value
        for name, value in values.items()
        if name not in keys | {field.attname for field in auto}
    }


def copied(row: models.Model) -> models.Model:
    fields = [field for field in row._meta.concrete_fields if field is not row._meta.auto_field]
    return type(row)(**{field.attname: getattr(row, field.attname) for field in fields})


@pytest.mark.parametrize("name", ROWS)
def test_an_insert_writes_what_save_writes(name: str) -> None:
    row = ROWS[name]()
    wanted = written(copied(row), lambda one: one.save(force_insert=True))
    for write in (insert, insert_or_ignore):
        assert written(copied(row), write) == wanted


def test_a_second_row_of_one_kind_is_refused_or_left_out() -> None:
    first = event()
    insert(first)
    second = copied(first)
    with pytest.raises(IntegrityError), transaction.atomic():
        insert(second)
    assert insert_or_ignore(second) is False
    assert second.pk is None
    assert InboundEvent.objects.get() == first


def test_after_a_refused_insert_the_transaction_takes_no_more_queries() -> None:
    first = event()
    insert(first)
    with transaction.atomic():
        with suppress(IntegrityError):
            insert(copied(first))
        with pytest.raises(transaction.TransactionManagementError):
            InboundEvent.objects.exists()


def test_saved_fields_are_those_that_save_writes_and_no_others() -> None:
    row = event()
    row.save()
    row.answer, row.body, row.error, row.handled_at = "坏", {}, "not saved", None
    save_fields(row, "answer", "body", "handled_at")
    stored = InboundEvent.objects.get()
    assert (stored.answer, stored.body, stored.error) == ("坏", {}, "")


def test_a_row_that_is_not_stored_cannot_be_saved() -> None:
    row = event()
    row.save()
    InboundEvent.objects.all().delete()
    row.pk = 1
    with pytest.raises(DatabaseError, match="InboundEvent 1"):
        save_fields(row, "answer")


def test_a_row_is_moved_with_a_related_row_and_without_one() -> None:
    first, second = VerificationFactory(status="queued"), VerificationFactory()
    move(first, Verification.Status.SENDING, duplicate_of=second)
    first.refresh_from_db()
    assert (first.status, first.duplicate_of) == (Verification.Status.SENDING, second)
    move(first, Verification.Status.REFUSED, duplicate_of=None, settled_at=timezone.now())
    first.refresh_from_db()
    assert first.duplicate_of is None
