"""docs/api.md names every scope, every problem code and every route that takes an
Idempotency-Key.
"""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.test import Client
from django.utils.translation import override

from stores.api.docs import problem_table
from stores.models import ApiKey

GUIDE = (Path(__file__).resolve().parents[2] / "docs" / "api.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    return GUIDE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def test_every_scope_is_explained() -> None:
    assert set(re.findall(r"^\| `(\w+)` \|", section("Keys and scopes"), re.MULTILINE)) == set(
        ApiKey.all_scopes()
    )


def test_the_table_of_problems_is_that_of_the_code() -> None:
    rows = [line for line in section("Problems").splitlines() if re.match(r"\| \d", line)]
    with override("en"):
        assert rows == [
            f"| {line.status} | `{line.code}` | {line.means} | {line.todo} |"
            for line in problem_table().lines
        ]


@pytest.mark.django_db
def test_every_route_that_takes_an_idempotency_key_is_named(client: Client) -> None:
    schema: Any = yaml.safe_load(client.get("/api/schema/").content)
    routes = {
        path.removeprefix("/api/v1/")
        for path, item in schema["paths"].items()
        for parameter in item.get("post", {}).get("parameters", [])
        if parameter["name"] == "Idempotency-Key"
    }
    named = re.findall(r"`POST (\S+)`", section("Idempotency"))
    assert {re.sub(r"\{\w+\}", "{id}", route) for route in routes} == set(named)
