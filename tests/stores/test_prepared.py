"""Prepared statements: which values they take, and what the database gives back."""

import threading
from datetime import UTC, date, timedelta
from datetime import datetime as Moment
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection as database
from django.db.models import F, Value
from django.db.transaction import TransactionManagementError
from django.utils import timezone

from coupons.models import GatewayStore, Verification
from stores.models import Connection, InboundEvent
from stores.prepared import Literal, Param, Prepared, PreparedUpdate, literals
from tests.coupons.factories import GatewayStoreFactory, VerificationFactory
from tests.stores.factories import ConnectionFactory
from tests.trip.factories import TicketProductFactory
from trip.models import Offer

PRICED = Prepared(lambda: Offer.objects.filter(sale_price=Param("price")).order_by("-date"))


def offers(*days: int) -> list[Offer]:
    product = TicketProductFactory(by_calendar=True, offer=False)
    known = {"product": product, "market_price": 2, "settlement_price": 1}
    return [
        Offer.objects.create(**known, date=date(2030, 1, day), sale_price=Decimal("1.50"))
        for day in days
    ]


def test_rows_come_in_the_order_of_the_queryset(db: None) -> None:
    first, second = offers(1, 2)
    assert PRICED.rows(price=Decimal("1.5")) == [second, first]
    assert PRICED.one(price=Decimal("1.5")) == second
    assert PRICED.one(price=Decimal("1.51")) is None
    assert PRICED.rows(price=Decimal("1.51")) == []


@pytest.mark.parametrize("values", [{}, {"cost": 1}, {"price": 1, "more": 1}])
def test_the_values_are_exactly_those_of_the_params(db: None, values: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match="price"):
        PRICED.rows(**values)
    update = PreparedUpdate(PRICED.build, held=F("held") + Param("price"))
    with pytest.raises(TypeError, match="price"):
        update.run(**values)


@pytest.mark.parametrize("value", [None, {}, [1], b"1", 1.5, Value(1), F("pk")])
def test_a_value_is_text_a_number_a_date_or_a_time(db: None, value: object) -> None:
    with pytest.raises(TypeError, match="price"):
        PRICED.one(price=value)


def test_moments_are_compared_with_their_zone(db: None) -> None:
    at = Moment(2026, 11, 28, 16, 30, tzinfo=UTC)
    store = GatewayStoreFactory(synced_at=at)
    synced = Prepared(lambda: GatewayStore.objects.filter(synced_at__lte=Param("at")))
    local = at.astimezone(timezone.get_default_timezone())
    assert synced.one(at=local) == store
    assert synced.one(at=local - timedelta(microseconds=1)) is None
    found = synced.one(at=at)
    assert found
    assert found.synced_at == at


def test_a_true_or_false_is_compared_and_read(db: None) -> None:
    row = VerificationFactory(inferred=True)
    inferred = Prepared(lambda: Verification.objects.filter(inferred=Param("inferred")))
    found = inferred.one(inferred=True)
    assert found == row
    assert found.inferred is True
    assert inferred.one(inferred=False) is None


def test_what_is_encrypted_or_json_is_read_as_it_was_written(db: None) -> None:
    row = ConnectionFactory(credentials={"password": "密"}, token="t-1")
    InboundEvent.objects.create(
        platform="trip", connection=row, kind="k", dedup_key="1", body={"价": [1, None]}
    )
    events = Prepared(
        lambda: InboundEvent.objects.filter(kind=Param("kind")).select_related("connection")
    )
    found = events.one(kind="k")
    assert found
    assert found.body == {"价": [1, None]}
    assert (found.connection.credentials, found.connection.token) == ({"password": "密"}, "t-1")


def test_an_update_says_how_many_rows_it_changed(db: None) -> None:
    first, second = offers(1, 2)
    price = PreparedUpdate(
        lambda: Offer.objects.filter(product=Param("product")),
        sale_price=Param("price"),
        held=F("held") + Param("more"),
    )
    assert price.run(product=first.product_id, price=Decimal("2.75"), more=3) == 2
    assert price.run(product=0, price=Decimal("3.75"), more=3) == 0
    second.refresh_from_db()
    assert (second.sale_price, second.held) == (Decimal("2.75"), 3)


def test_rows_are_locked_inside_a_transaction_only(transactional_db: None) -> None:
    row = ConnectionFactory()
    locked = Prepared(lambda: Connection.objects.select_for_update().filter(pk=Param("pk")))
    if not database.features.has_select_for_update:
        assert locked.one(pk=row.pk) == row
        return
    for _ in range(2):
        with pytest.raises(TransactionManagementError):
            locked.one(pk=row.pk)


def test_threads_share_one_statement_and_no_connection(transactional_db: None) -> None:
    row = ConnectionFactory(credentials={"password": "密"})
    built = []

    def build() -> Any:
        built.append(threading.current_thread())
        return Connection.objects.filter(pk=Param("pk"))

    by_key = Prepared(build)
    found: list[Connection | None] = []

    def read() -> None:
        found.append(by_key.one(pk=row.pk))
        database.close()

    for _ in range(3):
        thread = threading.Thread(target=read)
        thread.start()
        thread.join()
    assert found == [row] * 3
    assert len(built) == 1
    assert by_key.one(pk=row.pk) == row


def test_a_literal_stands_in_the_statement(db: None) -> None:
    rows = Verification.objects.filter(status__in=literals("queued", "sending"))
    assert "IN ('queued', 'sending')" in str(rows.query)


@pytest.mark.parametrize("word", ["it's", "a%s", "A", "1", "a b", None])
def test_a_literal_is_a_word_in_lower_case(db: None, word: Any) -> None:
    with pytest.raises(ValueError, match="lower-case"):
        list(Verification.objects.filter(status=Literal(word)))


def test_only_models_and_tuples_are_prepared(db: None) -> None:
    names = Prepared(lambda: Connection.objects.values_list("name", flat=True))
    with pytest.raises(TypeError, match="values_list"):
        names.rows()
