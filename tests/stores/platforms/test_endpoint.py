"""The inbound template: what is not the platform's is refused in the platform's form, and nothing
is stored.
"""

import json
from typing import Any, ClassVar

import pytest
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.test import RequestFactory
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from stores.models import Connection, InboundEvent, Merchant
from stores.platforms.inbound.endpoint import CallEndpoint, PlatformEndpoint, Rejected
from stores.platforms.reading import optional_text
from stores.platforms.workers import queue


class Endpoint(PlatformEndpoint):
    platform = "umember"
    max_bytes = 1000

    def authenticate(self, request: HttpRequest, connection: Connection) -> None:
        if request.headers.get("X-Sign") != connection.account:
            raise Rejected("wrong signature", 403)

    def name(self, data: dict[str, Any]) -> tuple[str, str]:
        return str(data.get("kind", "")), str(data.get("id", ""))

    def store_name(self, data: dict[str, Any]) -> str:
        return optional_text(data, "store")

    def acknowledge(self, connection: Connection, data: dict[str, Any]) -> HttpResponse:
        return HttpResponse("OK")

    def reject(self, rejected: Rejected) -> HttpResponse:
        return JsonResponse({"errno": 1, "error": rejected.reason}, status=rejected.status)


@pytest.fixture(autouse=True)
def _quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "wake_worker", lambda task, pk: None)


def post(
    connection: Connection, body: bytes, *, sign: str | None = None, pk: int | None = None
) -> HttpResponse:
    request = RequestFactory().post(
        "/x",
        body,
        content_type="application/json",
        headers={"X-Sign": connection.account if sign is None else sign},
    )
    answer = Endpoint.as_view()(request, connection_id=connection.pk if pk is None else pk)
    assert isinstance(answer, HttpResponse)
    return answer


def refused(answer: HttpResponse) -> tuple[int, str]:
    assert not InboundEvent.objects.exists()
    return answer.status_code, json.loads(answer.content)["error"]


def test_a_verified_notice_is_stored_and_acknowledged_in_the_platforms_form(
    connection: Connection,
) -> None:
    answer = post(connection, b'{"kind": "paid", "id": 7}')
    assert (answer.status_code, answer.content) == (200, b"OK")
    event = InboundEvent.objects.get()
    assert (event.kind, event.dedup_key, event.body) == ("paid", "7", {"kind": "paid", "id": 7})


@pytest.mark.parametrize(
    "body", [b"", b"x", b"{", b"\xff\xfe", b'{"a": NaN}', b"[" * 900, b"1" * 900]
)
def test_garbage_is_refused(connection: Connection, body: bytes) -> None:
    status, reason = refused(post(connection, body))
    assert status == 400
    assert reason in ("not JSON", "not a JSON object")


@pytest.mark.parametrize("body", [b"[]", b"1", b"null", b'"text"'])
def test_json_that_is_no_object_is_refused(connection: Connection, body: bytes) -> None:
    assert refused(post(connection, body)) == (400, "not a JSON object")


def test_a_body_too_large_is_refused_before_it_is_looked_at(connection: Connection) -> None:
    assert refused(post(connection, b"{" + b" " * 1000)) == (413, "body too large")


def test_a_body_too_large_for_the_whole_site_is_refused_in_the_platforms_form(
    connection: Connection, settings: Settings
) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    assert refused(post(connection, b" " * 500)) == (413, "body too large")


def test_a_wrong_signature_is_refused(connection: Connection) -> None:
    assert refused(post(connection, b'{"kind": "paid", "id": 1}', sign="forged")) == (
        403,
        "wrong signature",
    )


@pytest.mark.parametrize("pk", [0, 999_999, 10**30])
def test_an_unknown_connection_is_refused(connection: Connection, pk: int) -> None:
    assert refused(post(connection, b'{"kind": "a", "id": 1}', pk=pk)) == (
        404,
        "unknown connection",
    )


def test_a_connection_of_another_platform_or_switched_off_is_unknown(
    connection: Connection,
) -> None:
    Connection.objects.update(platform="other")
    assert refused(post(connection, b'{"kind": "a", "id": 1}'))[0] == 404
    Connection.objects.update(platform="umember", is_active=False)
    assert refused(post(connection, b'{"kind": "a", "id": 1}'))[0] == 404
    Connection.objects.update(is_active=True)
    Merchant.objects.update(is_active=False)
    assert refused(post(connection, b'{"kind": "a", "id": 1}'))[0] == 404


@pytest.mark.parametrize(
    "data", [{"kind": "", "id": 1}, {"kind": "a" * 61, "id": 1}, {"kind": "a", "id": "1" * 201}]
)
def test_a_notice_without_a_usable_name_is_refused(
    connection: Connection, data: dict[str, Any]
) -> None:
    assert refused(post(connection, json.dumps(data).encode())) == (
        400,
        "kind or key of impossible length",
    )


def test_a_field_that_a_reader_refuses_makes_the_notice_refused(connection: Connection) -> None:
    answer = post(connection, b'{"kind": "paid", "id": 7, "store": [1]}')
    assert refused(answer) == (400, "store is no text")


def test_characters_that_databases_refuse_do_not_lose_a_notice(connection: Connection) -> None:
    answer = post(connection, b'{"kind": "chat", "id": 1, "text": "a\\u0000b\\ud83d", "n": 1e999}')
    assert answer.status_code == 200
    assert InboundEvent.objects.get().body["text"] == "a\ufffdb\ufffd"


def test_only_post_is_answered(connection: Connection) -> None:
    answer = Endpoint.as_view()(RequestFactory().get("/x"), connection_id=connection.pk)
    assert answer.status_code == 405


def assert_nobody_gets_in(
    view: type[PlatformEndpoint] | type[CallEndpoint], connection: Connection
) -> None:
    request = RequestFactory().post("/x", b"{}", content_type="application/json")
    answer = view.as_view()(request, connection_id=connection.pk)
    assert isinstance(answer, HttpResponse)
    assert (answer.status_code, answer.content) == (403, b"no authentication defined")


def test_the_template_itself_lets_nobody_in(connection: Connection) -> None:
    class Bare(PlatformEndpoint):
        platform = "umember"

    assert_nobody_gets_in(Bare, connection)
    with pytest.raises(Rejected):
        Bare().name({})
    assert Bare().acknowledge(connection, {}).status_code == 200


class Calls(CallEndpoint):
    """Answers "told" to "ask", and otherwise raises what it is told to."""

    platform = "umember"
    errors: ClassVar[dict[str, Exception]] = {}

    def authenticate(self, request: HttpRequest, connection: Connection) -> None:
        if request.headers.get("X-Sign") != connection.account:
            raise Rejected("wrong signature", 403)

    def respond(self, connection: Connection, data: dict[str, Any]) -> HttpResponse:
        if error := self.errors.get(data.get("ask", "")):
            raise error
        return JsonResponse({"code": 200, "connection": connection.pk})

    def reject(self, rejected: Rejected) -> HttpResponse:
        return JsonResponse({"code": 400, "describe": rejected.reason})

    def fail(self) -> HttpResponse:
        return JsonResponse({"code": 500})


def call(
    connection: Connection, body: bytes, *, method: str = "POST", **headers: str
) -> tuple[int, Any]:
    request = RequestFactory().generic(
        method,
        "/x",
        body,
        content_type="application/json",
        headers={"X-Sign": connection.account} | headers,
    )
    answer = Calls.as_view()(request, connection_id=connection.pk)
    assert isinstance(answer, HttpResponse)
    return answer.status_code, json.loads(answer.content)


def test_a_call_is_answered_after_one_query(
    connection: Connection, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(1):
        assert call(connection, b"{}") == (200, {"code": 200, "connection": connection.pk})
    assert not InboundEvent.objects.exists()


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD", "OPTIONS"])
def test_a_call_by_another_method_gets_the_platforms_form(
    connection: Connection, method: str
) -> None:
    assert call(connection, b"{}", method=method) == (
        200,
        {"code": 400, "describe": f"{method} is not allowed here, send POST"},
    )


def test_garbage_and_strangers_get_the_platforms_form(connection: Connection) -> None:
    assert call(connection, b"x") == (200, {"code": 400, "describe": "not JSON"})
    assert call(connection, b"{}", **{"X-Sign": "forged"}) == (
        200,
        {"code": 400, "describe": "wrong signature"},
    )
    Merchant.objects.update(is_active=False)
    assert call(connection, b"{}") == (200, {"code": 400, "describe": "unknown connection"})


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "error", [ZeroDivisionError("secret"), OperationalError("secret"), InterfaceError("secret")]
)
def test_our_own_failure_gets_the_platforms_form_and_no_details(
    connection: Connection, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setitem(Calls.errors, "break", error)
    assert call(connection, b'{"ask": "break"}') == (200, {"code": 500})
    assert call(connection, b"{}") == (200, {"code": 200, "connection": connection.pk})


def test_the_template_of_calls_lets_nobody_in(connection: Connection) -> None:
    class Bare(CallEndpoint):
        platform = "umember"

    assert_nobody_gets_in(Bare, connection)
    with pytest.raises(Rejected):
        Bare().respond(connection, {})
    with pytest.raises(NotImplementedError):
        Bare().fail()
