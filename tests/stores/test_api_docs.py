"""The API's description: complete, valid, in both languages, and served without any other host."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import call_command
from django.test import Client
from drf_spectacular.validation import validate_schema

from stores.api.schema import WAIT
from stores.api.serializers import MAX_WAIT
from tests.api import problem

STATUSES = {"401", "403", "429", "503"}


@pytest.fixture
def schema(client: Client) -> Any:
    answer = client.get("/api/schema/", headers={"Accept-Language": "en"})
    assert answer.status_code == 200
    return yaml.safe_load(answer.content)


@pytest.mark.parametrize(
    ("method", "asked", "accept", "refused"),
    [
        ("GET", {"format": "xml"}, "*/*", (404, "not_found")),
        ("GET", {}, "text/html", (406, "invalid")),
        ("POST", {}, "*/*", (405, "method_not_allowed")),
    ],
)
@pytest.mark.parametrize("path", ["/api/schema/", "/api/docs/"])
def test_a_refusal_is_a_problem_beside_the_description_too(
    client: Client, path: str, method: str, asked: dict[str, str], accept: str, refused: Any
) -> None:
    if (path, accept) == ("/api/docs/", "text/html"):
        accept = "application/pdf"
    answer = client.generic(method, path, query_params=asked, headers={"Accept": accept})
    assert problem(answer) == refused


def operations(schema: Any) -> list[tuple[str, str, Any]]:
    return [
        (method, path, operation)
        for path, item in schema["paths"].items()
        for method, operation in item.items()
    ]


def test_the_schema_is_made_without_a_warning(tmp_path: Path) -> None:
    call_command(
        "spectacular", "--validate", "--fail-on-warn", "--file", str(tmp_path / "schema.yml")
    )
    assert "/api/v1/stores/{store_id}/verifications/" in (tmp_path / "schema.yml").read_text()


def test_the_schema_is_valid_and_describes_itself(schema: Any) -> None:
    validate_schema(schema)  # type: ignore[no-untyped-call]
    assert schema["info"]["title"] == "Zhanggui API"
    assert "Authorization: Bearer" in schema["info"]["description"]
    assert schema["components"]["securitySchemes"]["apiKey"]["scheme"] == "bearer"


def test_every_operation_has_a_summary_security_and_its_problems(schema: Any) -> None:
    assert len(operations(schema)) >= 14
    for method, path, operation in operations(schema):
        assert operation["summary"], path
        assert operation["security"] == [{"apiKey": []}], path
        assert set(operation["responses"]) >= STATUSES, path
        wanted = {"400", "404", "413", "415"} if method == "post" else set()
        assert set(operation["responses"]) >= wanted, path
        for status, answer in operation["responses"].items():
            media = "application/json" if status.startswith("2") else "application/problem+json"
            assert list(answer["content"]) == [media], (path, status)


def test_a_verification_documents_wait_and_the_idempotency_key(schema: Any) -> None:
    operation = schema["paths"]["/api/v1/stores/{store_id}/verifications/"]["post"]
    parameters = {(parameter["in"], parameter["name"]) for parameter in operation["parameters"]}
    assert parameters == {("path", "store_id"), ("query", "wait"), ("header", "Idempotency-Key")}
    assert {"200", "201", "422"} <= set(operation["responses"])
    assert operation["requestBody"]["content"]["application/json"]["examples"]
    assert set(operation["responses"]["201"]["content"]["application/json"]["examples"]) == {
        "Verified",
        "Queued",
        "Refused",
    }


def test_the_longest_wait_is_documented(schema: Any) -> None:
    operation = schema["paths"]["/api/v1/verifications/{id}/"]["get"]
    [wait] = [
        parameter["schema"] for parameter in operation["parameters"] if parameter["name"] == "wait"
    ]
    # More counts as the longest, and is no error.
    assert wait == {"type": "number", "minimum": 0}
    assert f"0 to {MAX_WAIT:g}" in str(WAIT.description)


def test_the_list_documents_its_filters_and_pages(schema: Any) -> None:
    operation = schema["paths"]["/api/v1/verifications/"]["get"]
    assert {parameter["name"] for parameter in operation["parameters"]} == {
        "created_after", "created_before", "settled_after", "status", "store", "reason", "cursor",
        "page_size",
    }  # fmt: skip
    page = operation["responses"]["200"]["content"]["application/json"]["schema"][
        "$ref"
    ].rpartition("/")[2]
    assert set(schema["components"]["schemas"][page]["properties"]) == {
        "next",
        "previous",
        "results",
    }


def test_the_docs_load_nothing_from_elsewhere_and_run_no_inline_code(client: Client) -> None:
    answer = client.get("/api/docs/")
    page = answer.content.decode()
    policy = answer["Content-Security-Policy"]
    assert answer.status_code == 200
    assert "unsafe-inline" not in policy
    assert "unsafe-eval" not in policy
    assert "http://" not in page.replace("http://testserver", "")
    assert "https://" not in page
    assert "<style" not in page
    assert page.count("<script") == page.count("<script src=")
    script = client.get("/api/docs/?script=")
    assert script["Content-Type"].startswith("application/javascript")
    assert b'url: "/api/schema/"' in script.content
