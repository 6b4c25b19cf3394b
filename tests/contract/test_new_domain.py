"""A new domain needs its own folders, one line in INSTALLED_APPS and one in config/urls.py.

The domain in `new_domain` is put into a copy of the repository, where its own tests and the
contract tests run.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.contract.source import ROOT

NEW = Path(__file__).parent / "new_domain"
LEFT_OUT = shutil.ignore_patterns(
    ".git",
    ".venv",
    "var",
    "screenshots",
    "*_cache",
    ".hypothesis",
    "__pycache__",
    "htmlcov",
    "new_domain",
)
LINES = {
    "config/settings.py": ('    "delivery",\n', '    "delivery",\n    "parcels",\n'),
    "config/urls.py": (
        '    path("", include("trip.urls")),\n',
        '    path("", include("trip.urls")),\n    path("", include("parcels.urls")),\n',
    ),
}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the repository with the new domain in it."""
    root = tmp_path / "repository"
    shutil.copytree(ROOT, root, ignore=LEFT_OUT)
    for folder in ("parcels", "tests"):
        target = root / folder
        shutil.copytree(NEW / folder, target, dirs_exist_ok=True)
    for name, (before, after) in LINES.items():
        text = (root / name).read_text(encoding="utf-8")
        assert text.count(before) == 1
        (root / name).write_text(text.replace(before, after), encoding="utf-8")
    return root


def run(root: Path, *command: str) -> str:
    """Runs Python in the copy, on a database of its own; returns what it printed."""
    ours = ("DATABASE_URL", "TEST_DATABASE_NAME", "DJANGO_SETTINGS_MODULE", "VAR_DIR")
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in ours and not name.startswith(("PYTEST", "COV"))
    }
    env = kept | {"VAR_DIR": str(root / "var"), "ENV_FILE": os.devnull, "DEBUG": "1"}
    done = subprocess.run(
        [sys.executable, *command], cwd=root, env=env, capture_output=True, text=True, timeout=240
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return done.stdout


@pytest.mark.timeout(500)
def test_a_new_domain_gets_everything_from_two_lines(copy: Path) -> None:
    run(copy, "manage.py", "makemigrations", "parcels")
    printed = run(
        copy, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "arcel and not language",
        "tests/parcels", "tests/contract",
    )  # fmt: skip
    passed = re.search(r"(\d+) passed", printed)
    # Its own tests, and the contract tests of its table and its list; nobody has translated it.
    assert passed, printed
    assert int(passed[1]) >= 14, printed
