"""What the dispatch board shows of each delivery, and what can be done with it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from delivery.addresses import tracking_url
from delivery.choices import WaybillState
from delivery.models import Attempt, Delivery, DeliveryStore, StoreCourier
from delivery.pages import board_rows as rows
from delivery.pages.board_actions import Action, actions_of
from delivery.pages.board_news import TICKETS, digest_of
from delivery.pages.board_words import courier_name, reasons, refused_by_all, span_text
from delivery.services.arriving import OVERDUE, Call, call_of
from delivery.services.offering import Offered, offers_of
from delivery.services.showing import receiver_of, rider_of
from delivery.services.tracking import phone_and_tel
from delivery.wire.waybill import RETURNING
from stores.clock import short_time
from stores.models import Store
from stores.money import yuan_text
from stores.text import one_line

TITLES: Mapping[str, StrOrPromise] = {
    rows.WAITING: gettext_lazy("To be called"),
    rows.CALLING: gettext_lazy("Waiting for a rider"),
    rows.COMING: gettext_lazy("Being picked up"),
    rows.RIDING: gettext_lazy("On the way to the receiver"),
}
# After so many minutes a card is coloured: it lasts, it lasts too long.
AGES = {rows.WAITING: (5, 15), rows.CALLING: (3, 8), rows.COMING: (15, 30), rows.RIDING: (30, 60)}
State = Attempt.State


@dataclass(frozen=True)
class Card:
    """`since` is when this state began, `soon_at` and `urgent_at` when the card changes its
    colour; `phone` is the rider's as it is read and as a link calls it.
    """

    delivery: Delivery
    live: Attempt | None
    reasons: list[str]
    is_alarm: bool
    actions: list[Action]
    receiver: Mapping[str, Any]
    rider: str
    phone: tuple[str, str]
    since: datetime
    soon_at: datetime
    urgent_at: datetime
    call: Call | None = None

    @property
    def age(self) -> str:
        return span_text(timezone.now() - self.since)

    @property
    def urgency(self) -> str:
        now = timezone.now()
        if self.is_alarm or now >= self.urgent_at:
            return "urgent"
        return "soon" if self.reasons or now >= self.soon_at else "calm"

    @property
    def rings(self) -> bool:
        """Whether the board makes a sound when it newly stands so: a person has to do something."""
        is_overdue = self.call is not None and self.call.is_overdue
        return self.is_alarm or bool(self.reasons) or is_overdue or not self.delivery.is_open

    @property
    def goods(self) -> str:
        """Returns what is carried, as the receiver's notice names it, or by its kind."""
        named = one_line(str(self.delivery.notice.get("goods", "")))
        return named or str(self.delivery.cargo.get("second_class", ""))

    @property
    def value(self) -> str:
        return yuan_text(self.delivery.value)

    @property
    def courier(self) -> str:
        return courier_name(self.live) if self.live else ""

    @property
    def cost(self) -> str:
        """Returns fee and tip of who is called; "" without a price."""
        if self.live is None or self.live.courier is None:
            return ""
        fee = _("names no price") if self.live.fee is None else yuan_text(self.live.fee)
        tip = yuan_text(self.live.tip)
        return _("%(fee)s + %(tip)s tip") % {"fee": fee, "tip": tip} if self.live.tip else fee

    @property
    def stands(self) -> StrOrPromise:
        """Returns how far it is, in words."""
        live = self.live
        if live is None:
            return self.delivery.get_state_display()
        if live.state == State.ENDING or live.is_unwanted:
            return _("being cancelled")
        if live.state == State.CALLING:
            return _("being called")
        if live.courier is None and live.waybill_state == WaybillState.ACCEPTED:
            return _("we bring it ourselves")
        return live.get_waybill_state_display() or _("waits for a rider")

    @property
    def is_returning(self) -> bool:
        return self.live is not None and self.live.waybill_state in RETURNING

    @property
    def arrives_at(self) -> datetime | None:
        """Returns when the receiver has the goods, while they are on the way to them."""
        return self.live.arrives_at if self.live and not self.is_returning else None

    @property
    def url(self) -> str:
        return tracking_url(self.delivery)


@dataclass(frozen=True)
class Column:
    name: str
    title: StrOrPromise
    cards: list[Card]
    count: int

    @property
    def left_out(self) -> int:
        return self.count - len(self.cards)


@dataclass(frozen=True)
class Pause:
    """The couriers of a store that are paused, as one sentence each."""

    place: DeliveryStore
    sentences: list[str]


@dataclass(frozen=True)
class Board:
    digest: str
    ticket: str
    columns: list[Column]
    trouble: list[Card]
    over: list[Card]
    ready_count: int
    pauses: list[Pause]
    stores: list[Store] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        return not self.trouble and not any(column.count for column in self.columns)


def board_of(stores: Sequence[Store]) -> Board:
    ids = [store.pk for store in stores]
    digest = digest_of(ids)
    found = rows.rows_of(ids)
    waiting = found.columns[rows.WAITING][0]
    offers = offers_of([*waiting, *found.ended_with_trouble])
    return Board(
        digest=digest,
        ticket=TICKETS.of(ids),
        columns=[
            Column(name, TITLES[name], [card_of(row, name, offers) for row in shown], count)
            for name, (shown, count) in found.columns.items()
        ],
        trouble=[card_of(row, rows.WAITING, offers) for row in found.ended_with_trouble],
        over=[card_of(row, rows.RIDING, {}) for row in found.over],
        ready_count=found.ready_count,
        pauses=list(_pauses(ids)),
        stores=list(stores),
    )


def card_of(delivery: Delivery, column: str, offers: Mapping[int, Sequence[Offered]]) -> Card:
    attempts = list(delivery.attempts.all())
    live = next((each for each in attempts if each.is_live), None)
    revived = next((each for each in attempts if each.state == State.REVIVED), None)
    last = attempts[-1] if attempts else None
    since = _since(delivery, live, last)
    offered = offers.get(delivery.pk, [])
    rider = rider_of(live, whole=True) if live else None
    call = call_of(delivery, getattr(delivery.store, "delivery_store", None))
    soon_at, urgent_at = _changes_at(column, since, call, live)
    return Card(
        delivery=delivery,
        live=live,
        reasons=[*reasons(delivery, live, last, attempts), *refused_by_all(offered)],
        is_alarm=revived is not None
        or delivery.needs_person
        or (live is not None and (live.needs_person or live.waybill_state in RETURNING)),
        actions=list(actions_of(delivery, live, revived, offered)),
        receiver=receiver_of(delivery, whole=False),
        rider=one_line(str((rider or {}).get("name", ""))),
        phone=phone_and_tel(str((rider or {}).get("phone", ""))),
        since=since,
        soon_at=soon_at,
        urgent_at=urgent_at,
        call=call,
    )


def _since(delivery: Delivery, live: Attempt | None, last: Attempt | None) -> datetime:
    if not delivery.is_open:
        return delivery.ended_at or delivery.changed_at
    if live is None:
        ended = last.ended_at if last else None
        return ended or delivery.ready_at or delivery.created_at
    is_waited_for = live.waybill_state in (None, WaybillState.WAITING)
    return live.called_at if is_waited_for else live.waybill_at or live.called_at


def _changes_at(
    column: str, since: datetime, call: Call | None, live: Attempt | None
) -> tuple[datetime, datetime]:
    """Returns when a card says that it lasts, and when that it lasts too long."""
    if call:
        # Until then it waits as it should.
        return call.at, call.at + OVERDUE
    soon, urgent = (timedelta(minutes=number) for number in AGES[column])
    is_coming = live and column == rows.RIDING and live.waybill_state not in RETURNING
    arrives_at = live.arrives_at if live and is_coming else None
    return since + soon, arrives_at or since + urgent


def _pauses(store_ids: Sequence[int]) -> Iterator[Pause]:
    now = timezone.now()
    found = StoreCourier.objects.filter(
        place__store__in=store_ids, is_active=True, paused_until__gt=now
    ).select_related("account", "place__store")
    places: dict[int, list[StoreCourier]] = {}
    for row in found.defer("secret").order_by("place", "account__delivery_id", "pk"):
        places.setdefault(row.place_id, []).append(row)
    for paused in places.values():
        yield Pause(paused[0].place, list(_sentences(paused)))


def _sentences(paused: Iterable[StoreCourier]) -> Iterator[str]:
    for row in paused:
        assert row.paused_until is not None, "only paused ones were asked for"
        yield _("%(courier)s is paused until %(time)s: %(reason)s") % {
            "courier": row.account.courier,
            "time": short_time(row.paused_until),
            "reason": _(row.pause_reason),
        }
