"""What the shop may do about an order as it stands.

Each `why_not_…` returns the reason in words for people, "" when it may be done: buttons are shown
and verbs are carried out by the same answer. Each reads `order.connection.takeaway_store`.
"""

from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from messaging.choices import OWN_DELIVERY, DeliveryState, OrderState, RefundState
from messaging.models import Order, Refund, TakeawayStore

ONLY_NEW = _("Only a new order can be accepted.")
IN_THE_APP = _(
    "This store's orders are only read here: accept them and decide their refunds in Meituan's own "
    "app."
)
OVER = _("This order is over and cannot be cancelled.")
ONLY_ACCEPTED_READY = _("Only an accepted order can be ready.")
ONLY_ACCEPTED_DELIVERED = _("Only an accepted order is delivered.")


def why_not_bound(order: Order) -> StrOrPromise:
    return _unless(
        order.connection.takeaway_store.state == TakeawayStore.State.BOUND,
        _("The store is not bound to Meituan any more; do it in Meituan's own app."),
    )


def why_not_here(order: Order) -> StrOrPromise:
    """Whether anything can be done through us at all."""
    return why_not_bound(order) or _unless(
        order.connection.takeaway_store.takes_orders,
        _("This store's orders are only read here; do it in Meituan's own app."),
    )


def why_not_accept(order: Order) -> StrOrPromise:
    return why_not_here(order) or _unless(order.state == OrderState.NEW, ONLY_NEW)


def why_not_cancel(order: Order) -> StrOrPromise:
    is_running = order.state in (OrderState.NEW, OrderState.CONFIRMED)
    return why_not_here(order) or _unless(is_running, OVER)


def why_not_refund_part(order: Order) -> StrOrPromise:
    is_accepted = order.state in (OrderState.CONFIRMED, OrderState.FINISHED)
    words = _("Only an accepted order can be refunded in part.")
    return why_not_here(order) or _unless(is_accepted, words)


def why_not_decide(refund: Refund) -> StrOrPromise:
    return (
        why_not_here(refund.order)
        or _unless(refund.state == RefundState.OPEN, _("This refund is decided already."))
        or _unless(not refund.is_appeal, _("Customer service decides this one; the shop cannot."))
    )


def why_not_ready(order: Order) -> StrOrPromise:
    """Both kinds of provider may report that a meal is ready."""
    return (
        why_not_bound(order)
        or _unless(order.state == OrderState.CONFIRMED, ONLY_ACCEPTED_READY)
        or _unless(order.ready_at is None, _("The meal was reported as ready already."))
    )


def why_not_answer_urge(order: Order) -> StrOrPromise:
    return why_not_here(order) or _unless(is_urged(order), _("Nobody waits for an answer."))


def why_not_answer_time(order: Order) -> StrOrPromise:
    words = _("Nobody waits for an answer about the time.")
    return why_not_here(order) or _unless(wants_other_time(order), words)


def why_not_deliver(order: Order) -> StrOrPromise:
    is_ours = order.logistics in ("", OWN_DELIVERY)
    return (
        why_not_here(order)
        or _unless(order.state == OrderState.CONFIRMED, ONLY_ACCEPTED_DELIVERED)
        or _unless(is_ours, _("Meituan delivers this order."))
    )


def why_not_call_rider(order: Order) -> StrOrPromise:
    is_free = order.delivery in (DeliveryState.NONE, DeliveryState.CANCELLED)
    return (
        why_not_here(order)
        or _unless(order.state == OrderState.CONFIRMED, ONLY_ACCEPTED_DELIVERED)
        or _unless(order.logistics != OWN_DELIVERY, _("The shop delivers this order itself."))
        or _unless(is_free, _("A rider is on the way already."))
    )


def why_not_cancel_rider(order: Order) -> StrOrPromise:
    is_coming = order.delivery in (DeliveryState.SENT, DeliveryState.HELD, DeliveryState.TAKEN)
    words = _("There is no rider who could be cancelled.")
    return why_not_here(order) or _unless(order.state == OrderState.CONFIRMED and is_coming, words)


def is_urged(order: Order) -> bool:
    """Whether the customer waits for an answer to an urge."""
    return bool(order.is_open and order.urged_at) and not urge_answered_at(order)


def urge_answered_at(order: Order) -> datetime | None:
    """Returns when the last urge was answered; None without one, and while it is not."""
    urged, answered = order.urged_at, order.urge_answered_at
    return answered if urged and answered and answered >= urged else None


def wants_other_time(order: Order) -> bool:
    """Whether the customer waits for an answer about another time."""
    return bool(
        order.is_open
        and order.new_time
        and not order.new_time_answered_at
        and (not order.new_time_until or order.new_time_until > timezone.now())
    )


def _unless(holds: bool, words: StrOrPromise) -> StrOrPromise:
    return "" if holds else words
