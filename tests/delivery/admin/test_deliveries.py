"""Deliveries in the back office: the list, one delivery, and its buttons."""

import csv
import io
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import translation

from delivery.admin.delivery_parts import rounds
from delivery.admin.exporting import counting
from delivery.choices import WaybillState
from delivery.models import Attempt, Delivery, DeliveryStore
from delivery.services.choosing import Rule
from delivery.services.costing import cost_of
from delivery.services.dispatching import delivery_dispatch
from delivery.services.quoting import quotes_ask
from stores.conflicts import Conflict
from stores.models import AuditEntry
from stores.roles import Role
from tests.back_office import at_work, listed, page, press, shown
from tests.delivery.factories import (
    AttemptFactory,
    DecisionFactory,
    DeliveryFactory,
    DeliveryStoreFactory,
    QuoteFactory,
    ReceiverCaseFactory,
    StoreCourierFactory,
)
from tests.delivery.town import Town
from tests.delivery.tracking.seeing import NOTE, RECEIVER, RIDER, S, called, told, waiting

pytestmark = pytest.mark.django_db
LIST = "delivery_delivery"
A = Attempt.State
SECRET = ["欧阳翠花", "13912345678", "3幢502", NOTE, "17033334444", "8642", "30.287129"]


@pytest.fixture
def place(db: None) -> DeliveryStore:
    made: DeliveryStore = DeliveryStoreFactory()
    return made


def dead_and_delivered(place: DeliveryStore) -> Delivery:
    """A delivery for which one courier kept money, and another one brought it."""
    courier = StoreCourierFactory(place=place)
    row: Delivery = DeliveryFactory(store=place.store, state=Delivery.State.DELIVERED)
    AttemptFactory(
        delivery=row, courier=courier, state=A.DEAD, fee=Decimal(9), deduction=Decimal("2.50")
    )
    AttemptFactory(
        delivery=row,
        courier=courier,
        state=A.DELIVERED,
        fee=Decimal("18.08"),
        tip=Decimal(3),
        waybill_state=WaybillState.DELIVERED,
    )
    return row


# The list


def test_the_head_sums_what_deliveries_cost(place: DeliveryStore) -> None:
    row = dead_and_delivered(place)
    DeliveryFactory(store=place.store)
    total = at_work(place.store).get(reverse(f"admin:{LIST}_changelist")).context["cl"].total
    assert cost_of(row.attempts.all()) == Decimal("23.58")
    assert total == "2 rows · ¥23.58"


@pytest.mark.parametrize("typed", ["A-77", "5678", "ZG5-abc", " A-77 "])
def test_a_delivery_is_found_by_its_numbers_and_by_the_end_of_the_phone(
    place: DeliveryStore, typed: str
) -> None:
    row = DeliveryFactory(store=place.store, reference="A-77", phone_tail="5678")
    AttemptFactory(delivery=row, courier__place=place, shop_order_id="ZG5-abc")
    DeliveryFactory(store=place.store, reference="A-770")
    elsewhere = DeliveryStoreFactory()
    DeliveryFactory(store=elsewhere.store, reference="A-77", phone_tail="5678")
    assert listed(at_work(place.store), LIST, q=typed) == [row]


def test_a_delivery_without_a_reference_is_found_by_the_number_that_it_is_shown_with(
    place: DeliveryStore,
) -> None:
    row = DeliveryFactory(store=place.store)
    assert listed(at_work(place.store), LIST, q=str(row)) == [row]


@pytest.mark.parametrize("typed", ["#" + "9" * 40, "'; --", "%", "1" * 5000, "#"])
def test_a_strange_search_finds_nothing(place: DeliveryStore, typed: str) -> None:
    DeliveryFactory(store=place.store)
    assert listed(at_work(place.store), LIST, q=typed) == []


def test_many_deliveries_cost_as_many_queries_as_few(place: DeliveryStore) -> None:
    client = at_work(place.store)

    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            listed(client, LIST)
        return len(asked)

    dead_and_delivered(place)
    few = queries()
    for number in range(8):
        row = DeliveryFactory(store=place.store)
        account = {"account__delivery_id": f"C{number}", "place": place}
        AttemptFactory(delivery=row, courier=StoreCourierFactory(**account))
    assert queries() == few


def test_the_page_says_what_somebody_has_to_do(place: DeliveryStore) -> None:
    row = DeliveryFactory(store=place.store, needs_person=True, for_person="no_fit")
    AttemptFactory(
        delivery=row,
        courier__place=place,
        state="ending",
        needs_person=True,
        for_person="over_limit",
    )
    client = at_work(place.store)
    found = client.get(reverse(f"admin:{LIST}_change", args=[row.pk])).content.decode()
    assert [f'data-reason="{why}"' in found for why in ("no_fit", "over_limit")] == [True, True]
    Delivery.objects.update(needs_person=False)
    Attempt.objects.update(needs_person=False)
    found = client.get(reverse(f"admin:{LIST}_change", args=[row.pk])).content.decode()
    assert "data-needs-person" not in found


def test_those_that_need_a_person_are_listed_also_when_only_the_receiver_says_so(
    place: DeliveryStore,
) -> None:
    DeliveryFactory(store=place.store)
    said = ReceiverCaseFactory(delivery__store=place.store).delivery
    marked = DeliveryFactory(store=place.store, needs_person=True)
    found = listed(at_work(place.store), LIST, person="yes")
    assert {row.pk for row in found} == {said.pk, marked.pk}


def test_a_file_says_what_each_delivery_cost_and_whose_it_was(place: DeliveryStore) -> None:
    row = dead_and_delivered(place)
    client = at_work(place.store)
    text = client.get(reverse(f"admin:{LIST}_csv")).getvalue().decode().removeprefix("\ufeff")
    lines = list(csv.DictReader(io.StringIO(text)))
    found = lines[0]
    assert (found["Number"], found["Courier"], found["Riders called"]) == (str(row), "闪送", "2")
    assert (found["Cost (yuan)"], found["Fee (yuan)"], found["Tip (yuan)"]) == (
        "23.58",
        "18.08",
        "3.00",
    )
    assert found["Kept by couriers (yuan)"] == "2.50"
    assert "13800000002" not in text
    assert "翠苑" not in text
    assert AuditEntry.objects.filter(verb="delivery.deliveries.exported").count() == 1


def test_the_attempt_that_counts_is_the_live_one_then_the_one_that_brought_it(
    place: DeliveryStore,
) -> None:
    row = dead_and_delivered(place)
    brought = row.attempts.get(state=A.DELIVERED)
    AttemptFactory(delivery=row, courier__place=place, state=A.DEAD)
    assert counting(row) == brought
    live = AttemptFactory(delivery=row, courier__place=place, state=A.LIVE)
    assert counting(Delivery.objects.get(pk=row.pk)) == live


# One delivery


def test_nobody_sees_the_receiver_unasked(place: DeliveryStore) -> None:
    row = told(called(waiting(store=place.store)), S.ACCEPTED).delivery
    for role in (Role.CLERK, Role.MANAGER, Role.OWNER):
        html = shown(at_work(place.store, role), row)
        assert (role, [word for word in SECRET if word in html]) == (role, [])
        assert "139****77" in html or "139****" in html


def test_who_asks_sees_the_receiver_once_and_it_is_noted(place: DeliveryStore) -> None:
    row = told(called(waiting(store=place.store)), S.ACCEPTED).delivery
    client = at_work(place.store)
    html = press(client, row, "show_receiver") and client.get(page(row)).content.decode()
    assert RECEIVER["name"] not in html
    html = client.post(page(row, "do", "show_receiver"), follow=True).content.decode()
    assert [word for word in SECRET if word not in html] == []
    assert RIDER["name"] in html
    assert RECEIVER["name"] not in shown(client, row)
    assert AuditEntry.objects.filter(verb="delivery.receiver.shown").count() == 2
    clerk = at_work(place.store, Role.CLERK)
    assert clerk.post(page(row, "do", "show_receiver")).status_code == 403


def test_the_page_tells_the_riders_the_sums_and_the_moments(place: DeliveryStore) -> None:
    row = dead_and_delivered(place)
    live = row.attempts.get(state=A.DELIVERED)
    live.news.create(code=302, at=row.created_at, source="push", message="签收")
    live.news.create(code=999, at=row.created_at, source="asked")
    html = shown(at_work(place.store, Role.CLERK), row)
    for word in ("¥18.08", "¥3.00", "¥2.50", "¥23.58", live.shop_order_id, "签收", "999"):
        assert word in html
    assert f"/d/{row.slug}/" in html


def test_why_nobody_was_called_is_said_in_words(town: Town) -> None:
    town.place.rule = {**Rule().as_json(), "ceiling": "1.00"}
    town.place.save()
    row = town.delivery()
    with pytest.raises(Conflict):
        delivery_dispatch(delivery=row, courier=None, actor="小王")
    html = shown(at_work(town.place.store, Role.CLERK), row)
    for words in (
        "Why this courier?",
        "nobody <small>",
        "No courier fits the store&#x27;s rule: the cheapest",
        "at most ¥1.00",
        "¥7.56",
        "over the ceiling",
    ):
        assert words in html, words


def test_why_a_courier_was_called_is_said_in_words(town: Town) -> None:
    town.place.rule = {
        "prefer": "likely",
        "listed": [],
        "ceiling": "12",
        "ceiling_percent": None,
        "tip": "0",
        "minutes": 5,
        "likely_percent": "80",
    }
    town.place.save()
    row = town.delivery()
    quotes_ask(delivery=row)
    delivery_dispatch(delivery=row, courier=None, actor="小王")
    html = shown(at_work(town.place.store, Role.CLERK), row)
    for words in (
        "The store&#x27;s rule chose it: the cheapest that is likely to accept in time",
        "at most ¥12.00",
        "over the ceiling",
        "names no price, so the ceiling cannot be kept",
        "too few orders at this hour to tell",
        "Not known at that moment:",
        "the price of MTPS",
    ):
        assert words in html, words


def test_who_chose_by_hand_is_named(place: DeliveryStore) -> None:
    attempt = called(waiting(store=place.store))
    DecisionFactory(delivery=attempt.delivery, attempt=attempt, by="小王")
    assert "小王 chose it by hand." in shown(at_work(place.store), attempt.delivery)


def test_prices_of_each_round_stand_there(place: DeliveryStore) -> None:
    row = waiting(store=place.store)
    courier = StoreCourierFactory(place=place)
    more: list[dict[str, Any]] = [{"fee": Decimal("18.08")}, {"fee": None, "refusal": "超出范围"}]
    for number, fields in enumerate([*more, {"fee": None}, {"fee": None, "is_silent": True}]):
        QuoteFactory(delivery=row, courier=courier, round=number + 1, **fields)
    html = shown(at_work(place.store), row)
    for words in ("¥18.08", "超出范围", "takes it, names no price", "no answer", "Round 4"):
        assert words in html


def test_a_case_of_the_receiver_is_settled_by_a_clerk(place: DeliveryStore) -> None:
    row = ReceiverCaseFactory(delivery__store=place.store).delivery
    client = at_work(place.store, Role.CLERK)
    assert "门口没有" in shown(client, row)
    press(client, row, "close_case")
    case = row.cases.get()
    assert case.closed_at is not None
    assert "/do/close_case/" not in shown(client, row)


def test_what_is_over_is_settled_with_a_note(place: DeliveryStore) -> None:
    returned = Delivery.State.RETURNED
    row = DeliveryFactory(store=place.store, state=returned, needs_person=True)
    client = at_work(place.store, Role.CLERK)
    press(client, row, "settle", note="已通知顾客")
    row.refresh_from_db()
    assert row.needs_person is False
    entry = AuditEntry.objects.get(verb="delivery.settled")
    assert entry.data["note"] == "已通知顾客"
    assert "已通知顾客" in shown(client, row)
    assert "no longer be done" in str(client.get(page(row, "do", "settle"), follow=True).content)
    open_one = DeliveryFactory(store=place.store, needs_person=True)
    assert "any more" in press(client, open_one, "settle", note="x")


def test_a_page_opens_although_no_key_opens_what_it_shows(place: DeliveryStore) -> None:
    row = told(called(waiting(store=place.store)), S.ACCEPTED).delivery
    lost = "gAAAAABlost"
    with connection.cursor() as cursor:
        cursor.execute("UPDATE delivery_delivery SET receiver = %s, note = %s", [lost, lost])
        cursor.execute("UPDATE delivery_attempt SET rider = %s, finish_code = %s", [lost, lost])
    client = at_work(place.store)
    assert "Removed, or no key" in shown(client, row)
    answer: Any = client.post(page(row, "do", "show_receiver"), follow=True)
    assert answer.status_code == 200


def test_another_merchants_delivery_is_not_found(place: DeliveryStore) -> None:
    client: Client = at_work(DeliveryStoreFactory().store, Role.OWNER)
    row = waiting(store=place.store)
    assert client.get(page(row)).status_code == 404
    for button in ("show_receiver", "get_proof", "settle", "close_case"):
        assert client.post(page(row, "do", button)).status_code == 404


def test_a_courier_that_wechat_does_not_name_is_called_as_people_call_it(
    place: DeliveryStore,
) -> None:
    courier = StoreCourierFactory(place=place, account__delivery_id="DADA", account__name="")
    row: Delivery = DeliveryFactory(store=place.store)
    attempt = AttemptFactory(delivery=row, courier=courier, fee=Decimal(9))
    QuoteFactory(delivery=row, courier=courier)
    with translation.override("zh-hans"):
        assert attempt.courier_name == "达达"
        assert [each["name"] for each in rounds(row)[0]["quotes"]] == ["达达"]


@pytest.mark.parametrize(("state", "is_said"), [("revived", True), ("dead", False)])
def test_a_rider_who_took_a_dead_order_is_a_matter_until_he_is_gone(
    place: DeliveryStore, state: str, is_said: bool
) -> None:
    row = waiting(store=place.store)
    called(row, state=state, needs_person=True, for_person="revived")
    text = shown(at_work(place.store), row)
    assert ("A rider whom nobody needs may come" in text) is is_said
