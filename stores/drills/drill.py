"""The base of a drill: the connection, the messages exchanged, and expectations."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from stores.drills.checklist import Checklist
from stores.drills.results import Exchange, Failed, Remark
from stores.models import Connection, DrillRun

# Seconds between two looks at something that a check waits for.
LOOK_AGAIN = 0.1


class Drill:
    """Base of what a checklist's checks work with.

    `exchanges` and `notes` are those of the current check.
    """

    checklist: ClassVar[Checklist[Any]]

    def __init__(self, run: DrillRun) -> None:
        self.run = run
        self.connection: Connection = run.connection
        self.base_url = run.base_url.rstrip("/")
        self.begin()

    def begin(self) -> None:
        """Prepares the next check, which starts without messages and notes."""
        self.exchanges: list[Exchange] = []
        self.notes: list[Remark] = []

    # Tidying

    def tidy_forgotten(self) -> None:
        """Undoes what earlier runs left behind; called before the first check."""

    def tidy(self) -> None:
        """Undoes what the current check did; called after each check."""

    def tidy_up(self) -> None:
        """Undoes what is left of the whole run; called after the last check."""

    # Notes and expectations

    def note(self, text: StrOrPromise, **values: object) -> None:
        """Adds something worth knowing about a check that passes."""
        self.notes.append(Remark(text, **values))

    def expect(self, holds: bool, what: StrOrPromise, **values: object) -> None:
        """Raises Failed with the text unless it holds."""
        if not holds:
            raise Failed(what, **values)

    def expect_equal(self, what: str, found: object, wanted: object) -> None:
        """Raises Failed when the values differ; True is not 1."""
        if found != wanted or isinstance(found, bool) != isinstance(wanted, bool):
            text = _("%(what)s should be %(wanted)s, not %(found)s.")
            raise Failed(text, what=what, wanted=wanted, found=found)

    @staticmethod
    def wait_until(holds: Callable[[], bool], *, seconds: float) -> bool:
        """Looks every tenth of a second until it holds; returns False when it never does.

        Stops after `seconds`.
        """
        until = time.monotonic() + seconds
        while not (found := holds()) and time.monotonic() < until:
            time.sleep(LOOK_AGAIN)
        return found
