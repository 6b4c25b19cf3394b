"""Another time that a customer asks for, in words."""

from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from messaging.models import Order
from messaging.services.allowed import wants_other_time
from stores.clock import short_moment

ASKED = _("The customer asks for %(time)s")
AGREED = _("Time changed to %(time)s")
KEPT = _("The customer asked for %(time)s; the time was kept")
MISSED = _("The customer asked for %(time)s; nobody answered")


def in_words(order: Order) -> str:
    """Returns which time is asked for and what became of it; "" without one."""
    if not order.new_time:
        return ""
    return str(_pattern(order) % {"time": short_moment(order.new_time)})


def while_it_counts(order: Order) -> str:
    """Returns the same for who cooks: "" also where the time stays as it was."""
    return in_words(order) if wants_other_time(order) or _is_agreed(order) else ""


def _pattern(order: Order) -> StrOrPromise:
    if wants_other_time(order):
        return ASKED
    if _is_agreed(order):
        return AGREED
    return KEPT if order.new_time_answered_at else MISSED


def _is_agreed(order: Order) -> bool:
    """Whether Meituan expects the order at that time by now."""
    return order.new_time is not None and order.new_time == order.expected_at
