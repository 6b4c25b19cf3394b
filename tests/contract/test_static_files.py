"""Every static file that a template or the code names is there.

Production answers 500 for one that is missing, tests and DEBUG do not.
"""

import re
from pathlib import Path

from django.contrib.staticfiles import finders

ROOT = Path(__file__).resolve().parents[2]
NAMED = re.compile(r"""\bstatic(?:\(|\s+)["']([^"']+)["']""")


def named() -> dict[str, str]:
    """Returns path of the static file → the file that names it."""
    sources = [*(ROOT / "templates").rglob("*.html")]
    for top in ("config", "stores", "coupons", "trip", "messaging", "delivery"):
        sources += (ROOT / top).rglob("*.py")
    return {
        path: source.relative_to(ROOT).as_posix()
        for source in sources
        for path in NAMED.findall(source.read_text(encoding="utf-8"))
    }


def test_every_static_file_that_is_named_is_there() -> None:
    found = named()
    assert "stores/pages.css" in found
    assert {path: source for path, source in found.items() if finders.find(path) is None} == {}
