"""The README's table of environment variables names every variable that the configuration reads."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.source import ROOT, nodes

READERS = {"str", "int", "float", "bool", "list", "dict", "get", "setdefault", "db_url_config"}
# Read by a name of their own from elsewhere: by Django's commands, by make and by tests.
NOT_FOR_OPERATORS = {
    "HTTPS": "follows PUBLIC_BASE_URL",
    "PORT": "make demo",
    "TEST_DATABASE_NAME": "tests",
    "DJANGO_SETTINGS_MODULE": "Django's own",
    "STATICFILES_BACKEND": "tests",
    "SQLITE_TIMEOUT": "tests",
}


def config_files() -> list[Path]:
    return [*sorted((ROOT / "config").glob("*.py")), ROOT / "gunicorn.conf.py"]


def read_in(path: Path) -> Iterator[str]:
    """The names in env.int("NAME"), os.environ.get("NAME") and os.environ["NAME"]."""
    for node in nodes(path):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
            source, first = ast.unparse(node.func.value), node.args[0]
            if source in ("env", "os.environ") and node.func.attr in READERS:
                yield from _text(first)
        elif isinstance(node, ast.Subscript) and ast.unparse(node.value) == "os.environ":
            yield from _text(node.slice)


def _text(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value


def variables() -> set[str]:
    return {name for path in config_files() for name in read_in(path)}


def in_readme() -> set[str]:
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    table = page.partition("| variable | meaning |")[2].partition("\n\n")[0]
    first_columns = [line.split("|")[1] for line in table.splitlines() if line.count("|") > 2]
    return {name for column in first_columns for name in re.findall(r"`([A-Z_<>]+)`", column)}


def test_every_variable_that_is_read_has_a_row_in_the_readme() -> None:
    missing = variables() - in_readme() - NOT_FOR_OPERATORS.keys()
    assert sorted(missing) == []


def test_every_row_in_the_readme_is_read() -> None:
    pattern = {name for name in in_readme() if "<" in name}
    assert sorted(in_readme() - variables() - pattern) == []


def test_what_is_left_out_is_still_read_and_has_no_row() -> None:
    assert NOT_FOR_OPERATORS.keys() <= variables()
    assert not NOT_FOR_OPERATORS.keys() & in_readme()


DEPLOYMENT = ROOT / "docs" / "deployment"
EXAMPLES = (
    "nginx.conf",
    "Caddyfile",
    "zhanggui-web@.service",
    "zhanggui-worker.service",
    "pgbouncer.ini",
)


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_of_a_deployment_sets_only_variables_of_the_readme(name: str) -> None:
    text = (DEPLOYMENT / name).read_text(encoding="utf-8")
    named = set(re.findall(r"\b([A-Z][A-Z_]+)=", text)) | set(
        re.findall(r"\(([A-Z]+_[A-Z_]+)\)", text)
    )
    assert named
    assert sorted(named - in_readme()) == []


def test_every_example_is_explained() -> None:
    files = {path.name for path in DEPLOYMENT.iterdir()} - {"README.md"}
    page = (DEPLOYMENT / "README.md").read_text(encoding="utf-8")
    assert files == set(EXAMPLES)
    assert [name for name in EXAMPLES if f"({name})" not in page] == []


def test_the_examples_agree_with_what_the_server_expects_of_a_proxy() -> None:
    nginx = (DEPLOYMENT / "nginx.conf").read_text(encoding="utf-8")
    needed = (
        "X-Forwarded-Proto $scheme",
        "X-Forwarded-For",
        "max_fails=0",
        "proxy_http_version 1.1",
    )
    assert [words for words in needed if words not in nginx] == []
    assert "pool_mode = transaction" in (DEPLOYMENT / "pgbouncer.ini").read_text(encoding="utf-8")
