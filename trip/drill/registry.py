"""The list of checks, in the order of a run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.functional import Promise

if TYPE_CHECKING:
    from trip.drill.drilling import Drill

Run = Callable[["Drill"], None]


@dataclass(frozen=True)
class Check:
    """`name` is "<interface>.<point>"; `title` is a sentence that is true of a server that
    passes.
    """

    name: str
    title: str | Promise
    run: Run


CHECKS: dict[str, Check] = {}


def check(name: str, title: str | Promise) -> Callable[[Run], Run]:
    def add(run: Run) -> Run:
        if name in CHECKS:
            raise ValueError(f"two checks are called {name}")
        CHECKS[name] = Check(name, title, run)
        return run

    return add
