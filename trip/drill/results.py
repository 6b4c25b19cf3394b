"""The results of checks."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from trip.sandbox.calls import Exchange


class Outcome(models.TextChoices):
    PASSED = "passed", _("passed")
    FAILED = "failed", _("failed")
    LEFT_OUT = "left_out", _("left out")


class Failed(Exception):
    """The server does not do what the acceptance table asks for; the text has the expected and the
    actual value.
    """


class LeftOut(Exception):
    """The check is not possible here; the text is the reason."""


@dataclass
class Result:
    """`detail` is the reason why it failed or was left out, or a remark about a check that
    passed.
    """

    name: str
    title: str
    outcome: Outcome
    detail: str = ""
    exchanges: list[Exchange] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "title": self.title,
            "outcome": self.outcome.value,
            "detail": self.detail,
            "exchanges": [exchange.as_json() for exchange in self.exchanges],
        }


def filled(text: str | Promise, values: Mapping[str, object]) -> str:
    return str(text) % values if values else str(text)
