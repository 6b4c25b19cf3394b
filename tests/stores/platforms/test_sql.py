"""Plain SQL does what the ORM does: the same values in and out, on both databases."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, models
from django.utils import timezone

from stores.models import Connection, InboundEvent
from stores.platforms import sql
from tests.meituan import selling
from tests.trip.factories import TicketConnectionFactory
from trip.models import Offer, Order, Product, Voucher

pytestmark = pytest.mark.django_db


def fields(row: models.Model | None) -> dict[str, Any]:
    assert row is not None
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


@pytest.mark.parametrize("model", [Connection, InboundEvent, Offer, Order, Product, Voucher])
def test_a_row_is_read_as_the_orm_reads_it(model: type[models.Model]) -> None:
    meituan, product = selling(
        by_calendar=True, credential_types=[0, 1], offer__date=timezone.localdate()
    )
    meituan.bought(product, 2)
    wanted = model._default_manager.order_by("pk")[0]
    found = sql.row(model, "id = %s", [wanted.pk], lock=True)
    assert fields(found) == fields(wanted)
    assert [type(value) for value in fields(found).values()] == [
        type(value) for value in fields(wanted).values()
    ]
    assert found == wanted


def test_no_row_is_none_and_several_come_in_their_order() -> None:
    meituan, product = selling()
    order = meituan.bought(product, 3)
    assert sql.row(Voucher, "id = %s", [0]) is None
    with pytest.raises(Voucher.DoesNotExist):
        sql.get(Voucher, 0)
    codes = [
        voucher.code for voucher in sql.rows(Voucher, "order_id = %s ORDER BY id DESC", [order.pk])
    ]
    assert codes == list(Voucher.objects.order_by("-id").values_list("code", flat=True))


def test_a_further_column_becomes_an_attribute() -> None:
    _, product = selling()
    found = sql.row(
        Product, "id = %s", [product.pk], more="(SELECT count(*) FROM stores_store) AS shops"
    )
    assert getattr(found, "shops", None) == 1


def test_what_is_inserted_is_read_back_by_the_orm() -> None:
    connection = TicketConnectionFactory()
    event = InboundEvent(
        platform="trip",
        connection=connection,
        kind="k",
        dedup_key="1",
        body={"价": [1, "二"]},
        answer="好",
        subject_id=2**40,
    )
    sql.insert(event)
    stored = InboundEvent.objects.get()
    assert (stored.pk, stored.body, stored.answer, stored.subject_id) == (
        event.pk,
        {"价": [1, "二"]},
        "好",
        2**40,
    )
    assert abs(stored.received_at - timezone.now()) < timedelta(minutes=1)


def test_a_second_row_of_one_key_is_refused_or_left_out() -> None:
    connection = TicketConnectionFactory()

    def event() -> InboundEvent:
        return InboundEvent(platform="trip", connection=connection, kind="k", dedup_key="1")

    sql.insert(event())
    left_out = event()
    sql.insert(left_out, unless_there=True)
    assert not left_out.pk
    assert InboundEvent.objects.count() == 1
    with pytest.raises(IntegrityError):
        sql.insert(event())


def test_only_the_named_fields_are_saved() -> None:
    meituan, product = selling()
    order = meituan.bought(product)
    order.paid_at, order.unit_price, order.failure = timezone.now(), Decimal("1.50"), "not this"
    sql.save(order, ["paid_at", "unit_price"])
    stored = Order.objects.get()
    assert (stored.paid_at, stored.unit_price, stored.failure) == (
        order.paid_at,
        Decimal("1.50"),
        "",
    )


def test_an_update_says_how_many_rows_it_changed() -> None:
    _, product = selling()
    assert sql.update(Offer, "held = held + %s", "product_id = %s", [3, product.pk]) == 1
    assert sql.update(Offer, "held = 0", "id = %s", [0]) == 0
    assert Offer.objects.get().held == 3
