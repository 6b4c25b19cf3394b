"""Notices over real sockets: what is sent to the letter, and what every answer becomes."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from stores.models import OutboundAttempt, OutboundCall, Pace
from stores.platforms import outbox
from stores.platforms.errors import (
    LoginRefused,
    NotSent,
    PlatformError,
    Throttled,
    Undecided,
    Unknown,
)
from stores.platforms.outbox import Operation, operations
from stores.platforms.outbox.claims import claim
from tests.canned import Canned, answer
from tests.trip.meituan import CLIENT_ID, PARTNER_ID, SECRET, ticket_connection
from trip.client import NoticeClient
from trip.signatures import parse_date

PREFIX = "/rhone/mtp/api"
BODY = {"orderId": 4900000000000017, "partnerOrderId": "S0001", "vouchers": ["码1"]}
CALLS: dict[str, tuple[Callable[[NoticeClient], str], str, dict[str, Any]]] = {
    "pay": (
        lambda client: client.pay(issue_type=1, describe="success", body=BODY),
        "/order/pay/notice",
        {"partnerId": PARTNER_ID, "issueType": 1, "describe": "success", "body": BODY},
    ),
    "refund": (
        lambda client: client.refund(code=606, describe="已使用", body=BODY),
        "/order/refund/notice",
        {"partnerId": PARTNER_ID, "code": 606, "describe": "已使用", "body": BODY},
    ),
    "consume": (
        lambda client: client.consume(body=BODY),
        "/order/consume/notice",
        {"partnerId": PARTNER_ID, "body": BODY},
    ),
    "product": (
        lambda client: client.product(body=[{"partnerDealId": "P-7", "status": 5}]),
        "/deal/change/notice",
        {"partnerId": PARTNER_ID, "body": [{"partnerDealId": "P-7", "status": 5}]},
    ),
}


def client(url: str, **fields: Any) -> NoticeClient:
    known: dict[str, Any] = {
        "partner_id": str(PARTNER_ID),
        "client_id": CLIENT_ID,
        "secret": SECRET,
        "timeout": (5, 5),
    }
    return NoticeClient(url + PREFIX, **(known | fields))


def taken(code: Any = 200, describe: str = "成功", status: int = 200) -> bytes:
    return answer(json.dumps({"code": code, "describe": describe, "partnerId": PARTNER_ID}), status)


def outcome(*plays: bytes, call: str = "consume", **fields: Any) -> tuple[Any, list[bytes]]:
    """Returns the result or the error of the notice, and the requests that were sent."""
    with Canned(*plays) as server:
        try:
            result: Any = CALLS[call][0](client(server.url, **fields))
        except PlatformError as error:
            result = error
    return result, server.requests


@pytest.mark.parametrize("call", CALLS)
def test_a_notice_is_the_protocols_to_the_letter(call: str) -> None:
    result, [request] = outcome(taken(), call=call)
    assert result == "200 成功"
    head, _, content = request.partition(b"\r\n\r\n")
    line, *rest = head.decode().split("\r\n")
    headers = dict(header.split(": ", 1) for header in rest)
    _, below, message = CALLS[call]
    assert line == f"POST {PREFIX}{below} HTTP/1.1"
    assert (headers["Content-Type"], headers["PartnerId"]) == (
        "application/json; charset=utf-8",
        str(PARTNER_ID),
    )
    assert content.decode() == json.dumps(message, ensure_ascii=False, separators=(",", ":"))
    mac = hmac.new(
        SECRET.encode(), f"POST {PREFIX}{below}\n{headers['Date']}".encode(), hashlib.sha1
    )
    assert headers["Authorization"] == f"MWS {CLIENT_ID}:{base64.b64encode(mac.digest()).decode()}"
    date = parse_date(headers["Date"])
    assert date is not None
    assert abs(timezone.now() - date) < timedelta(seconds=30)


@pytest.mark.parametrize("code", [200, "200", 201, "201", " 200 "])
def test_a_taken_notice_is_taken_however_the_code_is_typed(code: Any) -> None:
    result, _ = outcome(taken(code))
    assert result == f"{str(code).strip()} 成功"


@pytest.mark.parametrize("code", [300, "300"])
def test_meituan_at_work_itself_means_later(code: Any) -> None:
    result, _ = outcome(taken(code, "支付通知阶段-美团内部处理中"))
    assert (type(result), result.detail) == (Undecided, "300: 支付通知阶段-美团内部处理中")


@pytest.mark.parametrize("code", [400, "606", 699, 0, -1])
def test_a_no_is_not_final_and_kept_in_meituans_words(code: Any) -> None:
    result, _ = outcome(taken(code, "订单状态不符"))
    assert (type(result), result.detail) == (Undecided, f"{code}: 订单状态不符")


@pytest.mark.parametrize(
    "play",
    [
        answer("<html>502 Bad Gateway</html>", 200, kind="text/html"),
        answer("<html>502 Bad Gateway</html>", 502, kind="text/html"),
        taken(200, status=500),
        taken(200, status=404),
        answer("", 302, Location="http://127.0.0.1:1/login"),
        answer("", 200),
        answer("[]"),
        answer("{}"),
        answer('{"code": null}'),
        answer('{"code": true}'),
        answer('{"code": "ok"}'),
        answer('{"code": [200]}'),
        answer('{"code": 200, "describe"'),
        answer(b'\xff{"code": 200}'),
        answer('{"code": 200}')[:-4],
        b"",
        b"nonsense",
    ],
)
def test_an_answer_that_is_none_tells_nothing(play: bytes) -> None:
    result, requests = outcome(play)
    assert type(result) is Unknown
    assert len(requests) == 1


def test_a_throttled_notice_was_not_taken() -> None:
    result, _ = outcome(answer("slow down", 429))
    assert (type(result), result.after) == (Throttled, 5.0)


def test_a_notice_that_meets_a_closed_door_was_not_sent() -> None:
    with Canned() as server:
        url = server.url
    with pytest.raises(NotSent):
        client(url).consume(body=BODY)


@pytest.mark.parametrize(
    "fields", [{"partner_id": "shop@example.com"}, {"client_id": ""}, {"secret": ""}]
)
def test_nothing_is_sent_without_something_to_sign_with(fields: dict[str, str]) -> None:
    result, requests = outcome(taken(), **fields)
    assert (type(result), requests) == (LoginRefused, [])


def test_the_turn_comes_before_the_request() -> None:
    def no_turn() -> None:
        raise NotSent("not now")

    result, requests = outcome(taken(), wait_for_slot=no_turn)
    assert (result.detail, requests) == ("not now", [])


def test_a_connection_has_the_usual_address_unless_it_names_one(
    db: None, settings: Settings
) -> None:
    settings.TRIP_NOTICE_BASE_URL = "https://meituan.test/rhone/mtp/api"
    connection = ticket_connection()
    usual = NoticeClient.of(connection)
    assert (usual.base_url, usual.partner_id) == (
        "https://meituan.test/rhone/mtp/api",
        str(PARTNER_ID),
    )
    assert (usual.client_id, usual.secret, usual.timeout) == (
        CLIENT_ID,
        SECRET,
        settings.TRIP_TIMEOUT,
    )
    connection.base_url = "https://seine.test.meituan.com/sandbox/api/dispatch/"
    connection.credentials = {}
    named = NoticeClient.of(connection)
    assert (named.base_url, named.client_id, named.secret) == (
        "https://seine.test.meituan.com/sandbox/api/dispatch",
        "",
        "",
    )


@pytest.mark.parametrize("host", ["http://127.0.0.1:9999", "http://127.0.0.1:9999/"])
def test_a_bare_host_gets_meituans_usual_path(db: None, host: str) -> None:
    assert (
        NoticeClient.of(ticket_connection(base_url=host)).base_url
        == "http://127.0.0.1:9999/rhone/mtp/api"
    )


def test_notices_sign_with_the_current_secret_after_a_rotation(db: None) -> None:
    known = {"client_id": CLIENT_ID, "client_secret": "new", "previous_secret": SECRET}
    assert NoticeClient.of(ticket_connection(credentials=known)).secret == "new"


@pytest.fixture
def notice(db: None, monkeypatch: pytest.MonkeyPatch) -> type[Operation]:
    class Notice(Operation):
        platform, name, repeatable, backoff = "trip", "notice for tests", True, (60.0,)

        def send(self, call: OutboundCall, wait_for_slot: Callable[[], None]) -> str:
            return NoticeClient.of(call.connection, wait_for_slot=wait_for_slot).consume(body=BODY)

    monkeypatch.setitem(operations.by_name, (Notice.platform, Notice.name), Notice())
    return Notice


def test_a_notice_is_sent_again_until_it_is_taken(
    notice: type[Operation], settings: Settings
) -> None:
    settings.PACE_SECONDS = {"umember": 0.0, "trip": 0.0}
    plays = [taken(300, "处理中"), answer("<html>", 502), answer("", 302, Location="/"), taken()]
    with Canned(*plays) as server:
        connection = ticket_connection(base_url=server.url + PREFIX)
        call = outbox.enqueue(notice, connection=connection, key="1", subject_id=1, wake=False)
        states, failures = [], []
        for _ in plays:
            OutboundCall.objects.update(due_at=timezone.now())
            claimed = claim(call.pk)
            assert claimed is not None
            outbox.deliver(claimed, None)
            call.refresh_from_db()
            states.append(call.state)
            failures.append(Pace.objects.get().failures)
    assert states == ["pending", "pending", "pending", "done"]
    assert len(server.requests) == 4
    said = OutboundAttempt.objects.order_by("id").values_list("outcome", "detail")
    assert (said[0], said[3]) == (("unknown", "300: 处理中"), ("answered", "200 成功"))
    # Meituan at work itself is no failure of the account's; a broken door is.
    assert failures == [0, 1, 2, 0]
