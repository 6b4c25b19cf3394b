"""Answers of platforms as files: one per call, edition and kind of answer
(tests/fixtures/<platform>/).
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, is_dataclass
from pathlib import Path
from typing import Any

from stores.platforms.errors import PlatformError
from tests.canned import Canned, answer

FIXTURES = Path(__file__).parent / "fixtures"


@dataclass(frozen=True)
class Recorded:
    """`body` is JSON, or a page as text; `expect` what our client makes of it."""

    name: str
    call: str
    edition: int
    status: int
    body: Any
    expect: Any

    @property
    def is_failure(self) -> bool:
        return isinstance(self.expect, dict) and "error" in self.expect

    @property
    def bytes(self) -> bytes:
        if isinstance(self.body, str):
            return answer(self.body, self.status, kind="text/html; charset=utf-8")
        return answer(json.dumps(self.body, ensure_ascii=False), self.status)


def recorded(platform: str, call: str = "") -> list[Recorded]:
    """All recorded answers of a platform, or of one of its calls."""
    files = sorted((FIXTURES / platform).glob("*.json"))
    rows = [Recorded(path.stem, **json.loads(path.read_text())) for path in files]
    return [row for row in rows if call in ("", row.call)]


def shown(value: Any) -> Any:
    """Returns what a client made of an answer in the form of a fixture."""
    if isinstance(value, list):
        return [shown(item) for item in value]
    known = asdict(value) if is_dataclass(value) and not isinstance(value, type) else value
    return json.loads(json.dumps(known, default=str))


def hold_to_expect(answer: Recorded, call: Callable[[str, str], Any]) -> None:
    """Asserts that a call, by its name at an address, makes of the answer what stands beside it."""
    with Canned(answer.bytes) as server:
        try:
            got = call(answer.call, server.url)
        except PlatformError as error:
            got = error
    if answer.is_failure:
        assert type(got).__name__ == answer.expect["error"]
        wanted = {name: value for name, value in answer.expect.items() if name != "error"}
        assert {name: getattr(got, name) for name in wanted} == wanted
    else:
        assert shown(got) == answer.expect
