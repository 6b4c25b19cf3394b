"""Every API route against every kind of caller.

A new route needs an entry in ROUTES of its app's tests/<app>/contract.py.
"""

import inspect
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.urls import URLPattern, get_resolver
from django.urls.resolvers import URLResolver
from drf_spectacular.generators import SchemaGenerator

from stores.models import ApiKey, Merchant, OutboundCall, Store
from tests.api import Api, api_of, problem
from tests.contract.collected import call_each, lists, without_entry
from tests.contract.kinds import Route, id_for
from tests.stores.factories import MerchantFactory, StoreFactory, api_key

ACTORS = ("full", "read_only", "other_store", "other_merchant", "revoked", "nobody")


ROUTES: list[Route] = lists("ROUTES")
# Lists whose rows belong to a store.
OF_A_STORE = [
    route.path
    for route in ROUTES
    if route.is_list and route.path != "stores/" and "<" not in route.path
]
LISTS = [route for route in ROUTES if route.is_list]
HOSTILE_BODIES: list[tuple[bytes, str]] = [
    (b"", "application/json"),
    (b"null", "application/json"),
    (b"[]", "application/json"),
    (b'"code"', "application/json"),
    (b"12", "application/json"),
    (b"{", "application/json"),
    (b"\xff\xfe\x00", "application/json"),
    (b"{}", "application/json; charset=zlib"),
    (b'{"code": NaN}', "application/json"),
    (b'{"code": null, "codes": null}', "application/json"),
    (b'{"code": true, "codes": true}', "application/json"),
    (b'{"code": 1e999, "codes": [1e999]}', "application/json"),
    (b'{"code": [], "codes": {}}', "application/json"),
    (b'{"code": {"code": "1"}, "codes": [["1"]]}', "application/json"),
    (b'{"code": "", "codes": []}', "application/json"),
    (b'{"code": "\\u0000", "codes": ["1234\\u0000", "\\u0000"]}', "application/json"),
    (b'{"code": "\\ud800", "codes": ["\\ud800", "12345678\\udfff"]}', "application/json"),
    (b'{"code": "12345678\\u0000", "\\ud800": 1, "codes": ["\\u202e12"]}', "application/json"),
    ('{"code": "𝟙𝟚𝟛😀", "codes": ["😀😀😀😀😀"]}'.encode(), "application/json"),
    (b'{"code": "1\'; DROP TABLE stores_store; --", "codes": ["1\' OR 1=1"]}', "application/json"),
    (
        b'{"code": "' + b"1" * 10_240 + b'", "codes": ["' + b"1" * 10_240 + b'"]}',
        "application/json",
    ),
    (b'{"code": ' + b"9" * 5000 + b"}", "application/json"),
    (b"[" * 100_000, "application/json"),
    (b'{"code":' * 20_000, "application/json"),
    (b" " * 300_000, "application/json"),
    (b'{"codes": [' + b'"1",' * 1000 + b'"1"]}', "application/json"),
    (b"code=700012345678", "application/x-www-form-urlencoded"),
    (b"<code>700012345678</code>", "text/xml"),
    (b'{"code": "700012345678"}', ""),
    (b"\x00" * 100, "multipart/form-data; boundary=x"),
]
HOSTILE_PARAMS: list[str] = [
    "wait=-1",
    "wait=NaN",
    "wait=1e",
    "wait=%00",
    "wait=%F0%9F%98%80",
    "wait=&wait=x",
    "cursor=x",
    "cursor=%00",
    "cursor=cD0lMDA%3D",
    "cursor=cD14",
    "cursor=cD0yMDI2LTEzLTQw",
    "cursor=cj0xJnA9OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5",
    "cursor=bz0tMQ%3D%3D",
    # p=0001-01-01T00:00:00+14:00 and p=9999-12-31T23:59:59-14:00
    "cursor=cD0wMDAxLTAxLTAxVDAwOjAwOjAwKzE0OjAw",
    "cursor=cD0wMDAxLTAxLTAxVDAwOjAwOjAwJTJCMTQ6MDA%3D",
    "cursor=cD05OTk5LTEyLTMxVDIzOjU5OjU5LTE0OjAw",
    "cursor=%ED%A0%80",
    "page_size=-1",
    "page_size=99999999999999999999999",
    "created_after=0001-01-01T00:00:00%2B14:00",
    "created_before=9999-12-31T23:59:59-14:00",
    "created_after=0001-01-01",
    "created_after=0001-01-01T00:00:00",
    "created_before=9999-12-31",
    "settled_after=0001-01-01",
    "created_after=%00",
    "created_after=20261122",
    "settled_after=9999999999999999999999",
    "store=0",
    "store=99999999999999999999999",
    "store=%D9%A1",
    "status=%00",
    "status=verified&status=verified&status=verified&status=verified&status=verified&status=verified",
    "reason=%ED%A0%80",
    "format=html",
    "%00=%00",
    "a=1&" * 1001,
]
HOSTILE_IDS = [
    "0",
    str(2**63 - 1),
    str(2**63),
    "9" * 5000,
    "-1",
    "1.0",
    "%00",
    "١",
    "x' OR 1=1",
    "../stores",
]


@dataclass
class Scene:
    actors: dict[str, Api]
    ids: dict[str, int | str]

    def path(self, route: Route, value: str = "") -> str:
        """The route's path with the scene's ids, or with `value` for each of them."""
        return re.sub(
            r"<\w+:(\w+)>",
            lambda name: value or str(id_for(route.path, self.ids, name[1])),
            route.path,
        )

    def call(self, actor: str, route: Route, path: str) -> Any:
        api = self.actors[actor]
        return api.get(path) if route.method == "GET" else api.post(path, route.body)


@pytest.fixture
def scene(db: None) -> Scene:
    """A store with one row of everything, and every kind of caller."""
    store = StoreFactory()
    elsewhere = StoreFactory(merchant=store.merchant)
    return Scene(actors=_actors(store.merchant, elsewhere), ids=call_each("api_ids", store))


def _actors(merchant: Merchant, elsewhere: Store) -> dict[str, Api]:
    revoked, secret = api_key(merchant)
    ApiKey.objects.filter(pk=revoked.pk).update(is_active=False)
    return {
        "full": api_of(merchant),
        "read_only": api_of(merchant, scopes=("read",)),
        "other_store": api_of(merchant, elsewhere),
        "other_merchant": api_of(MerchantFactory()),
        "revoked": Api(secret),
        "nobody": Api(""),
    }


def routes_in(patterns: Any, prefix: str = "") -> Iterator[tuple[str, str, Any]]:
    """(method, path, view class) of everything below /api/v1/."""
    for pattern in patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes_in(pattern.url_patterns, path)
        elif isinstance(pattern, URLPattern) and path.startswith("api/v1/"):
            view: Any = pattern.callback
            for method in view.cls.http_method_names:
                if hasattr(view.cls, method):
                    yield method.upper(), path.removeprefix("api/v1/"), view.cls


def test_every_route_has_an_entry_and_every_entry_a_route() -> None:
    found = {(method, path): cls for method, path, cls in routes_in(get_resolver().url_patterns)}
    needed = [(cls.__module__.split(".")[0], route) for route, cls in found.items()]
    known = [(route.method, route.path) for route in ROUTES]
    assert without_entry("ROUTES", needed, known) == []
    assert sorted(known) == sorted(found)


def test_every_view_asks_for_the_scopes_of_the_table() -> None:
    table = {(route.method, route.path): set(route.scope.split()) for route in ROUTES}
    views = routes_in(get_resolver().url_patterns)
    assert {
        (method, path): {str(scope) for scope in cls.scopes[method]} for method, path, cls in views
    } == table


def described() -> dict[str, str]:
    """What the API's description says of each operation."""
    paths = SchemaGenerator().get_schema(public=True)["paths"]  # type: ignore[no-untyped-call]
    operations = [operation for methods in paths.values() for operation in methods.values()]
    return {operation["operationId"]: operation.get("description", "") for operation in operations}


def test_every_operation_is_described_for_its_callers_and_not_for_us() -> None:
    """A view without words of its own shows the docstring of its class, or of the one that it is
    made from.
    """
    ours = {
        inspect.getdoc(base)
        for *_, cls in routes_in(get_resolver().url_patterns)
        for base in cls.__mro__
    }
    assert len(described()) == len(ROUTES)
    assert [name for name, text in described().items() if not text or text in ours] == []


# A look-up is sent beside the request, in a thread that sees only what is committed.
SENDS = {True: [pytest.mark.django_db(transaction=True)], False: []}
every_route = pytest.mark.parametrize(
    "route",
    [pytest.param(route, id=str(route), marks=SENDS[route.sends]) for route in ROUTES],
)


@every_route
def test_each_caller_gets_what_the_table_says(scene: Scene, route: Route) -> None:
    answers = {actor: scene.call(actor, route, scene.path(route)) for actor in ACTORS}
    assert {actor: answer.status_code for actor, answer in answers.items()} == dict(
        zip(ACTORS, route.expected, strict=True)
    )
    codes = {401: "unauthenticated", 403: "forbidden", 404: "not_found"}
    for answer in answers.values():
        if answer.status_code >= 400:
            assert problem(answer) == (answer.status_code, codes[answer.status_code])
        if answer.status_code == 401:
            assert answer["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("actor", ["other_store", "other_merchant"])
@pytest.mark.parametrize("path", OF_A_STORE)
def test_lists_are_empty_for_who_reaches_nothing_of_it(scene: Scene, actor: str, path: str) -> None:
    assert scene.actors["full"].get(path).json()["results"] != []
    assert scene.actors[actor].get(path).json()["results"] == []


@pytest.mark.parametrize("route", LISTS, ids=str)
def test_a_misspelt_filter_is_not_ignored(scene: Scene, route: Route) -> None:
    answer = scene.actors["full"].get(scene.path(route), {"state": "refused", "page_size": 1})
    assert problem(answer) == (400, "invalid")
    assert "state" in answer.json()["errors"]


@every_route
def test_other_methods_are_not_allowed(scene: Scene, route: Route) -> None:
    for method in ("put", "patch", "delete", "options", "trace", "brew"):
        answer = scene.actors["full"].raw(method, scene.path(route), b"{}", "application/json")
        assert problem(answer) == (405, "method_not_allowed")
        assert route.method in answer["Allow"]


def is_object(body: bytes, content_type: str) -> bool:
    """Whether the API takes a body as a JSON object; none at all is an empty one."""
    if not body:
        return True
    try:
        found = json.loads(body, parse_constant=lambda name: 1 / 0)
    except (ValueError, RecursionError, ZeroDivisionError):
        return False
    return isinstance(found, dict) and content_type.startswith("application/json")


@pytest.mark.parametrize("route", [route for route in ROUTES if route.method == "POST"], ids=str)
def test_hostile_bodies_are_refused_as_problems(scene: Scene, route: Route) -> None:
    for body, content_type in HOSTILE_BODIES:
        answer = scene.actors["full"].raw("post", scene.path(route), body, content_type)
        if route.body == {} and is_object(body, content_type):
            # What needs no field ignores those that it is given. 409: a courier that gave no answer
            # several times is not asked any more.
            assert answer.status_code in (200, 202, 409), body[:40]
            OutboundCall.objects.all().delete()
        elif answer.status_code == 201:
            assert answer.json()["malformed"] == answer.json()["total"] > 0
        else:
            assert answer.status_code >= 400, (body[:40], content_type)
            assert problem(answer)[0] in (400, 413, 415, 422), (body[:40], content_type)
    assert not OutboundCall.objects.exists()


@every_route
def test_hostile_parameters_are_refused_or_ignored(scene: Scene, route: Route) -> None:
    for query in HOSTILE_PARAMS:
        answer = scene.call("full", route, f"{scene.path(route)}?{query}")
        if answer.status_code >= 300:
            # 409: the parameter is ignored, and the tickets are used by now.
            assert problem(answer)[0] in (400, 404, 409), query


@pytest.mark.parametrize("route", [route for route in ROUTES if "<" in route.path], ids=str)
def test_an_impossible_id_is_not_found(scene: Scene, route: Route) -> None:
    for value in HOSTILE_IDS:
        assert problem(scene.call("full", route, scene.path(route, value))) == (404, "not_found"), (
            value
        )


@pytest.mark.parametrize(
    "header",
    [
        "Basic eDp5",
        "Bearer",
        "Bearer  ",
        "Bearer zg_wrong",
        "Bearer \xfcber",
        "Bearer " + "x" * 5000,
        "Token zg",
        " ",
    ],
)
def test_a_header_without_a_valid_key_is_unauthenticated(scene: Scene, header: str) -> None:
    answer = Api("").get("stores/", Authorization=header)
    assert problem(answer) == (401, "unauthenticated")
    assert answer["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("accept", ["text/html", "image/png", "*/*;q=0", "x", ""])
def test_json_comes_whatever_is_accepted(scene: Scene, accept: str) -> None:
    answer = scene.actors["full"].get("stores/", Accept=accept)
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")


@pytest.mark.parametrize(
    "path",
    ["/api/", "/api/v1/", "/api/v2/stores/", "/api/v1/stores", "/api/v1/nothing/", "/api/%00"],
)
@pytest.mark.parametrize("method", ["get", "post"])
def test_an_unknown_address_is_a_problem_and_no_page(scene: Scene, path: str, method: str) -> None:
    answer = scene.actors["full"].client.generic(
        method.upper(), path, b"{}", content_type="application/json"
    )
    assert problem(answer) == (404, "not_found")
