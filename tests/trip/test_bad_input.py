"""Invalid bodies: each interface answers what is wrong, with its own code and HTTP 200, and nothing
is written.
"""

import json
import time
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from stores.models import Connection, InboundEvent, Store
from stores.platforms.reading import Malformed
from tests.meituan import Meituan, selling
from tests.trip.factories import TicketProductFactory
from trip.choices import VisitorInfo
from trip.models import Offer, Order, Product, Refund
from trip.wire.requests import Asked, parse_visitors

pytestmark = pytest.mark.django_db

OTHER = {
    "order/create": 499,
    "order/pay": 599,
    "order/query": 399,
    "order/refund": 699,
    "order/refunded": 300,
    "order/close": 300,
    "product/list": 300,
    "product/price": 299,
    "product/audit": 300,
    "poi/list": 300,
    "support/heartbeat": 300,
    "support/balance": 300,
}
# What a body that cannot be understood is answered, where that is not "other".
INVALID = OTHER | {"order/create": 410, "product/price": 201}
WHOLE: dict[str, tuple[str, ...]] = {
    "order/create": ("orderId", "mtDealId", "quantity"),
    "order/pay": ("orderId",),
    "order/query": ("orderId",),
    "order/refund": ("orderId", "refundQuantity"),
    "order/refunded": ("orderId", "count", "refundMessageType"),
    "order/close": ("orderId", "closeType"),
}
MONEY: dict[str, tuple[str, ...]] = {
    "order/create": ("buyPrice", "unitPrice", "totalPrice"),
    "order/refund": ("unitPrice", "refundPrice", "refundFee"),
    "order/refunded": ("refundPrice",),
}
TEXT: dict[str, tuple[str, ...]] = {
    "order/create": ("partnerDealId",),
    "order/refund": ("refundId", "refundTime", "partnerOrderId", "partnerDealId"),
    "order/refunded": ("refundTime",),
    "product/price": ("partnerDealId", "startTime", "endTime"),
}
MISSING = object()
NEVER = [MISSING, None, "", " ", True, [], {}, [1], {"a": 1}]
NO_NUMBER = [
    *NEVER,
    "x",
    "1.5",
    "1e3",
    "٣",
    "🎫",
    "\x00",
    "1; DROP TABLE trip_order",
    "9" * 40,
    "x" * 10_000,
    10**400,
]
NO_WHOLE = [*NO_NUMBER, 0, -1, 1.5, 1e300]
NO_MONEY = [value for value in NO_NUMBER if value != "1.5"] + [1.005, "1.005", 1e300, "1,00", "￥1"]
NO_TEXT = [*NEVER, "x" * 10_000]


def cases(fields: dict[str, tuple[str, ...]], values: list[Any]) -> list[Any]:
    return [
        pytest.param(interface, name, value, id=f"{interface}-{name}-{_shown(value)}")
        for interface, names in fields.items()
        for name in names
        for value in values
    ]


def _shown(value: Any) -> str:
    return "missing" if value is MISSING else ascii(value)[:20]


@pytest.fixture
def product(connection: Connection, store: Store) -> Product:
    return TicketProductFactory(connection=connection, store=store, offer__stock=10)


def bodies(meituan: Meituan) -> dict[str, dict[str, Any]]:
    """Returns a valid body for every interface; the orders and refunds in them do not exist yet."""
    product = Product.objects.get(connection=meituan.connection)
    create = meituan.order_body(product)
    order = Order(
        order_id=create["orderId"], partner_order_id="ZG0", product=product, unit_price=Decimal(95)
    )
    return {
        "order/create": create,
        "order/pay": {"orderId": create["orderId"], "partnerOrderId": ""},
        "order/query": {"orderId": create["orderId"], "partnerOrderId": ""},
        "order/refund": meituan.refund_body(order, 1),
        "order/refunded": {
            "orderId": create["orderId"],
            "refundPrice": -1,
            "refundMessageType": 1,
            "reason": "客服退款",
            "refundTime": "2026-11-22 10:00:00",
            "count": 1,
        },
        "order/close": {"orderId": create["orderId"], "closeType": 1},
        "product/price": {
            "partnerDealId": product.deal_id,
            "startTime": "2026-12-01",
            "endTime": "2026-12-31",
        },
    }


def nothing_written() -> bool:
    rows = (InboundEvent.objects.all(), Order.objects.all(), Refund.objects.all())
    return (
        not any(found.exists() for found in rows)
        and not Offer.objects.exclude(held=0, sold=0).exists()
    )


@pytest.mark.parametrize(
    ("interface", "name", "value"),
    cases(WHOLE, NO_WHOLE) + cases(MONEY, NO_MONEY) + cases(TEXT, NO_TEXT),
)
def test_a_field_that_is_missing_or_cannot_be_is_named(
    meituan: Meituan, interface: str, name: str, value: Any
) -> None:
    body = bodies(meituan)[interface]
    body.pop(name)
    answer = meituan.ask(interface, body if value is MISSING else body | {name: value})

    assert answer["code"] == INVALID[interface]
    assert answer["describe"].startswith(name)
    assert "body" not in answer
    assert nothing_written()


@pytest.mark.parametrize(
    ("name", "value"), [("quantity", 10**9), ("quantity", "1000000000"), ("quantity", 10_001)]
)
def test_an_absurd_number_of_tickets_is_refused(meituan: Meituan, name: str, value: Any) -> None:
    answer = meituan.ask("order/create", bodies(meituan)["order/create"] | {name: value})
    assert (answer["code"], answer["describe"]) == (410, "quantity超出范围：1至10000")
    assert nothing_written()


def test_an_absurd_number_of_tickets_is_the_reason_not_its_price(meituan: Meituan) -> None:
    answer = meituan.create(Product.objects.get(), 10**9)
    assert (answer["code"], answer["describe"]) == (410, "quantity超出范围：1至10000")


@pytest.mark.parametrize(
    ("interface", "name"), [("order/refund", "voucherList"), ("order/refunded", "reason")]
)
@pytest.mark.parametrize("value", [MISSING, None, {"a": 1}], ids=_shown)
def test_what_may_be_empty_must_still_be_there(
    meituan: Meituan, interface: str, name: str, value: Any
) -> None:
    body = bodies(meituan)[interface]
    body.pop(name)
    answer = meituan.ask(interface, body if value is MISSING else body | {name: value})
    assert (answer["code"], answer["describe"].startswith(name)) == (INVALID[interface], True)
    assert nothing_written()


def test_a_message_about_a_refund_needs_no_words(meituan: Meituan) -> None:
    order = meituan.bought(Product.objects.get())
    assert meituan.refunded(order, 1, reason="")["code"] == 200
    assert meituan.query(order.order_id)["body"]["refundedQuantity"] == 1


@pytest.mark.parametrize("interface", OTHER)
@pytest.mark.parametrize("body", [None, "x", 7, True, [[]], ["x"], [None]], ids=ascii)
def test_a_body_of_another_shape_is_refused(meituan: Meituan, interface: str, body: Any) -> None:
    answer = meituan.ask(interface, body)
    assert answer["code"] == (200 if interface == "support/heartbeat" else INVALID[interface])
    assert nothing_written()


@pytest.mark.parametrize("interface", OTHER)
@pytest.mark.parametrize(
    "content", [b"", b"{", b"\xff", b'{"partnerId":NaN}', b"[]", b"[" * 3000, b"1" * 5000]
)
def test_what_is_no_json_object_gets_the_interfaces_other(
    meituan: Meituan, interface: str, content: bytes
) -> None:
    response = meituan.raw(interface, content)
    answer = json.loads(response.content)
    assert (response.status_code, answer["code"]) == (200, OTHER[interface])
    assert answer["describe"] in ("请求体不是有效的JSON", "请求体不是JSON对象")
    assert nothing_written()


@pytest.mark.parametrize("visitors", ["x", {"a": 1}, ["x"], [[]], [None], [1], 7, True])
def test_visitors_of_another_shape_are_refused(meituan: Meituan, visitors: Any) -> None:
    Product.objects.update(visitor_info=VisitorInfo.ONE)
    answer = meituan.ask("order/create", bodies(meituan)["order/create"] | {"visitors": visitors})
    assert answer["code"] == 410
    assert answer["describe"].startswith("visitors")
    assert not Order.objects.exists()


@pytest.mark.parametrize(
    "change",
    [
        {"mobile": "1380000"},
        {"mobile": {"a": 1}},
        {"mobile": "13800001234; DROP TABLE trip_visitor"},
        {"name": "王" * 61},
        {"name": ["王"]},
        {"name": ""},
        {"name": " "},
        {"mobile": None},
        {"credentials": {"0": "1234"}},
        {"credentials": {"9": "110101199001010000"}},
        {"credentials": {"0": {"a": 1}}},
        {"credentials": ["110101199001010000"]},
        {"credentials": "110101199001010000"},
        {"credentials": {"0": "1" * 10_000}},
        {"credentials": {"1": "P12345678"}},
        {"credentials": {}},
    ],
    ids=ascii,
)
def test_a_visitor_who_cannot_be_is_refused(change: dict[str, Any]) -> None:
    meituan, product = selling(visitor_info=VisitorInfo.ONE, credential_types=[0])
    visitor = {
        "name": "王小明",
        "mobile": "13800001234",
        "credentials": {"0": "110101199001010000"},
    }
    answer = meituan.create(product, visitors=[visitor | change])
    assert answer["code"] == 410
    assert not Order.objects.exists()
    assert meituan.create(product, visitors=[visitor])["code"] == 200


def test_an_endless_certificate_is_refused_at_once() -> None:
    """Normalising marks in the wrong order takes a time that grows with the square of their
    number.
    """
    endless = "\u0301" * 20_000 + "\u0323" * 20_000
    asked = Asked(name=True, mobile=True, credentials=(0,))
    before = time.thread_time()
    with pytest.raises(Malformed):
        parse_visitors([{"name": "王小明", "credentials": {"0": endless}}], asked)
    assert time.thread_time() - before < 1


def test_numbers_may_be_strings(meituan: Meituan) -> None:
    right = bodies(meituan)
    create = right["order/create"]
    for name in (*WHOLE["order/create"], *MONEY["order/create"]):
        create[name] = str(create[name])
    assert meituan.ask("order/create", create)["body"]["orderId"] == int(create["orderId"])
    assert meituan.ask("order/pay", {"orderId": create["orderId"]})["code"] == 200
    assert meituan.ask("order/query", {"orderId": create["orderId"]})["body"]["orderStatus"] == 4
    order = Order.objects.get()
    refund = meituan.refund_body(order, 1)
    for name in (*WHOLE["order/refund"], *MONEY["order/refund"]):
        refund[name] = str(refund[name])
    assert meituan.ask("order/refund", refund)["code"] == 200
    assert (
        meituan.ask("order/close", {"orderId": create["orderId"], "closeType": "3"})["code"] == 200
    )


@pytest.mark.parametrize(
    ("interface", "body"),
    [
        ("product/list", {"method": "sideways"}),
        ("product/list", {"currentPage": "x"}),
        ("product/list", {"pageSize": []}),
        ("product/list", {"method": "multi", "partnerDealIds": "x"}),
        ("product/list", {"method": "multi", "partnerDealIds": [{}]}),
        ("poi/list", {"method": "multi", "partnerPoiId": [[]]}),
        ("poi/list", {"currentPage": 1.5}),
        ("support/balance", {"partnerDealIds": {"a": 1}}),
        ("support/balance", {"partnerDealIds": ["x" * 10_000]}),
        (
            "product/price",
            {"partnerDealId": "ZG-1", "startTime": "2026-13-01", "endTime": "2026-12-31"},
        ),
        (
            "product/price",
            {"partnerDealId": "ZG-1", "startTime": "2026-12-02", "endTime": "2026-12-01"},
        ),
        (
            "product/price",
            {"partnerDealId": "ZG-1", "startTime": "2026-01-01", "endTime": "2028-12-01"},
        ),
        (
            "product/price",
            {"partnerDealId": "nobody's", "startTime": "2026-01-01", "endTime": "2026-01-02"},
        ),
    ],
    ids=ascii,
)
def test_a_pull_of_nothing_sensible_is_refused(
    meituan: Meituan, interface: str, body: dict[str, Any]
) -> None:
    assert meituan.ask(interface, body)["code"] == INVALID[interface]


@pytest.mark.parametrize(
    "refund_time", ["0001-01-01 00:00:00", "9999-12-31 23:59:59", "2026-02-30 10:00:00", "now"]
)
@pytest.mark.parametrize(("interface", "code"), [("order/refund", 699), ("order/refunded", 300)])
def test_a_time_that_cannot_be_is_refused(
    meituan: Meituan, interface: str, code: int, refund_time: str
) -> None:
    answer = meituan.ask(interface, bodies(meituan)[interface] | {"refundTime": refund_time})
    assert (answer["code"], answer["describe"]) == (code, "refundTime不是时间 yyyy-MM-dd HH:mm:ss")
    assert nothing_written()


@pytest.mark.parametrize("number", ["9" * 19, "9" * 30, "9" * 5000])
def test_a_connection_number_of_any_length_is_no_error(meituan: Meituan, number: str) -> None:
    response = meituan.client.post(
        f"/trip/{number}/order/create", b"{}", content_type="application/json"
    )
    assert response.status_code in (200, 404)


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=30)
    | st.sampled_from(
        ["\x00", "\ud800", "2026-11-22", "2026-11-22 10:00:00", "95.00", "-1", "page", "multi", "0"]
    ),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("01ab"), inner, max_size=3)
    ),
    max_leaves=6,
)
FIELDS = [
    *(
        "orderId",
        "partnerOrderId",
        "partnerDealId",
        "mtDealId",
        "buyPrice",
        "unitPrice",
        "totalPrice",
        "quantity",
    ),
    *(
        "visitors",
        "travelDate",
        "refundId",
        "voucherList",
        "refundQuantity",
        "refundPrice",
        "refundFee",
        "refundTime",
    ),
    *(
        "refundSerialNo",
        "refundMessageType",
        "count",
        "closeType",
        "reason",
        "method",
        "currentPage",
        "pageSize",
    ),
    *("partnerDealIds", "partnerPoiId", "startTime", "endTime", "status", "checkStatus"),
]


class AnyBody(TestCase):
    """Bodies made of valid ones with some fields changed, and of any JSON."""

    @settings(max_examples=150)
    @given(
        interface=st.sampled_from(sorted(OTHER)),
        changes=st.dictionaries(st.sampled_from(FIELDS), values, max_size=4),
        base=st.booleans(),
        wrap=st.booleans(),
        paid=st.booleans(),
    )
    def test_gets_the_envelope(
        self, interface: str, changes: dict[str, Any], base: bool, wrap: bool, paid: bool
    ) -> None:
        meituan, _product = selling()
        known = bodies(meituan)
        if paid:
            assert meituan.ask("order/create", known["order/create"])["code"] == 200
            assert meituan.ask("order/pay", known["order/pay"])["code"] == 200
        right = known.get(interface, {}) if base else {}
        body: Any = [right | changes] if wrap or interface == "product/audit" else right | changes
        content = json.dumps({"partnerId": int(meituan.connection.account), "body": body}).encode()
        response = meituan.raw(interface, content)
        assert response.status_code == 200
        assert b"Traceback" not in response.content
        answer = json.loads(response.content)
        assert type(answer["code"]) is int
        assert isinstance(answer["describe"], str)
        # Our own failure has a name; nothing that Meituan sends may lead to it.
        assert answer["describe"] != "系统繁忙，请稍后重试"
        assert answer["partnerId"] == int(meituan.connection.account)
