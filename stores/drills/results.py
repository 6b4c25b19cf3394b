"""The result of a check."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from django.db import models
from django.utils.translation import gettext_lazy as _


class Outcome(models.TextChoices):
    PASSED = "passed", _("passed")
    FAILED = "failed", _("failed")
    LEFT_OUT = "left_out", _("left out")


class Failed(Exception):
    """The check's sentence is not true of the other side; the text says what was expected and
    found.
    """


class LeftOut(Exception):
    """The check does not apply here; the text says why."""


class Exchange(Protocol):
    """A message of the drill and its answer.

    `error` is "" or says why there is no answer, `ms` is milliseconds.

    `as_json` holds at least "url", "request", "answer", "error", "code" (or None) and "ms".
    """

    @property
    def operation(self) -> str: ...
    @property
    def request(self) -> str: ...
    @property
    def answer(self) -> str: ...
    @property
    def error(self) -> str: ...
    @property
    def ms(self) -> int: ...

    def as_json(self) -> dict[str, Any]: ...


@dataclass(frozen=True)
class Result:
    """`detail` says why the check failed or was left out, or adds a note to one that passed."""

    name: str
    title: str
    outcome: Outcome
    detail: str = ""
    exchanges: Sequence[Exchange] = ()

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "title": self.title,
            "outcome": self.outcome.value,
            "detail": self.detail,
            "exchanges": [exchange.as_json() for exchange in self.exchanges],
        }
