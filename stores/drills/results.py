"""The result of a check."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from django.conf import settings
from django.db import models
from django.utils import translation
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise


class Outcome(models.TextChoices):
    PASSED = "passed", _("passed")
    FAILED = "failed", _("failed")
    LEFT_OUT = "left_out", _("left out")


class Remark:
    """A text and its values. Lazy ones make it a text in the language of whoever reads it."""

    def __init__(self, text: StrOrPromise, **values: object) -> None:
        self.text, self.values = text, values

    def __str__(self) -> str:
        return str(self.text) % self.values if self.values else str(self.text)


class _Verdict(Exception):
    def __init__(self, text: StrOrPromise, **values: object) -> None:
        self.remark = Remark(text, **values)
        super().__init__(self.remark)


class Failed(_Verdict):
    """The check's sentence is not true of the other side; the remark says what was expected and
    found.
    """


class LeftOut(_Verdict):
    """The check does not apply here; the remark says why."""


def in_all_languages(remarks: Iterable[Remark]) -> dict[str, str]:
    """Returns the remarks as one text by language: people read a run whom it was not made for."""
    texts = {}
    for code, _name in settings.LANGUAGES:
        with translation.override(code):
            texts[code] = " ".join(dict.fromkeys(map(str, remarks)))
    return texts


def in_own_language(texts: Mapping[str, str], otherwise: str = "") -> str:
    return texts.get(translation.get_language() or "", otherwise)


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
    """`details` say why the check failed or was left out, or add a note to one that passed, by
    language.
    """

    name: str
    title: str
    outcome: Outcome
    details: Mapping[str, str] = field(default_factory=dict)
    exchanges: Sequence[Exchange] = ()

    @property
    def detail(self) -> str:
        return in_own_language(self.details)

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "title": self.title,
            "outcome": self.outcome.value,
            "detail": self.detail,
            "details": self.details,
            "exchanges": [exchange.as_json() for exchange in self.exchanges],
        }
