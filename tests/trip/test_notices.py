"""Notices reach Meituan over real sockets, whatever its side does, and tell what a query tells."""

import json
import threading
from collections.abc import Callable
from dataclasses import asdict
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections
from pytest_django.fixtures import Settings

from stores.models import Connection, OutboundAttempt, OutboundCall
from stores.platforms import outbox
from stores.roles import Role
from stores.sandbox import SandboxServer
from tests import children
from tests.canned import Canned, answer
from tests.killing import WORK, end_leases, pass_time
from tests.meituan import Meituan, selling
from tests.stores.factories import member
from tests.trip.drilling import drill_start
from trip import dashboard, services
from trip.choices import Issuing, Method, VoucherType
from trip.client import NoticeClient
from trip.models import Order
from trip.sandbox import MeituanTripSandbox
from trip.services.creating import DRILL_NUMBERS
from trip.services.notices import DRILL_ONLY, ConsumeNotice, PayNotice, RefundNotice

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("quick")]
State = OutboundCall.State
TAKEN = answer('{"code":200,"describe":"success"}')


def meituan_at(url: str, **fields: Any) -> Any:
    """Returns a partner whose notices go to `url`, and its product."""
    meituan, product = selling(**fields)
    meituan.connection.base_url = url
    meituan.connection.save()
    return meituan, product


def meituan_of(server: SandboxServer, **fields: Any) -> Any:
    """Returns a partner whose notices go to the sandbox, and registers it there."""
    meituan, product = meituan_at(f"{server.url}/trip/rhone/mtp/api", **fields)
    credentials = meituan.connection.credentials
    partner = {"partner_id": meituan.connection.account, **credentials, "endpoints": {}}
    server.platform("trip").control("partners", partner)
    return meituan, product


def known(server: SandboxServer, order: Order) -> None:
    """Registers an order at Meituan that was placed without the sandbox."""
    body = {
        "partner_id": order.connection.account,
        "partner_deal_id": order.product.deal_id,
        "order_id": order.order_id,
        "quantity": order.quantity,
        "unit_price": float(order.unit_price),
        "buy_price": float(order.buy_price),
        "visitors": [],
        "send": False,
    }
    server.platform("trip").control("orders", body)


def notices_received(server: SandboxServer) -> list[dict[str, Any]]:
    """Returns the notices that Meituan has applied, in their order and form of arrival."""
    trip = server.platform("trip")
    assert isinstance(trip, MeituanTripSandbox)
    return [asdict(notice) for notice in trip.book.notices if notice.applied]


def worked_off(holds: Callable[[], object] = lambda: False) -> None:
    """Works, and moves the time forward, until everything is settled or `holds`."""
    for _ in range(30):
        outbox.work(seconds=0.5)
        if holds() or not OutboundCall.objects.filter(state__in=OutboundCall.LIVE).exists():
            return
        pass_time(timedelta(minutes=31))
    raise AssertionError(list(OutboundCall.objects.values_list("operation", "state", "last_error")))


def states() -> list[str]:
    return list(OutboundCall.objects.order_by("pk").values_list("state", flat=True))


def issue(order: Order, *codes: str) -> None:
    services.order_issue(order_pk=order.pk, codes=codes, actor=None, method=Method.API)


def use(order: Order, quantity: int) -> None:
    services.order_consume(order_pk=order.pk, quantity=quantity, actor=None, method=Method.COUNTER)


def test_after_the_pay_notice_a_query_says_4_with_the_same_vouchers(server: SandboxServer) -> None:
    meituan, product = meituan_of(server, issuing=Issuing.UPSTREAM)
    order = meituan.bought(product, 2)
    issue(order, "UP-1", "UP-2")
    worked_off()
    [notice] = notices_received(server)
    assert (notice["kind"], notice["message"]["issueType"], notice["message"]["describe"]) == (
        "pay_notice",
        1,
        "success",
    )
    body = meituan.query(order.order_id)["body"]
    assert body["orderStatus"] == 4
    assert (
        [item["voucher"] for item in body["voucherList"]]
        == ["UP-1", "UP-2"]
        == notice["message"]["body"]["vouchers"]
    )
    assert [item["voucherPics"] for item in body["voucherList"]] == notice["message"]["body"][
        "voucherPics"
    ]


def test_a_failed_issue_is_told_with_its_reason_and_no_vouchers(server: SandboxServer) -> None:
    meituan, product = meituan_of(server, issuing=Issuing.UPSTREAM)
    order = meituan.bought(product)
    services.order_fail(order_pk=order.pk, reason="景区限流", actor=None, method=Method.API)
    worked_off()
    [notice] = notices_received(server)
    ids = {"orderId": order.order_id, "partnerOrderId": order.partner_order_id}
    assert notice["message"] == {
        "partnerId": int(meituan.connection.account),
        "issueType": 2,
        "describe": "景区限流",
        "body": ids,
    }
    assert meituan.query(order.order_id)["body"]["orderStatus"] == 6


def test_what_is_issued_at_once_owes_no_notice(server: SandboxServer) -> None:
    meituan, product = meituan_of(server)
    meituan.bought(product)
    assert not OutboundCall.objects.exists()


def test_a_refusal_and_the_agreement_after_it_arrive_in_their_order(server: SandboxServer) -> None:
    meituan, product = meituan_of(server, refund_review=True)
    order = meituan.bought(product)
    meituan.refund(order, 1)
    refund = order.refunds.get()
    services.refund_decide(
        refund_pk=refund.pk, agree=False, reason="门票已制作", actor=None, method=Method.ADMIN
    )
    worked_off()
    services.refund_decide(
        refund_pk=refund.pk, agree=True, reason="", actor=None, method=Method.ADMIN
    )
    worked_off()
    verdicts = [
        (row["message"]["code"], row["message"]["describe"]) for row in notices_received(server)
    ]
    assert verdicts == [(606, "门票已制作"), (200, "退款成功")]
    bodies = [row["message"]["body"] for row in notices_received(server)]
    assert {(body["orderId"], body["refundId"]) for body in bodies} == {
        (order.order_id, refund.refund_id)
    }


def test_a_refusal_that_was_agreed_to_before_it_was_told_is_never_told(
    server: SandboxServer,
) -> None:
    meituan, product = meituan_of(server, refund_review=True)
    order = meituan.bought(product)
    meituan.refund(order, 1)
    decide = {"refund_pk": order.refunds.get().pk, "actor": None, "method": Method.ADMIN}
    services.refund_decide(agree=False, reason="门票已制作", **decide)
    services.refund_decide(agree=True, reason="", **decide)
    worked_off()
    assert [row["message"]["code"] for row in notices_received(server)] == [200]
    assert states() == [State.DONE] * 2


def test_consume_notices_count_up_and_name_the_tickets_of_each_use(server: SandboxServer) -> None:
    meituan, product = meituan_of(server)
    order = meituan.bought(product, 3)
    codes = list(order.vouchers.order_by("id").values_list("code", flat=True))
    for code in codes[:2]:
        services.order_consume(order_pk=order.pk, codes=[code], actor=None, method=Method.COUNTER)
        worked_off()
    meituan.refund(order, 1, codes[2:])
    bodies = [row["message"]["body"] for row in notices_received(server)]
    assert [
        (body["quantity"], body["usedQuantity"], body["refundedQuantity"]) for body in bodies
    ] == [
        (3, 1, 0),
        (3, 2, 0),
    ]
    listed = [
        [(row["voucher"], row["quantity"], row["status"]) for row in body["voucherList"]]
        for body in bodies
    ]
    assert listed == [[(codes[0], 1, 1)], [(codes[1], 1, 1)]]
    queried = meituan.query(order.order_id)["body"]
    assert (queried["usedQuantity"], queried["refundedQuantity"]) == (2, 1)


def test_a_part_of_a_shared_code_is_used_by_number(server: SandboxServer) -> None:
    meituan, product = meituan_of(server, voucher_type=VoucherType.PER_ORDER)
    order = meituan.bought(product, 5)
    use(order, 2)
    worked_off()
    [notice] = notices_received(server)
    code = order.vouchers.get().code
    assert [
        (row["voucher"], row["quantity"]) for row in notice["message"]["body"]["voucherList"]
    ] == [(code, 2)]


# The acceptance drill


def used_in_a_drill(meituan: Meituan, product: Any) -> OutboundCall:
    drill_start(connection=meituan.connection, base_url="http://127.0.0.1:9")
    order = meituan.bought(product, orderId=DRILL_NUMBERS[123])
    services.order_consume(order_pk=order.pk, quantity=1, actor=None, method=Method.DRILL)
    return OutboundCall.objects.get(operation=ConsumeNotice.name)


def test_a_notice_of_the_drill_reaches_a_meituan_that_is_played(server: SandboxServer) -> None:
    used_in_a_drill(*meituan_of(server))
    worked_off()
    assert (states(), len(notices_received(server))) == ([State.DONE], 1)


@pytest.mark.parametrize(
    "url", ["", "https://meituan.example", "http://192.0.2.1:8080/rhone/mtp/api"]
)
def test_a_notice_of_the_drill_never_goes_to_the_real_meituan(
    url: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.TRIP_NOTICE_BASE_URL = "https://connectivity-adapter.meituan.com/rhone/mtp/api"
    sent: list[str] = []
    monkeypatch.setattr(NoticeClient, "_notify", lambda self, path, message: sent.append(path))
    meituan, product = meituan_at(url)
    call = used_in_a_drill(meituan, product)
    use(meituan.bought(product), 1)
    worked_off()
    assert (states(), sent) == ([State.REFUSED, State.DONE], ["/order/consume/notice"])
    call.refresh_from_db()
    assert call.last_error == f"drill: {DRILL_ONLY}"


def test_a_notice_of_the_drill_is_not_sent_again(server: SandboxServer) -> None:
    call = used_in_a_drill(*meituan_of(server))
    OutboundCall.objects.update(state=State.DEAD)
    assert not outbox.retry_dead(call, ask_first=False)
    OutboundCall.objects.update(is_drill=False)
    assert outbox.retry_dead(call, ask_first=False)


def test_a_notice_that_is_sent_again_has_days_to_arrive(server: SandboxServer) -> None:
    meituan, product = meituan_of(server)
    use(meituan.bought(product), 1)
    call = OutboundCall.objects.get()
    first = call.expires_at - call.queued_at
    OutboundCall.objects.update(state=State.DEAD, expires_at=call.queued_at)
    assert outbox.retry_dead(call, ask_first=False)
    call.refresh_from_db()
    assert (first, call.expires_at - call.due_at) == (timedelta(days=3), timedelta(days=3))


# Bad days


def everything(server: SandboxServer, meituan: Meituan, product: Any) -> None:
    """Enqueues one notice of each kind about orders."""
    order = meituan.bought(product, 2)
    known(server, order)
    issue(order, f"A{order.pk}", f"B{order.pk}")
    use(order, 1)
    meituan.refund(order, 1)
    services.refund_decide(
        refund_pk=order.refunds.get().pk, agree=True, reason="", actor=None, method=Method.ADMIN
    )


KINDS = {"pay_notice", "consume_notice", "refund_notice"}
UPSTREAM = {"issuing": Issuing.UPSTREAM, "refund_review": True}


def test_an_hour_without_meituan_loses_nothing(server: SandboxServer) -> None:
    meituan, product = meituan_of(server, **UPSTREAM)
    server.stop()
    try:
        for _ in range(3):
            everything(server, meituan, product)
        for _ in range(20):
            outbox.work(seconds=0.3)
            pass_time(timedelta(minutes=3))
        assert set(states()) == {State.PENDING}
    finally:
        server.start()
    assert notices_received(server) == []
    worked_off()
    assert states() == [State.DONE] * 9
    assert sorted(row["kind"] for row in notices_received(server)) == sorted([*KINDS] * 3)


@pytest.mark.parametrize(
    "kind",
    [
        "drop_before",
        "drop_after",
        "status_500",
        "status_502",
        "status_503",
        "html",
        "half_body",
        "slow",
    ],
)
def test_whatever_meituans_side_does_every_notice_arrives(server: SandboxServer, kind: str) -> None:
    meituan, product = meituan_of(server, **UPSTREAM)
    server.faults.add(kind=kind, times=2, seconds=2.5 if kind == "slow" else 0.0)
    everything(server, meituan, product)
    worked_off()
    assert states() == [State.DONE] * 3
    assert {row["kind"] for row in notices_received(server)} == KINDS
    order = Order.objects.get()
    sent = (
        OutboundAttempt.objects.filter(call__operation="ticket.used", outcome="answered").get().sent
    )
    assert json.loads(sent)["body"]["orderId"] == order.order_id


def test_still_processing_is_asked_again_and_alarms_nobody(server: SandboxServer) -> None:
    meituan, product = meituan_of(server, issuing=Issuing.UPSTREAM)
    server.platform("trip").control("settings", {"processing_next": 4, "processing_applies": False})
    order = meituan.bought(product)
    issue(order, "UP-1")
    outbox.work(seconds=0.3)
    call = OutboundCall.objects.select_related("pace").get()
    assert (call.state, call.pace.failures) == (State.PENDING, 0)
    assert call.last_error.startswith("300")
    assert dashboard.alerts(member(product.store.merchant, Role.OWNER)) == []
    worked_off()
    assert states() == [State.DONE]
    assert len(notices_received(server)) == 1
    assert OutboundAttempt.objects.count() == 5


REDIRECT = answer("", 302, Location="http://127.0.0.1:1/elsewhere")
ODD = [
    REDIRECT,
    answer("<html>维护中</html>", kind="text/html"),
    answer("<html></html>", 404, kind="text/html"),
    answer('{"code":'),
    answer("[]"),
    answer('{"describe":"no code"}'),
    b"HTTP/1.1 200 OK\r\nContent-Length: 400\r\n\r\n{",
    b"not http at all",
    b"",
]


def test_odd_answers_are_no_answers(server: SandboxServer) -> None:
    with Canned(*ODD, TAKEN) as odd:
        meituan, product = meituan_at(odd.url, issuing=Issuing.UPSTREAM)
        issue(meituan.bought(product), "UP-1")
        worked_off()
        assert len(odd.requests) == len(ODD) + 1
        assert len({request.partition(b"\r\n\r\n")[2] for request in odd.requests}) == 1
    assert states() == [State.DONE]


def test_a_notice_is_taken_back_when_the_order_is_closed(server: SandboxServer) -> None:
    meituan, product = meituan_of(server, issuing=Issuing.UPSTREAM)
    order = meituan.bought(product)
    issue(order, "UP-1")
    meituan.close(order.order_id, 3)
    outbox.work(seconds=0.3)
    assert notices_received(server) == []
    assert states() == [State.DEAD]
    assert not outbox.retry_dead(OutboundCall.objects.get(), ask_first=False)


def test_a_notice_on_its_way_is_not_repeated_when_the_order_is_closed(
    server: SandboxServer,
) -> None:
    meituan, product = meituan_of(server, issuing=Issuing.UPSTREAM)
    order = meituan.bought(product)
    server.faults.add(kind="status_500")
    issue(order, "UP-1")

    def close() -> None:
        meituan.close(order.order_id, 3)
        connections.close_all()

    notice = OutboundCall.objects.get()
    OutboundCall.objects.filter(pk=notice.pk).update(state=State.SENDING)
    thread = threading.Thread(target=close)
    thread.start()
    thread.join()
    OutboundCall.objects.filter(pk=notice.pk).update(state=State.PENDING)
    worked_off()
    assert states() == [State.REFUSED]
    assert notices_received(server) == []


def test_notices_without_credentials_wait_for_them(server: SandboxServer) -> None:
    meituan, product = meituan_of(server, issuing=Issuing.UPSTREAM)
    issue(meituan.bought(product), "UP-1")
    credentials = meituan.connection.credentials
    Connection.objects.update(credentials={})
    outbox.work(seconds=0.3)
    assert states() == [State.PENDING]
    meituan.connection.credentials = credentials
    meituan.connection.save()
    worked_off()
    assert len(notices_received(server)) == 1


KILL = """
    from trip import services
    from stores.platforms.workers import queue
    queue.wake_worker = lambda *args: os.kill(os.getpid(), signal.SIGKILL)
    order_pk = int(os.environ["ORDER"])
    services.order_consume(order_pk=order_pk, quantity=1, actor=None, method="counter")
"""
KILL_SENDING = f"""
    from stores.platforms.outbox import delivering
    delivering._settle = lambda *args: os.kill(os.getpid(), signal.SIGKILL)
{WORK}"""


@pytest.mark.slow
def test_a_process_killed_between_committing_and_notifying_loses_nothing(
    server: SandboxServer,
) -> None:
    meituan, product = meituan_of(server)
    order = meituan.bought(product, 2)
    children.killed(KILL, ORDER=str(order.pk))
    assert meituan.query(order.order_id)["body"]["usedQuantity"] == 1
    assert notices_received(server) == []
    outbox.sweep()
    worked_off()
    [notice] = notices_received(server)
    assert notice["message"]["body"]["usedQuantity"] == 1


@pytest.mark.slow
def test_a_worker_killed_before_it_wrote_the_answer_down_tells_again(server: SandboxServer) -> None:
    meituan, product = meituan_of(server)
    order = meituan.bought(product, 2)
    use(order, 1)
    children.killed(KILL_SENDING)
    assert len(notices_received(server)) == 1
    end_leases()
    outbox.sweep()
    worked_off()
    assert [row["message"]["body"]["usedQuantity"] for row in notices_received(server)] == [1, 1]
    assert states() == [State.DONE]


def test_every_notice_may_be_sent_again() -> None:
    assert all(kind.repeatable for kind in (PayNotice, RefundNotice, ConsumeNotice))
