"""Notices of one order arrive one after the other, each with the quantities of its own moment."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections

from stores.models import OutboundAttempt, OutboundCall
from stores.platforms import outbox
from stores.platforms.outbox.claims import claim
from tests.canned import Canned, answer
from tests.killing import pass_time
from tests.meituan import Meituan, selling
from tests.trip.suppliers import Supplier, success
from trip import services
from trip.choices import Issuing, Method
from trip.models import Order

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("quick")]
State = OutboundCall.State
TAKEN = answer('{"code":200,"describe":"success"}')
PROCESSING = answer('{"code":300,"describe":"美团内部处理中"}')


def selling_to(url: str, **fields: Any) -> Any:
    meituan, product = selling(**fields)
    meituan.connection.base_url = url
    meituan.connection.save()
    return meituan, product


def use(order: Order, *codes: str) -> None:
    services.order_consume(order_pk=order.pk, codes=codes, actor=None, method=Method.COUNTER)


def issued_and_used(meituan: Meituan, product: Any) -> Order:
    """Returns an order with two notices: issued, then used."""
    order = meituan.bought(product)
    code = f"UP-{order.pk}"
    services.order_issue(order_pk=order.pk, codes=[code], actor=None, method=Method.API)
    use(order, code)
    return order


def paths(canned: Canned) -> list[str]:
    return [request.split(b" ")[1].decode().split("/")[-2] for request in canned.requests]


def test_a_use_is_not_told_before_the_issue_has_arrived() -> None:
    with Canned(PROCESSING, TAKEN, TAKEN) as canned:
        meituan, product = selling_to(canned.url, issuing=Issuing.UPSTREAM)
        issued_and_used(meituan, product)
        outbox.work(seconds=0.3)
        assert paths(canned) == ["pay"]
        pass_time(timedelta(seconds=2))
        outbox.work(seconds=1)
    assert paths(canned) == ["pay", "pay", "consume"]
    assert list(OutboundCall.objects.order_by("pk").values_list("attempts_made", flat=True)) == [
        2,
        1,
    ]


def test_another_order_does_not_wait() -> None:
    with Canned(PROCESSING, *[TAKEN] * 3) as canned:
        meituan, product = selling_to(canned.url, issuing=Issuing.UPSTREAM)
        issued_and_used(meituan, product)
        issued_and_used(meituan, product)
        outbox.work(seconds=0.5)
    assert paths(canned) == ["pay", "pay", "consume"]


def test_five_notices_go_in_one_breath_once_meituan_listens(supplier: Supplier) -> None:
    supplier.answers["notice"] = lambda asked: success(code=300)
    meituan, product = selling_to(f"{supplier.url}/rhone/mtp/api")
    order = meituan.bought(product, 5)
    codes = list(order.vouchers.order_by("pk").values_list("code", flat=True))
    for code in codes:
        use(order, code)
    outbox.work(seconds=0.3)
    assert len(supplier.bodies("notice")) == 1
    del supplier.answers["notice"]
    pass_time(timedelta(seconds=2))
    outbox.work(seconds=2)
    assert set(OutboundCall.objects.values_list("state", flat=True)) == {State.DONE}
    bodies = supplier.bodies("notice")[1:]
    told = [
        (body["usedQuantity"], [row["voucher"] for row in body["voucherList"]]) for body in bodies
    ]
    assert told == [(count, [code]) for count, code in enumerate(codes, start=1)]


@pytest.mark.parametrize("state", [State.DEAD, State.REFUSED, State.DONE])
def test_what_will_not_be_told_any_more_holds_nothing_up(state: str) -> None:
    with Canned(TAKEN) as canned:
        meituan, product = selling_to(canned.url, issuing=Issuing.UPSTREAM)
        issued_and_used(meituan, product)
        OutboundCall.objects.filter(operation="ticket.issued").update(state=state)
        outbox.work(seconds=0.5)
    assert paths(canned) == ["consume"]


@pytest.mark.parametrize("state", [State.PENDING, State.SENDING, State.UNKNOWN])
def test_nobody_claims_a_notice_while_an_earlier_one_is_on_its_way(state: str) -> None:
    meituan, product = selling_to("", issuing=Issuing.UPSTREAM)
    issued_and_used(meituan, product)
    first, second = OutboundCall.objects.order_by("pk")
    OutboundCall.objects.filter(pk=first.pk).update(state=state)
    assert claim(second.pk) is None
    second.refresh_from_db()
    assert (second.attempts_made, second.state) == (0, State.PENDING)


def test_several_workers_keep_the_order(supplier: Supplier) -> None:
    from concurrent.futures import ThreadPoolExecutor

    meituan, product = selling_to(f"{supplier.url}/rhone/mtp/api")
    order = meituan.bought(product, 8)
    for code in order.vouchers.order_by("pk").values_list("code", flat=True):
        use(order, code)

    def worker() -> None:
        outbox.work(seconds=2)
        connections.close_all()

    with ThreadPoolExecutor(4) as workers:
        for ended in [workers.submit(worker) for _ in range(4)]:
            ended.result()
    assert [body["usedQuantity"] for body in supplier.bodies("notice")] == list(range(1, 9))


def test_a_notice_says_the_same_on_every_try(supplier: Supplier) -> None:
    supplier.answers["notice"] = lambda asked: success(code=300)
    meituan, product = selling_to(f"{supplier.url}/rhone/mtp/api")
    order = meituan.bought(product, 4)
    codes = list(order.vouchers.order_by("pk").values_list("code", flat=True))
    meituan.refund(order, 1, codes[:1])
    use(order, codes[1])
    outbox.work(seconds=0.3)
    meituan.refund(order, 1, codes[2:3])
    use(order, codes[3])
    pass_time(timedelta(seconds=2))
    outbox.work(seconds=0.3)
    told = [(body["usedQuantity"], body["refundedQuantity"]) for body in supplier.bodies("notice")]
    assert told == [(1, 1), (1, 1)]
    first = OutboundAttempt.objects.order_by("pk").values_list("sent", flat=True)
    assert len({json.dumps(json.loads(sent)) for sent in first}) == 1
