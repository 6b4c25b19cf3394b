"""What a restaurant has to answer, and until when: one list of all kinds, the most urgent first.

Equal times stand in the order of the kinds (`What`), and in one kind the older row comes first.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from messaging.choices import OrderState, Provider, RefundState
from messaging.models import Conversation, Order, Refund, TakeawayStore
from messaging.services.accepting import cook_from
from messaging.services.allowed import is_urged, wants_other_time
from messaging.services.chat import closing, listing
from messaging.services.chat.bookkeeping import read_chats

URGENT, SOON = timedelta(minutes=2), timedelta(minutes=10)
# An urge has no deadline at Meituan; a customer who waits longer complains.
URGE_WITHIN = timedelta(minutes=5)


class What(models.TextChoices):
    """What is to be done."""

    ACCEPT = "accept", gettext_lazy("accept the order")
    REFUND = "refund", gettext_lazy("decide the refund")
    TIME = "time", gettext_lazy("answer the wish for another time")
    URGE = "urge", gettext_lazy("answer the urge")
    READY = "ready", gettext_lazy("have the meal ready")
    REPLY = "reply", gettext_lazy("answer the message")
    CLOSES = "closes", gettext_lazy("answer before the conversation closes")


# What is about a conversation; all others are about an order.
OF_CONVERSATIONS = (What.REPLY, What.CLOSES)
# Patterns of times that run down, which pages fill in each second (static/messaging/clocks.js).
CLOCK: dict[str, StrOrPromise] = {
    "left": gettext_lazy("%(time)s left"),
    "over": gettext_lazy("over for %(time)s"),
    "hours": gettext_lazy("%(hours)d h %(minutes)02d min"),
    "minutes": gettext_lazy("%(minutes)d min %(seconds)02d s"),
}
# What Meituan does when the time is over.
THEN: dict[str, StrOrPromise] = {
    What.ACCEPT: gettext_lazy("Meituan cancels it then."),
    What.REFUND: gettext_lazy("Meituan agrees to it then."),
    What.TIME: gettext_lazy("The old time stays then."),
    What.URGE: gettext_lazy("The customer may complain then."),
    What.READY: gettext_lazy("It counts as late then."),
    What.REPLY: gettext_lazy("The reply rate falls then."),
    What.CLOSES: gettext_lazy("Nothing can be written here then."),
}
# What is so once it is over.
NOW: dict[str, StrOrPromise] = {
    What.ACCEPT: gettext_lazy("Meituan cancels it any moment."),
    What.REFUND: gettext_lazy("Meituan agrees to it any moment."),
    What.TIME: gettext_lazy("The old time stays."),
    What.URGE: gettext_lazy("The customer may complain."),
    What.READY: gettext_lazy("It counts as late."),
    What.REPLY: gettext_lazy("The reply rate falls."),
    What.CLOSES: gettext_lazy("Nothing can be written here any more."),
}


@dataclass(frozen=True)
class Deadline:
    """`order` is None only for the message (`talk`) of a customer who has not ordered."""

    what: What
    until: datetime
    order: Order | None
    refund: Refund | None = None
    talk: Conversation | None = None

    @property
    def place(self) -> tuple[datetime, int, int]:
        """What lists are sorted by: steady, also where times are equal."""
        about = self.refund or self.talk or self.order
        assert about is not None, "a deadline is about something"
        return self.until, list(What).index(self.what), about.pk

    @property
    def title(self) -> StrOrPromise:
        if self.what == What.REPLY and self.talk and self.talk.is_urgent:
            return gettext_lazy("answer the urgent message")
        return self.what.label

    @property
    def left(self) -> timedelta:
        return self.until - timezone.now()

    @property
    def words(self) -> str:
        return left_text(self.left)

    @property
    def urgency(self) -> str:
        return urgency_of(self.left)

    @property
    def then(self) -> StrOrPromise:
        return (THEN if self.left > timedelta(0) else NOW)[self.what]


def clock() -> dict[str, str | float]:
    """Returns the patterns in the page's language and `now`, which the page compares with its own
    clock; in seconds.
    """
    patterns: dict[str, str | float] = {name: str(text) for name, text in CLOCK.items()}
    return patterns | {"now": timezone.now().timestamp()}


def urgency_of(left: timedelta) -> str:
    """Returns urgent, soon or calm."""
    if left < URGENT:
        return "urgent"
    return "soon" if left < SOON else "calm"


def left_text(left: timedelta) -> str:
    """Returns "2 min 10 s left", with hours when there are any; how long ago when it is over."""
    pattern = CLOCK["left" if left > timedelta(0) else "over"]
    return str(pattern % {"time": span_text(abs(left))})


def span_text(span: timedelta) -> str:
    """Returns "2 min 10 s", with hours when there are any."""
    seconds = int(span.total_seconds())
    hours, minutes, rest = seconds // 3600, seconds // 60 % 60, seconds % 60
    if hours:
        return str(CLOCK["hours"] % {"hours": hours, "minutes": minutes})
    return str(CLOCK["minutes"] % {"minutes": minutes, "seconds": rest})


def deadlines_of(stores: Sequence[int]) -> list[Deadline]:
    """Returns what these stores have to do, sorted by the time that is left: four queries. Of the
    conversations only those count in which a customer waits.
    """
    talks = list(listing.unanswered(stores))
    read_chats(talks)
    found = [each for talk in talks for each in _of_talk(talk)]
    return in_order([*order_deadlines_of(stores), *found])


def order_deadlines_of(stores: Sequence[int]) -> list[Deadline]:
    """Returns the same without the customers' messages: two queries."""
    orders = (
        Order.objects.open()
        .filter(store__in=stores, connection__takeaway_store__state=TakeawayStore.State.BOUND)
        .select_related("connection__takeaway_store", "store")
    )
    refunds = Refund.objects.filter(
        order__store__in=stores,
        order__connection__takeaway_store__state=TakeawayStore.State.BOUND,
        order__connection__takeaway_store__provider=Provider.TAKING,
        state=RefundState.OPEN,
        decide_until__isnull=False,
    ).select_related("order__connection__takeaway_store", "order__store")
    found = [each for order in orders for each in _of(order)]
    found += [
        Deadline(What.REFUND, row.decide_until, row.order, row)
        for row in refunds
        if row.decide_until
    ]
    return in_order(found)


def deadlines_for(order: Order) -> list[Deadline]:
    """Returns what one order's store has to do about it, sorted; refunds are those that were read
    with the row.
    """
    binding = order.connection.takeaway_store
    if binding.state != TakeawayStore.State.BOUND:
        return []
    found = [*_of(order)] if order.is_open else []
    if not binding.takes_orders:
        return found
    found += [
        Deadline(What.REFUND, refund.decide_until, order, refund)
        for refund in order.refunds.all()
        if refund.state == RefundState.OPEN and refund.decide_until
    ]
    return in_order(found)


def deadlines_of_talk(talk: Conversation) -> list[Deadline]:
    """Returns until when the customer waits, and until when one can write, if that is known yet and
    one still can; sorted.
    """
    return in_order(_of_talk(talk))


def in_order(found: Iterable[Deadline]) -> list[Deadline]:
    """Returns them by the time that is left."""
    return sorted(found, key=lambda each: each.place)


def accept_until(order: Order) -> datetime | None:
    """Returns until when a new order is to be accepted; of a booked one counted from when it is to
    be cooked. None when there is nothing to accept.
    """
    binding = order.connection.takeaway_store
    if order.state != OrderState.NEW or not binding.takes_orders:
        return None
    begins = cook_from(order, binding)
    return (begins or order.ordered_at) + timedelta(minutes=binding.accept_minutes)


def _of(order: Order) -> Iterator[Deadline]:
    if until := accept_until(order):
        yield Deadline(What.ACCEPT, until, order)
    takes_orders = order.connection.takeaway_store.takes_orders
    if takes_orders and wants_other_time(order):
        until = order.new_time_until or order.ordered_at + URGE_WITHIN
        yield Deadline(What.TIME, until, order)
    if takes_orders and is_urged(order) and order.urged_at:
        yield Deadline(What.URGE, order.urged_at + URGE_WITHIN, order)
    if order.state == OrderState.CONFIRMED and order.ready_until and not order.ready_at:
        yield Deadline(What.READY, order.ready_until, order)


def _of_talk(talk: Conversation) -> Iterator[Deadline]:
    if talk.reply_until:
        yield Deadline(What.REPLY, talk.reply_until, talk.order, talk=talk)
    end = closing.closes_at(talk)
    if end and closing.why_closed(talk) is None:
        yield Deadline(What.CLOSES, end, talk.order, talk=talk)
