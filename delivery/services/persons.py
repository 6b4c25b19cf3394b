"""Why a delivery needs a person, and what the person can do about it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from delivery.choices import ForPerson
from delivery.models import Attempt, Delivery, DeliveryStore

BY_HAND = gettext_lazy("Call a courier by hand, or deliver it yourselves.")
BY_TELEPHONE = gettext_lazy("Ask the courier by telephone.")
WHAT_TO_DO: Mapping[ForPerson, StrOrPromise] = {
    ForPerson.NO_FIT: gettext_lazy("Look at the prices and call one by hand, or change the rule."),
    ForPerson.ALL_REFUSE: gettext_lazy(
        "Read their words at the prices and correct the order, or deliver it yourselves."
    ),
    ForPerson.PAUSED: gettext_lazy(
        "Put money into the account at the courier and end the pause, or deliver it yourselves."
    ),
    ForPerson.NO_COURIER: gettext_lazy(
        "Enter a courier with its AppSecret on the store's page, or deliver it yourselves."
    ),
    ForPerson.NO_ANSWER: gettext_lazy("Ask for the prices again, or deliver it yourselves."),
    ForPerson.COURIER_ENDED: BY_HAND,
    ForPerson.COURIER_REFUSED: gettext_lazy("Read its words, and call another courier."),
    ForPerson.LADDER_END: gettext_lazy(
        "Raise the tip, or cancel the rider and call another courier."
    ),
    ForPerson.RETURNED: gettext_lazy("Send them again, or say that nothing is left to do."),
    ForPerson.CASE: gettext_lazy("Speak with the receiver and the courier, then settle it."),
    ForPerson.UNSURE: BY_TELEPHONE,
    ForPerson.OVER_LIMIT: gettext_lazy("Cancel by hand for what it costs, or wait for the rider."),
    ForPerson.CANCEL_REFUSED: BY_TELEPHONE,
    ForPerson.RETURN_REFUSED: BY_TELEPHONE,
    ForPerson.REVIVED: gettext_lazy(
        "A rider whom nobody needs may come, or has come: see that he is cancelled or not paid, by"
        " telephone if need be."
    ),
    ForPerson.OTHER: BY_HAND,
}


@dataclass(frozen=True)
class Reason:
    """`courier` is the name of the one whose rider it is about; "" for the delivery itself."""

    why: ForPerson
    courier: str = ""

    @property
    def words(self) -> str:
        label = str(self.why.label)
        if not self.courier:
            return label
        return _("%(courier)s: %(words)s") % {"courier": self.courier, "words": label}

    @property
    def what_to_do(self) -> str:
        return str(WHAT_TO_DO[self.why])

    def __str__(self) -> str:
        return _("%(words)s. %(what_to_do)s") % {
            "words": self.words,
            "what_to_do": self.what_to_do,
        }


def reason_of(row: Delivery | Attempt) -> Reason | None:
    """Returns why a row needs a person; None when it does not, or nobody has noted it, and of a
    rider who comes no more.
    """
    is_gone = isinstance(row, Attempt) and not (row.is_live or row.state == Attempt.State.REVIVED)
    if is_gone or not row.needs_person:
        return None
    why = row.for_person or (ForPerson.REVIVED if row.state == Attempt.State.REVIVED else "")
    courier = row.courier_name if isinstance(row, Attempt) else ""
    return Reason(ForPerson(why), courier) if why else None


def reasons_of(delivery: Delivery, attempts: Sequence[Attempt]) -> Iterator[Reason]:
    """Yields why a delivery and the riders who may come for it need a person."""
    rows: tuple[Delivery | Attempt, ...] = (*attempts, delivery)
    for row in rows:
        if found := reason_of(row):
            yield found


def retry_words(delivery: Delivery, place: DeliveryStore | None) -> str:
    """Says that nobody answers and until when it is tried again; "" when that is not so."""
    if delivery.retry_since is None or place is None or not delivery.is_open:
        return ""
    until = timezone.localtime(delivery.retry_since + place.retry_for)
    if until < timezone.now():
        return ""
    return _("WeChat or its couriers do not answer. It is tried again until %(time)s.") % {
        "time": f"{until:%H:%M:%S}"
    }
