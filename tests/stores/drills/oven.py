"""A drill of four checks against an oven: one passes, one fails, one is left out, one waits for
what never comes.
"""

from dataclasses import asdict, dataclass
from typing import Any

from stores.drills.checklist import Checklist
from stores.drills.drill import Drill
from stores.drills.results import LeftOut
from stores.drills.runner import start
from stores.models import Connection, DrillRun

CHECKLIST: "Checklist[OvenDrill]" = Checklist(
    "oven", {"heat": "Heat", "light": "Light"}, hidden=frozenset({"recipe"})
)
HANGS_SECONDS = 0.3


@dataclass
class Question:
    operation: str
    request: str
    answer: str
    url: str = "http://oven.example.com/door"
    code: int | None = 200
    error: str = ""
    ms: int = 3

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


class OvenDrill(Drill):
    """`undone` is what the hooks were called for."""

    checklist = CHECKLIST

    def __init__(self, run: DrillRun) -> None:
        super().__init__(run)
        self.undone: list[str] = []

    def ask(self, operation: str, request: str, answer: str) -> None:
        self.exchanges.append(Question(operation, request, answer))

    def tidy_forgotten(self) -> None:
        self.undone.append("forgotten")

    def tidy(self) -> None:
        self.undone.append("check")

    def tidy_up(self) -> None:
        self.undone.append("run")


@CHECKLIST.check("light.on", "The light goes on")
def light(drill: OvenDrill) -> None:
    drill.ask("light", '{"recipe": ["secret", "sauce"], "on": true}', '{"on": true}')
    drill.expect(True, "never said")
    drill.note("It took %(seconds)d s.", seconds=2)


@CHECKLIST.check("heat.degrees", "It gets as hot as it says")
def degrees(drill: OvenDrill) -> None:
    drill.ask("heat", "warmer, please", "")
    drill.expect_equal("degrees", 180, 200)


@CHECKLIST.check("heat.steam", "It makes steam")
def steam(drill: OvenDrill) -> None:
    raise LeftOut("This oven has no water.")


@CHECKLIST.check("heat.bell", "The bell rings")
def bell(drill: OvenDrill) -> None:
    drill.expect(drill.wait_until(lambda: False, seconds=HANGS_SECONDS), "It never rang.")


def started(connection: Connection, *only: str) -> DrillRun:
    return start(CHECKLIST, connection=connection, base_url="http://oven/", only=only)
