"""The problems that the API's description shows are the answers that the API gives, in both
languages.

What provokes a problem of one route only stands in PROBLEMS of tests/<app>/contract.py.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from django.db import OperationalError, transaction
from django.test import Client
from pytest_django.fixtures import Settings

from stores.api.authentication import ApiKeyAuthentication
from stores.models import Merchant
from stores.web import middleware
from stores.web.problems import PROBLEM_JSON, codes
from tests.api import Api, api_of
from tests.contract.collected import call_each, dicts
from tests.contract.kinds import id_for
from tests.stores.factories import StoreFactory

pytestmark = pytest.mark.django_db
Ask = Callable[..., Any]


@dataclass
class Route:
    """One operation of the schema, at rows that exist; `missing` is the same for none."""

    name: str
    method: str
    path: str
    missing: str
    problems: dict[str, Any]

    def ask(self, api: Api, body: Any = None, path: str = "", **headers: str) -> Any:
        if self.method == "get":
            return api.get(path or self.path, **headers)
        return api.post(path or self.path, body, **headers)


def schema_in(language: str) -> Any:
    answer = Client().get("/api/schema/", headers={"Accept-Language": language})
    return yaml.safe_load(answer.content)


def routes(schema: Any, ids: dict[str, int | str]) -> list[Route]:
    return [
        _route(method, path.removeprefix("/api/v1/"), operation, ids)
        for path, methods in schema["paths"].items()
        for method, operation in methods.items()
    ]


def _route(method: str, path: str, operation: Any, ids: dict[str, int | str]) -> Route:
    shown = {
        example["value"]["code"]: example["value"]
        for answer in operation["responses"].values()
        for example in answer["content"].get(PROBLEM_JSON, {}).get("examples", {}).values()
    }
    return Route(
        operation["operationId"],
        method,
        re.sub(r"{(\w+)}", lambda name: str(id_for(path, ids, name[1])), path),
        re.sub(r"{(\w+)}", "0", path),
        shown,
    )


@dataclass
class Scene:
    merchant: Merchant
    ids: dict[str, int | str]
    settings: Settings
    monkeypatch: pytest.MonkeyPatch

    @property
    def api(self) -> Api:
        return api_of(self.merchant)

    def provoke(self, code: str, route: Route, language: dict[str, str]) -> Any:
        if special := dicts("PROBLEMS").get((route.name, code)):
            api = self.api
            return special(lambda body, **headers: route.ask(api, body, **headers, **language))
        return getattr(self, code)(route, language)

    def unauthenticated(self, route: Route, language: dict[str, str]) -> Any:
        return route.ask(Api("zg_wrong"), {}, **language)

    def forbidden(self, route: Route, language: dict[str, str]) -> Any:
        return route.ask(api_of(self.merchant, scopes=("personal",)), {}, **language)

    def not_found(self, route: Route, language: dict[str, str]) -> Any:
        if route.path == route.missing:
            return route.ask(self.api, path=f"{route.path}?store=999999999", **language)
        return route.ask(self.api, {}, path=route.missing, **language)

    def invalid(self, route: Route, language: dict[str, str]) -> Any:
        path = f"{route.path}?page=2" if route.method == "get" else ""
        return route.ask(self.api, {}, path, **language)

    def malformed_json(self, route: Route, language: dict[str, str]) -> Any:
        return self.api.raw("post", route.path, b"{", "application/json", **language)

    def body_too_large(self, route: Route, language: dict[str, str]) -> Any:
        return self.api.raw("post", route.path, b" " * 300_000, "application/json", **language)

    def unsupported_media_type(self, route: Route, language: dict[str, str]) -> Any:
        return self.api.raw("post", route.path, b"<code/>", "text/xml", **language)

    def too_many_tries(self, route: Route, language: dict[str, str]) -> Any:
        self.settings.API_REQUESTS_PER_MINUTE = 1
        api = self.api
        answers = [route.ask(api, {}, route.missing, **language) for _ in range(2)]
        self.settings.API_REQUESTS_PER_MINUTE = 6000
        return answers[-1]

    def unavailable(self, route: Route, language: dict[str, str]) -> Any:
        def gone(*given: Any) -> None:
            raise OperationalError("gone")

        with self.monkeypatch.context() as patched:
            patched.setattr(ApiKeyAuthentication, "authenticate", gone)
            # The test's own connection, which would be closed.
            patched.setattr(middleware, "connection", SimpleNamespace(close=lambda: None))
            return route.ask(Api("zg_any"), {}, **language)


@pytest.fixture
def scene(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Scene:
    store = StoreFactory()
    return Scene(store.merchant, call_each("api_ids", store), settings, monkeypatch)


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_every_problem_that_is_described_is_a_real_answer(scene: Scene, language: str) -> None:
    tried = set()
    for route in routes(schema_in(language), scene.ids):
        for code, shown in route.problems.items():
            with transaction.atomic():
                answer = scene.provoke(code, route, {"Accept-Language": language})
                transaction.set_rollback(True)
            got = answer.json()
            if code == "too_many_tries":
                # Until the minute ends.
                assert 1 <= got.pop("retry_after") <= shown.pop("retry_after")
            assert (got, answer.status_code) == (shown, shown["status"]), (route.name, code)
            tried.add(code)
    assert len(tried) >= 12


def test_every_problem_answer_has_an_example() -> None:
    answers = [
        (path, status, answer["content"][PROBLEM_JSON])
        for path, methods in schema_in("en")["paths"].items()
        for operation in methods.values()
        for status, answer in operation["responses"].items()
        if PROBLEM_JSON in answer["content"]
    ]
    assert len(answers) > 50
    assert [(path, status) for path, status, content in answers if "examples" not in content] == []


def test_the_schema_names_every_code() -> None:
    schema = schema_in("en")
    assert schema["components"]["schemas"]["CodeEnum"]["enum"] == list(codes())
