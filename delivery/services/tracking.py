"""What the tracking page shows. It is made of `Seen` alone, which holds nothing of the receiver:
no name, phone, street or coordinates, and not the note.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from delivery.choices import Moment, Source, WaybillState
from delivery.models import Attempt, Delivery, DeliveryStore
from delivery.services.cases import MOST_CASES
from delivery.services.places import Place
from delivery.services.sketch import Sketch, place_in, sketch_of
from delivery.services.story import News, told
from delivery.services.tiles import map_of
from delivery.wire.waybill import RETURNING
from stores.text import plain, without_marks

# The page is gone so long after the end.
SHOWN_FOR = timedelta(hours=24)
PLACE_COUNTS = timedelta(minutes=3)
# Without any news for so long, the receiver can tell the shop.
SILENT = timedelta(minutes=20)
_DOUBLE = "欧阳|上官|司马|司徒|诸葛|夏侯|皇甫|尉迟|公孙|慕容|令狐|东方|南宫|端木|长孙|宇文"
_SURNAME = re.compile(
    rf"(?:骑手|配送员|快递员|小|老|阿)?((?:{_DOUBLE})(?=[\u4e00-\u9fff])|[\u4e00-\u9fff])"
)
# A number, and the extension of a virtual one.
_PHONE = re.compile(r"(\+?[0-9][0-9 -]{3,18}[0-9])(?:\s*(?:[,;_#*转]|ext\.?)+\s*([0-9]{1,8}))?")


class Stage(models.TextChoices):
    """Where the delivery stands, in words for the receiver."""

    PREPARING = "preparing", _("The shop is preparing your order")
    CALLING = "calling", _("A rider is being called")
    CALLING_AGAIN = "calling_again", _("Another rider is being called")
    ACCEPTED = "accepted", _("A rider has accepted and comes to the shop")
    AT_SHOP = "at_shop", _("The rider is at the shop")
    BY_SHOP = "by_shop", _("The shop brings it itself")
    ON_THE_WAY = "on_the_way", _("Your order is on the way")
    GOING_BACK = "going_back", _("It could not be handed over and goes back to the shop")
    STOPPING = "stopping", _("The shop is cancelling the delivery")
    DELIVERED = "delivered", _("Your order was delivered")
    RETURNED = "returned", _("It could not be handed over and is back at the shop")
    CANCELLED = "cancelled", _("The delivery was cancelled")


_OVER = {
    Delivery.State.DELIVERED: Stage.DELIVERED,
    Delivery.State.RETURNED: Stage.RETURNED,
    Delivery.State.CANCELLED: Stage.CANCELLED,
}
_RIDING = {
    WaybillState.ACCEPTED: Stage.ACCEPTED,
    WaybillState.AT_SHOP: Stage.AT_SHOP,
    WaybillState.PICKED_UP: Stage.ON_THE_WAY,
    WaybillState.ON_THE_WAY: Stage.ON_THE_WAY,
}
_UNDER_WAY = frozenset(_RIDING.values())
_GOOD = frozenset({Moment.ACCEPTED, Moment.PICKED_UP, Moment.DELIVERED})
# Where a rider is looked for, what an earlier one did matters no more.
_TOLD: Mapping[Stage, frozenset[Moment]] = {
    Stage.PREPARING: frozenset(),
    Stage.CALLING: frozenset(),
    Stage.CALLING_AGAIN: frozenset({Moment.ABNORMAL}),
    Stage.STOPPING: frozenset(),
    Stage.CANCELLED: frozenset(),
    Stage.GOING_BACK: frozenset(Moment),
    Stage.RETURNED: frozenset(Moment),
}


@dataclass(frozen=True)
class Seen:
    """`rider` is his surname, "" for none. `rider_phone` and `finish_code` are "" for who has not
    given the digits, and `asks_digits` says whether they would show anything. `map` is what the
    page's script draws, None without tiles.
    """

    shop: str
    shop_phone: str
    shop_tel: str
    goods: str
    stage: Stage
    moments: tuple[tuple[StrOrPromise, datetime], ...]
    expected_at: datetime | None
    wanted_at: datetime | None
    is_by_shop: bool
    rider: str
    rider_phone: str
    rider_tel: str
    finish_code: str
    asks_digits: bool
    sketch: Sketch | None
    map: Mapping[str, Any] | None
    placed_at: datetime | None
    may_complain: bool
    has_complained: bool
    is_over: bool

    @property
    def place_ends_at(self) -> datetime | None:
        """Returns until when the rider's place may be shown."""
        return self.placed_at and self.placed_at + PLACE_COUNTS


def delivery_of(slug: str) -> Delivery | None:
    rows = Delivery.objects.select_related("store__merchant", "store__delivery_store")
    return rows.filter(slug=slug).first()


def is_gone(delivery: Delivery) -> bool:
    return delivery.ended_at is not None and delivery.ended_at + SHOWN_FOR <= timezone.now()


def tracking_seen(*, delivery: Delivery, is_receiver: bool) -> Seen:
    """Returns what a visitor may see; `is_receiver` for who has given the last digits."""
    now = timezone.now()
    attempts = list(delivery.attempts.order_by("pk"))
    live = next((attempt for attempt in attempts if attempt.is_live), None)
    stage = _stage(delivery, live, has_tried=any(not each.is_live for each in attempts))
    rides = live if live and live.courier_id and stage in _UNDER_WAY else None
    rider: Mapping[str, Any] = rides.rider if rides else {}
    rider_phone, rider_tel = phone_and_tel(str(rider.get("phone", "")))
    code = live.finish_code if live and stage in _UNDER_WAY | {Stage.BY_SHOP} else ""
    placed_at = _placed_at(rides, now) if stage == Stage.ON_THE_WAY else None
    sketch, tiles = _drawn(delivery, rider) if placed_at else (None, None)
    cases = list(delivery.cases.all())
    has_complained = any(case.closed_at is None for case in cases)
    shop, shop_phone, shop_tel = shop_of(delivery)
    last = _counting(delivery, attempts)
    is_moving = live is not None and (rides is not None or stage == Stage.BY_SHOP)
    expected_at = live.arrives_at if live and is_moving else None
    return Seen(
        shop=shop,
        shop_phone=shop_phone,
        shop_tel=shop_tel,
        goods=without_marks(str(delivery.notice.get("goods", ""))),
        stage=stage,
        moments=_moments(stage, last),
        expected_at=expected_at if expected_at and expected_at > now else None,
        wanted_at=delivery.wanted_at if delivery.is_open else None,
        is_by_shop=last is not None and last.courier_id is None,
        rider=surname_of(str(rider.get("name", ""))),
        rider_phone=rider_phone if is_receiver else "",
        rider_tel=rider_tel if is_receiver else "",
        finish_code=code if is_receiver else "",
        asks_digits=bool(delivery.phone_tail and not is_receiver and (rider_tel or code)),
        sketch=sketch,
        map=tiles,
        placed_at=placed_at if sketch else None,
        may_complain=not has_complained
        and len(cases) < MOST_CASES
        and may_complain(delivery, stage, live, now),
        has_complained=has_complained,
        is_over=not delivery.is_open,
    )


def _drawn(
    delivery: Delivery, rider: Mapping[str, Any]
) -> tuple[Sketch | None, Mapping[str, Any] | None]:
    """Returns the sketch and the map with the rider's place."""
    place = _place_of(delivery)
    if place is None:
        return None, None
    shop = Place.of(place.lng, place.lat)
    who = {"rider": place_in(rider), "receiver": place_in(delivery.receiver)}
    return sketch_of(shop=shop, **who), map_of(shop=shop, **who)


def shop_of(delivery: Delivery) -> tuple[str, str, str]:
    """Returns the shop's name, its telephone and how a link calls it: without one of the store the
    one that couriers call.
    """
    store = delivery.store
    if store.tel:
        return store.name, store.phone, store.tel
    place = _place_of(delivery)
    return (store.name, *phone_and_tel(place.phone if place else ""))


def surname_of(name: str) -> str:
    """Returns the surname of a rider; "" for what is no Chinese name."""
    found = _SURNAME.match(plain(name))
    return found[1] if found else ""


def phone_and_tel(text: str) -> tuple[str, str]:
    """Returns a number as it is read and as a link calls it, which waits before an extension; twice
    "" for what is no number.
    """
    found = _PHONE.fullmatch(plain(text))
    if found is None:
        return "", ""
    number, extension = re.sub("[ -]", "", found[1]), found[2]
    if not extension:
        return number, number
    words = _("%(number)s ext. %(extension)s") % {"number": number, "extension": extension}
    return str(words), f"{number},{extension}"


def may_complain(delivery: Delivery, stage: Stage, live: Attempt | None, now: datetime) -> bool:
    """Whether "I did not get it" is offered: after the delivery, and where nothing has moved."""
    if not delivery.is_open:
        return stage == Stage.DELIVERED
    times = [delivery.created_at, delivery.ready_at, delivery.wanted_at]
    if live:
        times += [live.called_at, live.waybill_at, live.arrives_at]
    return now - max(time for time in times if time) >= SILENT


def _stage(delivery: Delivery, live: Attempt | None, *, has_tried: bool) -> Stage:
    if not delivery.is_open:
        return _OVER[Delivery.State(delivery.state)]
    calling = Stage.CALLING_AGAIN if has_tried else Stage.CALLING
    if live is None:
        return calling if has_tried else Stage.PREPARING
    if live.waybill_state in RETURNING:
        return Stage.GOING_BACK
    if delivery.then == Delivery.Then.CANCEL:
        return Stage.STOPPING
    if live.state == Attempt.State.ENDING or live.is_unwanted:
        return Stage.CALLING_AGAIN
    code = live.waybill_state
    stage = calling if code is None else _RIDING.get(WaybillState(code), calling)
    if live.courier_id is None and stage != Stage.ON_THE_WAY:
        return Stage.BY_SHOP
    return stage


def _counting(delivery: Delivery, attempts: Sequence[Attempt]) -> Attempt | None:
    """Returns the attempt that tells how the delivery stands: who is called, or has ended it."""
    ended = {Delivery.State.DELIVERED: "delivered", Delivery.State.RETURNED: "returned"}
    wanted = ended.get(Delivery.State(delivery.state))
    right = [each for each in attempts if (each.state == wanted if wanted else each.is_live)]
    return next(reversed(right or attempts), None)


def _moments(stage: Stage, attempt: Attempt | None) -> tuple[tuple[StrOrPromise, datetime], ...]:
    shown = _TOLD.get(stage, _GOOD)
    if attempt is None or not shown:
        return ()
    rows = attempt.news.filter(code__in=WaybillState.values)
    story = told(News(WaybillState(row.code), row.at, Source(row.source)) for row in rows)
    # Pushes name whole seconds: of two in the same one the usual order counts.
    order = list(Moment)
    found = [(at, order.index(kind), kind) for kind, at in story.moments.items() if kind in shown]
    return tuple((_words(kind, attempt), at) for at, _number, kind in sorted(found))


def _words(kind: Moment, attempt: Attempt) -> StrOrPromise:
    if kind == Moment.ACCEPTED and attempt.courier_id is None:
        return Stage.BY_SHOP.label
    return kind.label


def _placed_at(rides: Attempt | None, now: datetime) -> datetime | None:
    """Returns when the rider was where the row says; None if that is too old, lies ahead, or was
    before he had the goods: where he was then is nobody's business.
    """
    seconds = rides.rider.get("at") if rides else None
    if rides is None or rides.waybill_at is None or not isinstance(seconds, int):
        return None
    try:
        at = datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError, ValueError):
        return None
    is_fresh = now - PLACE_COUNTS < at <= now + timedelta(seconds=5)
    return at if is_fresh and at >= rides.waybill_at else None


def _place_of(delivery: Delivery) -> DeliveryStore | None:
    return getattr(delivery.store, "delivery_store", None)
