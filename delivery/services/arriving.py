"""When couriers are to be called so that goods arrive at the wished time, reckoned backwards: the
ride, the time until a rider accepts, and the minutes that the store wants to spare.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Self

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from delivery.choices import Basis
from delivery.models import Delivery, DeliveryStore
from delivery.services import places
from delivery.services.choosing import Facts, Offer, Rule, chosen, ranking
from delivery.services.learning import Times, acceptance, times
from delivery.services.orders import place_of
from delivery.services.places import Place
from delivery.services.refusals import DeliveryConflict
from delivery.wire.couriers import courier_of
from stores import audit
from stores.audit import Actor
from stores.clock import short_time

# Of a courier of which nothing is known: a rider comes, fetches, and rides so many metres a minute.
# No quoted time counts for less.
USUAL_WAIT, METRES_A_MINUTE = timedelta(minutes=15), 250
# A road is longer than the straight line.
LONGER = 1.3
# A call that is late by so much is told to a person.
OVERDUE = timedelta(minutes=1)


@dataclass(frozen=True)
class CallPlan:
    """How long it takes from the call to the arrival, in seconds, and how that is known: learned
    from own orders (nine of ten were no slower), quoted (`ride` is then all of it), or usual.
    `courier` is a delivery id; "" when no courier is meant.
    """

    source: str
    ride: int
    acceptance: int = 0
    margin: int = 0
    courier: str = ""

    @property
    def span(self) -> timedelta:
        return timedelta(seconds=self.acceptance + self.ride + self.margin)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        return cls(**data)

    def __str__(self) -> str:
        known = courier_of(self.courier)
        words = {
            Basis.LEARNED: _(
                "%(courier)s accepts within %(acceptance)d min and brings it within %(ride)d min,"
                " nine times in ten; %(margin)d min to spare"
            ),
            Basis.QUOTED: _("%(courier)s names %(ride)d min; %(margin)d min to spare"),
            Basis.USUAL: _("usually %(ride)d min for this distance; %(margin)d min to spare"),
        }
        parts = {"acceptance": self.acceptance, "ride": self.ride, "margin": self.margin}
        minutes = {name: -(-seconds // 60) for name, seconds in parts.items()}
        return words[Basis(self.source)] % {"courier": known.name, **minutes}


def plan_of(
    delivery: Delivery, offers: Sequence[Offer] = (), distance: int | None = None
) -> CallPlan:
    """Reckons for a delivery with a wished arrival; `offers` are what couriers answered just now,
    and `distance` what they reckon with (metres). Raises Conflict without an address of the store.
    """
    place = place_of(delivery)
    rule = Rule.from_json(place.rule)
    metres = distance or _metres(delivery, place)
    known = times(place, metres, at=delivery.wanted_at or timezone.now())
    couriers = _meant(delivery, place, rule, offers) or [""]
    quoted = {offer.courier: offer.seconds for offer in offers}
    plans = [_of_courier(each, known.get(each), quoted.get(each), metres) for each in couriers]
    best = [plan for plan in plans if plan.source == Basis.LEARNED] or plans
    # Whoever of them is called is to be there in time.
    slowest = max(best, key=lambda plan: plan.span)
    margin = int(place.margin.total_seconds())
    return CallPlan(**{**slowest.as_json(), "margin": margin})


def call_at(delivery: Delivery, plan: CallPlan) -> datetime | None:
    """Returns the minute at which couriers are to be called; None without a wished arrival."""
    if delivery.wanted_at is None:
        return None
    return (delivery.wanted_at - plan.span).replace(second=0, microsecond=0)


def plan_note(
    delivery: Delivery, offers: Sequence[Offer] = (), distance: int | None = None
) -> None:
    """Writes the plan on a delivery, which is locked or not saved yet."""
    if not delivery.is_arrival:
        return
    plan = plan_of(delivery, offers, distance)
    delivery.call_plan, delivery.call_at = plan.as_json(), call_at(delivery, plan)
    if delivery.pk and delivery.state == Delivery.State.WAITING:
        delivery.save(update_fields=["call_plan", "call_at", "changed_at"])


@transaction.atomic
def delivery_wait(*, delivery: Delivery, is_waiting: bool, actor: Actor) -> Delivery:
    """Has the store's rule call when it is time, or no longer. Raises Conflict."""
    row = Delivery.objects.locked(delivery.pk)
    if row.state != Delivery.State.WAITING:
        over, called = _("This delivery is over."), _("A rider is called already.")
        raise DeliveryConflict(over if not row.is_open else called)
    then = Delivery.Then.AT_TIME if is_waiting else Delivery.Then.NOTHING
    others = {Delivery.Then.AT_TIME, Delivery.Then.NOTHING} - {then}
    if row.call_at is None or row.call_at <= timezone.now() or row.then not in others:
        raise DeliveryConflict(_("There is nothing to wait for."))
    row.then, row.needs_person = then, False
    row.save(update_fields=["then", "needs_person", "changed_at"])
    audit.record("delivery.wait", actor=actor, store=row.store, target=row, then=str(then))
    return row


@dataclass(frozen=True)
class Call:
    """When a waiting delivery is to be called for, and why then; `by_itself` says by whom."""

    at: datetime
    arrive_by: datetime
    plan: CallPlan
    by_itself: bool

    @property
    def is_overdue(self) -> bool:
        return self.at + OVERDUE < timezone.now()

    @property
    def words(self) -> str:
        times = {"call": short_time(self.at), "arrival": short_time(self.arrive_by)}
        if self.is_overdue:
            text = _("Should have been called at %(call)s to be there by %(arrival)s.")
        elif self.by_itself:
            text = _("Calls at %(call)s to be there by %(arrival)s.")
        else:
            text = _("Call by %(call)s to be there by %(arrival)s.")
        return text % times


def call_of(delivery: Delivery, place: DeliveryStore | None) -> Call | None:
    """Returns when a delivery is to be called for; None when nothing is to be waited for."""
    is_waiting = delivery.state == Delivery.State.WAITING
    if not is_waiting or delivery.call_at is None or delivery.wanted_at is None:
        return None
    is_automatic = place is not None and place.is_automatic
    return Call(
        # Never before the goods are ready.
        at=max(delivery.call_at, delivery.ready_at or delivery.call_at),
        arrive_by=delivery.wanted_at,
        plan=CallPlan.from_json(delivery.call_plan),
        by_itself=is_automatic or delivery.then == Delivery.Then.AT_TIME,
    )


def _metres(delivery: Delivery, place: DeliveryStore) -> int:
    there = Place.of(*(float(delivery.receiver[name]) for name in ("lng", "lat")))
    return int(places.distance(Place.of(place.lng, place.lat), there) * LONGER)


def _meant(
    delivery: Delivery, place: DeliveryStore, rule: Rule, offers: Sequence[Offer]
) -> list[str]:
    """Returns the courier whom the rule chooses of these offers; without them those that it may
    choose.
    """
    now = timezone.now()
    if offers:
        learned = acceptance(place, rule)
        best = chosen(ranking(rule, Facts(now, delivery.value, offers, learned)))
        return [best.offer.courier] if best else []
    rows = place.couriers.filter(is_active=True, account__vanished_at=None)
    ids = [each.account.delivery_id for each in rows.select_related("account")]
    return [each for each in ids if not rule.listed or each in rule.listed]


def _of_courier(courier: str, known: Times | None, quoted: int | None, metres: int) -> CallPlan:
    if known and known.acceptance is not None and known.ride is not None:
        return CallPlan(Basis.LEARNED, known.ride, known.acceptance, courier=courier)
    usual = int(USUAL_WAIT.total_seconds()) + 60 * metres // METRES_A_MINUTE
    if quoted is None or quoted < usual:
        return CallPlan(Basis.USUAL, usual)
    return CallPlan(Basis.QUOTED, quoted, courier=courier)
