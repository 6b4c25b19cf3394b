"""Names, phones and certificates: encrypted, masked, nowhere else, and gone in time."""

import json
import logging
from datetime import date, timedelta
from importlib import import_module
from typing import Any

import pytest
import time_machine
from cryptography.fernet import Fernet
from django.apps import apps
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from stores.models import Merchant, OutboundAttempt, OutboundCall
from stores.roles import Role
from tests.meituan import VISITOR, selling
from tests.stores.factories import api_key, member
from tests.trip.factories import OfferFactory, TicketProductFactory
from trip import services
from trip.choices import Issuing, Method, VisitorInfo
from trip.models import Order, Product, Visitor
from trip.sandbox.orders import visitors_for
from trip.services import stock, visitors
from trip.wire.values import MAX_QUANTITY

pytestmark = pytest.mark.django_db
NAMED = {"visitor_info": VisitorInfo.ONE, "credential_types": [0]}
SECRETS = ("王小明", json.dumps("王小明")[1:-1], "13800001234", "110101199001010000")


def everything_stored() -> str:
    """Returns every column of every table, as it is in the database."""
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
        found = []
        for table in tables:
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            found += [str(row) for row in cursor.fetchall()]
    assert len(tables) > 20
    return "\n".join(found)


def test_an_order_is_shown_though_no_key_opens_what_it_was_told(
    client: Client, settings: Settings
) -> None:
    meituan, product = selling(**NAMED, issuing=Issuing.UPSTREAM, offer__stock=9)
    order = meituan.bought(product, 1, visitors=[VISITOR])
    services.order_issue(order_pk=order.pk, codes=["UP-1"], actor=None, method=Method.API)
    [notice] = OutboundCall.objects.all()
    OutboundAttempt.objects.create(call=notice, sent="{}", detail="200")
    _key, secret = api_key(order.store.merchant)
    client.force_login(member(order.store.merchant, Role.OWNER))
    settings.CREDENTIAL_KEYS = [Fernet.generate_key().decode()]
    page = client.get(f"/admin/trip/order/{order.pk}/change/")
    assert (page.status_code, "没有能打开这段内容的密钥" in page.content.decode()) == (200, True)
    told = client.get("/api/v1/trip/orders/", headers={"Authorization": f"Bearer {secret}"})
    assert (told.status_code, len(told.json()["results"])) == (200, 1)


def test_no_table_and_no_log_holds_a_visitor_in_the_clear(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    meituan, product = selling(
        **NAMED, issuing=Issuing.UPSTREAM, refund_review=True, offer__stock=9
    )
    order = meituan.bought(product, 2, visitors=[VISITOR | {"email": "wang@example.com"}])
    services.order_issue(order_pk=order.pk, codes=["UP-1", "UP-2"], actor=None, method=Method.API)
    services.order_consume(order_pk=order.pk, codes=["UP-1"], actor=None, method=Method.COUNTER)
    number = VISITOR["credentials"]["0"]  # type: ignore[index]
    credentials = [{"credentialType": 0, "credentialNo": number, "voucher": "UP-2"}]
    meituan.refund(order, 1, ["UP-2"], credentialList=credentials)
    services.refund_decide(
        refund_pk=order.refunds.get().pk, agree=True, reason="", actor=None, method=Method.ADMIN
    )
    meituan.refunded(order, 1, operator="王小明 13800001234")
    meituan.query(order.order_id)
    meituan.close(order.order_id, 3)
    meituan.create(product, buyPrice=1, visitors=[VISITOR])
    meituan.create(product, visitors=[VISITOR, VISITOR])
    meituan.create(product, visitors=[VISITOR | {"credentials": {"1": VISITOR["mobile"]}}])
    monkeypatch.setattr(stock, "hold", lambda *args: 1 / 0)
    assert meituan.create(product, visitors=[VISITOR])["code"] == 499
    assert "ZeroDivisionError" in caplog.text

    stored = everything_stored()

    assert str(order.order_id) in stored
    for secret in (*SECRETS, "wang@example.com"):
        assert secret not in stored
        assert secret not in caplog.text
    assert Visitor.objects.get().details == {
        "name": "王小明",
        "mobile": "13800001234",
        "credentials": {"0": "110101199001010000"},
    }


def test_a_refusal_does_not_repeat_what_a_visitor_wrote() -> None:
    meituan, product = selling(**NAMED)
    meituan.create(product, visitors=[VISITOR | {"mobile": "138000012345"}])
    meituan.create(product, visitors=[VISITOR | {"credentials": {"0": "1101011990010100"}}])
    assert "138000012345" not in everything_stored()
    assert "1101011990010100" not in everything_stored()
    assert "1101011990010100" not in meituan.last_answer.decode()


@pytest.mark.parametrize(
    ("details", "masked"),
    [
        (
            VISITOR,
            {"name": "王**", "mobile": "138****1234", "credentials": {"0": "**************0000"}},
        ),
        ({"name": "王"}, {"name": "王", "mobile": "", "credentials": {}}),
        (
            {"name": "李雷", "mobile": "12345678"},
            {"name": "李*", "mobile": "********", "credentials": {}},
        ),
        ({}, {"name": "", "mobile": "", "credentials": {}}),
        (
            {"credentials": {"1": "A1234"}},
            {"name": "", "mobile": "", "credentials": {"1": "*****"}},
        ),
    ],
)
def test_masks_show_little(details: dict[str, Any], masked: dict[str, Any]) -> None:
    visitor = Visitor(details=details)
    assert visitors.readable(visitor, whole=False) == masked


def test_the_whole_is_for_those_who_may() -> None:
    details: Any = VISITOR
    assert visitors.readable(Visitor(details=details), whole=True) == VISITOR


# Who is accepted


NOBODY_ASKED: list[Any] = [
    [{"name": "x", "mobile": "+85291234567"}],
    [{"name": "王" * 61, "mobile": "1"}],
    [{"name": "x", "credentials": {"6": "1"}}],
    "x",
    [1],
]


@pytest.mark.parametrize("sent", NOBODY_ASKED, ids=ascii)
def test_visitors_whom_nobody_asked_for_are_passed_over(sent: Any) -> None:
    meituan, product = selling()
    assert meituan.create(product, visitors=sent)["code"] == 200
    assert not Visitor.objects.exists()


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("13800001111", "13800001111"),
        ("8613800001111", "13800001111"),
        ("+86 138-0000-1111", "13800001111"),
        ("008613800001111", "13800001111"),
        ("+85291234567", "+85291234567"),
        ("852 9123 4567", "+85291234567"),
        ("+85366123456", "+85366123456"),
        ("+886912345678", "+886912345678"),
        ("00886 0912345678", "+886912345678"),
        ("+14155550100", "+14155550100"),
        ("+1 (415) 555-0100", "+14155550100"),
        ("0044 20 7946.0958", "+442079460958"),
        ("＋４９（151）1234–5678", "+4915112345678"),
        ("\u202a+86 138 0000 1111\u202c", "13800001111"),
    ],
)
def test_a_phone_counts_once_however_it_is_written(written: str, number: str) -> None:
    meituan, product = selling(visitor_info=VisitorInfo.ONE, phone_limit=1)
    assert meituan.create(product, visitors=[{"name": "王小明", "mobile": written}])["code"] == 200
    assert Visitor.objects.get().details["mobile"] == number
    again = meituan.create(product, visitors=[{"name": "王小明", "mobile": number}])
    assert (again["code"], again["describe"]) == (410, "超过限购：每个手机号最多购买1张")


@pytest.mark.parametrize(
    "number",
    [
        "861380000111",
        "+8529123456",
        "886812",
        "+861012345678",
        "+0123456789",
        "+123456",
        "+1234567890123456",
        "+1415CALLME",
    ],
)
def test_what_is_no_phone_is_refused(number: str) -> None:
    meituan, product = selling(visitor_info=VisitorInfo.ONE)
    answer = meituan.create(product, visitors=[{"name": "王小明", "mobile": number}])
    assert (answer["code"], answer["describe"]) == (410, "游玩人手机号格式不正确")


def test_an_officer_has_a_certificate_with_words() -> None:
    meituan, product = selling(visitor_info=VisitorInfo.ONE, credential_types=[2])
    officer = {"name": "王小明", "mobile": "13800001111", "credentials": {"2": "军字第2001988号"}}
    assert meituan.create(product, visitors=[officer])["code"] == 200
    assert Visitor.objects.get().details["credentials"] == {"2": "军字第2001988号"}


def named(**fields: Any) -> list[dict[str, Any]]:
    return [{"name": "王小明", "mobile": "13800001111"} | fields]


NOT_ASKED: list[Any] = [
    {"1": "E1"},
    {"6": "whatever"},
    {"": [1]},
    {"0": "1" * 500},
    "x",
    [1],
    7,
]


@pytest.mark.parametrize("sent", NOT_ASKED, ids=ascii)
def test_certificates_that_nobody_asked_for_are_ignored_whatever_they_hold(sent: Any) -> None:
    meituan, product = selling(visitor_info=VisitorInfo.ONE)
    assert meituan.create(product, visitors=named(credentials=sent))["code"] == 200
    assert Visitor.objects.get().details["credentials"] == {}


@pytest.mark.parametrize(
    "more", [{"6": "1"}, {"1": "E1"}, {"x": {}}, {"2": "军" * 99}, {"3": ["1"]}], ids=ascii
)
def test_other_certificates_beside_the_one_asked_for_are_no_reason(more: dict[str, Any]) -> None:
    meituan, product = selling(visitor_info=VisitorInfo.ONE, credential_types=[0])
    sent = {"0": "110101199001010000"} | more
    assert meituan.create(product, visitors=named(credentials=sent))["code"] == 200
    assert Visitor.objects.get().details["credentials"] == {"0": "110101199001010000"}


def test_a_certificate_is_a_number_and_no_yes() -> None:
    meituan, product = selling(visitor_info=VisitorInfo.ONE, credential_types=[1])
    answer = meituan.create(product, visitors=named(credentials={"1": True}))
    assert (answer["code"], answer["describe"]) == (410, "游玩人证件号格式不正确")


def test_one_right_certificate_of_those_asked_for_is_enough() -> None:
    meituan, product = selling(visitor_info=VisitorInfo.ONE, credential_types=[0, 1])
    sent = {"0": "1101", "1": "E12345678"}
    assert meituan.create(product, visitors=named(credentials=sent))["code"] == 200
    assert Visitor.objects.get().details["credentials"] == {"1": "E12345678"}


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        ({"6": "1"}, "游玩人证件缺失或类型不符"),
        ({"1": "E12345678"}, "游玩人证件缺失或类型不符"),
        ({"0": ""}, "游玩人证件缺失或类型不符"),
        ({"0": "1101"}, "游玩人证件号格式不正确"),
        ({"0": ["110101199001010000"]}, "游玩人证件号格式不正确"),
        ("x", "credentials不是对象"),
    ],
    ids=ascii,
)
def test_without_a_certificate_that_was_asked_for_the_reason_is_said(
    sent: Any, reason: str
) -> None:
    meituan, product = selling(visitor_info=VisitorInfo.ONE, credential_types=[0])
    answer = meituan.create(product, visitors=named(credentials=sent))
    assert (answer["code"], answer["describe"]) == (410, reason)


@pytest.mark.parametrize(
    ("kind", "written", "number"),
    [
        (0, "110101 19900101 000x", "11010119900101000X"),
        (0, "（110101199001010000）", "110101199001010000"),
        (0, "\u200e１１０１０１199001010000\ufeff", "110101199001010000"),
        (0, 110101199001010000, "110101199001010000"),
        (1, " e 1234 5678", "E12345678"),
        (4, "H12345678(01)", "H1234567801"),
        (3, "【0123 4567】", "01234567"),
        (2, "军字第（2001988）号", "军字第2001988号"),
    ],
    ids=ascii,
)
def test_blanks_and_brackets_of_a_certificate_are_cleaned(
    kind: int, written: Any, number: str
) -> None:
    meituan, product = selling(visitor_info=VisitorInfo.ONE, credential_types=[kind])
    sent = {str(kind): written}
    answer = meituan.create(product, visitors=named(credentials=sent))
    assert (answer["code"], answer["describe"]) == (200, "success")
    assert Visitor.objects.get().details["credentials"] == {str(kind): number}


@pytest.mark.parametrize(
    "written",
    ["\u200b王小明\u200d", "\ufeff王小明", " \u3000王小明\u202c\xa0", "\u202a王小明\u202c"],
)
def test_invisible_marks_round_a_name_go(written: str) -> None:
    meituan, product = selling(visitor_info=VisitorInfo.ONE)
    assert meituan.create(product, visitors=named(name=written))["code"] == 200
    assert Visitor.objects.get().details["name"] == "王小明"


def test_a_name_of_invisible_marks_is_missing() -> None:
    meituan, product = selling(visitor_info=VisitorInfo.ONE)
    answer = meituan.create(product, visitors=named(name="\u200b\u3000"))
    assert (answer["code"], answer["describe"]) == (410, "游玩人姓名缺失")


@pytest.mark.parametrize("mobile", ["+1", ["13800001111"], "1" * 99], ids=ascii)
def test_a_mobile_that_nobody_asked_for_is_no_reason(mobile: Any) -> None:
    meituan, product = selling(visitor_info=VisitorInfo.ONE, needs_mobile=False)
    assert meituan.create(product, visitors=named(mobile=mobile))["code"] == 200
    assert Visitor.objects.get().details == {"name": "王小明", "mobile": "", "credentials": {}}


def test_as_many_visitors_as_an_order_may_have_tickets_fit_into_one_request() -> None:
    meituan, product = selling(visitor_info=VisitorInfo.EACH)
    people = visitors_for(VisitorInfo.EACH, 2_500)
    assert meituan.create(product, 2_500, visitors=people)["code"] == 200
    assert Visitor.objects.count() == 2_500
    whole = {"partnerId": 0, "body": {"visitors": visitors_for(VisitorInfo.EACH, MAX_QUANTITY)}}
    meituan.raw("order/create", json.dumps(whole).encode())
    assert (
        json.loads(meituan.last_answer)["describe"] == "请求体中的partnerId与本连接的商家编号不一致"
    )


# Retention


def forgotten(days: int) -> int:
    with time_machine.travel(timezone.now() + timedelta(days=days), tick=False):
        return services.forget_visitors()


def test_after_the_merchants_days_details_and_hashes_go_and_the_order_stays() -> None:
    meituan, product = selling(**NAMED, phone_limit=5)
    order = meituan.bought(product, visitors=[VISITOR])
    Merchant.objects.update(personal_data_days=30)
    assert Visitor.objects.get().mobile_hash
    assert forgotten(29) == 0
    assert forgotten(31) == 1
    visitor = Visitor.objects.get()
    assert (visitor.details, visitor.mobile_hash, visitor.credential_hash) == ({}, "", "")
    assert visitor.removed_at
    assert forgotten(32) == 0
    assert meituan.query(order.order_id)["body"]["orderStatus"] == 4


@pytest.mark.parametrize(("valid_days", "over"), [(1, 10), (7, 16)])
def test_days_are_counted_from_the_last_day_of_use(valid_days: int, over: int) -> None:
    meituan, product = selling(**NAMED, by_calendar=True, offer=False, valid_days=valid_days)
    visit = timezone.localdate() + timedelta(days=10)
    OfferFactory(product=product, date=visit)
    meituan.bought(product, visitors=[VISITOR])
    Merchant.objects.update(personal_data_days=30)
    assert forgotten(over + 30) == 0
    assert forgotten(over + 31) == 1


def test_a_ticket_with_a_last_day_is_kept_for_until_then() -> None:
    until = timezone.localdate() + timedelta(days=100)
    meituan, product = selling(**NAMED, valid_until=until)
    meituan.bought(product, visitors=[VISITOR])
    Merchant.objects.update(personal_data_days=30)
    assert forgotten(130) == 0
    assert forgotten(131) == 1


@pytest.mark.parametrize("days", [10, 400])
def test_what_the_product_says_later_changes_nothing(days: int) -> None:
    today = timezone.localdate()
    meituan, product = selling(**NAMED, valid_until=today + timedelta(days=100))
    meituan.bought(product, visitors=[VISITOR])
    Product.objects.update(valid_until=today + timedelta(days=days))
    Merchant.objects.update(personal_data_days=30)
    assert forgotten(130) == 0
    assert forgotten(131) == 1


@pytest.mark.parametrize("valid_days", [1, 60])
def test_nor_do_other_days_of_use(valid_days: int) -> None:
    meituan, product = selling(**NAMED, by_calendar=True, offer=False, valid_days=7)
    OfferFactory(product=product, date=timezone.localdate() + timedelta(days=10))
    meituan.bought(product, visitors=[VISITOR])
    Product.objects.update(valid_days=valid_days)
    Merchant.objects.update(personal_data_days=30)
    assert forgotten(46) == 0
    assert forgotten(47) == 1


def test_a_visit_that_is_over_is_forgotten_by_its_last_use_whatever_the_product_says() -> None:
    meituan, product = selling(**NAMED, valid_until=date(2099, 1, 1))
    order = meituan.bought(product, 2, visitors=[VISITOR])
    Merchant.objects.update(personal_data_days=30)
    services.order_consume(order_pk=order.pk, quantity=1, actor=None, method=Method.COUNTER)
    assert forgotten(31) == 0
    with time_machine.travel(timezone.now() + timedelta(days=10), tick=False):
        services.order_consume(order_pk=order.pk, quantity=1, actor=None, method=Method.COUNTER)
    assert forgotten(39) == 0
    assert forgotten(41) == 1


def test_an_order_that_came_to_nothing_is_forgotten_by_its_age() -> None:
    meituan, product = selling(**NAMED, valid_until=date(2099, 1, 1))
    order = meituan.bought(product, pay=False, visitors=[VISITOR])
    meituan.close(order.order_id, 1)
    Merchant.objects.update(personal_data_days=30)
    assert forgotten(29) == 0
    assert forgotten(31) == 1


def test_each_merchant_has_its_own_days() -> None:
    short, one = selling(**NAMED)
    long, two = selling(**NAMED)
    short.bought(one, visitors=[VISITOR])
    long.bought(two, visitors=[VISITOR])
    Merchant.objects.filter(pk=one.connection.tenant.pk).update(personal_data_days=1)
    assert forgotten(5) == 1
    left = Visitor.objects.exclude(mobile_hash="").get()
    assert left.order.connection == two.connection


def test_a_merchant_with_days_beyond_the_calendar_stops_nobody_else(
    caplog: pytest.LogCaptureFixture,
) -> None:
    for days in (2**31 - 1, 30, 10**6):
        meituan, product = selling(**NAMED)
        meituan.bought(product, visitors=[VISITOR])
        Merchant.objects.filter(pk=product.connection.tenant.pk).update(personal_data_days=days)
    assert forgotten(31) == 1
    told = [record.getMessage() for record in caplog.records if "not removed" in record.message]
    assert [
        str(merchant.pk) in text
        for merchant, text in zip(
            Merchant.objects.exclude(personal_data_days=30).order_by("pk"), told, strict=True
        )
    ] == [True, True]


def test_more_than_a_batch_is_forgotten_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visitors, "BATCH", 2)
    meituan, product = selling(**NAMED)
    for _ in range(5):
        meituan.bought(product, visitors=[VISITOR])
    assert forgotten(400) == 5
    assert Order.objects.count() == 5


def test_an_upgrade_notes_the_last_day_of_orders_that_were_sold_before() -> None:
    upgrade = import_module("trip.migrations.0002_last_days").note_last_days
    day = timezone.localdate() + timedelta(days=3)
    meituan, product = selling(valid_until=day)
    always = TicketProductFactory(connection=meituan.connection)
    dated = TicketProductFactory(
        connection=meituan.connection, by_calendar=True, valid_days=2, offer__date=day
    )
    sold = [
        meituan.bought(product),
        meituan.bought(always),
        meituan.bought(dated, travelDate=str(day)),
    ]
    assert [order.usable_until for order in sold] == [day, None, day + timedelta(days=1)]
    Order.objects.update(usable_until=date(2000, 1, 1))
    upgrade(apps, None)
    assert [Order.objects.get(pk=order.pk).usable_until for order in sold] == [
        order.usable_until for order in sold
    ]
