"""What is done while no rider accepts: a store's ladder of steps, as data.

Pure: which step is due follows from how long the order waits and how many steps were taken.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any, Self

from django.db import models
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from delivery.wire.couriers import Courier

LONGEST = timedelta(hours=12)
MOST_STEPS = 10
# Nobody has accepted so long after the last step: a person is told.
LAST_HELPS = timedelta(minutes=3)
BEGINS_AGAIN = _(
    "After calling another courier, or delivering yourselves, the ladder begins again."
)


class Do(models.TextChoices):
    TIP = "tip", _("raise the tip")
    NEXT = "next", _("call the next courier")
    OURSELVES = "ourselves", _("deliver it ourselves")


@dataclass(frozen=True)
class Step:
    """One step, `after` the rider was called. `most` is the highest tip in yuan, `cancel_fee` the
    most that a cancellation may cost.
    """

    after: timedelta
    do: Do
    most: Decimal = Decimal(0)
    cancel_fee: Decimal = Decimal(0)

    def as_json(self) -> dict[str, Any]:
        return {
            "after": int(self.after.total_seconds()),
            "do": str(self.do),
            "most": str(self.most),
            "cancel_fee": str(self.cancel_fee),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        return cls(
            after=timedelta(seconds=data["after"]),
            do=Do(data["do"]),
            most=Decimal(data["most"]),
            cancel_fee=Decimal(data["cancel_fee"]),
        )


def problems(ladder: Sequence[Step]) -> Iterator[tuple[int, StrOrPromise]]:
    """Yields what is wrong with a ladder, as texts for its form, each with the place of its step in
    the ladder, from 0.
    """
    if len(ladder) > MOST_STEPS:
        yield MOST_STEPS, _("A ladder has at most %(count)d steps.") % {"count": MOST_STEPS}
    for place, step in enumerate(ladder):
        if place and step.after <= ladder[place - 1].after:
            yield place, _("Each step comes later than the one before.")
        if not timedelta(0) < step.after <= LONGEST:
            yield place, _("A step comes within twelve hours.")
        if step.do != Do.TIP and place < len(ladder) - 1:
            yield place, BEGINS_AGAIN
        if step.do == Do.TIP and step.most <= 0:
            yield place, _("A tip needs its highest amount.")


def due(ladder: Sequence[Step], *, waited: timedelta, taken: int) -> Step | None:
    """Returns the step that is to be taken now; `taken` counts those that were taken."""
    left = ladder[taken:]
    return left[0] if left and waited >= left[0].after else None


def is_at_end(ladder: Sequence[Step], *, waited: timedelta, taken: int) -> bool:
    """Whether all steps were taken, and the last one has had its time to help."""
    return bool(ladder) and taken >= len(ladder) and waited >= ladder[-1].after + LAST_HELPS


def next_total(step: Step, courier: Courier, *, tip: Decimal, value: Decimal) -> Decimal | None:
    """Returns the new total of a tip; None when the courier takes no higher one within the step, so
    that the step is passed over.
    """
    return courier.next_tip(tip, at_most=step.most, value=value)
