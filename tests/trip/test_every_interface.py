"""Every interface alike: who may ask, by which clock, and what a stranger hears."""

import json
from typing import Any

import pytest

from stores.models import InboundEvent
from tests.meituan import Meituan
from tests.trip.factories import TicketConnectionFactory
from trip.addresses import INTERFACES
from trip.models import Offer, Order
from trip.sandbox.signing import Manner

pytestmark = pytest.mark.django_db
OTHER = {
    "order/create": 499,
    "order/pay": 599,
    "order/query": 399,
    "order/refund": 699,
    "product/price": 299,
}
every_interface = pytest.mark.parametrize("interface", [each.path for each in INTERFACES])


def create_answer(
    meituan: Meituan, interface: str, manner: Manner, **envelope: Any
) -> tuple[int, str]:
    """Sends a valid create with this manner; returns code and text of the answer."""
    product = meituan.connection.trip_products.get()
    content = {
        "partnerId": int(meituan.connection.account),
        "body": meituan.order_body(product),
    } | envelope
    response = meituan.raw(interface, json.dumps(content).encode(), manner)
    assert response.status_code == 200
    assert response["Content-Type"] == "application/json; charset=utf-8"
    answer = json.loads(response.content)
    assert "body" not in answer or answer["code"] == 200
    return answer["code"], answer["describe"]


def nothing_happened() -> bool:
    rows = InboundEvent.objects.exists() or Order.objects.exists()
    return not rows and not Offer.objects.exclude(held=0, sold=0).exists()


WRONG = {
    "no Authorization": (Manner(without=("Authorization",)), "缺少请求头：Authorization"),
    "no Date": (Manner(without=("Date",)), "缺少请求头：Date"),
    "no PartnerId": (Manner(without=("PartnerId",)), "缺少请求头：PartnerId"),
    "another secret": (Manner(signature="wrong_secret"), "签名不匹配"),
    "a garbled signature": (Manner(signature="garbled"), "Authorization格式应为"),
    "another client": (Manner(signature="foreign_client"), "clientId与本连接不一致"),
    "a bare signature": (Manner(signature="bare"), "Authorization格式应为"),
    "eleven minutes early": (Manner(clock=-660), "Date比我方时钟慢"),
    "eleven minutes late": (Manner(clock=660), "Date比我方时钟快"),
    "a Chinese date": (Manner(date="2026-11-22 10:00:00"), "Date应为RFC 1123"),
    "another partner": (Manner(partner_header="999"), "请求头PartnerId与本连接的商家编号不一致"),
}


@every_interface
@pytest.mark.parametrize("how", WRONG)
def test_who_does_not_sign_right_hears_why_and_changes_nothing(
    meituan: Meituan, interface: str, how: str
) -> None:
    manner, why = WRONG[how]
    code, describe = create_answer(meituan, interface, manner)
    assert code == OTHER.get(interface, 300)
    assert describe.startswith(why)
    assert meituan.connection.credentials["client_secret"] not in describe
    assert nothing_happened()


@every_interface
def test_another_partner_in_the_body_is_refused(meituan: Meituan, interface: str) -> None:
    said = create_answer(meituan, interface, Manner(), partnerId=999)
    assert said == (OTHER.get(interface, 300), "请求体中的partnerId与本连接的商家编号不一致")
    assert nothing_happened()


@every_interface
@pytest.mark.parametrize("clock", [-540.0, 540.0])
def test_nine_minutes_are_forgiven(meituan: Meituan, interface: str, clock: float) -> None:
    _code, describe = create_answer(meituan, interface, Manner(clock=clock))
    assert "Date" not in describe


@every_interface
def test_one_partners_signature_opens_no_others_interface(meituan: Meituan, interface: str) -> None:
    """Each signs right, with the secret of its own, and asks at the other's address."""
    other = TicketConnectionFactory(
        credentials={"client_id": "another", "client_secret": "fedcba9876543210fedcba9876543210"},
    )
    stranger = Meituan(other)
    stranger.path = meituan.path  # type: ignore[method-assign]
    content = json.dumps({"partnerId": int(meituan.connection.account), "body": {}}).encode()
    answer = json.loads(stranger.raw(interface, content).content)
    assert (answer["code"], answer["describe"]) == (
        OTHER.get(interface, 300),
        "clientId与本连接不一致",
    )
    assert nothing_happened()


@every_interface
@pytest.mark.parametrize("method", ["get", "put", "delete", "options"])
def test_only_post_is_an_answer(meituan: Meituan, interface: str, method: str) -> None:
    response = getattr(meituan.client, method)(meituan.path(interface))
    answer = json.loads(response.content)
    assert (response.status_code, answer["code"]) == (200, OTHER.get(interface, 300))
    assert answer["describe"] == "只接受POST请求"


@every_interface
def test_a_slash_too_many_is_no_redirect(meituan: Meituan, interface: str) -> None:
    response = meituan.client.post(
        f"{meituan.path(interface)}/", b"{}", content_type="application/json"
    )
    assert (response.status_code, json.loads(response.content)["code"]) == (200, 300)
