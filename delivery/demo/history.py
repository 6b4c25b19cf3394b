"""Past weeks of deliveries, each over before today: brought, cancelled, brought back."""

import random
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import F
from django.utils import timezone

from delivery.choices import CancelReason, Moment, Source, WaybillState
from delivery.demo.couriers import fee_without_quote, quote_of, ride_of, wait_of
from delivery.demo.receivers import Order, order_of
from delivery.models import (
    Attempt,
    Decision,
    Delivery,
    DeliveryMoment,
    DeliveryStore,
    Quote,
    ReceiverCase,
    StoreCourier,
    WaybillNews,
)
from delivery.services import saving
from delivery.services.choosing import Acceptance, Facts, Rule, chosen, ranking
from delivery.services.dispatching import OURSELVES
from delivery.services.quoting import offer_of
from delivery.wire.waybill import moments_by
from stores.clock import begin_of
from stores.demo.world import World

W, State = WaybillState, Attempt.State
# Orders at each hour of a usual day. In four weeks the usual courier has enough at the peaks to be
# learned from (choosing.FEWEST_SAMPLES).
HOURS = {10: 1, 11: 2, 12: 16, 13: 1, 15: 1, 17: 2, 18: 16, 19: 2, 20: 1}
# At the end of the month before: against the courier that was usual then savings are compared.
DAYS_BEFORE_THE_MONTH = 3
DISPATCHER = "王志强"
WAY = (W.AT_SHOP, W.PICKED_UP, W.ON_THE_WAY, W.DELIVERED)
# These couriers tell less: accepted, picked up, and how it ended.
BRIEF = ("DADA", "SFTC")
UNTOLD = (W.AT_SHOP, W.ON_THE_WAY)
RIDERS = ("我是小哥", "王师傅", "李师傅", "赵师傅", "孙师傅", "钱师傅")
# What a courier keeps for a cancellation after its free minutes.
KEPT = Decimal("2.00")
CASE = "显示已送达，但门口没有看到"


@dataclass
class Book:
    """What was written so far, in the order in which it happened. `calls` and `in_time` count the
    riders called and those who came within the rule's minutes, by courier, weekday and hour.
    """

    place: DeliveryStore
    rule: Rule
    couriers: Mapping[str, StoreCourier]
    rng: random.Random
    quotes: list[Quote] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)
    news: list[WaybillNews] = field(default_factory=list)
    moments: list[DeliveryMoment] = field(default_factory=list)
    cases: list[ReceiverCase] = field(default_factory=list)
    calls: Counter[tuple[str, int, int]] = field(default_factory=Counter)
    in_time: Counter[tuple[str, int, int]] = field(default_factory=Counter)

    def acceptance(self, at: datetime) -> dict[str, Acceptance]:
        """Returns what services/learning.py would have told at that moment."""
        found = {}
        for courier in self.couriers:
            hour = (courier, at.isoweekday(), at.hour)
            if self.calls[hour]:
                found[courier] = Acceptance(self.calls[hour], self.in_time[hour])
        return found


def live_through(world: World, place: DeliveryStore) -> None:
    """Writes the deliveries of the past days, and of the last ones of the month before."""
    rng = random.Random(11)  # noqa: S311
    rows = place.couriers.select_related("account").order_by("pk")
    couriers = {row.account.delivery_id: row for row in rows}
    book = Book(place, Rule.from_json(place.rule), couriers, rng)
    orders = [order for day in _days(world) for order in _orders_of(book, day)]
    for order in orders:
        _Life(book, order).live()
    _save(book, [order.delivery for order in orders])


def _days(world: World) -> list[datetime]:
    """Returns the begins of the days; today is left to those who try the demo."""
    today = timezone.localdate(world.now)
    month = saving.month_of(today)
    ago = {today - timedelta(days=days) for days in range(1, world.days + 1)}
    ago |= {month - timedelta(days=days) for days in range(1, DAYS_BEFORE_THE_MONTH + 1)}
    return [timezone.localtime(begin_of(day)) for day in sorted(ago)]


def _orders_of(book: Book, day: datetime) -> Iterator[Order]:
    number = 0
    for hour, usual in HOURS.items():
        count = usual + book.rng.choice((-1, 0, 0, 1)) * (usual > 3)
        for second in sorted(book.rng.randrange(3300) for _ in range(count)):
            number += 1
            at = day.replace(hour=hour) + timedelta(seconds=second)
            yield order_of(book.rng, book.place, at, f"MP{day:%y%m%d}{number:03}")


@dataclass
class _Life:
    """One delivery from the first question for its price to its end."""

    book: Book
    order: Order
    round: int = 0
    tried: frozenset[str] = frozenset()
    told: set[Moment] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.delivery, self.rng = self.order.delivery, self.book.rng

    def live(self) -> None:
        at, fate = self.delivery.created_at + timedelta(seconds=20), self.rng.random()
        if fate < 0.012:
            self._ourselves(at)
        elif fate < 0.027:
            self._cancelled(at, before_acceptance=True)
        elif fate < 0.042:
            self._cancelled(at, before_acceptance=False)
        elif fate < 0.062:
            left_at = self._left_by_the_rider(at)
            if left_at:
                self._ride(left_at + timedelta(seconds=20))
        elif fate < 0.072:
            self._brought_back(at)
        else:
            self._ride(at)

    def _call(self, at: datetime, courier: str = "") -> Attempt:
        """Asks for prices and calls a rider: of this courier, or of the one that the rule chooses;
        now and then a person chooses.
        """
        self.round += 1
        rows = sorted(self.book.couriers.items())
        quotes = [
            quote_of(self.rng, each, self.order.km, at - timedelta(seconds=15), self.round)
            for _name, each in rows
        ]
        for quote in quotes:
            quote.delivery = self.delivery
        self.book.quotes += quotes
        if not courier and self.rng.random() < 0.04:
            courier = self.rng.choice(("MTPS", "SS"))
        by_name = {quote.courier.account.delivery_id: quote for quote in quotes}
        if courier and not by_name[courier].seconds:
            courier = ""
        decision = Decision(chosen=courier, by=DISPATCHER, at=at)
        if not courier:
            facts = Facts(
                at, self.delivery.value, [offer_of(quote) for quote in quotes],
                self.book.acceptance(at), self.tried,
            )  # fmt: skip
            decision = _decision(self.book.rule, facts)
        if not decision.chosen:
            return self._ourselves(at)
        return self._attempt(by_name[decision.chosen], decision)

    def _attempt(self, quote: Quote, decision: Decision) -> Attempt:
        account = quote.courier.account
        attempt = Attempt(
            courier=quote.courier, courier_code=account.delivery_id, shopid=account.shopid,
            shop_order_id=quote.shop_order_id, called_at=decision.at, fee=quote.fee,
            delivery_fee=quote.delivery_fee, coupon=quote.coupon, insurance=quote.insurance,
            distance=quote.distance, seconds=quote.seconds,
        )  # fmt: skip
        if attempt.fee is None:
            attempt.fee = attempt.delivery_fee = fee_without_quote(
                account.delivery_id, self.order.km
            )
        self.tried |= {account.delivery_id}
        self.book.calls[_hour(attempt)] += 1
        return self._keep(attempt, decision)

    def _keep(self, attempt: Attempt, decision: Decision) -> Attempt:
        decision.delivery = attempt.delivery = self.delivery
        decision.attempt = attempt
        self.book.attempts.append(attempt)
        self.book.decisions.append(decision)
        return attempt

    def _accepted(self, attempt: Attempt, wait: timedelta) -> datetime:
        at = attempt.called_at + wait
        attempt.accepted_at = at
        self.book.in_time[_hour(attempt)] += wait <= timedelta(minutes=self.book.rule.minutes)
        phone = f"137{self.rng.randrange(10**8):08}"
        attempt.rider = {"name": self.rng.choice(RIDERS), "phone": phone}
        self._hear(attempt, W.ACCEPTED, at)
        return at

    def _ride(self, at: datetime) -> None:
        """Calls riders, the next one where nobody accepts, until one brings it."""
        attempt = self._called_until_accepted(at)
        if attempt is None or attempt.courier is None or attempt.accepted_at is None:
            return
        at = attempt.accepted_at
        ride = ride_of(self.rng, attempt.courier_code, self.order.km)
        for state, takes in zip(WAY, ride, strict=True):
            at += takes
            self._hear(attempt, state, at)
        self._end(attempt, State.DELIVERED, Delivery.State.DELIVERED, at)
        if self.rng.random() < 0.004:
            said = at + timedelta(minutes=self.rng.randint(4, 30))
            closed = said + timedelta(minutes=self.rng.randint(5, 60))
            case = ReceiverCase(delivery=self.delivery, at=said, text=CASE)
            case.closed_at, case.closed_by = closed, DISPATCHER
            self.book.cases.append(case)

    def _called_until_accepted(self, at: datetime) -> Attempt | None:
        """Follows the store's ladder: tips, and the next courier after twelve minutes."""
        while True:
            attempt = self._call(at)
            if attempt.courier is None:
                return None
            wait = self._wait(attempt)
            limit = timedelta(minutes=12)
            if wait <= limit or self.round > 2:
                self._tip(attempt, min(wait, limit))
                self._accepted(attempt, min(wait, limit + timedelta(minutes=5)))
                return attempt
            self._tip(attempt, limit)
            at = attempt.called_at + limit
            self._dead(attempt, W.CANCELLED_EARLY, at, CancelReason.OTHER)
            at += timedelta(seconds=5)

    def _wait(self, attempt: Attempt) -> timedelta:
        """Returns how long it takes until a rider would accept."""
        return wait_of(self.rng, attempt.courier_code, attempt.called_at)

    @staticmethod
    def _tip(attempt: Attempt, wait: timedelta) -> None:
        if attempt.courier_code in ("DADA", "SS"):
            steps = [tip for after, tip in ((4, 3), (7, 5)) if wait > timedelta(minutes=after)]
            attempt.steps, attempt.tip = len(steps), Decimal(max(steps, default=0))

    def _cancelled(self, at: datetime, *, before_acceptance: bool) -> None:
        """The shop cancels; after the acceptance the courier keeps something."""
        attempt = self._call(at)
        if attempt.courier is None:
            return
        wait = self._wait(attempt)
        if before_acceptance:
            at = attempt.called_at + min(wait, timedelta(minutes=3))
            state = W.CANCELLED_EARLY
        else:
            at = self._accepted(attempt, wait) + timedelta(seconds=self.rng.randint(150, 500))
            state, attempt.deduction = W.NOT_PICKED_UP, KEPT
        self._dead(attempt, state, at, CancelReason.NOT_NEEDED)
        self.delivery.state, self.delivery.ended_at = Delivery.State.CANCELLED, at

    def _left_by_the_rider(self, at: datetime) -> datetime | None:
        """Returns when a rider gave it up; None when the shop has brought it itself."""
        attempt = self._call(at)
        if attempt.courier is None:
            return None
        accepted = self._accepted(attempt, self._wait(attempt))
        at = accepted + timedelta(seconds=self.rng.randint(60, 600))
        self._dead(attempt, W.RIDER_LEFT, at, None)
        return at

    def _brought_back(self, at: datetime) -> None:
        attempt = self._call(at)
        if attempt.courier is None:
            return
        at = self._accepted(attempt, self._wait(attempt))
        why = self.rng.choice((W.NOT_REACHED, W.REFUSED))
        ride = ride_of(self.rng, attempt.courier_code, self.order.km)
        for state, takes in zip((*WAY[:3], why, W.RETURNED), (*ride, ride[-1]), strict=True):
            at += takes
            self._hear(attempt, state, at)
        self._end(attempt, State.RETURNED, Delivery.State.RETURNED, at)

    def _ourselves(self, at: datetime) -> Attempt:
        attempt = Attempt(called_at=at, shop_order_id=f"{self.rng.getrandbits(40):010x}")
        self._keep(attempt, Decision(chosen=OURSELVES, by=DISPATCHER, at=at))
        attempt.accepted_at = at
        self._hear(attempt, W.ACCEPTED, at, Source.PERSON)
        for state, takes in zip(WAY, ride_of(self.rng, "", self.order.km), strict=True):
            at += takes
            self._hear(attempt, state, at, Source.PERSON)
        self._end(attempt, State.DELIVERED, Delivery.State.DELIVERED, at)
        return attempt

    def _hear(
        self, attempt: Attempt, state: WaybillState, at: datetime, source: Source = Source.PUSH
    ) -> None:
        if state in UNTOLD and attempt.courier_code in BRIEF:
            return
        attempt.waybill_state, attempt.waybill_at = state, at
        heard_at = at + timedelta(seconds=1)
        self.book.news.append(
            WaybillNews(attempt=attempt, code=state, at=at, source=source, heard_at=heard_at)
        )
        for kind in moments_by(state):
            if kind not in self.told:
                self.told.add(kind)
                self.book.moments.append(DeliveryMoment(delivery=self.delivery, kind=kind, at=at))

    def _dead(
        self, attempt: Attempt, state: WaybillState, at: datetime, reason: CancelReason | None
    ) -> None:
        self._hear(attempt, state, at)
        attempt.state, attempt.cancelled_at, attempt.ended_at = State.DEAD, at, at
        attempt.cancel_reason = reason

    def _end(
        self, attempt: Attempt, to: Attempt.State, delivery: Delivery.State, at: datetime
    ) -> None:
        attempt.state, attempt.ended_at = to, at
        self.delivery.state, self.delivery.ended_at = delivery, at


def _hour(attempt: Attempt) -> tuple[str, int, int]:
    at = attempt.called_at
    return attempt.courier_code, at.isoweekday(), at.hour


def _decision(rule: Rule, facts: Facts) -> Decision:
    ranked = ranking(rule, facts)
    best = chosen(ranked)
    return Decision(
        chosen=best.offer.courier if best else "",
        rule=rule.as_json(),
        facts=facts.as_json(),
        ranking=[each.as_json() for each in ranked],
        at=facts.at,
    )


def _save(book: Book, deliveries: list[Delivery]) -> None:
    Delivery.objects.bulk_create(deliveries)
    for quote in book.quotes:
        quote.shop_order_id = f"ZG{quote.delivery.pk}-{quote.shop_order_id}"
    for attempt in book.attempts:
        attempt.shop_order_id = f"ZG{attempt.delivery.pk}-{attempt.shop_order_id}"
        if attempt.courier:
            attempt.waybill_id = f"{attempt.shop_order_id}_waybillid"
    Attempt.objects.bulk_create(book.attempts)
    Quote.objects.bulk_create(book.quotes)
    Decision.objects.bulk_create(book.decisions)
    WaybillNews.objects.bulk_create(book.news)
    DeliveryMoment.objects.bulk_create(book.moments)
    ReceiverCase.objects.bulk_create(book.cases)
    # Saving has set it to the present, and open boards look for what is new.
    Delivery.objects.filter(store=book.place.store).update(changed_at=F("ended_at"))
