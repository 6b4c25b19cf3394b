"""Every app reads alike: only files of the agreed list (CONTRIBUTING.md), and none that has grown
too large.
"""

import re
import subprocess
import tomllib

import pytest

from tests.contract.collected import DOMAINS as APPS
from tests.contract.source import ROOT, sources

# A module and a package of the same name are the same thing.
AGREED = {
    "__init__", "addresses", "admin", "api", "apps", "checks", "choices", "client", "codes",
    "counter", "dashboard", "demo", "drill", "management", "migrations", "models", "pages",
    "reasons", "receipts", "sandbox", "services",
    "signatures", "static", "tasks", "tools", "urls", "webhooks", "wire",
}  # fmt: skip
# What every app shares lives here, so that stores has more files than the others.
MACHINERY = {
    "audit", "backoffice", "clock", "conflicts", "domains", "drills", "fields", "idempotency",
    "money",
    "platforms", "prepared", "roles", "tenancy", "text", "transitions", "web",
}  # fmt: skip
TOP = {
    "config", "stores", *APPS, "templates", "tests", "locale", "docs", "var", "manage.py",
    "pyproject.toml",
    "README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "LICENSE", "Makefile",
    "Dockerfile", "compose.yaml",
    "gunicorn.conf.py", "requirements.lock", "requirements-dev.lock",
}  # fmt: skip
LONGEST_FILE = 420
NOBODYS = ("utils", "common", "helpers", "misc")


def entries(folder: str) -> set[str]:
    return {
        path.stem if path.suffix == ".py" else path.name
        for path in (ROOT / folder).iterdir()
        if not path.name.startswith((".", "__pycache__"))
    }


@pytest.mark.parametrize("app", APPS)
def test_an_app_has_only_files_of_the_agreed_list(app: str) -> None:
    assert entries(app) - AGREED == set()


def test_stores_has_the_agreed_files_and_the_shared_machinery() -> None:
    assert entries("stores") - AGREED - MACHINERY == set()


def test_nothing_else_is_at_the_top() -> None:
    assert {path.name for path in ROOT.iterdir() if not path.name.startswith(".")} - TOP - {
        "__pycache__"
    } == set()


def test_no_file_has_grown_too_large() -> None:
    lengths = {
        path.relative_to(ROOT).as_posix(): len(path.read_text(encoding="utf-8").splitlines())
        for path in sources()
        if "migrations" not in path.parts
    }
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST_FILE} == {}


def test_no_file_is_a_drawer_for_everything() -> None:
    assert [path for path in sources() if path.stem in NOBODYS] == []


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_a_lock_names_versions_and_hashes_only(lock: str) -> None:
    lines = [line.strip() for line in (ROOT / lock).read_text(encoding="utf-8").splitlines()]
    strange = [line for line in lines if "==" not in line and not line.startswith("--hash=sha256:")]
    assert strange == []
    assert [line for line in lines if "://" in line or "@" in line] == []


@pytest.mark.parametrize("installer", ["Makefile", "Dockerfile"])
def test_a_lock_is_installed_as_it_is(installer: str) -> None:
    """Without --no-deps old pips look past a complete lock as soon as a pinned package has a newer
    release.
    """
    lines = (ROOT / installer).read_text(encoding="utf-8").splitlines()
    hashed = [line for line in lines if "--require-hashes" in line]
    assert hashed
    assert [line for line in hashed if "--no-deps" not in line] == []


def test_the_development_lock_holds_the_runtime_lock() -> None:
    def pinned(lock: str) -> set[str]:
        lines = (ROOT / lock).read_text(encoding="utf-8").splitlines()
        return {line.split(" ")[0] for line in lines if "==" in line and not line.startswith(" ")}

    assert pinned("requirements.lock") - pinned("requirements-dev.lock") == set()


def test_make_help_names_every_target() -> None:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    phony = next(line for line in text.splitlines() if line.startswith(".PHONY:"))
    help_lines = subprocess.run(
        ["make", "--no-print-directory", "help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    assert {line.split()[0] for line in help_lines} == set(phony.split()[1:])
    assert [line for line in help_lines if len(line.split()) < 2] == []


def test_each_dependency_is_explained() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    names = {re.split(r"[\[<>=]", line)[0] for line in wanted}
    rows = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").split("## Dependencies")[1]
    explained = set(re.findall(r"[a-z][a-z0-9-]+", rows))
    assert names - explained == set()


def test_coverage_is_measured_for_every_app() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    measured = set(project["tool"]["coverage"]["run"]["source"])
    assert measured == {"config", "stores", *APPS}, "see [tool.coverage.run] in pyproject.toml"
