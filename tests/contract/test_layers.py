"""Who may import whom, read from the sources: config → all; domains → stores; never sideways, never back."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOMAINS = ("coupons", "trip", "messaging", "delivery")
OURS = ("config", "stores", *DOMAINS, "tests")
MAY_IMPORT = {"config": {"config", "stores", *DOMAINS}, "stores": {"stores"}} | {
    domain: {domain, "stores"} for domain in DOMAINS
}
# The only files that may know a library: our own words stand between it and everybody else.
ONLY_IN = {
    "requests": {"stores/platforms/client.py", "stores/platforms/deadline.py"},
    "django_q": {"stores/platforms/workers/queue.py"},
}
# The only files with SQL by hand, and why there (CONTRIBUTING.md).
SQL_BY_HAND = {
    # Every call or request needs the same statement.
    "stores/platforms/sql.py", "stores/platforms/inbound/once.py", "stores/platforms/outbox/claims.py",
    "stores/models/access.py", "stores/models/connections.py", "coupons/api/stores.py",
    "coupons/services/verifying.py", "coupons/services/operations.py", "trip/services/creating.py",
    "trip/services/orders.py", "trip/services/querying.py", "trip/services/stock.py",
    # The ORM cannot say it.
    "stores/platforms/pace.py", "stores/platforms/outbox/places.py", "stores/web/limits.py", "stores/platforms/workers/queue.py",
    "stores/tenancy.py", "stores/models/ledger.py", "coupons/models/verification.py",
}  # fmt: skip
BY_HAND = (".cursor()", ".raw(", "RawSQL(", "sql.row(", "sql.rows(", "sql.update(", "spelt_out(")
PURE = ("wire", "client")


def sources(*tops: str) -> Iterator[Path]:
    for top in tops:
        yield from sorted((ROOT / top).rglob("*.py"))


def imports(path: Path) -> set[str]:
    """Absolute names of everything the file imports, wherever in the file."""
    package = path.relative_to(ROOT).with_suffix("").parts[:-1]
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            module = ".".join(part for part in (base, node.module) if part)
            found |= {f"{module}.{alias.name}" for alias in node.names} | {module}
    return found


def is_pure(path: Path) -> bool:
    """Whether it is, or lies in a package called, wire or client."""
    return any(part in PURE for part in path.relative_to(ROOT).with_suffix("").parts)


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("top", MAY_IMPORT)
def test_a_package_imports_only_what_is_below_it(top: str) -> None:
    wrong = [
        f"{name(path)} imports {module}"
        for path in sources(top)
        for module in imports(path)
        if module.partition(".")[0] in set(OURS) - MAY_IMPORT[top]
    ]
    assert wrong == []


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
        "stores/platforms/client.py",
    }


@pytest.mark.parametrize("domain", ["stores/platforms", *DOMAINS])
def test_wire_and_client_know_no_tables(domain: str) -> None:
    wrong = [
        f"{name(path)} imports {module}"
        for path in sources(domain)
        if is_pure(path)
        for module in imports(path)
        if ".models" in module or module.startswith("django.db")
    ]
    assert wrong == []


def test_hardly_a_file_has_sql_by_hand() -> None:
    with_sql = {
        name(path)
        for path in sources("config", "stores", *DOMAINS)
        if any(sign in path.read_text(encoding="utf-8") for sign in BY_HAND)
    }
    assert with_sql == SQL_BY_HAND


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
