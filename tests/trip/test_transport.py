"""The steps of every interface before its answer: signatures, clocks, partners, invalid bodies, and
always the envelope.
"""

import http.client
import json
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, ClassVar
from urllib.parse import unquote

import pytest
from cryptography.fernet import Fernet
from django.db import OperationalError
from django.http import HttpResponse
from django.test import Client, RequestFactory
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from stores.models import Connection, InboundEvent, Merchant
from stores.platforms.reading import Malformed, whole
from stores.web.limits import Limit
from tests.trip import meituan
from tests.trip.meituan import PARTNER_ID, SECRET, post, signed, ticket_connection
from trip import checks, signatures
from trip.choices import Refusal
from trip.webhooks import base
from trip.webhooks.base import Answer, OnceEndpoint

WELL = b'{"code":200,"describe":"success","partnerId":1001}'
ASKED = {"partnerId": PARTNER_ID}


@pytest.fixture
def connection(db: None) -> Connection:
    return ticket_connection()


@pytest.fixture
def path(connection: Connection) -> str:
    return f"/trip/{connection.pk}/support/heartbeat"


def envelope_of(answer: HttpResponse) -> dict[str, Any]:
    """Returns the envelope, which always comes with HTTP 200."""
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json; charset=utf-8")
    envelope: dict[str, Any] = json.loads(answer.content)
    assert isinstance(envelope["partnerId"], int)
    return envelope


def refused(answer: HttpResponse, code: int = 300) -> str:
    """Returns the reason of a refusal."""
    envelope = envelope_of(answer)
    assert envelope["code"] == code
    assert "body" not in envelope
    return str(envelope["describe"])


def test_a_signed_call_is_answered_in_the_envelope(path: str) -> None:
    answer = post(path, ASKED)
    assert (answer.status_code, answer.content) == (200, WELL)
    assert answer["Content-Type"] == "application/json; charset=utf-8"


def test_a_call_over_a_real_socket_is_answered(live_server: LiveServer) -> None:
    path = f"/trip/{ticket_connection().pk}/support/heartbeat"
    line = http.client.HTTPConnection(live_server.thread.host, live_server.thread.port, timeout=10)
    line.request("POST", path, json.dumps(ASKED), signed(path))
    answer = line.getresponse()
    assert (answer.status, answer.read()) == (200, WELL)
    line.close()


def test_a_call_needs_one_query(
    path: str, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(1):
        assert post(path, ASKED).content == WELL


def test_a_query_string_is_not_part_of_the_signature(path: str) -> None:
    assert envelope_of(post(f"{path}?a=1", ASKED, **signed(path)))["code"] == 200


def test_the_previous_secret_is_accepted_until_it_is_removed(
    connection: Connection, path: str
) -> None:
    connection.credentials = {
        "client_id": meituan.CLIENT_ID,
        "client_secret": "new",
        "previous_secret": SECRET,
    }
    connection.save()
    assert post(path, ASKED).content == WELL
    assert post(path, ASKED, **signed(path, secret="new")).content == WELL
    connection.credentials = {
        "client_id": meituan.CLIENT_ID,
        "client_secret": "new",
        "previous_secret": "",
    }
    connection.save()
    assert "签名不匹配" in refused(post(path, ASKED))
    assert "签名不匹配" in refused(post(path, ASKED, **signed(path, secret="")))


def test_nobody_can_sign_for_a_connection_without_credentials(
    connection: Connection, path: str
) -> None:
    Connection.objects.update(credentials={})
    for client_id in ("", meituan.CLIENT_ID):
        signature = signed(path, secret="")["Authorization"].partition(":")[2]
        assert refused(post(path, ASKED, Authorization=f"MWS {client_id}:{signature}"))


@pytest.mark.parametrize("header", ["Authorization", "Date", "PartnerId"])
@pytest.mark.parametrize("value", [None, ""])
def test_a_missing_header_is_named(path: str, header: str, value: str | None) -> None:
    assert refused(post(path, ASKED, **{header: value})) == f"缺少请求头：{header}"


def test_all_missing_headers_are_named(path: str) -> None:
    answer = post(path, ASKED, Authorization=None, Date=None, PartnerId=None)
    assert refused(answer) == "缺少请求头：Authorization、Date、PartnerId"


@pytest.mark.parametrize(
    "value", ["Basic bXQ6eA==", "MWS", "MWS mt-1001", "MWS :", "mws mt-1001:x", "MWS \xe9:\xe9"]
)
def test_a_garbled_authorization_is_explained(path: str, value: str) -> None:
    assert (
        refused(post(path, ASKED, Authorization=value))
        == "Authorization格式应为：MWS clientId:signature"
    )


@pytest.mark.parametrize("other", [{"secret": "other"}, {"method": "GET"}])
def test_a_foreign_signature_is_told_what_should_have_been_signed(
    path: str, other: dict[str, str]
) -> None:
    headers = signed(path, **other)  # type: ignore[arg-type]
    why = refused(post(path, ASKED, **headers))
    assert why == f'签名不匹配，待签名字符串为："POST {path}\\n{headers["Date"]}"'
    assert SECRET not in why


def test_a_signature_of_another_path_or_moment_is_not_accepted(
    connection: Connection, path: str
) -> None:
    elsewhere = f"/trip/{connection.pk}/support/balance"
    assert "签名不匹配" in refused(post(path, ASKED, **signed(elsewhere)))
    assert "签名不匹配" in refused(post(path, ASKED, Date=signed(path, off=1)["Date"]))
    assert "签名不匹配" in refused(post(path, ASKED, Date="yesterday"))


def test_a_foreign_client_id_is_not_accepted(path: str) -> None:
    authorization = signed(path)["Authorization"].replace("mt-1001", "mt-1002")
    assert refused(post(path, ASKED, Authorization=authorization)) == "clientId与本连接不一致"


@pytest.mark.parametrize("minutes", [-9, 9])
def test_a_clock_nine_minutes_off_is_accepted(path: str, minutes: int) -> None:
    assert post(path, ASKED, **signed(path, off=minutes * 60)).content == WELL


@pytest.mark.parametrize(("minutes", "direction"), [(-11, "慢"), (11, "快")])
def test_a_clock_eleven_minutes_off_is_told_by_how_much(
    path: str, minutes: int, direction: str
) -> None:
    why = refused(post(path, ASKED, **signed(path, off=minutes * 60)))
    found = re.fullmatch(f"Date比我方时钟{direction}([0-9]+)秒，允许相差600秒", why)
    assert found
    assert abs(int(found[1]) - 660) <= 5


def test_the_window_is_a_setting(path: str, settings: Settings) -> None:
    settings.TRIP_DATE_WINDOW = 60
    assert refused(post(path, ASKED, **signed(path, off=-120))).endswith("允许相差60秒")


def test_a_signed_date_in_another_form_is_explained(path: str) -> None:
    signature = signatures.sign(method="POST", path=path, date="2026-05-01 10:00:00", secret=SECRET)
    headers = {
        "Date": "2026-05-01 10:00:00",
        "Authorization": f"MWS {meituan.CLIENT_ID}:{signature}",
    }
    assert "RFC 1123" in refused(post(path, ASKED, **headers))


@pytest.mark.parametrize("said", [1001, "1001"])
def test_the_partner_may_be_a_number_or_a_string(path: str, said: Any) -> None:
    assert post(path, {"partnerId": said}).content == WELL


@pytest.mark.parametrize("said", [1002, "1002", None, "", 1001.5, True, [1001], {}])
def test_a_body_of_another_partner_is_refused(path: str, said: Any) -> None:
    assert refused(post(path, {"partnerId": said})) == "请求体中的partnerId与本连接的商家编号不一致"
    assert refused(post(path, {})) == "请求体中的partnerId与本连接的商家编号不一致"


@pytest.mark.parametrize("said", ["1002", "x", "9" * 40, "-1", "١٠٠١".encode().decode("latin-1")])
def test_a_header_of_another_partner_is_refused(path: str, said: str) -> None:
    assert refused(post(path, ASKED, PartnerId=said)) == "请求头PartnerId与本连接的商家编号不一致"


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "请求体不是有效的JSON"),
        (b"{", "请求体不是有效的JSON"),
        (b"\xff\xfe\x00", "请求体不是有效的JSON"),
        (b'{"partnerId": NaN}', "请求体不是有效的JSON"),
        (b"[" * 5000, "请求体不是有效的JSON"),
        (b"[]", "请求体不是JSON对象"),
        (b"null", "请求体不是JSON对象"),
        (b" " * 300_000, "请求体过大"),
    ],
)
def test_garbage_gets_the_envelope(path: str, body: bytes, why: str) -> None:
    assert refused(post(path, body)) == why


def test_a_connection_that_does_not_serve_is_unknown(connection: Connection, path: str) -> None:
    for change in ({"is_active": False}, {"is_active": True, "platform": "umember"}):
        Connection.objects.update(**change)
        assert refused(post(path, ASKED)).startswith("连接不存在或已停用")
    Connection.objects.update(platform="trip")
    assert post(path, ASKED).content == WELL
    Merchant.objects.update(is_active=False)
    assert refused(post(path, ASKED)).startswith("连接不存在或已停用")
    assert refused(post("/trip/999999999999999999/support/heartbeat", ASKED)).startswith(
        "连接不存在或已停用"
    )


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
def test_another_method_gets_the_envelope(path: str, method: str) -> None:
    answer = Client().generic(method, path)
    assert isinstance(answer, HttpResponse)
    assert refused(answer) == "只接受POST请求"


@pytest.mark.parametrize(
    "below",
    ["", "/", "/order", "/support/heartbeat/", "/Support/Heartbeat", "/order/%0A", "//", "/汉"],
)
def test_what_is_no_interface_is_said_to_be_none_and_never_redirected(
    connection: Connection, below: str
) -> None:
    for method in ("POST", "GET"):
        answer = Client(enforce_csrf_checks=True).generic(method, f"/trip/{connection.pk}{below}")
        assert isinstance(answer, HttpResponse)
        assert refused(answer) == f"没有这个接口：/trip/{connection.pk}{unquote(below)}"


@pytest.mark.parametrize(
    "path", ["/trip/", "/trip/abc/order/create", "/trip/-1/order/pay", f"/trip/{'9' * 40}/x"]
)
def test_an_address_without_a_connection_gets_the_envelope_too(path: str) -> None:
    answer = Client(enforce_csrf_checks=True).post(path, b"{", "application/json")
    assert isinstance(answer, HttpResponse)
    assert refused(answer) == f"没有这个接口：{path}"


def test_strangers_are_told_less_after_many_tries_and_meituan_is_never_limited(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(base, "STRANGERS", Limit("trip-strangers", 3, 10**8))
    reasons = [refused(post(path, ASKED, **signed(path, secret="guess"))) for _ in range(5)]
    assert ["签名不匹配" in why for why in reasons] == [True, True, True, False, False]
    assert "认证失败次数过多" in reasons[4]
    assert [post(path, ASKED).content for _ in range(5)] == [WELL] * 5
    assert refused(post(path, b"x")) == "请求体不是有效的JSON"


def test_balances_that_do_not_exist_are_minus_one(connection: Connection) -> None:
    path = f"/trip/{connection.pk}/support/balance"
    answer = post(path, ASKED | {"body": {"partnerDealIds": ["P-7", 8, "票"]}})
    none = '"prepaidAccountBalance":-1,"creditAccountBalance":-1'
    wanted = ",".join(f'{{{none},"partnerDealId":"{deal}"}}' for deal in ("P-7", "8", "票"))
    assert answer.content.decode() == WELL.decode()[:-1] + f',"body":[{wanted}]}}'
    assert envelope_of(post(path, ASKED | {"body": {"partnerDealIds": []}}))["body"] == []


@pytest.mark.parametrize("body", [None, [], "x", {"partnerDealIds": "x"}, {"partnerDealIds": [{}]}])
def test_a_balance_of_nothing_sensible_is_refused(connection: Connection, body: Any) -> None:
    assert refused(post(f"/trip/{connection.pk}/support/balance", ASKED | {"body": body}))


class Pay(OnceEndpoint):
    """An endpoint that runs one step of its script per call: an answer, or an exception after an
    effect.
    """

    kind, other_code, invalid_code = "order.pay", 599, 510
    script: ClassVar[list[Answer | Exception]] = []

    def read(self, body: Any) -> int:
        return whole(body, "orderId", least=1)

    def key(self, asked: int) -> str:
        return str(asked)

    def kept(self, asked: int, body: Any) -> dict[str, Any]:
        return {"orderId": asked, "visitors": len(body.get("visitors", []))}

    def answer(self, connection: Connection, asked: int) -> Answer:
        Merchant.objects.create(name="effect")
        step = self.script.pop(0)
        if isinstance(step, Exception):
            raise step
        return step


@pytest.fixture
def script() -> Iterator[list[Answer | Exception]]:
    yield Pay.script
    Pay.script.clear()


def pay(connection: Connection, body: Any) -> HttpResponse:
    envelope = json.dumps(ASKED | {"body": body})
    request = RequestFactory().post(
        "/pay", envelope, content_type="application/json", headers=signed("/pay")
    )
    answer = Pay.as_view()(request, connection_id=connection.pk)
    assert isinstance(answer, HttpResponse)
    return answer


ORDER = {"orderId": 4900000000000017, "visitors": [{"name": "甲"}]}


def test_a_final_answer_is_replayed_byte_for_byte(
    connection: Connection, script: list[Answer | Exception]
) -> None:
    script.append(Answer({"orderId": 4900000000000017, "vouchers": ["码"]}, subject_id=5))
    first = pay(connection, ORDER)
    assert (
        first.content.decode()
        == WELL.decode()[:-1] + ',"body":{"orderId":4900000000000017,"vouchers":["码"]}}'
    )
    assert [pay(connection, ORDER).content for _ in range(3)] == [first.content] * 3
    event = InboundEvent.objects.get()
    assert (event.kind, event.dedup_key, event.subject_id, event.repeats) == (
        "order.pay",
        "4900000000000017",
        5,
        3,
    )
    assert event.body == {"orderId": 4900000000000017, "visitors": 1}
    assert Merchant.objects.filter(name="effect").count() == 1


def test_an_order_number_may_be_a_string(
    connection: Connection, script: list[Answer | Exception]
) -> None:
    script.append(Answer())
    assert (
        pay(connection, {"orderId": "17"}).content
        == pay(connection, {"orderId": 17}).content
        == WELL
    )


def test_still_working_is_not_the_last_word(
    connection: Connection, script: list[Answer | Exception]
) -> None:
    script += [Answer(code=598, describe="出票中", final=False), Answer(describe="issued")]
    codes = [envelope_of(pay(connection, ORDER))["code"] for _ in range(3)]
    assert codes == [598, 200, 200]


@pytest.mark.parametrize(("lasting", "second"), [(True, "订单已关闭"), (False, "success")])
def test_a_refusal_undoes_everything_and_lasts_only_if_it_says_so(
    connection: Connection, script: list[Answer | Exception], lasting: bool, second: str
) -> None:
    script += [Refusal(599, "订单已关闭", lasting=lasting), Answer()]
    assert refused(pay(connection, ORDER), 599) == "订单已关闭"
    assert not Merchant.objects.filter(name="effect").exists()
    assert envelope_of(pay(connection, ORDER))["describe"] == second


@pytest.mark.parametrize(
    "body", [{}, {"orderId": "x"}, {"orderId": 0}, {"orderId": 10**30}, {"orderId": True}]
)
def test_a_body_that_cannot_be_understood_is_the_interfaces_invalid(
    connection: Connection, body: Any
) -> None:
    assert refused(pay(connection, body), 510).startswith("orderId")
    assert refused(pay(connection, [body]), 510) == "body缺失或类型不正确"
    assert not InboundEvent.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "error",
    [ZeroDivisionError("secret"), OperationalError("secret"), Malformed("secret", "secret")],
)
def test_our_own_failure_is_the_interfaces_other_and_leaves_nothing(
    connection: Connection, script: list[Answer | Exception], error: Exception
) -> None:
    script += [error, Answer()]
    assert refused(pay(connection, ORDER), 599) == "系统繁忙，请稍后重试"
    assert not Merchant.objects.filter(name="effect").exists()
    assert not InboundEvent.objects.exists()
    assert pay(connection, ORDER).content == WELL


def test_a_first_answer_needs_four_queries(
    connection: Connection,
    script: list[Answer | Exception],
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    script.append(Answer())
    # The connection, the query, the effect, the event; a savepoint replaces BEGIN and COMMIT.
    with django_assert_num_queries(4 + 2):
        pay(connection, ORDER)


def test_checks_refuse_settings_that_do_not_fit(settings: Settings) -> None:
    assert not [*checks.request_time(None), *checks.date_window(None), *checks.notice_address(None)]
    settings.TRIP_TIMEOUT, settings.TRIP_DATE_WINDOW = (10, 15), 0
    settings.TRIP_NOTICE_BASE_URL = "http://lvyou.meituan.com/rhone/mtp/api"
    found = [*checks.request_time(None), *checks.date_window(None), *checks.notice_address(None)]
    assert [message.id for message in found] == ["trip.E001", "trip.E002", "trip.W001"]
    settings.TRIP_DATE_WINDOW = timedelta(hours=2).total_seconds()
    assert [message.id for message in checks.date_window(None)] == ["trip.E002"]


def test_meituan_is_told_to_ask_again_by_a_server_that_lacks_the_key(
    db: None, settings: Settings
) -> None:
    path = f"/trip/{ticket_connection().pk}/order/query"
    settings.CREDENTIAL_KEYS = [Fernet.generate_key().decode()]
    answer = post(path, {"body": {}, "partnerId": PARTNER_ID})
    told = json.loads(answer.content)
    assert (answer.status_code, told["code"], "稍后重试" in told["describe"]) == (200, 399, True)
