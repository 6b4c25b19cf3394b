"""Every static file that a template or the code names is there.

Production answers 500 for one that is missing, tests and DEBUG do not.
"""

import re

from django.contrib.staticfiles import finders

from tests.contract.source import ROOT, name, sources

NAMED = re.compile(r"""\bstatic(?:\(|\s+)["']([^"']+)["']""")


def named() -> dict[str, str]:
    """Returns path of the static file → the file that names it."""
    return {
        found: name(path)
        for path in [*(ROOT / "templates").rglob("*.html"), *sources()]
        for found in NAMED.findall(path.read_text(encoding="utf-8"))
    }


def test_every_static_file_that_is_named_is_there() -> None:
    found = named()
    assert "stores/pages.css" in found
    assert {path: source for path, source in found.items() if finders.find(path) is None} == {}
