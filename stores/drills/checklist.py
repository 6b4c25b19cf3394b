"""The list of checks of one kind of drill, in the order in which they are run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from django_stubs_ext import StrOrPromise

DrillT = TypeVar("DrillT")
Run = Callable[[DrillT], None]


@dataclass(frozen=True)
class Check(Generic[DrillT]):
    """`name` is "<group>.<point>"; `title` is a sentence that is true of a server that passes."""

    name: str
    title: StrOrPromise
    run: Run[DrillT]


@dataclass(frozen=True)
class Checklist(Generic[DrillT]):
    """`kind` is kept in each run's row.

    `groups` are the titles of the pages' sections, by the first word of a check's name and in their
    order; `hidden` are names of JSON fields whose values no page shows.
    """

    kind: str
    groups: Mapping[str, StrOrPromise] = field(default_factory=dict)
    hidden: frozenset[str] = frozenset()
    checks: dict[str, Check[DrillT]] = field(default_factory=dict)

    def check(self, name: str, title: StrOrPromise) -> Callable[[Run[DrillT]], Run[DrillT]]:
        """Adds a function to the list. Raises ValueError for a name that is there already."""

        def add(run: Run[DrillT]) -> Run[DrillT]:
            if name in self.checks:
                raise ValueError(f"two checks are called {name}")
            self.checks[name] = Check(name, title, run)
            return run

        return add

    def names(self) -> list[str]:
        return list(self.checks)

    def title_of(self, name: str) -> str:
        """Returns the check's title in the reader's language; "" when the check is gone."""
        return str(self.checks[name].title) if name in self.checks else ""

    def chosen(self, wishes: Iterable[str]) -> list[str]:
        """Returns the names of checks, in their order, from names and groups ("refund" for
        refund.…).

        Raises KeyError for an unknown name.
        """
        found = {wish: [name for name in self.checks if _is_in(name, wish)] for wish in wishes}
        if unknown := [wish for wish, names in found.items() if not names]:
            raise KeyError(", ".join(unknown))
        return [name for name in self.checks if any(name in names for names in found.values())]


def _is_in(name: str, wish: str) -> bool:
    return name == wish or name.startswith(f"{wish}.")
