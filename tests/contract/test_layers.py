"""Who may import whom, read from the sources: config → all; domains → stores; never sideways, never
back.
"""

import ast
import re
import subprocess
import sys
import tomllib
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tests.contract.collected import DOMAINS
from tests.contract.source import ROOT, name, nodes, sources
from tests.drawings import FLOORS_SVG, floors_drawing

OURS = ("config", "stores", *DOMAINS, "tests")
# The only files that may know a library: our own words stand between it and everybody else.
ONLY_IN = {
    "requests": {"stores/platforms/client.py", "stores/platforms/deadline.py"},
    "django_q": {"stores/platforms/workers/queue.py"},
}
# The only files with SQL by hand: what the ORM cannot say, and the one that prepares its
# statements.
SQL_BY_HAND = {
    "config/pooled/base.py",
    "stores/prepared.py",
    "stores/platforms/pace.py",
    "stores/platforms/outbox/places.py",
    "stores/platforms/workers/queue.py",
    "stores/web/limits.py",
}
# Methods that send SQL, and names that bring it into a QuerySet or a migration.
SENDS_SQL = {
    "cursor",
    "chunked_cursor",
    "raw",
    "extra",
    "execute",
    "executemany",
    "executescript",
    "callproc",
}
HOLDS_SQL = {"RawSQL", "RunSQL", "as_sql", "as_sqlite", "as_postgresql"}
SQL = re.compile(
    r"\b(SELECT\b.*\bFROM|INSERT INTO|UPDATE \S+ SET|DELETE FROM|LOCK TABLE)\b", re.DOTALL
)
PURE = ("wire", "client", "receipts")


def imports(path: Path) -> set[str]:
    """Absolute names of everything the file imports, wherever in the file."""
    package = path.relative_to(ROOT).with_suffix("").parts[:-1]
    found = set()
    for node in nodes(path):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            module = ".".join(part for part in (base, node.module) if part)
            found |= {f"{module}.{alias.name}" for alias in node.names} | {module}
    return found


def is_pure(path: Path) -> bool:
    """Whether it is, or lies in a package called, wire, client or receipts."""
    return any(part in PURE for part in path.relative_to(ROOT).with_suffix("").parts)


def test_no_import_runs_upwards_sideways_or_in_a_ring() -> None:
    """Checks the contracts of pyproject.toml: nine floors in stores, seven in a domain.

    In a process of its own, because the linter switches the loggers of this one off.
    """
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-logo", "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stdout


def linter() -> dict[str, Any]:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    settings: dict[str, Any] = tomllib.loads(text)["tool"]["importlinter"]
    return settings


def test_every_domain_stands_in_the_contracts() -> None:
    contracts = {contract["name"]: contract for contract in linter()["contracts"]}
    whole = contracts["config knows all, a domain knows stores, no domain knows another"]
    lists = {
        "root_packages": linter()["root_packages"],
        "layers": whole["layers"][1].split(" | "),
        "containers of the floors": contracts["Seven floors in a domain"]["containers"],
        "ancestors of no ring": contracts["No import ring"]["ancestors"],
    }
    missing = {name: set(DOMAINS) - set(listed) for name, listed in lists.items()}
    services = {f"{name}.services" for name in DOMAINS if find_spec(f"{name}.services")}
    knowing = set(contracts["Services know no requests"]["source_modules"])
    missing["source_modules of services"] = services - knowing
    assert not any(missing.values()), f"add to [tool.importlinter] in pyproject.toml: {missing}"
    assert set(linter()["root_packages"]) == set(OURS) - {"tests"}


def test_the_drawing_shows_the_floors_of_the_contract() -> None:
    is_drawn = FLOORS_SVG.read_text(encoding="utf-8") == floors_drawing()
    assert is_drawn, "run `python -m tests.drawings`"


@pytest.mark.parametrize("library", ONLY_IN)
def test_hardly_a_file_knows_the_library(library: str) -> None:
    knowing = {
        name(path)
        for path in sources("config", "stores", *DOMAINS)
        if any(module.partition(".")[0] == library for module in imports(path))
    }
    assert knowing == ONLY_IN[library]


def test_a_package_is_as_pure_as_a_file() -> None:
    pure = {name(path) for path in sources("stores", *DOMAINS) if is_pure(path)}
    assert pure >= {
        "coupons/wire.py",
        "trip/client.py",
        "trip/wire/values.py",
        "messaging/receipts/lines.py",
        "stores/platforms/client.py",
    }


@pytest.mark.parametrize("domain", ["stores/platforms", *DOMAINS])
def test_wire_client_and_receipts_know_no_tables(domain: str) -> None:
    wrong = [
        f"{name(path)} imports {module}"
        for path in sources(domain)
        if is_pure(path)
        for module in imports(path)
        if ".models" in module or module.startswith("django.db")
    ]
    assert wrong == []


def has_sql(text: str) -> bool:
    """Whether a source sends SQL, brings it into a query, or has some in a string."""
    for node in nodes(text):
        match node:
            case ast.Call(func=ast.Attribute(ast.Call(func=ast.Name("super")), "execute")):
                # A command's own `execute`, not a cursor's.
                pass
            case ast.Call(func=ast.Attribute(attr=name)) if name in SENDS_SQL:
                return True
            case ast.Attribute(attr=name) | ast.Name(id=name) | ast.alias(name=name):
                if name in HOLDS_SQL:
                    return True
            case ast.FunctionDef(name=name) if name in HOLDS_SQL:
                return True
            case ast.Constant(value=str(words)) if SQL.search(words):
                return True
    return False


def test_hardly_a_file_has_sql_by_hand() -> None:
    with_sql = {
        name(path)
        for path in sources("config", "stores", *DOMAINS)
        if has_sql(path.read_text(encoding="utf-8"))
    }
    assert with_sql == SQL_BY_HAND


@pytest.mark.parametrize(
    "source",
    [
        "with connection.cursor() as cursor: pass",
        "connections['default'].chunked_cursor()",
        "Order.objects.raw(words)",
        "rows.extra(where=[words])",
        "connection.connection.execute(words)",
        "cursor.executemany(words, [])",
        "from django.db.models.expressions import RawSQL",
        "rows.filter(expressions.RawSQL(words, ()))",
        "operations = [migrations.RunSQL(words)]",
        "class Lower(Func):\n    def as_sql(self, compiler, connection): pass",
        "run('select 1; UPDATE trip_offer SET held = 0')",
        "run(f'SELECT {columns} FROM {table}')".replace("{columns}", "id"),
    ],
)
def test_each_way_to_write_sql_by_hand_is_seen(source: str) -> None:
    assert has_sql(source)


@pytest.mark.parametrize(
    "source",
    [
        "Order.objects.filter(pk=1).select_for_update()",
        "Answer(extra={})",
        "cursor = body['cursor']",
    ],
)
def test_what_the_orm_says_is_no_sql_by_hand(source: str) -> None:
    assert not has_sql(source)


def test_services_know_no_requests() -> None:
    wrong = [
        f"{name(path)} imports {module}"
        for path in sources("stores", *DOMAINS)
        if "services" in path.relative_to(ROOT).with_suffix("").parts
        for module in imports(path)
        if module.startswith(("django.http", "rest_framework", "django.contrib.admin"))
    ]
    assert wrong == []


@pytest.mark.parametrize("domain", DOMAINS)
def test_admin_leads_to_pages_and_pages_know_nothing_of_it(domain: str) -> None:
    wrong = [
        f"{name(path)} imports {module}"
        for path in sources(domain)
        if "pages" in path.relative_to(ROOT).with_suffix("").parts
        for module in imports(path)
        if module.startswith(f"{domain}.admin")
    ]
    assert wrong == []


def test_a_sandbox_shares_no_code_with_the_product() -> None:
    allowed = ("stores.sandbox",)
    wrong = [
        f"{name(path)} imports {module}"
        for domain in ("stores/platforms", *DOMAINS)
        for path in sources(f"{domain}/sandbox")
        for module in imports(path)
        if module.partition(".")[0] in OURS
        and not module.startswith((*allowed, f"{domain}.sandbox"))
    ]
    assert wrong == []


def test_nobody_sends_signals_between_our_own_apps() -> None:
    wrong = [
        name(path)
        for path in sources("stores", *DOMAINS)
        if any(module.startswith("django.db.models.signals") for module in imports(path))
    ]
    assert wrong == []
