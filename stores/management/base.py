"""Commands with meaningful exit codes."""

from __future__ import annotations

import contextlib
import math
import sys
import traceback
from collections.abc import Iterable
from typing import Any, NoReturn, TypeVar

from django.core.management.base import (
    BaseCommand,
    CommandError,
    CommandParser,
    SystemCheckError,
)
from django.db import InterfaceError, OperationalError, ProgrammingError
from django.db.models import Q

from stores.fields import SecretUnreadable
from stores.models import Store
from stores.text import is_id

USAGE, BROKEN = 3, 4
T = TypeVar("T")


class ExitCodeCommand(BaseCommand):
    """Exits with 3 for wrong usage, because argparse's own 2 may mean something else, as "not
    settled yet"; and with 4 where no result is known, because 1 may mean "refused".
    """

    def run_from_argv(self, argv: list[str]) -> None:
        try:
            super().run_from_argv(argv)
        except Exception:
            traceback.print_exc()
            sys.exit(BROKEN)

    def execute(self, *args: Any, **options: Any) -> str | None:
        try:
            return super().execute(*args, **options)
        except SystemCheckError as error:
            error.returncode = BROKEN
            raise
        except (OperationalError, InterfaceError, ProgrammingError) as error:
            message = f"The database is not available: {error}"
            raise CommandError(message, returncode=BROKEN) from error
        except SecretUnreadable as error:
            raise CommandError(f"A stored secret is needed: {error}.", returncode=BROKEN) from error

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        usual = parser.error

        def error(message: str) -> NoReturn:
            with contextlib.suppress(SystemExit):
                usual(message)
            sys.exit(USAGE)

        parser.error = error  # type: ignore[method-assign]
        return parser


def seconds(text: str) -> float:
    """Parses seconds for argparse. Raises ValueError for negative and infinite numbers."""
    parsed = float(text)
    if not 0 <= parsed < math.inf:
        raise ValueError(text)
    return parsed


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


def find_store(text: str) -> Store:
    """Returns an active store by id or exact name. Raises CommandError with exit code 3."""
    stores = Store.objects.filter(is_active=True, merchant__is_active=True)
    wanted = Q(pk=int(text)) if is_id(text) else Q(name=text)
    return get_single(stores.filter(wanted)[:2], asked=text, kind="store")
