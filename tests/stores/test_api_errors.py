"""How the API says no when it is not the caller's key or the row that is wrong."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django.utils import timezone

from stores.api.views import MAX_BODY
from stores.models import ApiKey, RateWindow
from stores.web import limits
from tests.api import Api, problem
from tests.stores.factories import api_key

pytestmark = pytest.mark.django_db


def failing(error: Exception) -> Any:
    def fail(*args: Any, **kwargs: Any) -> None:
        raise error

    return fail


def test_a_busy_database_is_answered_with_503_and_try_again(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "coupons.api.views.Stores.get", failing(OperationalError("database is locked"))
    )
    answer = api.get("stores/")
    assert problem(answer) == (503, "unavailable")
    assert int(answer["Retry-After"]) > 0


def test_a_busy_database_is_answered_so_before_the_key_is_known_too(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy = failing(OperationalError("database is locked"))
    monkeypatch.setattr("stores.api.authentication.find_key", busy)
    assert problem(api.get("stores/")) == (503, "unavailable")


def test_our_own_error_is_a_problem_without_a_trace(
    api: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("coupons.api.views.Stores.get", failing(ZeroDivisionError("secret detail")))
    api.client.raise_request_exception = False
    answer = api.get("stores/")
    assert problem(answer) == (500, "error")
    assert b"secret detail" not in answer.content
    assert "secret detail" in caplog.text


@pytest.mark.parametrize(
    ("body", "content_type", "expected"),
    [
        (b"{", "application/json", (400, "malformed_json")),
        (b'{"code": Infinity}', "application/json", (400, "malformed_json")),
        (b"[" * 100_000, "application/json", (400, "malformed_json")),
        (b'"' + b"1" * MAX_BODY + b'"', "application/json", (413, "body_too_large")),
        (b"code=1", "application/x-www-form-urlencoded", (415, "unsupported_media_type")),
        (b"{}", "application/jsonx", (415, "unsupported_media_type")),
        (b"{}", "APPLICATION/JSON; charset=utf-16", (400, "invalid")),
        # A byte order mark is read over: what is wrong is the missing field.
        (b"\xef\xbb\xbf{}", "application/json", (400, "invalid")),
    ],
)
def test_each_kind_of_wrong_body_has_its_code(
    store: Any, api: Api, body: bytes, content_type: str, expected: tuple[int, str]
) -> None:
    assert (
        problem(api.raw("post", f"stores/{store.pk}/verifications/", body, content_type))
        == expected
    )


def test_titles_come_in_the_callers_language(api: Api) -> None:
    assert (
        api.get("verifications/0/", **{"Accept-Language": "en"}).json()["title"]
        == "There is no such thing here"
    )


def test_the_use_of_a_key_is_written_down_every_five_minutes(store: Any) -> None:
    key, secret = api_key(store.merchant)
    Api(secret).get("stores/")
    key.refresh_from_db()
    assert key.last_used_at is not None
    before = timezone.now() - timedelta(minutes=4)
    ApiKey.objects.update(last_used_at=before)
    Api(secret).get("stores/")
    key.refresh_from_db()
    assert key.last_used_at == before
    ApiKey.objects.update(last_used_at=timezone.now() - timedelta(minutes=6))
    Api(secret).get("stores/")
    key.refresh_from_db()
    assert timezone.now() - key.last_used_at < timedelta(minutes=1)


def test_a_key_of_a_closed_merchant_is_no_key(store: Any, api: Api) -> None:
    store.merchant.is_active = False
    store.merchant.save()
    assert problem(api.get("stores/")) == (401, "unauthenticated")


def test_prepaid_tries_are_handed_out_without_a_write(db: None) -> None:
    limit = limits.Limit("prepaid-test", 1000, 10_000_000)
    allowed = [limits.take_prepaid(limit, "somebody").allowed for _ in range(1001)]
    assert (allowed.count(True), allowed[-1]) == (1000, False)
    assert RateWindow.objects.get().count == 1000 + limits.PACKET


def test_another_process_counts_together_with_ours(db: None) -> None:
    limit = limits.Limit("shared-test", 100, 10_000_000)
    assert limits.take_prepaid(limit, "somebody").allowed
    RateWindow.objects.update(count=100)
    packet = [limits.take_prepaid(limit, "somebody").allowed for _ in range(3)]
    assert packet == [True, False, False]
