"""Every address that a platform calls takes what is signed and right, and nothing else."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.http import HttpResponse
from django.urls import URLResolver, get_resolver

from stores.models import InboundEvent
from stores.platforms.inbound.endpoint import Inbound, PlatformEndpoint
from tests.contract.collected import dicts, without_entry
from tests.contract.kinds import EndpointContract

ENDPOINTS: dict[type[Inbound], EndpointContract] = dicts("ENDPOINTS")
every_endpoint = pytest.mark.parametrize(
    "endpoint", ENDPOINTS, ids=lambda kind: f"{kind.platform}-{kind.__name__}"
)
UNSIGNED = None


def routed(resolver: URLResolver) -> Iterator[type[Inbound]]:
    for pattern in resolver.url_patterns:
        view: Any = getattr(pattern.callback, "view_class", object)
        if isinstance(pattern, URLResolver):
            yield from routed(pattern)
        elif issubclass(view, Inbound):
            yield view


def app_of(endpoint: type[Inbound]) -> str:
    return endpoint.__module__.partition(".")[0]


def everything(endpoint: type[Inbound]) -> list[dict[str, Any]]:
    """The rows of the endpoint's app, and what it was told."""
    models: list[Any] = [InboundEvent, *apps.get_app_config(app_of(endpoint)).get_models()]
    return [row for model in models for row in model._default_manager.order_by("pk").values()]


def test_every_endpoint_says_how_it_is_called() -> None:
    needed = [(app_of(endpoint), endpoint) for endpoint in routed(get_resolver())]
    assert without_entry("ENDPOINTS", needed, ENDPOINTS) == []


@every_endpoint
def test_a_right_request_is_taken(db: None, endpoint: type[Inbound]) -> None:
    answer = ENDPOINTS[endpoint].caller().post()
    assert ENDPOINTS[endpoint].is_taken(answer), answer.content


@every_endpoint
@pytest.mark.parametrize("body", [UNSIGNED, b"", b"{", b"\xff\xfe", b"[]", b"null"])
def test_an_unsigned_or_broken_request_is_refused_and_changes_nothing(
    db: None, endpoint: type[Inbound], body: bytes | None
) -> None:
    caller = ENDPOINTS[endpoint].caller()
    before = everything(endpoint)
    answer = caller.post(is_signed=False) if body is UNSIGNED else caller.post(body)
    # An empty body is how the console of some platforms checks the address.
    is_check = body == b"" and getattr(endpoint, "empty_is_check", False)
    assert (ENDPOINTS[endpoint].is_taken(answer), everything(endpoint)) == (is_check, before)
    assert answer.status_code < 500


class Console:
    """A platform that checks an address by an empty body."""

    def post(self, body: bytes | None = None, *, is_signed: bool = True) -> HttpResponse:
        return HttpResponse(status=400 if body or not is_signed else 200)


class CheckedByConsole(PlatformEndpoint):
    empty_is_check = True


def test_an_empty_body_is_not_broken_where_it_is_a_check(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    contract = EndpointContract(Console, lambda answer: answer.status_code == 200)
    monkeypatch.setitem(ENDPOINTS, CheckedByConsole, contract)
    monkeypatch.setattr(f"{__name__}.everything", lambda endpoint: [])
    for body in (UNSIGNED, b"", b"{"):
        test_an_unsigned_or_broken_request_is_refused_and_changes_nothing(
            None, CheckedByConsole, body
        )
