"""What a check has found, in words of a shop owner."""

from dataclasses import dataclass
from typing import Any

from django.db import models
from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from delivery.reasons import words_of
from stores.drills.results import Remark, in_all_languages
from stores.platforms.errors import NoSlot, PlatformError, Refused, Throttled
from stores.platforms.tools import TOO_MANY_CALLS, trouble_text

# The checks, in the order in which they are shown.
TITLES: dict[str, StrOrPromise] = {
    "token": _("We can sign in at WeChat"),
    "address": _("Our address is on WeChat's white list"),
    "opened": _("Instant delivery is opened"),
    "bound": _("Couriers are bound"),
    "audit": _("WeChat has let the accounts through"),
    "secret": _("Each courier accepts the AppSecret"),
    "shop_no": _("Each courier knows the store"),
    "reachable": _("Our address for pushes can be reached"),
    "keys": _("Token and EncodingAESKey work"),
    "order": _("A test order of WeChat's sandbox runs through"),
}


class Verdict(models.TextChoices):
    OK = "ok", _("in order")
    WRONG = "wrong", _("wrong")
    SKIPPED = "skipped", _("not checked")


@dataclass(frozen=True)
class Finding:
    """`said` is what was found, `todo` what to do about it, `copy` a text to be copied for that."""

    name: str
    verdict: Verdict
    said: tuple[Remark, ...]
    todo: tuple[Remark, ...] = ()
    copy: str = ""

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "verdict": self.verdict.value,
            "said": [in_all_languages([each]) for each in self.said],
            "todo": _once([in_all_languages([each]) for each in self.todo]),
            "copy": self.copy,
        }


def _once(texts: list[dict[str, str]]) -> list[dict[str, str]]:
    """What is to be done about three couriers is said once."""
    return [text for number, text in enumerate(texts) if text not in texts[:number]]


def note(text: StrOrPromise, **values: object) -> tuple[Remark]:
    return (Remark(text, **values),)


def found(
    name: str,
    said: tuple[Remark, ...],
    todo: tuple[Remark, ...] = (),
    *,
    is_right: bool = False,
    copy: str = "",
) -> Finding:
    return Finding(name, Verdict.OK if is_right else Verdict.WRONG, said, todo, copy)


def skipped(name: str, why: StrOrPromise, **values: object) -> Finding:
    return Finding(name, Verdict.SKIPPED, note(why, **values))


def broken(name: str, error: BaseException) -> Finding:
    return skipped(name, _("The check itself broke: %(error)s"), error=type(error).__name__)


def in_words(problem: PlatformError) -> StrOrPromise:
    """Returns a sentence for what WeChat, a courier or the network answered."""
    if words_of(problem.detail):
        return lazy(words_of, str)(problem.detail)
    if isinstance(problem, NoSlot | Throttled):
        return TOO_MANY_CALLS
    return problem.detail if isinstance(problem, Refused) else trouble_text(problem)
