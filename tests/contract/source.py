"""Our own source, as files and as the nodes of its syntax trees."""

import ast
import gc
from collections.abc import Iterator
from pathlib import Path

from tests.contract.collected import DOMAINS

ROOT = Path(__file__).resolve().parents[2]


def sources(*tops: str) -> Iterator[Path]:
    """Yields the files of these folders; without any, of the whole product."""
    for top in tops or ("config", "stores", *DOMAINS):
        yield from sorted((ROOT / top).rglob("*.py"))


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def nodes(source: Path | str) -> Iterator[ast.AST]:
    """Yields the nodes of a file, or of a text."""
    text = source if isinstance(source, str) else source.read_text(encoding="utf-8")
    # What the collector finalizes meanwhile may let another thread parse: CPython 3.11 then takes
    # the depth of that tree for ours, and raises SystemError.
    gc.disable()
    try:
        tree = ast.parse(text)
    finally:
        gc.enable()
    yield from ast.walk(tree)
