"""The API of takeaway orders: what it shows, what it asks Meituan to do, and once only."""

from typing import Any

import pytest

from messaging.choices import OrderState, PaperState, Provider, ReceiptCopy
from messaging.models import Order, PrintJob, Refund, TakeawayStore
from stores.models import ApiKey, Merchant, OutboundCall
from tests.api import Api, api_of, problem
from tests.messaging.contract.rows import conversation_of
from tests.messaging.factories import PrinterFactory, RefundFactory, TakeawayStoreFactory
from tests.messaging.meituan import Meituan, deliver_all
from tests.messaging.pushing import Pusher
from tests.messaging.samples import ORDER_ID
from tests.pages import has_number
from tests.stores.factories import StoreFactory

pytestmark = pytest.mark.django_db
NUMBER = str(ORDER_ID)
ONE = f"takeaway/orders/{NUMBER}/"


@pytest.fixture
def api(merchant: Merchant) -> Api:
    return api_of(merchant)


@pytest.fixture
def order(pusher: Pusher) -> Order:
    pusher.order()
    return Order.objects.get()


def owed(operation: str = "order.accept") -> int:
    return OutboundCall.objects.filter(operation=operation).count()


def test_the_list_shows_numbers_as_text_and_amounts_in_yuan(api: Api, order: Order) -> None:
    (row,) = api.get("takeaway/orders/").json()["results"]
    assert row["order_id"] == NUMBER
    assert (row["state"], row["store"]) == ("new", order.store_id)
    assert (row["paid"], row["received"]) == ("59.00", "48.70")


def test_the_list_is_narrowed(api: Api, order: Order) -> None:
    def found(query: str) -> int:
        return len(api.get(f"takeaway/orders/?{query}").json()["results"])

    assert found("state=new&state=confirmed") == 1
    assert found("state=finished") == 0
    assert found(f"store={order.store_id}") == 1
    assert found("since=2021-03-22T00:00:00Z") == 1
    assert found("since=2026-01-01T00:00:00Z") == 0
    assert api.get("takeaway/orders/?state=unheard").status_code == 400


def test_one_order_has_everything_and_no_whole_numbers(merchant: Merchant, order: Order) -> None:
    answer = api_of(merchant, scopes=("takeaway",)).get(ONE)
    shown = answer.json()
    assert [dish["name"] for dish in shown["dishes"]] == ["宫保鸡丁", "酸梅汤"]
    assert shown["dishes"][0]["price"] == "23.80"
    assert shown["remark"].startswith("少辣")
    assert shown["deadlines"][0]["what"] == "accept"
    assert shown["calls"] == []
    text = answer.content.decode()
    assert not [number for number in ("13800138000", "13900139000") if number in text]
    assert not [extension for extension in ("4321", "1201") if has_number(text, extension)]


def test_an_order_says_how_far_its_receipts_are(api: Api, order: Order) -> None:
    printer, other = (PrinterFactory(store=order.store, name=name) for name in ("后厨", "前台"))
    jobs = PrintJob.objects
    jobs.create(order=order, printer=printer, copy=ReceiptCopy.KITCHEN, state=PaperState.CONFIRMED)
    jobs.create(order=order, printer=printer, copy=ReceiptCopy.CUSTOMER, printed_by=other)
    jobs.create(order=order, printer=printer, copy=ReceiptCopy.KITCHEN, number=2, is_reprint=True)
    assert [tuple(paper.values()) for paper in api.get(ONE).json()["papers"]] == [
        ("kitchen", "confirmed", printer.pk, False),
        ("customer", "queued", other.pk, False),
        ("kitchen", "queued", printer.pk, True),
    ]


def test_a_key_for_personal_data_sees_them(merchant: Merchant, order: Order) -> None:
    api = api_of(merchant, scopes=("takeaway", ApiKey.Scope.PERSONAL))
    shown = api.get(ONE).json()
    assert shown["customer"]["phones"][0] == "13800138000_4321"
    assert shown["customer"]["address"] == "花园路 8 号 3 栋 1201"


def test_a_strangers_order_is_not_there(api: Api) -> None:
    other: TakeawayStore = TakeawayStoreFactory(store=StoreFactory())
    Pusher(other).order()
    assert api.get(ONE).status_code == 404
    assert api.post(f"{ONE}accept/", {}).status_code == 404
    assert api.get("takeaway/orders/").json()["results"] == []


@pytest.mark.parametrize("number", ["0", "9" * 19, "9" * 40])
def test_numbers_that_are_none(api: Api, order: Order, number: str) -> None:
    assert api.get(f"takeaway/orders/{number}/").status_code == 404


def test_accepting_is_owed_once_per_key(api: Api, order: Order) -> None:
    key = {"Idempotency-Key": "till-1"}
    first = api.post(f"{ONE}accept/", {}, **key)
    assert first.status_code == 202
    assert first.json()["calls"] == [{"name": "order.accept", "state": "pending", "error": ""}]
    assert api.post(f"{ONE}accept/", {}, **key).status_code == 202
    assert api.post(f"{ONE}accept/", {}).status_code == 202
    assert owed() == 1


@pytest.mark.parametrize("key", ["", " ", "x" * 101, "a b", "钥匙", "tab\t", "\x7f", "\xa0"])
def test_a_key_is_visible_ascii_of_at_most_100(api: Api, order: Order, key: str) -> None:
    talk = conversation_of(order.store, order.connection.takeaway_store)
    for path, body in (
        (f"{ONE}accept/", {}),
        (f"conversations/{talk.pk}/messages/", {"text": "在"}),
    ):
        answer = api.post(path, body, **{"Idempotency-Key": key})
        assert problem(answer) == (400, "invalid")
        assert list(answer.json()["errors"]) == ["Idempotency-Key"]
    assert owed() == 0
    assert not talk.messages.exists()


def test_the_same_key_for_something_else_is_refused(api: Api, order: Order) -> None:
    key = {"Idempotency-Key": "till-1"}
    api.post(f"{ONE}accept/", {}, **key)
    answer = api.post(f"{ONE}cancel/", {"reason_code": "2009"}, **key)
    assert (answer.status_code, answer.json()["code"]) == (409, "key_reused")


def test_an_agreement_may_leave_its_reason_empty(api: Api, order: Order) -> None:
    Order.objects.update(state=OrderState.CONFIRMED)
    RefundFactory(order=order)
    for reason in (None, ""):
        body = {"decision": "agree", "reason": reason}
        assert api.post(f"{ONE}refund-decision/", body).status_code == 202, reason
    assert OutboundCall.objects.filter(operation="refund.decide").count() == 1


def test_a_reason_is_named_by_a_number_too(api: Api, order: Order) -> None:
    assert api.post(f"{ONE}cancel/", {"reason_code": 2009}).status_code == 202
    assert api.post(f"{ONE}cancel/", {"reason_code": True}).status_code == 400


def test_a_cancellation_with_words_only_has_another_reason(api: Api, order: Order) -> None:
    assert api.post(f"{ONE}cancel/", {"reason": "炉子坏了"}).status_code == 202
    call = OutboundCall.objects.get(operation="order.cancel")
    assert (call.payload["code"], call.payload["reason"]) == ("2007", "炉子坏了")


def test_only_what_meituan_refused_has_its_words(api: Api, order: Order) -> None:
    api.post(f"{ONE}accept/", {})
    OutboundCall.objects.update(last_error="HTTP 502, not JSON: <html>")
    assert api.get(ONE).json()["calls"][0]["error"] == ""
    OutboundCall.objects.update(last_error="订单已取消", state="refused")
    assert api.get(ONE).json()["calls"][0]["error"] == "订单已取消"


def test_what_is_accepted_already_is_200(api: Api, order: Order) -> None:
    Order.objects.update(state=OrderState.CONFIRMED)
    assert api.post(f"{ONE}accept/", {}).status_code == 200
    assert owed() == 0


def test_what_the_order_does_not_allow_is_said(api: Api, order: Order) -> None:
    Order.objects.update(state=OrderState.FINISHED)
    for path, body in (("cancel", {"reason_code": "2009"}), ("ready", {})):
        answer = api.post(f"{ONE}{path}/", body)
        assert (answer.status_code, answer.json()["code"]) == (409, "takeaway_conflict")
    assert api.post(f"{ONE}refund-decision/", {"decision": "agree"}).status_code == 409


def test_orders_that_are_only_read_have_no_actions(
    api: Api, order: Order, binding: TakeawayStore
) -> None:
    TakeawayStore.objects.update(provider=Provider.READING)
    assert api.post(f"{ONE}accept/", {}).status_code == 409
    Order.objects.update(state=OrderState.CONFIRMED)
    assert api.post(f"{ONE}ready/", {}).status_code == 202


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("cancel", {}),
        ("cancel", {"reason_code": "1001"}),
        ("cancel", {"reason_code": "2009", "reason": 5}),
        ("cancel", {"reason_code": "2009", "reason": "长" * 201}),
        ("refund-decision", {"decision": "perhaps"}),
        ("refund-decision", {"decision": "reject"}),
        ("refund-decision", {"decision": "agree", "reason": False}),
        ("refund-decision", {"decision": "reject", "reason": "  "}),
    ],
)
def test_bodies_that_say_nothing_are_refused(
    api: Api, order: Order, path: str, body: dict[str, Any]
) -> None:
    assert api.post(f"{ONE}{path}/", body).status_code == 400
    assert not OutboundCall.objects.exists()


def test_a_refund_is_decided(api: Api, order: Order, pusher: Pusher) -> None:
    pusher.push("refund", {"orderId": ORDER_ID, "notifyType": "apply", "reason": "打 13900001111"})
    shown = api.get(ONE).json()["refunds"]
    assert [(row["state"], row["reason"]) for row in shown] == [("open", "打 139****11")]
    answer = api.post(f"{ONE}refund-decision/", {"decision": "reject", "reason": "已经送到"})
    assert answer.status_code == 202
    assert owed("refund.decide") == 1


def test_what_customer_service_decides_is_said(api: Api, order: Order) -> None:
    Refund.objects.create(order=order, is_appeal=True)
    answer = api.post(f"{ONE}refund-decision/", {"decision": "agree"})
    assert answer.status_code == 409


def test_a_key_without_the_scope(merchant: Merchant, order: Order) -> None:
    api = api_of(merchant, scopes=("trip",))
    assert api.get("takeaway/orders/").status_code == 403


class TestAtMeituan:
    pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("quick")]

    def test_an_accepted_order_is_accepted_there(self, api: Api, meituan: Meituan) -> None:
        order = meituan.known()
        path = f"takeaway/orders/{order.order_id}/"
        assert api.post(f"{path}accept/", {}).status_code == 202
        deliver_all()
        shown = api.get(path).json()
        assert shown["state"] == "confirmed"
        assert shown["calls"][0]["state"] == "done"
        assert meituan.status(order.order_id) == 4
