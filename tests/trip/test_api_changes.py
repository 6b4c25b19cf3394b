"""Changes by a merchant's own system over the API: issue, consume, decide refunds; and invalid
requests.
"""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from stores.models import AuditEntry, OutboundCall
from tests.api import Api, api_of, problem
from tests.meituan import Meituan, selling
from trip.api import schema, serializers
from trip.choices import Issuing, VoucherType
from trip.models import Consumption, Order, Refund

pytestmark = pytest.mark.django_db
HOSTILE: list[Any] = [
    None,
    True,
    0,
    -1,
    1.5,
    10**30,
    "2",
    [],
    {},
    "'; DROP TABLE trip_order; --",
    "😀" * 3000,
    "\x00",
    "\ud800",
]


def waiting(quantity: int = 2, **fields: Any) -> tuple[Order, Api]:
    """Returns a paid order that waits for the merchant's codes."""
    meituan, product = selling(issuing=Issuing.UPSTREAM, **fields)
    return meituan.bought(product, quantity), api_of(product.store.merchant)


def issued(quantity: int = 2, **fields: Any) -> tuple[Order, Api]:
    meituan, product = selling(**fields)
    return meituan.bought(product, quantity), api_of(product.store.merchant)


def path(order: Order, what: str) -> str:
    return f"trip/orders/{order.order_id}/{what}/"


def codes(order: Order) -> list[str]:
    return list(order.vouchers.values_list("code", flat=True))


def operations() -> list[str]:
    return list(OutboundCall.objects.order_by("id").values_list("operation", flat=True))


def test_codes_are_given_and_meituan_is_told() -> None:
    order, api = waiting()
    answer = api.post(path(order, "issue"), {"vouchers": ["UP-1", "UP-2"]})
    assert answer.status_code == 200
    assert (answer.json()["status"], [row["code"] for row in answer.json()["vouchers"]]) == (
        "issued",
        ["UP-1", "UP-2"],
    )
    assert operations() == ["ticket.issued"]
    assert AuditEntry.objects.get(verb="trip.order.issued").actor == "API 收银系统"


def test_the_same_codes_again_change_nothing_and_others_are_a_conflict() -> None:
    order, api = waiting()
    api.post(path(order, "issue"), {"vouchers": ["UP-1", "UP-2"]})
    assert api.post(path(order, "issue"), {"vouchers": ["UP-2", "UP-1"]}).status_code == 200
    assert problem(api.post(path(order, "issue"), {"vouchers": ["UP-1", "UP-3"]})) == (
        409,
        "order_conflict",
    )
    assert problem(api.post(path(order, "issue"), {"failed": "售罄"})) == (409, "order_conflict")
    assert operations() == ["ticket.issued"]


def test_a_failed_issue_keeps_its_reason() -> None:
    order, api = waiting()
    answer = api.post(path(order, "issue"), {"failed": " 当日票已售罄 "})
    assert (answer.status_code, answer.json()["status"], answer.json()["failure"]) == (
        200,
        "failed",
        "当日票已售罄",
    )
    assert operations() == ["ticket.issued"]


@pytest.mark.parametrize(
    ("given", "status"),
    [
        (["A"], 409), (["A", "B", "C"], 409), ([], 409),
        (["A", "B" * 21], 400), (["A", "B C"], 400), (["A", "券"], 400), (["A", "\x00"], 400),
        (["A", "\ud800"], 400),
    ],
)  # fmt: skip
def test_codes_that_do_not_fit_the_order_are_a_conflict_and_others_are_none(
    given: list[str], status: int
) -> None:
    order, api = waiting()
    answer = api.post(path(order, "issue"), {"vouchers": given}, **{"Accept-Language": "en"})
    assert problem(answer) == (status, {409: "order_conflict", 400: "invalid"}[status])
    assert "code" in answer.content.decode()
    assert Order.objects.get().status == Order.Status.ISSUING


@pytest.mark.parametrize(
    "body", [{}, {"vouchers": ["A", "A"]}, {"vouchers": ["A"], "failed": "x"}, {"failed": " "}]
)
def test_a_body_that_says_neither_or_both_is_invalid(body: Any) -> None:
    order, api = waiting()
    assert problem(api.post(path(order, "issue"), body)) == (400, "invalid")


def test_tickets_are_used_by_code_and_meituan_is_told() -> None:
    order, api = issued()
    one, two = codes(order)
    answer = api.post(path(order, "consume"), {"vouchers": [one]})
    assert answer.status_code == 201
    used = answer.json()
    assert set(used) == set(serializers.ConsumptionSerializer().fields) == set(schema.CONSUMPTION)
    assert used.pop("used_at")
    assert used == {
        "order_id": str(order.order_id),
        "quantity": 1,
        "vouchers": [{"code": one, "quantity": 1}],
        "used_by": "API 收银系统",
    }
    assert order.vouchers.get(code=one).used == 1
    assert order.vouchers.get(code=two).used == 0
    assert operations() == ["ticket.used"]


def test_tickets_are_used_by_number() -> None:
    order, api = issued(5, voucher_type=VoucherType.PER_ORDER)
    answer = api.post(path(order, "consume"), {"quantity": 2})
    assert (answer.status_code, answer.json()["vouchers"]) == (
        201,
        [{"code": codes(order)[0], "quantity": 2}],
    )
    assert order.vouchers.get().unused == 3


def test_the_merchants_system_knows_whom_it_lets_in_on_which_day() -> None:
    next_week = timezone.localdate() + timedelta(days=7)
    order, api = issued(1, by_calendar=True, offer__date=next_week)
    assert api.post(path(order, "consume"), {"quantity": 1}).status_code == 201


def test_an_order_without_codes_is_used_by_number() -> None:
    order, api = issued(3, voucher_type=VoucherType.NONE)
    answer = api.post(path(order, "consume"), {"quantity": 3})
    assert (answer.status_code, answer.json()["vouchers"], answer.json()["quantity"]) == (
        201,
        [],
        3,
    )


def test_a_repeated_key_gets_the_first_answer_and_uses_nothing_twice() -> None:
    order, api = issued(5, voucher_type=VoucherType.PER_ORDER)
    first = api.post(path(order, "consume"), {"quantity": 2}, key="k-1")
    api.post(path(order, "consume"), {"quantity": 1}, key="k-2")
    again = api.post(path(order, "consume"), {"quantity": 2}, key="k-1")
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    assert order.vouchers.get().used == 3


def test_a_long_key_is_told_from_one_that_begins_alike() -> None:
    order, api = issued(5, voucher_type=VoucherType.PER_ORDER)
    for end in "ab":
        assert (
            api.post(path(order, "consume"), {"quantity": 1}, key="k" * 99 + end).status_code == 201
        )
    assert order.vouchers.get().used == 2


def test_a_key_is_each_api_keys_own() -> None:
    order, api = issued(5, voucher_type=VoucherType.PER_ORDER)
    other = api_of(order.store.merchant)
    for caller in (api, other):
        assert caller.post(path(order, "consume"), {"quantity": 1}, key="k").status_code == 201
    assert order.vouchers.get().used == 2


def test_a_key_used_for_something_else_is_refused() -> None:
    order, api = issued()
    one, two = codes(order)
    api.post(path(order, "consume"), {"vouchers": [one]}, key="k")
    for body in ({"vouchers": [two]}, {"vouchers": [one, two]}, {"quantity": 2}, {"quantity": 1}):
        assert problem(api.post(path(order, "consume"), body, key="k")) == (
            409,
            "key_reused",
        )
    assert Consumption.objects.count() == 1


def test_a_key_used_for_another_order_is_refused() -> None:
    order, api = issued()
    other = Meituan(order.connection).bought(order.product)
    assert api.post(path(order, "consume"), {"quantity": 1}, key="k").status_code == 201
    assert problem(api.post(path(other, "consume"), {"quantity": 1}, key="k")) == (
        409,
        "key_reused",
    )


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"quantity": 3}, "left"),
        ({"quantity": 10**9}, "left"),
        ({"vouchers": ["NOBODYS"]}, "does not belong"),
    ],
)
def test_more_than_there_is_uses_nothing(body: Any, words: str) -> None:
    order, api = issued()
    answer = api.post(path(order, "consume"), body, **{"Accept-Language": "en"})
    assert problem(answer) == (409, "order_conflict")
    assert words in answer.json()["detail"]
    assert not Consumption.objects.exists()


def test_one_used_code_among_two_uses_neither() -> None:
    order, api = issued()
    one, two = codes(order)
    api.post(path(order, "consume"), {"vouchers": [one]})
    assert problem(api.post(path(order, "consume"), {"vouchers": [one, two]})) == (
        409,
        "order_conflict",
    )
    assert order.vouchers.get(code=two).used == 0


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize(
    ("what", "field"),
    [("consume", "quantity"), ("consume", "vouchers"), ("issue", "vouchers"), ("issue", "failed")],
)
def test_a_value_of_the_wrong_kind_is_refused(what: str, field: str, value: Any) -> None:
    order, api = waiting() if what == "issue" else issued()
    answer = api.post(path(order, what), {field: value})
    if (what, field) == ("issue", "failed") and value in ("2", HOSTILE[9]):
        assert answer.status_code == 200  # odd words are words
        return
    assert problem(answer)[0] in (400, 409)
    assert not Consumption.objects.exists()
    assert Order.objects.get().status == order.status


@pytest.fixture
def review() -> tuple[Meituan, Refund, Api]:
    meituan, product = selling(refund_review=True)
    meituan.refund(meituan.bought(product, 2), 1)
    return meituan, Refund.objects.select_related("order").get(), api_of(product.store.merchant)


def test_a_refund_is_agreed_to_and_meituan_is_told(review: tuple[Meituan, Refund, Api]) -> None:
    _meituan, refund, api = review
    answer = api.post(
        path(refund.order, f"refunds/{refund.refund_id}"), {"decision": "agree", "reason": ""}
    )
    assert answer.status_code == 200
    assert (answer.json()["status"], answer.json()["decided_by"]) == ("agreed", "API 收银系统")
    assert sum(voucher.refunded for voucher in refund.order.vouchers.all()) == 1
    assert operations() == ["ticket.refund"]


def test_a_refund_is_refused_with_a_reason_and_agreed_later(
    review: tuple[Meituan, Refund, Api],
) -> None:
    _meituan, refund, api = review
    where = path(refund.order, f"refunds/{refund.refund_id}")
    refused = api.post(where, {"decision": "refuse", "reason": "门票已使用"})
    agreed = api.post(where, {"decision": "agree"})
    late = api.post(where, {"decision": "refuse", "reason": "不退"})
    assert (refused.json()["status"], refused.json()["reason"]) == ("refused", "门票已使用")
    assert agreed.json()["status"] == "agreed"
    assert problem(late) == (409, "order_conflict")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"decision": "refuse"},
        {"decision": "refuse", "reason": " "},
        {"decision": "refuse", "reason": "x" * 301},
        {"decision": "refuse", "reason": 1},
        *({"decision": value} for value in HOSTILE),
        *(
            {"decision": "refuse", "reason": value}
            for value in HOSTILE
            if value not in ("2", HOSTILE[9])
        ),
    ],
)
def test_an_unclear_decision_decides_nothing(
    review: tuple[Meituan, Refund, Api], body: Any
) -> None:
    _meituan, refund, api = review
    assert problem(api.post(path(refund.order, f"refunds/{refund.refund_id}"), body)) == (
        400,
        "invalid",
    )
    assert Refund.objects.get().status == Refund.Status.REVIEW


@pytest.mark.parametrize(
    "refund_id", ["x", "a/b", "%00", "%F0%9F%98%80", "x" * 81, "..", "%ED%A0%80", "'--"]
)
def test_a_refund_that_is_not_of_this_order_is_not_found(
    review: tuple[Meituan, Refund, Api], refund_id: str
) -> None:
    _meituan, refund, api = review
    answer = api.post(path(refund.order, f"refunds/{refund_id}"), {"decision": "agree"})
    assert problem(answer) == (404, "not_found")


def test_a_refund_number_may_hold_any_marks() -> None:
    meituan, product = selling(refund_review=True)
    order = meituan.bought(product)
    refund_id = "A/1-2.3:4 五"
    meituan.ask("order/refund", meituan.refund_body(order, 1, refundId=refund_id))
    answer = api_of(product.store.merchant).post(
        path(order, f"refunds/{refund_id}"), {"decision": "agree"}
    )
    assert (answer.status_code, answer.json()["refund_id"]) == (200, refund_id)
