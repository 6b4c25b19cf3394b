"""The list of tickets used: who came when, what Meituan settles, and its files."""

import csv
import io
from typing import Any

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext

from stores.models import AuditEntry
from tests.meituan import Meituan
from trip import services
from trip.choices import Method
from trip.models import Consumption, Order, Product, Visitor

pytestmark = pytest.mark.django_db
LIST = "/admin/trip/consumption/"


def used(sold: tuple[Meituan, Product], quantity: int = 2) -> Order:
    order = sold[0].bought(sold[1], quantity)
    services.order_consume(
        order_pk=order.pk,
        quantity=quantity,
        request_key=f"k{order.pk:08d}",
        any_day=True,
        actor="闸机",
        method=Method.API,
    )
    return order


def head(client: Client, query: str = "") -> Any:
    answer = client.get(LIST + query)
    assert answer.context is not None
    return answer.context["cl"]


def test_a_row_says_what_was_used_by_whom_and_what_is_settled(
    owner_client: Client, sold: tuple[Meituan, Product]
) -> None:
    order = used(sold)
    Visitor.objects.create(
        order=order, product=sold[1], details={"name": "王小明", "mobile": "13800001234"}
    )
    text = owner_client.get(LIST).content.decode()
    settled = 2 * order.buy_price
    for fact in (f"{sold[1]}\u00a0×\u00a02", "王** 1234", "闸机", str(order.order_id)):
        assert fact in text
    assert f"1 row · ¥{settled:,.2f} (settled by Meituan)" in text
    assert "13800001234" not in text


def test_uses_of_drills_are_in_no_sum(owner_client: Client, sold: tuple[Meituan, Product]) -> None:
    used(sold)
    Order.objects.update(is_drill=True)
    assert head(owner_client).total == "0 rows"
    assert head(owner_client, "?drill=too").total.startswith("1 row · ")


def test_the_files_hold_the_same_rows_and_are_noted(
    owner_client: Client, sold: tuple[Meituan, Product]
) -> None:
    order = used(sold)
    answer = owner_client.get(f"{LIST}export.csv?at_day=today")
    header, line, sums = csv.reader(io.StringIO(answer.getvalue().decode()))
    assert (line[1], line[4], sums[4]) == (f'="{order.order_id}"', "2", "2")
    settled = str(order.buy_price * 2)
    assert (line[6], sums[6], len(line)) == (settled, settled, len(header))
    assert AuditEntry.objects.filter(verb="trip.uses.exported").count() == 1


def test_many_uses_take_as_many_queries_as_few(
    owner_client: Client, sold: tuple[Meituan, Product]
) -> None:
    order = used(sold)
    owner_client.get(LIST)
    with CaptureQueriesContext(database) as few:
        owner_client.get(LIST)
    for number in range(20):
        Consumption.objects.create(
            order=order, store=order.store, quantity=1, method="counter", by=f"{number}"
        )
    with CaptureQueriesContext(database) as many:
        assert len(head(owner_client).result_list) == 21
    assert len(many) == len(few)


def test_an_order_number_finds_its_uses(
    owner_client: Client, sold: tuple[Meituan, Product]
) -> None:
    order, _other = used(sold), used(sold)
    assert [row.order_id for row in head(owner_client, f"?q={order.order_id}").result_list] == [
        order.pk
    ]
    for text in ("x", "9" * 400, "-1", "%00"):
        assert owner_client.get(f"{LIST}?q={text}").status_code in (200, 302)
