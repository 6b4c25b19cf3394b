"""What the dispatch board says in words: why a delivery needs a person, and how long something
lasts.
"""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from delivery.choices import WaybillState
from delivery.models import Attempt, Delivery, DeliveryStore
from delivery.reasons import words_of
from delivery.services.calls import TOO_DEAR, UNWANTED
from delivery.services.escalating import Do
from delivery.wire.couriers import courier_of
from delivery.wire.waybill import DEAD
from stores.fields import readable
from stores.money import yuan_text
from stores.text import one_line

State = Attempt.State
CLOCK: dict[str, StrOrPromise] = {
    "hours": gettext_lazy("%(hours)d h %(minutes)02d min"),
    "minutes": gettext_lazy("%(minutes)d min %(seconds)02d s"),
    "free": gettext_lazy("Cancel: free now, %(seconds)d s more"),
}


def clock() -> dict[str, str | float]:
    """Returns the patterns in the page's language and `now`, in seconds, which the page compares
    with its own clock.
    """
    patterns: dict[str, str | float] = {name: str(text) for name, text in CLOCK.items()}
    return patterns | {"now": timezone.now().timestamp()}


def span_text(span: timedelta) -> str:
    seconds = max(0, int(span.total_seconds()))
    hours, minutes, rest = seconds // 3600, seconds // 60 % 60, seconds % 60
    pattern = CLOCK["hours" if hours else "minutes"]
    return str(pattern) % {"hours": hours, "minutes": minutes, "seconds": rest}


def courier_name(attempt: Attempt) -> str:
    if attempt.courier is None:
        return _("our own people")
    account = attempt.courier.account
    return account.name or str(courier_of(attempt.courier_code).name)


def reasons(
    delivery: Delivery, live: Attempt | None, last: Attempt | None, revived: Attempt | None
) -> Iterator[str]:
    """Yields why a delivery needs a person, and what a courier refused."""
    for case in delivery.cases.all():
        words = one_line(readable(case, "text", ""))
        yield _("The receiver says that it did not come: %(words)s") % {"words": words or "–"}
    if revived:
        yield _(
            "%(courier)s: a rider took it after its end. It is being cancelled; ask the courier"
            " whether somebody rides."
        ) % {"courier": courier_name(revived)}
    if live:
        yield from _of_live(live)
    elif delivery.needs_person:
        yield from _of_waiting(delivery, last)


def _of_live(attempt: Attempt) -> Iterator[str]:
    name = courier_name(attempt)
    if attempt.refusal:
        yield _refused(name, attempt.refusal)
    if attempt.needs_person and attempt.state in (State.CALLING, State.ENDING):
        yield _(
            "%(courier)s does not say for sure whether somebody rides: ask it by telephone."
        ) % {"courier": name}


def _of_waiting(delivery: Delivery, last: Attempt | None) -> Iterator[str]:
    if delivery.state == Delivery.State.RETURNED:
        yield _("The goods are back: send them again, or leave it.")
        return
    if last and last.refusal:
        yield _refused(courier_name(last), last.refusal)
    elif last and last.waybill_state in DEAD:
        words = WaybillState(last.waybill_state).label
        yield _("%(courier)s: %(words)s") % {"courier": courier_name(last), "words": words}
    place = getattr(delivery.store, "delivery_store", None)
    if place and _calls_by_itself(place):
        yield _("No courier fits the store's rule, or none can be asked.")


def _calls_by_itself(place: DeliveryStore) -> bool:
    return place.is_automatic or any(step["do"] == Do.NEXT for step in place.ladder)


def _refused(name: str, refusal: str) -> str:
    code, _between, message = refusal.partition(": ")
    if code == UNWANTED:
        return _("%(courier)s was cancelled before it was called.") % {"courier": name}
    if code == TOO_DEAR:
        return _("Not cancelled: %(fee)s") % {"fee": fee_text(_fee(message))}
    words = words_of(refusal) or one_line(message) or code
    return _("%(courier)s refused: %(words)s") % {"courier": name, "words": words}


def _fee(text: str) -> Decimal | None:
    try:
        return Decimal(text)
    except ArithmeticError:
        return None


def fee_text(fee: Decimal | None) -> str:
    """Says what a cancellation costs now."""
    if fee is None:
        return _("The courier does not say what cancelling costs now.")
    if not fee:
        return _("cancelling is free now")
    return _("cancelling costs %(fee)s now") % {"fee": yuan_text(fee)}
