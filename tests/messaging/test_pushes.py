"""What Meituan pushes: signed or not, in which form it is acknowledged, and what is done then."""

import json
from itertools import permutations
from typing import Any

import pytest
from django.utils import timezone

from messaging.choices import DeliveryState, Opening, OrderState, PushKind, RefundState
from messaging.models import Order, TakeawayStore
from messaging.urls import BY_KIND
from stores.models import Connection, InboundEvent, OutboundCall
from stores.platforms.inbound import inbox
from tests.messaging.pushing import Pusher, handle_all
from tests.messaging.samples import ORDER_ID
from tests.messaging.samples import order as sample

pytestmark = [pytest.mark.django_db, pytest.mark.urls("messaging.urls")]
NUMBER = str(ORDER_ID)
OK, SUCCESS = b'{"data":"OK"}', b'{"data":"success"}'


def order() -> Order:
    return Order.objects.get(order_id=NUMBER)


def owed(operation: str) -> int:
    return OutboundCall.objects.filter(operation=operation).count()


def test_every_kind_has_an_address() -> None:
    assert set(BY_KIND) == set(PushKind)


def test_a_new_order_is_stored_acknowledged_and_handled(pusher: Pusher) -> None:
    answer = pusher.order()
    assert (answer.status_code, answer.content) == (200, OK)
    made = order()
    assert made.store == pusher.binding.store
    assert made.state == OrderState.NEW
    assert (made.day_number, made.paid, made.received) == (12, 5900, 4870)
    assert [dish["name"] for dish in made.dishes] == ["宫保鸡丁", "酸梅汤"]
    assert made.customer["phones"][0] == "13800138000_4321"
    assert made.wanted_at is None
    assert made.expected_at
    event = InboundEvent.objects.get()
    assert event.connection == pusher.binding.connection
    assert event.subject_id == made.pk
    assert event.body["said"]["orderId"] == ORDER_ID
    assert "sign" not in event.body


@pytest.mark.parametrize("kind", PushKind)
def test_an_empty_push_checks_the_address(pusher: Pusher, kind: PushKind) -> None:
    answer = pusher.raw(kind.replace("_", "-"), b"")
    assert answer.status_code == 200
    assert answer.content == json.dumps(BY_KIND[kind].success, separators=(",", ":")).encode()
    assert not InboundEvent.objects.exists()


@pytest.mark.parametrize("kind", PushKind)
def test_a_signed_push_without_its_field_is_acknowledged(pusher: Pusher, kind: PushKind) -> None:
    assert pusher.push(kind.replace("_", "-")).status_code == 200
    assert not InboundEvent.objects.live().exists()


@pytest.mark.parametrize("kind", PushKind)
def test_what_is_not_signed_is_neither_stored_nor_acknowledged(
    pusher: Pusher, kind: PushKind
) -> None:
    address = kind.replace("_", "-")
    for answer in (
        pusher.form(address, key="anotherKey", order="{}"),
        pusher.raw(address, b"developerId=1&ePoiId=shop-001"),
        pusher.raw(address, b"sign=&developerId=1"),
        pusher.raw(address, b"\xff\xfe%"),
    ):
        assert answer.status_code in (400, 403)
        assert b'"data"' not in answer.content
        assert b'"code":0' not in answer.content
    assert not InboundEvent.objects.exists()


def test_strangers_are_slowed_down_and_meituan_is_not(pusher: Pusher) -> None:
    answers = [pusher.form("remind", key="wrong").status_code for _ in range(62)]
    assert answers[0] == 403
    assert answers[-1] == 429
    assert pusher.order().status_code == 200


def test_another_accounts_push_is_refused(pusher: Pusher) -> None:
    assert pusher.form("order-new", developerId="1", order="{}").status_code == 403


def test_the_address_of_a_store_takes_no_pushes(pusher: Pusher) -> None:
    child = pusher.binding.connection
    answer = pusher.client.post(
        f"/takeaway/{child.pk}/order-new",
        b"developerId=1&sign=x",
        content_type="application/x-www-form-urlencoded",
    )
    assert answer.status_code == 403


def test_an_unknown_store_is_acknowledged_and_kept(pusher: Pusher) -> None:
    said = json.dumps(sample())
    assert pusher.form("order-new", ePoiId="nobody", order=said).content == OK
    handle_all()
    event = InboundEvent.objects.get()
    assert event.connection == pusher.developer
    assert "nobody" in event.error
    assert event.may_be_replayed
    assert not Order.objects.exists()


def test_the_previous_key_counts_while_it_is_kept(pusher: Pusher) -> None:
    developer = pusher.developer
    developer.credentials = {"sign_key": "newKey", "previous_secret": "demoSignKey00001"}
    developer.save()
    assert pusher.order().status_code == 200


@pytest.mark.parametrize(
    "broken", ['{"orderId": 27060130000000001, "detail', '{"order_id":"27060130000000001"', "{"]
)
def test_an_order_in_broken_json_is_not_lost(pusher: Pusher, broken: str) -> None:
    assert pusher.push("order-new", broken).content == OK
    event = InboundEvent.objects.get()
    if broken == "{":
        assert event.state == InboundEvent.State.FAILED
        return
    assert order().state == OrderState.UNKNOWN
    assert owed("order.read") == 1


@pytest.mark.parametrize("number", ["9" * 20, "9" * 19, "٣٤٥", "0"])
def test_what_is_no_number_of_an_order_makes_none(pusher: Pusher, number: str) -> None:
    pusher.push("order-new", f'{{"orderId":"{number}","total":')
    assert not Order.objects.exists()


def test_a_time_of_another_year_is_not_when_it_was_ordered(pusher: Pusher) -> None:
    pusher.order(ctime=int(timezone.now().timestamp()) + 10**9)
    assert Order.objects.get().ordered_at < timezone.now()


def test_an_order_with_a_broken_part_is_shown_and_asked_for(pusher: Pusher) -> None:
    pusher.order(detail="[{")
    assert order().unreadable == ["detail"]
    assert order().state == OrderState.NEW
    assert owed("order.read") == 1


def test_an_incomplete_order_is_asked_for(pusher: Pusher) -> None:
    pusher.order(incmpCode=-1)
    assert owed("order.read") == 1


def test_percent_and_plus_signs_are_decoded_once(pusher: Pusher) -> None:
    pusher.order(caution="半糖 50%25 1+1 %E4%BD%A0 &amp; a=b")
    assert order().customer["remark"] == "半糖 50%25 1+1 %E4%BD%A0 &amp; a=b"


def test_a_cancelled_order_that_we_never_had_is_asked_for(pusher: Pusher) -> None:
    pusher.push("order-cancelled", {"orderId": ORDER_ID, "reasonCode": 1101, "reason": "不想要了"})
    assert (order().state, order().cancel_code) == (OrderState.CANCELLED, "1101")
    assert owed("order.read") == 1
    pusher.order()
    assert order().state == OrderState.CANCELLED
    assert order().dishes


def test_a_late_delivery_state_changes_nothing(pusher: Pusher) -> None:
    pusher.order()

    def told(status: int, time: int) -> None:
        said = {"orderId": ORDER_ID, "shippingStatus": status, "time": time}
        pusher.push(
            "shipping",
            said | {"dispatcherName": f"骑手{status}", "dispatcherMobile": "13900000000"},
        )

    told(20, 1616400300)
    told(10, 1616400200)
    assert order().delivery == DeliveryState.PICKED_UP
    assert order().customer["rider"] == "骑手20"
    told(100, 1616400400)
    told(0, 1616400500)
    assert order().delivery == DeliveryState.SENT


def test_an_urge_is_noted_with_the_time_of_the_last(pusher: Pusher) -> None:
    pusher.order()
    pusher.push("remind", {"orderId": ORDER_ID})
    first = order().urged_at
    pusher.push("remind", {"orderId": ORDER_ID})
    last = order().urged_at
    assert first is not None
    assert last is not None
    assert last > first


def test_a_settlement_has_the_order_read_again(pusher: Pusher) -> None:
    pusher.order()
    pusher.push("settlement", {"orderId": ORDER_ID, "settleAmount": 48.7})
    assert owed("order.read") == 1


def test_the_store_opens_and_rests(pusher: Pusher) -> None:
    for status, opening in ((121, Opening.OPEN), (120, Opening.RESTING), (121, Opening.OPEN)):
        pusher.push("poi-status", {"poiStatus": status})
        assert TakeawayStore.objects.get().opening == opening
    pusher.push("poi-status", {"poiStatus": 77})
    assert TakeawayStore.objects.get().opening == Opening.OPEN


@pytest.mark.parametrize("names_the_store", [True, False])
def test_when_hidden_numbers_end_the_open_orders_are_asked_for(
    pusher: Pusher, names_the_store: bool
) -> None:
    pusher.order()
    pusher.order(orderId=ORDER_ID + 1)
    Order.objects.filter(order_id=str(ORDER_ID + 1)).update(state=OrderState.FINISHED)
    pusher.push("privacy", **({} if names_the_store else {"ePoiId": ""}))
    asked = OutboundCall.objects.get(operation="order.read")
    assert asked.subject_id == order().pk


class TestRefunds:
    def told(self, pusher: Pusher, action: str, address: str = "refund", **more: Any) -> None:
        said = {"orderId": ORDER_ID, "notifyType": action, "reason": "少送了"} | more
        assert pusher.push(address, said).content == OK

    def states(self) -> list[str]:
        return [refund.state for refund in order().refunds.order_by("pk")]

    def test_applied_withdrawn_and_applied_again_is_two_refunds(self, pusher: Pusher) -> None:
        pusher.order()
        self.told(pusher, "apply")
        self.told(pusher, "cancelRefund")
        self.told(pusher, "apply")
        assert self.states() == [RefundState.WITHDRAWN, RefundState.OPEN]
        assert InboundEvent.objects.filter(kind=PushKind.REFUND).count() == 3

    @pytest.mark.parametrize("handled", list(permutations(range(3))))
    def test_in_whatever_order_workers_handle_them(
        self, pusher: Pusher, handled: tuple[int, ...]
    ) -> None:
        pusher.order()
        for action in ("apply", "cancelRefund", "apply"):
            said = json.dumps({"orderId": ORDER_ID, "notifyType": action})
            assert pusher.form("refund", orderRefund=said).content == OK
        events = list(InboundEvent.objects.filter(kind=PushKind.REFUND).order_by("pk"))
        for place in handled:
            assert inbox.handle(events[place].pk)
        by_time = order().refunds.order_by("applied_at", "pk")
        assert [row.state for row in by_time] == [RefundState.WITHDRAWN, RefundState.OPEN]

    def test_a_repetition_is_the_same_refund(self, pusher: Pusher) -> None:
        pusher.order()
        self.told(pusher, "apply")
        self.told(pusher, "apply")
        assert self.states() == [RefundState.OPEN]
        assert owed("refunds.read") == 1

    def test_an_appeal_opens_what_was_refused_and_has_no_deadline(self, pusher: Pusher) -> None:
        pusher.order()
        self.told(pusher, "apply")
        assert order().refunds.get().decide_until
        self.told(pusher, "reject")
        self.told(pusher, "apply", isAppeal=1)
        assert self.states() == [RefundState.OPEN]
        assert order().refunds.get().decide_until is None

    def test_a_part_has_an_amount_and_the_whole_none(self, pusher: Pusher) -> None:
        pusher.order()
        self.told(pusher, "part", "part-refund", money=12.5)
        self.told(pusher, "apply", money=59)
        assert [(row.is_part, row.money) for row in order().refunds.order_by("pk")] == [
            (True, 1250),
            (False, None),
        ]

    def test_an_action_that_nobody_knows_only_makes_us_ask(self, pusher: Pusher) -> None:
        pusher.order()
        self.told(pusher, "somethingNew")
        assert self.states() == []
        assert owed("refunds.read") == 1


class TestBinding:
    def bind(self, pusher: Pusher, **fields: str) -> Any:
        said = {"businessId": "2", "appAuthToken": "fresh-token", "poiId": "77", "poiName": "新名"}
        answer = pusher.form("bind", **(said | fields))
        handle_all()
        return answer

    def test_the_token_is_kept_and_stands_in_no_ledger(self, pusher: Pusher) -> None:
        TakeawayStore.objects.update(state=TakeawayStore.State.WAITING)
        assert self.bind(pusher).content == SUCCESS
        row = TakeawayStore.objects.get()
        assert (row.state, row.poi_id, row.poi_name) == (TakeawayStore.State.BOUND, "77", "新名")
        assert row.connection.token == "fresh-token"
        assert row.connection.state == Connection.State.WORKING
        assert "fresh-token" not in json.dumps(InboundEvent.objects.get().body)

    def test_another_token_replaces_it(self, pusher: Pusher) -> None:
        self.bind(pusher)
        self.bind(pusher, appAuthToken="newer-token")
        assert TakeawayStore.objects.get().connection.token == "newer-token"

    def test_unbinding_forgets_the_token(self, pusher: Pusher) -> None:
        assert pusher.form("unbind", timestamp="1616400000").content == SUCCESS
        handle_all()
        row = TakeawayStore.objects.get()
        assert (row.state, row.connection.token) == (TakeawayStore.State.UNBOUND, "")


@pytest.mark.parametrize("form", ["plain", "named", "named text"])
def test_an_order_in_an_envelope_is_taken_once_at_its_address(pusher: Pusher, form: str) -> None:
    said = sample(ePoiId=pusher.binding.connection.account)
    inner = {"plain": said, "named": {"order": said}, "named text": {"order": json.dumps(said)}}
    for _ in range(2):
        answer = pusher.form("order-new", msgType="1", msgId="7", message=json.dumps(inner[form]))
        assert answer.json() == {"code": 0, "message": "success"}
    handle_all()
    assert order().state == OrderState.NEW
    assert InboundEvent.objects.count() == 1


def test_an_order_names_its_store_where_the_push_does_not(pusher: Pusher) -> None:
    said = sample(ePoiId=pusher.binding.connection.account)
    pusher.form("order-new", ePoiId="", msgType="1", msgId="7", message=json.dumps(said))
    handle_all()
    assert order().store == pusher.binding.store


def test_refunds_in_envelopes_are_facts_of_their_own(pusher: Pusher) -> None:
    pusher.order()
    said = {action: {"orderId": ORDER_ID, "notifyType": action} for action in ("apply", "reject")}
    for number, action in enumerate(("apply", "apply", "reject")):
        pusher.form("refund", msgType="1", msgId=str(number), message=json.dumps(said[action]))
    handle_all()
    assert [row.state for row in order().refunds.all()] == [RefundState.REJECTED]
    assert InboundEvent.objects.filter(kind=PushKind.REFUND).count() == 3


def test_an_envelope_with_broken_json_has_the_order_asked_for(pusher: Pusher) -> None:
    text = json.dumps({"order": sample()})[:200]
    pusher.form("order-new", msgType="1", msgId="7", message=text)
    handle_all()
    assert owed("order.read") == 1


def test_an_envelope_of_a_kind_that_nobody_knows_is_kept_and_done(pusher: Pusher) -> None:
    answer = pusher.form("message", msgType="999", msgId="1", message="{}")
    assert answer.content == b'{"code":0,"message":"success"}'
    handle_all()
    event = InboundEvent.objects.get()
    assert event.kind == "message 999"
    assert event.state == InboundEvent.State.HANDLED
