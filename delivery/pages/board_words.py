"""What the dispatch board says in words: why a delivery needs a person, and how long something
lasts.
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from decimal import Decimal

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from delivery.choices import WaybillState
from delivery.models import Attempt, Delivery
from delivery.reasons import words_of
from delivery.services.calls import TOO_DEAR, UNWANTED
from delivery.services.offering import Offered
from delivery.services.persons import reasons_of, retry_words
from delivery.wire.waybill import DEAD
from stores.fields import readable
from stores.money import yuan_text
from stores.text import one_line

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
    return attempt.courier.account.courier


def reasons(
    delivery: Delivery, live: Attempt | None, last: Attempt | None, attempts: Sequence[Attempt]
) -> Iterator[str]:
    """Yields why a delivery needs a person and what to do, and what a courier refused."""
    for case in delivery.cases.all():
        words = one_line(readable(case, "text", ""))
        yield _("The receiver says that it did not come: %(words)s") % {"words": words or "–"}
    spoke = live or (last if delivery.needs_person else None)
    if spoke and spoke.refusal:
        yield _refused(courier_name(spoke), spoke.refusal)
    elif spoke and not live and spoke.waybill_state in DEAD:
        words = str(WaybillState(spoke.waybill_state).label)
        yield _("%(courier)s: %(words)s") % {"courier": courier_name(spoke), "words": words}
    yield from (str(reason) for reason in reasons_of(delivery, attempts))
    place = getattr(delivery.store, "delivery_store", None)
    if words := retry_words(delivery, place):
        yield words


def refused_by_all(offers: Sequence[Offered]) -> Iterator[str]:
    """Yields what the couriers say where none of those who were asked takes the delivery."""
    refusals = [each.candidate.offer.refusal for each in offers]
    if refusals and all(refusals):
        yield _("No courier takes it: %(words)s") % {"words": " · ".join(dict.fromkeys(refusals))}


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
