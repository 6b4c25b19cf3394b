"""docs/operations.md explains every alert, system check and warning that the code can produce."""

import ast
from collections.abc import Iterator
from pathlib import Path

import polib
import pytest

from tests.contract.source import ROOT, nodes, sources

PAGE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
CATALOGUE = ROOT / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"
TRANSLATING = {"_", "gettext", "gettext_lazy", "ngettext", "ngettext_lazy"}
LEVELS = {"warning", "error", "exception", "critical"}


def is_in_page(words: str) -> bool:
    """A function, so that a failing test does not print the whole page."""
    return words in PAGE


def functions(path: Path, *endings: str) -> Iterator[ast.FunctionDef]:
    for node in nodes(path):
        if isinstance(node, ast.FunctionDef) and node.name.endswith(endings):
            yield node


def first_texts(tree: ast.AST, names: set[str]) -> Iterator[str]:
    """The first argument of each call of one of the functions or methods named, if it is a text."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = getattr(node.func, "id", None) or getattr(node.func, "attr", None)
            first = node.args[0] if node.args else None
            if called in names and isinstance(first, ast.Constant):
                yield str(first.value)


def alerts() -> set[str]:
    dashboards = [path for path in sources() if "dashboard" in (path.stem, path.parent.name)]
    told = {
        text
        for path in dashboards
        for function in functions(path, "alerts")
        for text in first_texts(function, TRANSLATING)
    }
    missing = ROOT / "trip" / "services" / "connecting.py"
    return told | {
        text
        for function in functions(missing, "missing")
        for text in first_texts(function, TRANSLATING)
    }


def checks() -> set[str]:
    return {
        str(keyword.value.value)
        for path in sources()
        if path.name == "checks.py"
        for node in nodes(path)
        if isinstance(node, ast.Call)
        for keyword in node.keywords
        if keyword.arg == "id" and isinstance(keyword.value, ast.Constant)
    }


def warnings() -> set[str]:
    """Formats of log lines at level WARNING and above."""
    return {
        str(node.args[0].value)
        for path in sources()
        for node in nodes(path)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in LEVELS
        and getattr(node.func.value, "id", "") == "log"
        and isinstance(node.args[0], ast.Constant)
    }


@pytest.mark.parametrize("text", sorted(alerts()))
def test_an_alert_is_explained_in_both_languages(text: str) -> None:
    entry = polib.pofile(str(CATALOGUE)).find(text)
    assert entry
    chinese = entry.msgstr or entry.msgstr_plural[0]
    row = f"| {text}<br>{chinese} |"
    assert is_in_page(row), f"docs/operations.md has no row that begins: {row}"


@pytest.mark.parametrize("check", sorted(checks()))
def test_a_system_check_is_explained(check: str) -> None:
    assert is_in_page(f"`{check}`"), f"docs/operations.md does not explain `{check}`"


@pytest.mark.parametrize("line", sorted(warnings()))
def test_a_warning_in_the_log_is_explained(line: str) -> None:
    assert is_in_page(f"`{line}`"), f"docs/operations.md does not explain `{line}`"


def test_alerts_checks_and_warnings_are_found() -> None:
    assert min(len(alerts()), len(checks()), len(warnings())) >= 12
