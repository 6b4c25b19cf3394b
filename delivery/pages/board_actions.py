"""Which buttons a delivery has on the dispatch board, with their price."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from django.utils import timezone
from django.utils.translation import gettext as _

from delivery.choices import WaybillState
from delivery.models import Attempt, Delivery
from delivery.pages.board_rows import GONE_WITH_THE_GOODS
from delivery.pages.board_words import CLOCK
from delivery.services.arriving import call_of
from delivery.services.offering import Offered
from delivery.wire.couriers import courier_of
from delivery.wire.waybill import RETURNING
from stores.clock import short_time
from stores.money import yuan_short, yuan_text

State = Attempt.State
BEFORE_ACCEPTANCE = (None, WaybillState.WAITING)
GONE_MAY_BE_SAID = (State.CALLING, State.ENDING, State.REVIVED)


@dataclass(frozen=True)
class Action:
    """One button. `fields` are sent with it; until `free_until` it says how long cancelling is
    usually free, and afterwards its title.
    """

    verb: str
    title: str
    fields: dict[str, str] = field(default_factory=dict)
    is_main: bool = False
    free_until: datetime | None = None

    @property
    def shown(self) -> str:
        if self.free_until is None:
            return self.title
        left = int((self.free_until - timezone.now()).total_seconds())
        return str(CLOCK["free"]) % {"seconds": left} if left > 0 else self.title


def actions_of(
    delivery: Delivery,
    live: Attempt | None,
    revived: Attempt | None,
    offers: Sequence[Offered],
) -> Iterator[Action]:
    """Yields what may be done now, what is done to nearly every such delivery first."""
    if revived:
        if revived.waybill_state in RETURNING and not (live and live.waybill_state in RETURNING):
            yield _returned()
        yield _gone(revived)
    if live:
        yield from _of_live(delivery, live)
    elif delivery.state in (Delivery.State.WAITING, Delivery.State.RETURNED):
        yield from _of_waiting(offers)
        yield from _of_time(delivery)
    has_left = live is not None and live.waybill_state in GONE_WITH_THE_GOODS
    if delivery.is_open and delivery.ready_at is None and not has_left:
        yield Action("ready", _("Goods are ready"))
    if any(case.closed_at is None for case in delivery.cases.all()):
        yield Action("settle", _("Settled with the receiver"))
    elif delivery.needs_person and not delivery.is_open:
        yield Action("over", _("Nothing is left to do"))
    if delivery.state == Delivery.State.WAITING:
        yield Action("cancel", _("Cancel the delivery"))


def price_of(offered: Offered) -> str:
    if offered.price is None:
        return _("names no price")
    price = yuan_text(offered.price)
    if not offered.tip:
        return price
    return _("%(price)s with a tip of %(tip)s") % {"price": price, "tip": yuan_short(offered.tip)}


def call_title(offered: Offered) -> str:
    name = offered.quote.courier.account.courier
    if offered.quote.fee is None:
        return _("Call %(courier)s: names no price") % {"courier": name}
    return _("Call %(courier)s %(price)s") % {"courier": name, "price": price_of(offered)}


def _of_waiting(offers: Sequence[Offered]) -> Iterator[Action]:
    best = offers[0] if offers and offers[0].is_chosen else None
    if best:
        fields = {"quote": str(best.quote.pk), "rule": "1"}
        yield Action("call", call_title(best), fields, is_main=True)
    title = _("All prices") if offers else _("Ask for prices")
    yield Action("prices", title, is_main=best is None)


def _of_time(delivery: Delivery) -> Iterator[Action]:
    """A call at its time can be left to the rule, in stores whose people call as well."""
    call = call_of(delivery, getattr(delivery.store, "delivery_store", None))
    if call is None or call.at <= timezone.now():
        return
    at = {"time": short_time(call.at)}
    if delivery.then == Delivery.Then.AT_TIME:
        yield Action("wait", _("Do not call at %(time)s by itself") % at, {"at_time": ""})
    elif not call.by_itself:
        yield Action("wait", _("Call at %(time)s by the rule") % at, {"at_time": "1"})


def _of_live(delivery: Delivery, live: Attempt) -> Iterator[Action]:
    code = live.waybill_state
    if code in RETURNING:
        yield _returned()
        return
    if live.courier is None:
        if code in (WaybillState.ACCEPTED, WaybillState.AT_SHOP):
            yield Action("picked-up", _("We have set out"), is_main=True)
        yield Action("delivered", _("Delivered"), is_main=code == WaybillState.PICKED_UP)
    elif total := _next_tip(delivery, live):
        fields = {"total": str(total)}
        title = _("Raise the tip to %(total)s") % {"total": yuan_short(total)}
        yield Action("tip", title, fields, is_main=True)
    if live.needs_person and live.state in GONE_MAY_BE_SAID:
        yield _gone(live)
    if not live.is_unwanted and live.state in (State.CALLING, State.LIVE):
        yield _cancel(live)


def _returned() -> Action:
    return Action("returned", _("The goods are back"), is_main=True)


def _gone(attempt: Attempt) -> Action:
    return Action("gone", _("Surely nobody rides"), {"attempt": str(attempt.pk)})


def _next_tip(delivery: Delivery, live: Attempt) -> Decimal | None:
    known = courier_of(live.courier_code)
    if live.state != State.LIVE or live.is_unwanted or live.waybill_state not in BEFORE_ACCEPTANCE:
        return None
    most = known.tips.most if known.tips else Decimal(0)
    return known.next_tip(live.tip, at_most=most, value=delivery.value)


def _cancel(live: Attempt) -> Action:
    """The usual costs are shown; what the courier answers counts (services/dispatching.py)."""
    if live.courier is None:
        return Action("cancel", _("Do not bring it"))
    if live.waybill_state in GONE_WITH_THE_GOODS:
        # What the courier's rules promise counts before the pick-up only.
        return Action("cancel", _("Cancel the rider, who has the goods"))
    known = courier_of(live.courier_code)
    since = free_until = None
    if live.accepted_at and live.waybill_state not in BEFORE_ACCEPTANCE:
        since = timezone.now() - live.accepted_at
        free_until = _free_until(live)
    # What it usually costs once it is free no more.
    at = max(since, known.free_until) if since is not None and known.free_until else since
    fee = known.usual_cancel_fee(at)
    return Action("cancel", _cancel_title(fee), free_until=free_until)


def _cancel_title(fee: Decimal | None) -> str:
    if fee is None:
        return _("Cancel the rider")
    if not fee:
        return _("Cancel the rider: usually free now")
    return _("Cancel the rider: usually %(fee)s now") % {"fee": yuan_short(fee)}


def _free_until(live: Attempt) -> datetime | None:
    free: timedelta | None = courier_of(live.courier_code).free_until
    if free is None or live.accepted_at is None:
        return None
    until = live.accepted_at + free
    return until if until > timezone.now() else None


def free_until_of(live: Attempt | None) -> datetime | None:
    """Returns until when cancelling is usually free; None when it is not, or nobody knows."""
    if live is None or live.courier is None or live.waybill_state in BEFORE_ACCEPTANCE:
        return None
    return None if live.waybill_state in GONE_WITH_THE_GOODS else _free_until(live)
