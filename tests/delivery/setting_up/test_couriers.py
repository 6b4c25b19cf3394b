"""The couriers of a store: accounts of its own mini-program, write-only secrets, services."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from delivery.admin.facts import known_of
from delivery.choices import Audit
from delivery.models import CourierAccount, DeliveryStore, DoctorRun, StoreCourier
from delivery.services.resting import EMPTY
from delivery.wire.couriers import COURIERS
from stores.models import Store
from stores.roles import Role
from tests.back_office import at_work, listed, page, shown
from tests.delivery.factories import (
    CourierAccountFactory,
    DeliveryStoreFactory,
    StoreCourierFactory,
)
from tests.pages import HOSTILE

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]


@pytest.fixture
def place(store: Store) -> DeliveryStore:
    made: DeliveryStore = DeliveryStoreFactory(store=store)
    return made


@pytest.fixture
def manager(store: Store) -> Client:
    return at_work(store)


def save(client: Client, place: DeliveryStore, *rows: dict[str, Any], known: int = 0) -> Any:
    """Saves the form of a store with these rows of couriers."""
    names = ("contact", "phone", "city", "address", "detail", "lng", "lat")
    given: dict[str, Any] = {name: str(getattr(place, name)) for name in names} | {
        "connection": place.connection_id,
        "couriers-TOTAL_FORMS": len(rows),
        "couriers-INITIAL_FORMS": known,
    }
    for number, row in enumerate(rows):
        usual: dict[str, Any] = {"shop_no": "S01", "is_active": "on", "place": place.pk}
        given |= {f"couriers-{number}-{name}": text for name, text in (usual | row).items()}
    return client.post(page(place), given)


def wrong(answer: Any) -> list[dict[str, list[str]]]:
    assert answer.status_code == 200
    formset = answer.context["inline_admin_formsets"][0].formset
    return [*formset.errors, {"": list(formset.non_form_errors())}]


def test_a_manager_chooses_accounts_and_enters_their_secrets(
    manager: Client, place: DeliveryStore
) -> None:
    flash = CourierAccountFactory(connection=place.connection)
    meituan = CourierAccountFactory(connection=place.connection, delivery_id="MTPS", name="")
    text = shown(manager, place)
    assert "30 minutes, 5 km (100030)" in text
    answer = save(
        manager,
        place,
        {"account": flash.pk, "new_secret": "flash-secret"},
        {"account": meituan.pk, "new_secret": "mt-secret", "service_code": "100029"},
    )
    assert answer.status_code == 302
    rows = {row.account_id: row for row in place.couriers.all()}
    assert rows[flash.pk].secret == "flash-secret"
    assert (rows[meituan.pk].secret, rows[meituan.pk].service_code) == ("mt-secret", "100029")
    DoctorRun.objects.create(place=place, finished_at=timezone.now())
    text = shown(manager, place)
    assert "flash-secret" not in text
    assert "stored; empty keeps it" in text
    assert "can be called" in text
    assert "Enter each courier" not in text


def test_an_empty_secret_keeps_the_stored_one(manager: Client, place: DeliveryStore) -> None:
    courier = StoreCourierFactory(place=place)
    row = {"id": courier.pk, "account": courier.account_id, "new_secret": "", "shop_no": "S02"}
    assert save(manager, place, row, known=1).status_code == 302
    courier.refresh_from_db()
    assert (courier.secret, courier.shop_no) == ("SS-secret", "S02")
    save(manager, place, row | {"new_secret": "new-secret"}, known=1)
    courier.refresh_from_db()
    assert courier.secret == "new-secret"


def test_a_secret_never_goes_to_another_account(manager: Client, place: DeliveryStore) -> None:
    courier = StoreCourierFactory(place=place)
    other = CourierAccountFactory(connection=place.connection, delivery_id="DADA")
    save(manager, place, {"id": courier.pk, "account": other.pk, "new_secret": ""}, known=1)
    courier.refresh_from_db()
    assert courier.account_id != other.pk


def test_accounts_of_another_mini_program_are_no_choice(
    manager: Client, place: DeliveryStore
) -> None:
    foreign = CourierAccountFactory(shopid="foreign-shop")
    assert "foreign-shop" not in shown(manager, place)
    errors = wrong(save(manager, place, {"account": foreign.pk}))
    assert list(errors[0]) == ["account"]
    assert not StoreCourier.objects.exists()


@pytest.mark.parametrize(
    ("row", "field", "says"),
    [
        ({"service_code": "100029"}, "service_code", "another courier"),
        ({"service_code": "999"}, "service_code", "valid choice"),
        ({"shop_no": ""}, "shop_no", "wants its number"),
        ({"account": ""}, "account", "required"),
        ({"account": str(2**70)}, "account", "valid choice"),
        ({"new_secret": "x" * 201}, "new_secret", "at most 200"),
        ({"shop_no": "x" * 65}, "shop_no", "at most 64"),
    ],
)
def test_what_a_courier_does_not_take_is_named(
    manager: Client, place: DeliveryStore, row: dict[str, str], field: str, says: str
) -> None:
    flash = CourierAccountFactory(connection=place.connection)
    CourierAccountFactory(connection=place.connection, delivery_id="MTPS")
    errors = wrong(save(manager, place, {"account": flash.pk, "new_secret": "s"} | row))
    assert list(errors[0]) == [field]
    assert says in errors[0][field][0]


def test_an_account_stands_once_in_a_store(manager: Client, place: DeliveryStore) -> None:
    flash = CourierAccountFactory(connection=place.connection)
    errors = wrong(save(manager, place, {"account": flash.pk}, {"account": flash.pk}))
    assert errors[-1][""]
    assert not StoreCourier.objects.exists()


@pytest.mark.parametrize("field", ["account", "new_secret", "shop_no", "service_code", "id"])
@pytest.mark.parametrize("text", HOSTILE)
def test_nonsense_is_no_error_of_the_server(
    manager: Client, place: DeliveryStore, field: str, text: str
) -> None:
    flash = CourierAccountFactory(connection=place.connection)
    answer = save(manager, place, {"account": flash.pk, field: text})
    assert answer.status_code in (200, 302)


def test_a_stored_service_that_is_not_known_any_more_stays(
    manager: Client, place: DeliveryStore
) -> None:
    courier = StoreCourierFactory(place=place, service_code="777")
    row = {"id": courier.pk, "account": courier.account_id, "service_code": "777"}
    assert save(manager, place, row, known=1).status_code == 302
    courier.refresh_from_db()
    assert courier.service_code == "777"


def test_the_mini_program_stays_while_a_store_has_its_couriers(
    manager: Client, place: DeliveryStore
) -> None:
    assert 'name="connection"' in shown(manager, place)
    StoreCourierFactory(place=place)
    assert 'name="connection"' not in shown(manager, place)


def test_what_keeps_a_courier_from_being_called_is_said(
    manager: Client, place: DeliveryStore
) -> None:
    courier = StoreCourierFactory(place=place, secret="")
    assert "AppSecret missing" in shown(manager, place)
    courier.account.audit = Audit.FAILED
    courier.account.save()
    assert "not passed" in shown(manager, place)


def test_accounts_are_listed_with_their_audit_in_words(store: Store) -> None:
    place = DeliveryStoreFactory(store=store)
    passed = CourierAccountFactory(connection=place.connection, audit=Audit.PASSED)
    unknown = CourierAccountFactory(connection=place.connection, audit=None)
    CourierAccountFactory()
    clerk = at_work(store, Role.CLERK)
    assert set(listed(clerk, "delivery_courieraccount")) == {passed, unknown}
    assert "Nothing: stores can use it." in shown(clerk, passed)
    assert "a result that we do not know" in shown(clerk, unknown)
    CourierAccount.objects.filter(pk=passed.pk).update(vanished_at=passed.first_seen_at)
    assert "bind it again" in shown(clerk, passed)
    assert clerk.post(page(passed), {"shopid": "x"}).status_code == 403


def test_what_is_known_of_each_courier_is_said_with_how_sure_it_is(
    manager: Client, place: DeliveryStore
) -> None:
    for delivery_id in ("DADA", "UU"):
        StoreCourierFactory(
            place=place,
            account__connection=place.connection,
            account__delivery_id=delivery_id,
            account__name="",
        )
    text = shown(manager, place)
    assert "usually costs: nothing within 1 minute, ¥2 until 15 minutes, nothing after 15" in text
    assert "Tips up to ¥30 in steps of ¥0.10, not above the value of the goods." in text
    assert "Its rules are not known to us" in text
    assert "several sources agree" in text


@pytest.mark.parametrize("delivery_id", [*COURIERS, "NEW"])
def test_each_courier_has_facts_in_words(delivery_id: str) -> None:
    [known] = known_of([(delivery_id, "")])
    assert known.name
    assert known.facts
    assert all(fact.text and fact.sure.label for fact in known.facts)


@pytest.mark.parametrize(
    ("language", "words"), [("en", "the account has no money"), ("zh-hans", "账户余额不足")]
)
def test_why_a_courier_rests_is_said_in_the_readers_language(
    manager: Client, place: DeliveryStore, language: str, words: str
) -> None:
    until = timezone.now() + timedelta(hours=2)
    StoreCourierFactory(place=place, paused_until=until, pause_reason=EMPTY)
    manager.cookies["django_language"] = language
    assert words in manager.get(page(place)).content.decode()
