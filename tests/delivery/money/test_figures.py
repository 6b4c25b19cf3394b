"""How couriers did, and what choosing them has saved."""

import json
from datetime import date, datetime, timedelta
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pytest_django.fixtures import DjangoAssertNumQueries

from delivery.choices import WaybillState
from delivery.models import Attempt, Delivery, DeliveryStore, StoreCourier
from delivery.services import saving
from delivery.services.dispatching import OURSELVES
from delivery.services.figures import Figures, figures
from delivery.services.learning import percentile
from delivery.services.saving import savings
from stores.platforms.reading import BEIJING
from tests.delivery.factories import (
    AttemptFactory,
    CourierAccountFactory,
    DeliveryFactory,
    DeliveryStoreFactory,
    QuoteFactory,
    StoreCourierFactory,
)

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 5, 12, tzinfo=BEIJING)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
NOVEMBER = date(2026, 11, 1)
State = Attempt.State


@pytest.fixture
def place() -> DeliveryStore:
    made: DeliveryStore = DeliveryStoreFactory()
    return made


def courier(place: DeliveryStore, code: str) -> StoreCourier:
    account = CourierAccountFactory(connection=place.connection, delivery_id=code, name=code)
    made: StoreCourier = StoreCourierFactory(place=place, account=account)
    return made


def ride(place: DeliveryStore, by: StoreCourier | None, **fields: Any) -> Attempt:
    usual: dict[str, Any] = {
        "courier": by,
        "courier_code": by.account.delivery_id if by else "",
        "shopid": by.account.shopid if by else "",
        "called_at": NOON,
        "state": State.DELIVERED,
        "fee": Decimal("12.00"),
    }
    if "delivery" not in fields:
        fields["delivery"] = DeliveryFactory(store=place.store, state=Delivery.State.DELIVERED)
    made: Attempt = AttemptFactory(**(usual | fields))
    return made


def of_november(*stores: int) -> dict[str, Figures]:
    found = figures(stores, NOON - timedelta(days=4), NOON + timedelta(days=20))
    return {each.courier: each for each in found}


def test_half_and_nine_in_ten_are_of_real_orders() -> None:
    assert percentile([], 50) is None
    assert [percentile([7], percent) for percent in (50, 90)] == [7, 7]
    assert [percentile(list(range(1, 11)), percent) for percent in (50, 90)] == [5, 9]


def test_acceptance_punctuality_cost_and_cancellations_of_each_courier(
    place: DeliveryStore,
) -> None:
    ss, dada = courier(place, "SS"), courier(place, "DADA")
    for waited in (10, 20, 30, 40):
        ride(place, ss, accepted_at=NOON + waited * SECOND, tip=Decimal(1))
    gone: dict[str, Any] = {"state": State.DEAD, "fee": Decimal(20), "deduction": Decimal("2.00")}
    # Taken long after it was cancelled: no rider was waited for until then.
    ride(place, ss, accepted_at=NOON + 60 * MINUTE, revived_at=NOON + 60 * MINUTE, **gone)
    ride(place, ss, state=State.RETURNED, fee=None)
    ride(place, dada, state=State.LIVE)
    ride(place, None, fee=Decimal(0))
    ride(place, ss, called_at=NOON - timedelta(days=40))
    found = of_november(place.store_id)
    assert list(found) == ["SS", "DADA", OURSELVES]
    first = found["SS"]
    assert (first.orders, first.accepted, first.p50, first.p90) == (6, 4, 20, 40)
    assert (first.priced, first.cost, first.cost_per_order) == (4, Decimal(52), Decimal(13))
    assert (first.cancelled, first.deductions) == (1, Decimal(2))
    odd = Figures("SS", "", priced=2, cost=Decimal("14.89"))
    assert odd.cost_per_order == Decimal("7.45")
    assert (found["DADA"].p50, found["DADA"].cost_per_order) == (None, None)


def test_on_time_is_by_the_wanted_time_or_else_by_the_quoted_one(place: DeliveryStore) -> None:
    ss = courier(place, "SS")
    wanted = DeliveryFactory(store=place.store, wanted_at=NOON + 60 * MINUTE)
    late = DeliveryFactory(store=place.store, wanted_at=NOON + 20 * MINUTE)
    came: dict[str, Any] = {
        "waybill_at": NOON + 30 * MINUTE,
        "waybill_state": WaybillState.DELIVERED,
    }
    ride(place, ss, delivery=wanted, seconds=60, **came)
    ride(place, ss, delivery=late, seconds=36_000, **came)
    ride(place, ss, seconds=1800, **came)
    ride(place, ss, seconds=1799, ended_at=NOON + 30 * MINUTE)
    # Nobody said when, or it never came.
    ride(place, ss, **came)
    ride(place, ss, seconds=1, state=State.DEAD, **came)
    found = of_november(place.store_id)["SS"]
    assert (found.on_time, found.due, found.on_time_percent) == (2, 4, 50)


def test_figures_are_of_the_stores_asked_for_and_need_one_query(
    place: DeliveryStore, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    other = DeliveryStoreFactory()
    ride(place, courier(place, "SS"))
    ride(other, courier(other, "UU"))
    with django_assert_num_queries(1):
        assert list(of_november(place.store_id)) == ["SS"]
    assert set(of_november(place.store_id, other.store_id)) == {"SS", "UU"}
    for _more in range(20):
        ride(place, None)
    with django_assert_num_queries(1):
        of_november(place.store_id)


def quoted(place: DeliveryStore, by: StoreCourier, fees: dict[StoreCourier, Any]) -> Attempt:
    """A delivered ride, chosen among quotes; a fee may be the fields of a quote."""
    called = ride(place, by, fee=fees[by])
    for each, fee in fees.items():
        fields = fee if isinstance(fee, dict) else {"fee": fee}
        number = called.shop_order_id if each == by else f"{called.shop_order_id}-{each.pk}"
        QuoteFactory(delivery=called.delivery, courier=each, shop_order_id=number, **fields)
    return called


def test_savings_are_reckoned_to_the_fen_from_usable_quotes(
    place: DeliveryStore, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    ss, dada, uu, mtps = (courier(place, code) for code in ("SS", "DADA", "UU", "MTPS"))
    october = NOON - timedelta(days=20)
    for by in (ss, ss, dada, None, None, None):
        ride(place, by, called_at=october)
    refused = {"fee": Decimal(99), "refusal": "超出范围"}
    silent = {"fee": Decimal(99), "is_silent": True}
    old = {"fee": Decimal(99), "expires_at": NOON - MINUTE}
    quoted(place, dada, {dada: Decimal("7.51"), ss: Decimal("18.08"), uu: refused, mtps: silent})
    second = quoted(place, dada, {dada: Decimal("8.00"), uu: Decimal("9.99"), ss: old})
    Attempt.objects.filter(pk=second.pk).update(tip=Decimal("1.00"))
    # What was kept of a rider before is a part of what this delivery cost.
    ride(place, ss, delivery=second.delivery, state=State.DEAD, deduction=Decimal("2.00"))
    ride(place, dada)
    ride(place, dada, fee=None)
    ride(place, None, fee=Decimal(0))
    ride(place, dada, state=State.RETURNED)
    with django_assert_num_queries(4):
        found = savings(place.store, NOVEMBER)
    assert (found.orders, found.quoted, found.usual) == (3, 2, "SS")
    dearest = found.against_dearest
    assert (dearest.orders, dearest.paid, dearest.instead) == (
        2,
        Decimal("18.51"),
        Decimal("28.07"),
    )
    assert dearest.saved == Decimal("9.56")
    usual = found.against_usual
    assert (usual.orders, usual.paid, usual.instead) == (1, Decimal("7.51"), Decimal("18.08"))


def test_savings_say_nothing_where_nothing_is_known(place: DeliveryStore) -> None:
    def whys() -> tuple[str, str]:
        found = savings(place.store, NOVEMBER)
        return found.against_dearest.why, found.against_usual.why

    assert whys() == (saving.NO_ORDERS, saving.NO_ORDERS)
    ss, uu = courier(place, "SS"), courier(place, "UU")
    ride(place, ss)
    assert whys() == (saving.NO_QUOTES, saving.NO_USUAL)
    ride(place, ss, called_at=NOON - timedelta(days=20))
    assert whys() == (saving.NO_QUOTES, saving.NO_QUOTES)
    quoted(place, uu, {uu: Decimal(9)})
    assert whys() == ("", saving.NOT_QUOTED)


def test_months_have_their_neighbours() -> None:
    assert saving.month_after(date(2026, 12, 1)) == date(2027, 1, 1)
    assert saving.month_after(date(2026, 2, 1)) == date(2026, 3, 1)
    assert saving.month_before(date(2026, 1, 1)) == date(2025, 12, 1)


def run(*args: str) -> str:
    out = StringIO()
    call_command("delivery_savings", *args, stdout=out, stderr=StringIO())
    return out.getvalue()


def test_the_command_reckons_a_month_again(place: DeliveryStore) -> None:
    ss, dada = courier(place, "SS"), courier(place, "DADA")
    quoted(place, dada, {dada: Decimal("7.50"), ss: Decimal("18.00")})
    told = json.loads(run(str(place.store_id), "--month", "2026-11", "--json"))
    assert told == {
        "store": place.store_id,
        "month": "2026-11",
        "orders": 1,
        "quoted": 1,
        "usual_courier": None,
        "against_dearest": {
            "orders": 1,
            "paid": "7.50",
            "instead": "18.00",
            "saved": "10.50",
            "why": None,
        },
        "against_usual": {
            "orders": 0,
            "paid": None,
            "instead": None,
            "saved": None,
            "why": "no courier was called in the month before",
        },
    }
    text = run(place.store.name, "--month", "2026-11")
    assert "against the dearest: saved ¥10.50 on 1 orders" in text
    assert "against always the usual courier: nothing can be said" in text
    assert json.loads(run(str(place.store_id), "--json"))["month"]


@pytest.mark.parametrize("month", ["2026", "2026-13", "2026-00", "0000-01", "９-1", "2026-11-01"])
def test_what_is_no_month_is_wrong_usage(place: DeliveryStore, month: str) -> None:
    with pytest.raises(CommandError, match="is no month"):
        run(str(place.store_id), "--month", month)


def test_a_store_that_there_is_not_is_wrong_usage() -> None:
    with pytest.raises(CommandError, match="There is no store") as error:
        run("nowhere")
    assert error.value.returncode == 3
