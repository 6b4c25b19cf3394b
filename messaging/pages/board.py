"""What the order desk shows: what has to be answered, and the orders by how far they are."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.contrib.auth.models import User
from django.db.models import Prefetch
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from messaging.choices import TAKE, DeliveryState, Direction, OrderState, RefundState
from messaging.models import Order, Refund, TakeawayStore
from messaging.services import allowed, customers, income, other_time
from messaging.services.accepting import cook_from
from messaging.services.changes import digest_of
from messaging.services.chat.texts import preview_of
from messaging.services.deadlines import (
    Deadline,
    What,
    accept_until,
    deadlines_of,
    order_deadlines_of,
)
from stores.clock import short_moment, start_of_day
from stores.models import Connection, Store
from stores.money import yuan_of, yuan_text
from stores.tenancy import has_permission

# What has been over for long is in the list of orders.
MOST_OVER = 12
AWAY = (DeliveryState.PICKED_UP, DeliveryState.DELIVERED)
# What rings until somebody has done it; the chat rings for its messages itself.
RINGS = (What.ACCEPT, What.REFUND, What.TIME, What.URGE)


@dataclass(frozen=True)
class Action:
    """One button of a card; `is_main` is what is done to nearly every such order."""

    verb: str
    title: StrOrPromise
    is_main: bool = False


ACCEPT = Action("accept", _("Accept"), is_main=True)
READY = Action("ready", _("Meal ready"), is_main=True)
URGE = Action("urge", _("Answer the urge"), is_main=True)
AGREE_TIME = Action("time-agree", _("Agree to the other time"), is_main=True)
REFUSE_TIME = Action("time-refuse", _("Keep the time"))
# What a deadline offers, and when. A refund is decided on its own page.
ANSWERS: dict[What, tuple[Callable[[Order], StrOrPromise], list[Action]]] = {
    What.ACCEPT: (allowed.why_not_accept, [ACCEPT]),
    What.TIME: (allowed.why_not_answer_time, [AGREE_TIME, REFUSE_TIME]),
    What.URGE: (allowed.why_not_answer_urge, [URGE]),
    What.READY: (allowed.why_not_ready, [READY]),
}


@dataclass(frozen=True)
class Card:
    """One order as the desk shows it."""

    order: Order
    customer: dict[str, object]
    until: datetime | None
    begins: datetime | None
    actions: list[Action]

    @property
    def paid(self) -> str:
        return _sum(self.order.paid)

    @property
    def new_time(self) -> str:
        return other_time.while_it_counts(self.order)

    @property
    def wanted(self) -> str:
        return short_moment(self.order.wanted_at)

    @property
    def elsewhere(self) -> StrOrPromise:
        """Returns where an order is handled that is only read here."""
        takes_orders = self.order.connection.takeaway_store.takes_orders
        return "" if takes_orders else allowed.IN_THE_APP

    @property
    def urge_answered_at(self) -> datetime | None:
        return allowed.urge_answered_at(self.order)

    @property
    def asks_for_refund(self) -> bool:
        return any(row.state == RefundState.OPEN for row in self.order.refunds.all())

    @property
    def refunded(self) -> str:
        """Returns the sum of the agreed refunds of parts; "" without any."""
        parts = income.agreed_parts(self.order.refunds.all())
        return income.sum_text(parts) if parts else ""

    @property
    def url(self) -> str:
        return reverse("admin:messaging_order_change", args=[self.order.pk])


@dataclass(frozen=True)
class Column:
    name: str
    title: StrOrPromise
    cards: list[Card]


@dataclass(frozen=True)
class ToDo:
    """One deadline as the desk shows it; what needs words is done on the row's own page."""

    deadline: Deadline
    actions: list[Action]

    @property
    def name(self) -> StrOrPromise:
        return str(self.deadline.order) if self.deadline.order else _("Before an order")

    @property
    def said(self) -> str:
        """Returns what the customer wrote last or asks for, without numbers."""
        if talk := self.deadline.talk:
            is_last = talk.last_direction == Direction.CUSTOMER
            return preview_of(talk, whole=False) if is_last else ""
        if refund := self.deadline.refund:
            said = (_sum(refund.amount), customers.reason_of(refund))
            return " · ".join(part for part in said if part)
        order = self.deadline.order
        return other_time.in_words(order) if order and self.deadline.what == What.TIME else ""

    @property
    def store(self) -> Store:
        about = self.deadline.talk or self.deadline.order
        assert about is not None, "a deadline is about an order or a conversation"
        return about.store

    @property
    def url(self) -> str:
        if talk := self.deadline.talk:
            return reverse("takeaway:talk", args=[talk.pk])
        if refund := self.deadline.refund:
            return reverse("admin:messaging_refund_change", args=[refund.pk])
        assert self.deadline.order is not None, "only a conversation is about no order"
        return reverse("admin:messaging_order_change", args=[self.deadline.order.pk])


@dataclass(frozen=True)
class Board:
    to_do: list[ToDo]
    columns: list[Column]
    booked: list[Card]
    over: list[Order]
    digest: str
    count: int
    received: str
    # What was refunded in part of the orders that are counted, "" for nothing, and whether what is
    # received of one of them is without it.
    refunded: str
    is_before_refunds: bool
    stores: list[Store] = field(default_factory=list)
    # Stores with orders under way for which nothing can be done here any more.
    unbound: list[Store] = field(default_factory=list)
    # Stores whose calls Meituan refuses for now: nothing that is pressed here arrives.
    refused: list[Store] = field(default_factory=list)


def stores_of(user: User) -> list[Store]:
    """Returns the stores whose takeaway orders a person may handle."""
    bound = TakeawayStore.objects.exclude(state=TakeawayStore.State.WAITING)
    rows = Store.objects.for_staff(user).filter(
        pk__in=bound.values("store"), is_active=True, merchant__is_active=True
    )
    found = rows.select_related("merchant").order_by("pk")
    return [store for store in found if has_permission(user, TAKE, store.merchant_id)]


def board_of(stores: Sequence[Store]) -> Board:
    ids = [store.pk for store in stores]
    digest = digest_of(ids)
    rows = Order.objects.select_related("connection__takeaway_store", "store")
    refunds = Prefetch("refunds", Refund.objects.defer("reason").order_by("pk"))
    open_rows = rows.open().filter(store__in=ids).prefetch_related(refunds)
    running = list(open_rows.order_by("ordered_at", "pk"))
    deadlines = deadlines_of(ids)
    now = timezone.now()
    later = [order for order in running if _is_for_later(order, now)]
    front = [order for order in running if order not in later]
    of_today = Order.objects.filter(store__in=ids, ordered_at__gte=start_of_day())
    not_cancelled = of_today.exclude(state=OrderState.CANCELLED)
    counted = list(not_cancelled.values_list("received", flat=True))
    parts = income.agreed_parts_of(not_cancelled)
    over = rows.filter(store__in=ids, ordered_at__gte=start_of_day()).exclude(state__in=Order.OPEN)
    return Board(
        to_do=[ToDo(each, _actions_for(each)) for each in deadlines if _is_due(each, later)],
        columns=list(_columns(front)),
        booked=_cards(later),
        over=list(over.order_by("-changed_at", "-pk")[:MOST_OVER]),
        digest=digest,
        count=len(counted),
        received=yuan_text(yuan_of(sum(fen or 0 for fen in counted))),
        refunded=income.sum_text(parts) if parts else "",
        is_before_refunds=any(income.is_before_refunds(row.order, [row]) for row in parts),
        stores=list(stores),
        unbound=_unbound(running),
        refused=_refused(ids),
    )


def rings_of(stores: Sequence[Store]) -> int:
    """Returns how much waits that rings until it is done."""
    now = timezone.now()
    due = order_deadlines_of([store.pk for store in stores])
    return sum(
        each.what in RINGS
        and not (each.what == What.ACCEPT and each.order and _is_for_later(each.order, now))
        for each in due
    )


def _sum(fen: int | None) -> str:
    return "" if fen is None else yuan_text(yuan_of(fen))


def _unbound(running: Iterable[Order]) -> list[Store]:
    found = {
        order.store_id: order.store
        for order in running
        if order.connection.takeaway_store.state == TakeawayStore.State.UNBOUND
    }
    return list(found.values())


def _refused(store_ids: Sequence[int]) -> list[Store]:
    rows = Store.objects.filter(
        takeaway_stores__state=TakeawayStore.State.BOUND,
        takeaway_stores__connection__state=Connection.State.REFUSED,
        pk__in=store_ids,
    )
    return list(rows.order_by("pk").distinct())


def _is_due(deadline: Deadline, later: Sequence[Order]) -> bool:
    return deadline.what != What.ACCEPT or deadline.order not in later


def _is_for_later(order: Order, now: datetime) -> bool:
    """Whether a booked order is not to be cooked yet."""
    begins = cook_from(order, order.connection.takeaway_store)
    return order.state == OrderState.NEW and begins is not None and begins > now


def _columns(orders: Sequence[Order]) -> Iterator[Column]:
    parts: tuple[tuple[str, StrOrPromise, Callable[[Order], bool]], ...] = (
        ("new", _("To be accepted"), lambda order: order.state != OrderState.CONFIRMED),
        ("cooking", _("Being cooked"), _is_cooking),
        ("leaving", _("Ready, on the way"), _is_leaving),
    )
    for name, title, belongs in parts:
        yield Column(name, title, _cards(order for order in orders if belongs(order)))


def _is_leaving(order: Order) -> bool:
    is_away = order.ready_at is not None or order.delivery in AWAY
    return order.state == OrderState.CONFIRMED and is_away


def _is_cooking(order: Order) -> bool:
    return order.state == OrderState.CONFIRMED and not _is_leaving(order)


def _cards(orders: Iterable[Order]) -> list[Card]:
    return [
        Card(
            order=order,
            customer=customers.shown(order, whole=False),
            until=accept_until(order),
            begins=cook_from(order, order.connection.takeaway_store),
            actions=_actions(order),
        )
        for order in orders
    ]


def _actions(order: Order) -> list[Action]:
    if not allowed.why_not_accept(order):
        return [ACCEPT]
    return [READY] if _is_cooking(order) and not allowed.why_not_ready(order) else []


def _actions_for(deadline: Deadline) -> list[Action]:
    why_not, actions = ANSWERS.get(deadline.what, (None, []))
    is_offered = why_not and deadline.order and not why_not(deadline.order)
    return actions if is_offered else []
