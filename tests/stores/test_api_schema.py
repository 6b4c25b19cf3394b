"""What the schema says of parameters is what the views do."""

from typing import Any

import pytest
from drf_spectacular.generators import SchemaGenerator

from stores.models import Store
from tests.api import Api, problem

pytestmark = pytest.mark.django_db
LISTS = ["stores/", "verifications/", "trip/orders/"]


def parameters(path: str) -> dict[str, dict[str, Any]]:
    paths = SchemaGenerator().get_schema(public=True)["paths"]  # type: ignore[no-untyped-call]
    described = paths[f"/api/v1/{path}"]["get"]["parameters"]
    return {each["name"]: each for each in described}


@pytest.mark.parametrize("path", LISTS)
def test_a_page_has_one_row_at_least(api: Api, path: str) -> None:
    assert parameters(path)["page_size"]["schema"] == {"type": "integer", "minimum": 1}
    assert problem(api.get(path, {"page_size": 0})) == (400, "invalid")
    assert api.get(path, {"page_size": 1_000_000}).status_code == 200


@pytest.mark.parametrize("path", LISTS)
def test_an_empty_filter_is_refused_and_not_left_out(api: Api, path: str) -> None:
    for name in parameters(path):
        if name not in ("cursor", "page_size"):
            answer = api.get(path, {name: ""})
            assert (name, problem(answer)) == (name, (400, "invalid"))
            assert list(answer.json()["errors"]) == [name]


@pytest.mark.parametrize(
    ("wait", "is_taken"),
    [
        ("0", True),
        ("0.25", True),
        ("2.0112659150646458e-227", True),
        ("11", True),
        ("1e300", True),
        ("-1", False),
        ("NaN", False),
        ("Infinity", False),
        ("1_0", False),
        ("", False),
        (" 1", False),
    ],
)
def test_seconds_to_wait_are_any_number_from_zero(
    api: Api, store: Store, wait: str, is_taken: bool
) -> None:
    found = parameters("verifications/{id}/")["wait"]["schema"]
    assert found == {"type": "number", "minimum": 0}
    answer = api.get("verifications/999999/", {"wait": wait})
    assert problem(answer)[0] == (404 if is_taken else 400)


@pytest.mark.parametrize("said", [0, 1, "true", "yes", None, []])
def test_true_and_false_are_those_of_json(api: Api, store: Store, said: object) -> None:
    body = {"code": "1234 5678 9012", "confirmed": said}
    answer = api.post(f"stores/{store.pk}/verifications/", body)
    assert (problem(answer), list(answer.json()["errors"])) == ((400, "invalid"), ["confirmed"])


def test_of_two_fields_the_schema_asks_for_exactly_one() -> None:
    schema = SchemaGenerator().get_schema(public=True)  # type: ignore[no-untyped-call]
    bodies = schema["components"]["schemas"]
    asked = {name: body["oneOf"] for name, body in bodies.items() if "oneOf" in body}
    assert len(asked) >= 2
    assert all(len(each) == 2 and len(each[0]["required"]) == 1 for each in asked.values())
