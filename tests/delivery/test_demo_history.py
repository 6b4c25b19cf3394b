"""The demo's past deliveries: what figures, savings, learned acceptance and bills are made of."""

import hashlib
from collections import Counter
from datetime import datetime, time, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.db.models import F, Q
from django.utils import timezone

from delivery.choices import Moment, Source, WaybillState
from delivery.demo import bill, history, today
from delivery.demo.couriers import PEAKS
from delivery.models import (
    Attempt,
    Bill,
    BillLine,
    Decision,
    Delivery,
    DeliveryMoment,
    DeliveryStore,
    Quote,
    ReceiverCase,
    WaybillNews,
)
from delivery.services import saving
from delivery.services.choosing import FEWEST_SAMPLES, Acceptance, Prefer, Rule
from delivery.services.figures import figures
from delivery.services.learning import acceptance
from delivery.services.replaying import replay, what_if
from delivery.services.story import News, told
from stores.clock import begin_of, start_of_day
from stores.demo.world import World
from tests.demos import prepared

pytestmark = pytest.mark.xdist_group("filled demo of delivery")
FINDING = BillLine.Finding


def place() -> DeliveryStore:
    return DeliveryStore.objects.get()


def test_all_of_it_is_over_before_today_but_what_waits_for_a_rider(demo: World) -> None:
    begin = start_of_day()
    rows = Delivery.objects.exclude(state=Delivery.State.WAITING)
    assert rows.count() > 500
    assert rows.filter(Q(ended_at=None) | Q(ended_at__gte=begin)).count() == 0
    assert rows.exclude(changed_at=F("ended_at")).count() == 0
    assert Delivery.objects.open().count() == len(today.WAITING)
    assert Delivery.objects.needing_person().count() == 0
    assert Attempt.objects.live().count() == 0
    assert Attempt.objects.filter(Q(needs_person=True) | ~Q(ask_at=None)).count() == 0
    assert Attempt.objects.filter(Q(ended_at=None) | Q(ended_at__gte=begin)).count() == 0
    assert ReceiverCase.objects.exclude(closed_at=None).count() > 1
    assert ReceiverCase.objects.filter(closed_at=None).count() == 0
    assert DeliveryMoment.objects.filter(at__gte=begin).count() == 0
    for made in (Bill.objects.get().at, Bill.objects.get().imported_at):
        assert made is not None
        assert made < begin


def test_all_that_can_happen_has_happened(demo: World) -> None:
    over = Delivery.objects.exclude(state=Delivery.State.WAITING)
    states = Counter(over.values_list("state", flat=True))
    assert set(states) == {"delivered", "cancelled", "returned"}
    assert min(states.values()) > 5
    called = Counter(Attempt.objects.values_list("courier_code", flat=True))
    assert set(called) == {"DADA", "SS", "MTPS", "SFTC", "UU", ""}
    told_of = set(WaybillNews.objects.values_list("code", flat=True))
    S = WaybillState
    assert {S.CANCELLED_EARLY, S.NOT_PICKED_UP, S.RIDER_LEFT, S.NOT_REACHED, S.REFUSED} < told_of
    assert Attempt.objects.filter(deduction__gt=0, state=Attempt.State.DEAD).count() > 3
    assert set(Attempt.objects.values_list("tip", flat=True)) == {0, 3, 5}
    assert Quote.objects.exclude(refusal="").exists()
    assert not Quote.objects.filter(courier__account__delivery_id="MTPS", fee__isnull=False)
    assert not Attempt.objects.filter(courier__isnull=False, fee=None)
    assert Decision.objects.filter(rule={}).exclude(by="").count() > 10
    assert set(DeliveryMoment.objects.values_list("kind", flat=True)) == set(Moment.values)


def test_rows_say_what_their_news_tell(demo: World) -> None:
    """As if they had been heard one by one."""
    moments: dict[int, dict[str, datetime]] = {}
    for row in DeliveryMoment.objects.all():
        moments.setdefault(row.delivery_id, {})[row.kind] = row.at
    found: dict[int, dict[str, datetime]] = {}
    for attempt in Attempt.objects.prefetch_related("news").order_by("pk"):
        heard = [
            News(WaybillState(each.code), each.at, Source(each.source))
            for each in attempt.news.all()
        ]
        story = told(heard)
        assert (story.state, story.at) == (attempt.waybill_state, attempt.waybill_at)
        assert story.moments.get(Moment.ACCEPTED) == attempt.accepted_at
        assert story.strange == ()
        for kind, at in story.moments.items():
            found.setdefault(attempt.delivery_id, {}).setdefault(kind.value, at)
    assert found == moments


def test_each_choice_can_be_made_again_with_what_was_known_then(demo: World) -> None:
    made = replay(place().store, timezone.now() - timedelta(days=60))
    assert (made.same > 500, made.by_hand > 10, made.differences) == (True, True, [])
    last = Decision.objects.exclude(rule={}).latest("at")
    Attempt.objects.filter(called_at__gte=last.at).delete()
    with time_machine.travel(last.at, tick=False):
        known = acceptance(place(), Rule(Prefer.LIKELY))
    # Who was called but had not come by then may be counted by one of them.
    for courier, counts in last.facts["acceptance"].items():
        then, now = Acceptance(*counts), known.get(courier, Acceptance(0, 0))
        assert abs(then.orders - now.orders) <= 1
        assert abs(then.in_time - now.in_time) <= 1


def test_couriers_are_learned_from_at_the_peaks(demo: World) -> None:
    assert any(learned(day, hour)["DADA"].percent for day in range(1, 8) for hour in PEAKS)
    assert learned(1, 12)["UU"].orders < FEWEST_SAMPLES
    assert all(each.percent is None for each in learned(1, 15).values())


def learned(days_ago: int, hour: int) -> dict[str, Acceptance]:
    day = timezone.localdate() - timedelta(days=days_ago)
    moment = timezone.make_aware(datetime.combine(day, time(hour, 59)))
    with time_machine.travel(moment, tick=False):
        return dict(acceptance(place(), Rule(Prefer.LIKELY)))


def test_another_rule_would_have_chosen_otherwise(demo: World) -> None:
    since = timezone.now() - timedelta(days=30)
    ceiling = Decimal(30)
    fastest = what_if(place(), Rule(prefer=Prefer.FASTEST, ceiling=ceiling), since)
    assert fastest.unreadable == fastest.nobody == 0
    assert fastest.fees.after > fastest.fees.before
    assert fastest.seconds.after < fastest.seconds.before
    assert fastest.acceptance.after < fastest.acceptance.before
    likely = what_if(place(), Rule(prefer=Prefer.LIKELY, ceiling=ceiling), since)
    assert 0 < len(likely.changes) < len(fastest.changes)


def test_figures_and_savings_show_something(demo: World) -> None:
    shown = {
        each.courier: each for each in figures([place().store_id], start_of_day(29), timezone.now())
    }
    assert len(shown) == 6
    for name in ("DADA", "UU", "SFTC"):
        each = shown[name]
        assert each.p50 is not None
        assert each.p90 is not None
        assert 30 < each.p50 < each.p90 < 900
        assert each.on_time_percent is not None
        assert 70 < each.on_time_percent < 100
    assert shown["DADA"].deductions > 0
    yesterday = timezone.localdate() - timedelta(days=1)
    found = saving.savings(place().store, saving.month_of(yesterday))
    assert found.orders == found.quoted > 10
    assert found.against_dearest.saved > 0


@pytest.mark.parametrize("day", ["2026-12-31", "2027-03-01", "2027-03-02"])
def test_there_is_a_usual_courier_on_each_day_of_a_month(demo: World, day: str) -> None:
    demo.now = timezone.make_aware(datetime.fromisoformat(f"{day} 09:00"))
    days = history._days(demo)
    month = begin_of(saving.month_of(timezone.localdate(demo.now)))
    before = [each for each in days if saving.month_of(each.date()) < month.date()]
    assert len(before) >= 3
    assert days == sorted(set(days))
    assert max(days) == begin_of(timezone.localdate(demo.now)) - timedelta(days=1)
    assert 28 <= len(days) <= 31


def test_a_bill_has_three_findings(demo: World) -> None:
    row = Bill.objects.get()
    assert (row.courier.account.delivery_id, row.findings) == (bill.COURIER, 3)
    assert (row.lines > 50, row.content, row.by) == (True, "", "王志强")
    lines = BillLine.objects.exclude(finding=FINDING.NONE)
    found = {line.finding: line.difference for line in lines}
    assert set(found) == {FINDING.CANCELLED, FINDING.TIP_TWICE, FINDING.FEE}
    assert row.difference == sum(filter(None, found.values()), Decimal(0)) > 0


def test_it_is_the_same_each_time_and_not_written_twice(demo: World) -> None:
    def written() -> str:
        names = ("reference", "state", "created_at", "ended_at", "value", "phone_tail")
        rows = list(Delivery.objects.order_by("reference").values_list(*names))
        names = ("delivery__reference", "courier_code", "fee", "tip", "accepted_at", "state")
        rows += list(Attempt.objects.order_by("delivery__reference", "pk").values_list(*names))
        return hashlib.sha256(repr(rows).encode()).hexdigest()

    before = written()
    prepared(demo.place)
    assert written() == before
    Bill.objects.all().delete()
    Delivery.objects.all().delete()
    history.live_through(demo, place())
    today.leave_waiting(demo, place())
    assert written() == before


def test_what_the_shop_brought_itself_is_brought_once(demo: World) -> None:
    Bill.objects.all().delete()
    Delivery.objects.all().delete()
    row = place()
    row.rule = Rule(ceiling=Decimal(1)).as_json()
    history.live_through(demo, row)
    brought = Attempt.objects.filter(state=Attempt.State.DELIVERED)
    assert brought.filter(courier=None).count() > 500
    assert brought.count() == brought.values("delivery").distinct().count()


def test_a_demo_of_few_days_needs_no_bill(demo: World) -> None:
    Bill.objects.all().delete()
    Delivery.objects.all().delete()
    dada = place().couriers.get(account__delivery_id=bill.COURIER)
    assert bill.compare(demo, dada) is None
