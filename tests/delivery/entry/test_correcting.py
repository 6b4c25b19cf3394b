"""An order that waits is corrected: what changes, who may, and what no longer counts."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from delivery.choices import ForPerson
from delivery.models import Attempt, Delivery, DeliveryStore, Quote
from delivery.services import correcting, quoting
from delivery.services.creating import WrongOrder
from delivery.services.dispatching import dispatch_plan, rider_call
from stores.conflicts import Conflict
from stores.models import AuditEntry
from stores.roles import Role
from tests.back_office import at_work, shown
from tests.delivery.entry.typing import errors_of, fields_of
from tests.delivery.factories import (
    AttemptFactory,
    DeliveryFactory,
    DeliveryStoreFactory,
    QuoteFactory,
    StoreCourierFactory,
)
from tests.delivery.town import Town

pytestmark = pytest.mark.django_db
State = Delivery.State


@pytest.fixture
def row(place: DeliveryStore) -> Delivery:
    made: Delivery = DeliveryFactory(store=place.store, reference="A-1")
    return made


@pytest.fixture
def manager(place: DeliveryStore) -> Client:
    return at_work(place.store)


def address(row: Delivery) -> str:
    return f"/wechat/board/{row.pk}/correct/"


def correct(client: Client, row: Delivery, do: str = "save", **changes: str) -> Any:
    """Opens the form, types these changes and saves it."""
    opened = client.get(address(row))
    typed = {name: text for name, text in fields_of(opened).items() if text}
    return client.post(address(row), typed | {"seen": opened.context["seen"], "do": do} | changes)


def read(row: Delivery) -> Delivery:
    return Delivery.objects.get(pk=row.pk)


def test_the_form_is_filled_in_and_that_it_was_opened_is_noted(
    manager: Client, row: Delivery
) -> None:
    found = fields_of(manager.get(address(row)))
    assert (found["phone"], found["value"], found["goods"]) == ("13800000002", "46.50", "片儿川等")
    assert {"reference", "is_ready"} & set(found) == set()
    assert AuditEntry.objects.filter(verb="delivery.receiver.shown").count() == 1


def test_what_was_entered_wrongly_is_corrected_and_the_rest_stays(
    manager: Client, row: Delivery
) -> None:
    goods = [{"name": "面", "count": 2, "price": "20", "unit": "份"}]
    row.cargo = {**row.cargo, "goods": goods, "pickup_info": "门口"}
    row.wishes = {"number": "7", "insured_for": "46.50", "needs_pickup_code": True}
    row.save()
    answer = correct(manager, row, phone="13900001234", lng="120.126000", value="88")
    assert answer["Location"] == f"/admin/delivery/delivery/{row.pk}/change/"
    now = read(row)
    assert (now.receiver["phone"], now.phone_tail) == ("13900001234", "1234")
    assert (now.receiver["lng"], now.receiver["name"]) == ("120.126000", "陈女士")
    assert now.value == Decimal("88.00")
    assert (now.cargo, now.notice, now.reference) == (row.cargo, row.notice, "A-1")
    assert now.wishes == {**row.wishes, "insured_for": "88.00"}
    entry = AuditEntry.objects.get(verb="delivery.corrected")
    assert entry.data == {"fields": ["phone", "longitude", "value in yuan"]}
    assert "Corrected an order" in shown(manager, row)


def test_each_typed_field_reaches_the_delivery(manager: Client, row: Delivery) -> None:
    at = (timezone.localtime() + timedelta(hours=5)).replace(second=0, microsecond=0)
    changes = {
        "openid": "o-other", "name": "林先生", "city": "杭州", "address": "文一路1号",
        "detail": "1楼", "lat": "30.287000", "goods": "面条", "count": "3", "weight": "2",
        "kind": "美食夜宵 / 小龙虾", "note": "少辣", "wanted": f"{at:%Y-%m-%dT%H:%M}",
        "finish_code": "on", "page": "/p", "picture": "https://shop.example/2.png",
    }  # fmt: skip
    correct(manager, row, **changes)
    now = read(row)
    assert (now.openid, now.receiver["name"], now.note) == ("o-other", "林先生", "少辣")
    assert (now.receiver["city"], now.receiver["address"]) == ("杭州", "文一路1号")
    assert (now.receiver["detail"], now.receiver["lat"]) == ("1楼", "30.287000")
    assert now.cargo["goods"][0]["name"] == "面条"
    assert now.cargo["second_class"] == "小龙虾"
    assert now.notice == {
        "page": "/p", "picture": "https://shop.example/2.png", "goods": "面条", "count": 3,
    }  # fmt: skip
    assert (now.wanted_at, now.is_arrival, now.weight) == (at, True, Decimal("2.00"))
    assert now.call_at
    assert now.wishes["needs_finish_code"] is True
    correct(manager, row, wanted="")
    now = read(row)
    assert (now.wanted_at, now.is_arrival, now.call_at) == (None, False, None)


def test_a_wished_time_that_is_over_does_not_stop_another_correction(
    manager: Client, row: Delivery
) -> None:
    row.wanted_at, row.wishes = timezone.now() - timedelta(hours=1), {"is_arrival": True}
    row.save()
    correct(manager, row, phone="13900001234")
    assert (read(row).phone_tail, read(row).wanted_at) == ("1234", row.wanted_at)


def test_a_time_that_is_booked_at_the_courier_stays(manager: Client, row: Delivery) -> None:
    row.wanted_at = timezone.now() + timedelta(hours=3)
    row.save()
    assert "wanted" not in fields_of(manager.get(address(row)))
    correct(manager, row, phone="13900001234")
    assert (read(row).phone_tail, read(row).wanted_at) == ("1234", row.wanted_at)


def test_nothing_changed_is_nothing_done(manager: Client, row: Delivery) -> None:
    correct(manager, row)
    assert read(row).changed_at == row.changed_at
    assert not AuditEntry.objects.filter(verb="delivery.corrected").exists()


def test_what_is_wrong_stands_at_its_field_and_nothing_is_saved(
    manager: Client, row: Delivery
) -> None:
    answer = correct(manager, row, lng="30.287120", lat="120.125310", value="9999")
    assert set(errors_of(answer)) == {"lng", "value"}
    assert 'value="place"' in answer.content.decode()
    assert read(row).value == row.value
    fixed = fields_of(correct(manager, row, do="place", lng="30.287120", lat="120.125310"))
    assert fixed["lng"] == "120.125310"


def test_a_clerk_corrects_what_is_not_shown_to_one(clerk: Client, row: Delivery) -> None:
    opened = clerk.get(address(row))
    assert not AuditEntry.objects.filter(verb="delivery.receiver.shown").exists()
    for secret in ("13800000002", "翠苑一区", "3幢502", "120.125310", "陈女士"):
        assert secret not in opened.content.decode()
    correct(clerk, row, phone="13900001234")
    receiver = read(row).receiver
    assert receiver == {**row.receiver, "phone": "13900001234"}
    entry = AuditEntry.objects.get(verb="delivery.corrected")
    assert entry.data == {"fields": ["phone"]}
    refused = correct(clerk, row, value="9999")
    assert "13900001234" not in refused.content.decode()


@pytest.mark.parametrize("do", ["place", "save"])
@pytest.mark.parametrize("changes", [{}, {"lng": "120.120000"}, {"lat": "30.280000"}])
def test_no_coordinates_are_made_of_those_that_are_not_shown(
    clerk: Client, row: Delivery, do: str, changes: dict[str, str]
) -> None:
    """What a map of Baidu would mean by them tells where the receiver lives."""
    answer = correct(clerk, row, do=do, is_baidu="on", **changes)
    assert "Probably meant" not in answer.content.decode()
    if do == "place" or changes:
        found = fields_of(answer)
        assert (found["lng"], found["lat"]) == (changes.get("lng", ""), changes.get("lat", ""))
    assert read(row).receiver == row.receiver


@pytest.mark.parametrize("state", [State.RUNNING, State.DELIVERED, State.CANCELLED])
def test_only_what_waits_is_corrected(manager: Client, row: Delivery, state: str) -> None:
    opened = manager.get(address(row))
    Delivery.objects.update(state=state)
    if state == State.RUNNING:
        AttemptFactory(delivery=row, courier=None, shopid="")
    typed = {name: text for name, text in fields_of(opened).items() if text}
    given = typed | {"seen": opened.context["seen"], "do": "save", "phone": "13900001234"}
    page = manager.post(address(row), given, follow=True).content.decode()
    assert ("A rider is called already." if state == State.RUNNING else "is over") in page
    assert read(row).phone_tail == "0002"
    assert "/do/correct/" not in shown(manager, row)
    assert manager.get(address(row)).status_code == 302


def test_goods_that_are_back_may_be_corrected_before_they_are_sent_again(
    manager: Client, row: Delivery
) -> None:
    Delivery.objects.update(state=State.RETURNED)
    assert "/do/correct/" in shown(manager, row)
    correct(manager, row, phone="13900001234")
    assert read(row).phone_tail == "1234"


def test_two_who_correct_at_once_do_not_undo_each_other(manager: Client, row: Delivery) -> None:
    opened = manager.get(address(row))
    correct(manager, row, phone="13900001234")
    typed = {name: text for name, text in fields_of(opened).items() if text}
    given = typed | {"seen": opened.context["seen"], "do": "save", "note": "少辣"}
    page = manager.post(address(row), given, follow=True).content.decode()
    assert "has corrected this order meanwhile" in page
    assert (read(row).phone_tail, read(row).note) == ("1234", "")


def test_prices_for_the_order_as_it_was_do_not_count(manager: Client, row: Delivery) -> None:
    courier = StoreCourierFactory(place=row.store.delivery_store)
    until = timezone.now() + timedelta(minutes=3)
    QuoteFactory(delivery=row, courier=courier, expires_at=until)
    assert quoting.usable_quotes(row)
    correct(manager, row, phone="13900001234")
    assert quoting.usable_quotes(row) == []


def test_prices_that_were_asked_for_before_and_came_after_it_do_not_count(town: Town) -> None:
    row = town.delivery()
    client = at_work(town.place.store)
    correct(client, row, phone="13900001234")
    # `row` is the order as it was when the couriers were asked.
    quoting.quotes_ask(delivery=row)
    assert Quote.objects.exists()
    assert quoting.usable_quotes(read(row)) == []


def test_a_rider_who_was_chosen_for_the_order_as_it_was_is_not_called(town: Town) -> None:
    row = town.delivery()
    plan = dispatch_plan(delivery=row, courier="SS", actor=None)
    correct(at_work(town.place.store), row, phone="13900001234")
    with pytest.raises(Conflict, match="corrected"):
        rider_call(plan, actor=None)
    assert not Attempt.objects.exists()


def test_what_all_couriers_refused_is_no_longer_a_persons_once_it_is_corrected(
    manager: Client, row: Delivery
) -> None:
    for why, needs_person in ((ForPerson.ALL_REFUSE, False), (ForPerson.PAUSED, True)):
        Delivery.objects.update(needs_person=True, for_person=why)
        correct(manager, row, detail=f"{why}")
        assert read(row).needs_person is needs_person


def test_prices_are_asked_for_after_a_correction(town: Town) -> None:
    row = town.delivery()
    answer = correct(at_work(town.place.store), row, do="quote", phone="13900001234")
    assert answer["Location"] == "/wechat/board/"
    assert quoting.usable_quotes(read(row))


def test_another_shops_order_is_not_found(row: Delivery) -> None:
    stranger = at_work(DeliveryStoreFactory().store, Role.MANAGER)
    assert stranger.get(address(row)).status_code == 404


def test_a_time_that_is_over_since_it_was_read_is_said_at_its_field(
    manager: Client, row: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    def late(**_given: object) -> None:
        raise WrongOrder({"arrive_by": ["It has to lie ahead."]})

    monkeypatch.setattr(correcting, "delivery_correct", late)
    answer = correct(manager, row, phone="13900001234")
    assert errors_of(answer) == {"wanted": ["It has to lie ahead."]}


@pytest.mark.parametrize("column", ["receiver", "note"])
def test_what_no_key_opens_is_not_corrected(manager: Client, row: Delivery, column: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE delivery_delivery SET {column} = 'gAAAAABlost'")
    assert "/do/correct/" not in shown(manager, row)
    assert "No key" in manager.get(address(row), follow=True).content.decode()
