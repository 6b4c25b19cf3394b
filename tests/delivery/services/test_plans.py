"""What the start page, the board, figures and rules ask is found by indexes, in a long past too."""

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone
from pytest_django import DjangoDbBlocker

from delivery.dashboard.troubles import alerts
from delivery.models import Attempt, Delivery, StoreCourier
from delivery.pages import board_rows
from delivery.services.figures import figures
from delivery.services.learning import called_like_now
from stores.roles import Role
from tests.delivery.factories import DeliveryFactory, ReceiverCaseFactory, StoreCourierFactory
from tests.plans import without_reading_whole_tables
from tests.rollback import rolled_back
from tests.stores.factories import member

PAST = 3000
EXPLAIN = {"sqlite": "EXPLAIN QUERY PLAN ", "postgresql": "EXPLAIN "}


@pytest.fixture(scope="module")
def _owner(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[User]:
    with rolled_back(django_db_blocker):
        yield with_a_past()


@pytest.fixture
def owner(_owner: User, django_db_blocker: DjangoDbBlocker) -> Iterator[User]:
    """Of a store with a past of some years, which the database has looked at. What the test changes
    is rolled back.
    """
    with rolled_back(django_db_blocker):
        yield User.objects.get(pk=_owner.pk)


def with_a_past() -> User:
    courier: StoreCourier = StoreCourierFactory()
    store, now = courier.place.store, timezone.now()
    rows: list[Delivery] = DeliveryFactory.build_batch(
        PAST, store=store, state=Delivery.State.DELIVERED, receiver={}, notice={}, cargo={}
    )
    for number, row in enumerate(rows):
        row.created_at = row.ended_at = now - timedelta(hours=6 * number)
    Delivery.objects.bulk_create(rows)
    Attempt.objects.bulk_create(
        Attempt(
            delivery=row,
            courier=courier,
            shop_order_id=f"ZG{row.pk}",
            state=Attempt.State.DELIVERED,
            called_at=row.created_at,
            ended_at=row.created_at,
        )
        for row in rows
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return member(store.merchant, Role.OWNER, password=None)


def plans(ask: Callable[[], object], *words: str) -> list[str]:
    """The plans of those statements that hold these words."""
    found: list[tuple[str, Sequence[Any]]] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if all(word in sql for word in words):
            found.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        ask()
    assert found
    with connection.cursor() as cursor:
        said = []
        for sql, params in found:
            cursor.execute(EXPLAIN[connection.vendor] + sql, params)
            said.append("\n".join(str(row[-1]) for row in cursor.fetchall()))
    return said


def test_what_needs_a_person_is_found_by_the_indexes_of_both_kinds(owner: User) -> None:
    flagged = DeliveryFactory(store=Delivery.objects.all()[0].store, needs_person=True)
    told = ReceiverCaseFactory(delivery=Delivery.objects.all()[5]).delivery
    assert {flagged, told} == set(Delivery.objects.for_staff(owner).needing_person())
    for plan in plans(lambda: alerts(owner), "needs_person", "receivercase"):
        assert "delivery_needs_person" in plan
        assert "delivery_newest" not in plan
        assert "delivery_by_store" not in plan


def test_the_fees_of_today_are_looked_for_among_the_attempts_of_some_days(owner: User) -> None:
    (plan,) = plans(lambda: alerts(owner), "SUM(", "deduction")
    assert "delivery_attempt_by_time" in plan


def test_figures_of_a_week_read_the_attempts_of_that_week(owner: User) -> None:
    stores, now = [Delivery.objects.all()[0].store_id], timezone.now()
    (plan,) = plans(lambda: figures(stores, now - timedelta(days=7), now), "courier_code")
    assert "delivery_attempt_by_time" in plan


def test_troubles_are_found_by_their_index_among_any_number(owner: User) -> None:
    with without_reading_whole_tables():
        revived = Attempt.objects.revived().filter(delivery__store__in=[1]).explain()
        needing = Delivery.objects.filter(store__in=[1]).needing_person().explain()
        cases = board_rows._open_cases([1]).explain()
    assert "delivery_attempt_revived" in revived
    assert "delivery_needs_person" in needing
    if connection.vendor == "sqlite":
        # PostgreSQL takes any index of a table without cases.
        assert "delivery_one_open_case" in needing
        assert "delivery_one_open_case" in cases


def test_what_is_learned_from_is_found_by_its_hours_among_any_number(owner: User) -> None:
    courier = StoreCourier.objects.get()
    with without_reading_whole_tables():
        plan = called_like_now(courier.place, 5).explain()
    # Of one courier both indexes say as much.
    assert len(re.findall("delivery_attempt_by_(?:courier|time)", plan)) >= 13, plan
