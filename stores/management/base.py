"""Commands with meaningful exit codes."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterable
from typing import Any, NoReturn, TypeVar

from django.core.management.base import BaseCommand, CommandError, CommandParser

USAGE = 3
T = TypeVar("T")


class ExitCodeCommand(BaseCommand):
    """Exits with 3 for wrong usage: argparse's own 2 may mean something else, as "not settled
    yet".
    """

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        usual = parser.error

        def error(message: str) -> NoReturn:
            with contextlib.suppress(SystemExit):
                usual(message)
            sys.exit(USAGE)

        parser.error = error  # type: ignore[method-assign]
        return parser


def get_single(found: Iterable[T], *, asked: str, kind: str) -> T:
    """Returns the only row of `found`.

    Raises CommandError with exit code 3 where there is none or more than one.
    """
    rows = list(found)
    if len(rows) == 1:
        return rows[0]
    problem = (
        f"More than one {kind} is called {asked!r}; give the id"
        if rows
        else f"There is no {kind} {asked!r}"
    )
    raise CommandError(f"{problem}.", returncode=USAGE)
