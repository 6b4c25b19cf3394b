"""Meituan's pushes as files: one per kind, whole, with what is so after it
(tests/fixtures/takeaway/pushes/).
"""

import json
from dataclasses import dataclass
from typing import Any

from messaging.choices import PushKind
from tests.messaging.pushing import Pusher
from tests.recorded import FIXTURES

PUSHES = FIXTURES / "takeaway" / "pushes"
# Of whom the files tell; the secret is that of the message.
DEVELOPER, STORE, SECRET = "100000", "shop-001", "0123456789abcdef"


@dataclass(frozen=True)
class RecordedPush:
    """`form` has the fields without the sign, where JSON stands as such; `after` names the kinds
    that come before it, `expect` what stands in our rows then, and the calls that are owed.
    """

    kind: PushKind
    after: list[PushKind]
    form: dict[str, Any]
    expect: dict[str, Any]

    @property
    def address(self) -> str:
        return self.kind.value.replace("_", "-")

    @property
    def fields(self) -> dict[str, str]:
        """The fields as they travel."""
        return {
            name: value if isinstance(value, str) else as_text(value)
            for name, value in self.form.items()
        }

    def send(self, pusher: Pusher) -> Any:
        return pusher.push(self.address, **self.fields)


def as_text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def recorded_push(kind: PushKind) -> RecordedPush:
    row = json.loads((PUSHES / f"{kind.value}.json").read_text())
    return RecordedPush(kind, [PushKind(name) for name in row.pop("after")], **row)


def recorded_kinds() -> set[str]:
    return {path.stem for path in PUSHES.glob("*.json")}
