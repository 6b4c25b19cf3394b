"""What describes the API is wholly in the reader's language, with the codes that the code uses."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from django.test import Client
from django.urls import reverse

from stores.api.docs import code_tables
from stores.models import ApiKey
from stores.roles import Role
from stores.web.problems import codes
from tests.contract.languages import IN_BOTH, Language
from tests.contract.visible import ALLOWED
from tests.stores.factories import MerchantFactory, api_key, member

pytestmark = pytest.mark.django_db
_CHINESE = re.compile(r"[\u3400-\u9fff]")
# Codes and names of fields stand in backticks, or are all that there is.
_NAMES = re.compile(r"`[^`]+`|\b[a-z]+(?:_[a-z]+)+\b|\bstatus=\w+(?:&status=\w+)*")
_WORDS = re.compile(r"[A-Za-z][A-Za-z'’]+")


# Names of programmers' things, which Chinese texts about an API write as they are.
TECHNICAL = {
    "API", "ASCII", "ISO", "Idempotency", "JSON", "JavaScript", "KB", "Key", "Linux", "macOS",
}  # fmt: skip


def texts(node: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """What people read in a schema, with where it stands."""
    if isinstance(node, dict):
        for name, value in node.items():
            shown = name in ("description", "summary", "title", "detail")
            if shown and isinstance(value, str):
                yield f"{path}/{name}", value
            yield from texts(value, f"{path}/{name}")
    elif isinstance(node, list):
        for position, each in enumerate(node):
            yield from texts(each, f"{path}/{position}")


def schema_for(**headers: str) -> Any:
    return yaml.safe_load(Client().get("/api/schema/", headers=headers).content)


def english_words(text: str) -> set[str]:
    words = set(_WORDS.findall(_NAMES.sub(" ", text))) - ALLOWED - TECHNICAL
    return words - set(codes()) - set(ApiKey.all_scopes())


def test_the_chinese_schema_has_no_english_text() -> None:
    found = list(texts(schema_for(**{"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.5"})))
    assert len(found) > 150
    assert {path: text for path, text in found if english_words(text)} == {}


def test_the_english_schema_has_no_chinese() -> None:
    schema = schema_for(**{"Accept-Language": "en-GB,en;q=0.9"})
    assert "Problems" not in schema
    assert _CHINESE.findall(yaml.safe_dump(schema, allow_unicode=True)) == []


def test_each_text_of_the_schema_exists_in_both_languages() -> None:
    chinese = dict(texts(schema_for(**{"Accept-Language": "zh"})))
    english = dict(texts(schema_for(**{"Accept-Language": "en"})))
    assert list(chinese) == list(english)
    same = {path for path, text in english.items() if text and chinese[path] == text}
    assert {path: english[path] for path in same if english[path] not in codes()} == {}


def test_a_person_reads_the_language_that_was_chosen_before_that_of_the_browser() -> None:
    client = Client()
    client.cookies["django_language"] = "en"
    schema = yaml.safe_load(
        client.get("/api/schema/", headers={"Accept-Language": "zh-CN"}).content
    )
    assert schema["info"]["title"] == "Zhanggui API"


def _without_code(page: str) -> str:
    return re.sub(r"<(code|pre)\b.*?</\1>", " ", page, flags=re.DOTALL)


@IN_BOTH
def test_the_page_is_in_one_language(language: Language) -> None:
    page = language.client().get(reverse("api-docs")).content.decode()
    assert f'lang="{language.code}"' in page
    foreign = language.foreign(_without_code(page))
    assert [text for text in foreign if language.code == "en" or english_words(text)] == []
    if language.code == "en":
        # The words for Swagger UI stand in an attribute.
        assert not _CHINESE.search(page.replace("中文", ""))


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_the_page_has_every_code_with_its_meaning(language: str) -> None:
    page = Client().get(reverse("api-docs"), headers={"Accept-Language": language}).content.decode()
    tables = code_tables()
    assert [table.field for table in tables] == ["code", "reason", "read_as", "needs_person"]
    assert {line.code: line.status for line in tables[0].lines} == {
        code: each.status for code, each in codes().items()
    }
    for table in tables:
        section = page.partition(f'id="{table.slug}"')[2].partition("</section>")[0]
        shown = re.findall(r"<dt>.*?<code>(\w+)</code></dt>\s*<dd>(.)", section)
        assert [code for code, _means in shown] == [line.code for line in table.lines]


@IN_BOTH
def test_the_pages_of_api_keys_lead_there(language: Language) -> None:
    merchant = MerchantFactory(name="alpha")
    client = language.client(member(merchant, Role.OWNER, username="alpha"))
    key, _secret = api_key(merchant)
    link = f'href="{reverse("api-docs")}"'
    assert link in client.get(reverse("admin:stores_apikey_changelist")).content.decode()
    assert link in client.get(reverse("admin:stores_apikey_add")).content.decode()
    page = reverse("admin:stores_apikey_change", args=[key.pk])
    assert link in client.get(page).content.decode()
    body = {"merchant": merchant.pk, "name": "alpha", "scopes": ["read"]}
    created = client.post(reverse("admin:stores_apikey_add"), body).content.decode()
    assert "zg_" in created
    assert link in created
