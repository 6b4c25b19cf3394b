"""A store that delivers: its address is pasted, its coordinates are examined, pauses are ended."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from delivery.models import DeliveryStore, StoreCourier
from stores.models import AuditEntry, Connection, Merchant, Store
from stores.roles import Role
from tests.back_office import at_work, listed, page, press, shown
from tests.delivery.factories import (
    DeliveryStoreFactory,
    MiniProgramFactory,
    StoreCourierFactory,
)
from tests.pages import HOSTILE
from tests.stores.factories import StoreFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]
ADD = "/admin/delivery/deliverystore/add/"
PASTED = "江南小厨 138 0000 0001 浙江省杭州市西湖区文三路88号1楼"
TYPED = {
    "contact": "江南小厨",
    "phone": "13800000001",
    "city": "杭州市",
    "address": "文三路88号",
    "detail": "1楼",
    "lng": "120.131441",
    "lat": "30.279383",
}


@pytest.fixture
def connection(merchant: Merchant) -> Connection:
    made: Connection = MiniProgramFactory(merchant=merchant)
    return made


@pytest.fixture
def given(connection: Connection, store: Store) -> dict[str, Any]:
    return {"store": store.pk, "connection": connection.pk, "pasted": "", **TYPED}


def form_of(answer: Any) -> Any:
    assert answer.status_code == 200
    return answer.context["adminform"].form


def test_an_owner_adds_a_store_and_is_led_to_its_couriers(
    owner_client: Client, given: dict[str, Any], store: Store
) -> None:
    answer = owner_client.post(ADD, given)
    place = DeliveryStore.objects.get()
    assert answer["Location"] == page(place)
    assert (place.store, place.city) == (store, "杭州市")
    assert (place.lng, place.lat) == (Decimal("120.131441"), Decimal("30.279383"))
    assert "Add couriers" in shown(owner_client, place)
    assert AuditEntry.objects.filter(verb="deliverystore added", store=store).exists()


def test_a_pasted_address_is_shown_before_it_is_saved(
    owner_client: Client, given: dict[str, Any]
) -> None:
    empty = dict.fromkeys(("contact", "phone", "city", "address", "detail"), "")
    form = form_of(owner_client.post(ADD, given | empty | {"pasted": PASTED}))
    assert list(form.errors) == ["pasted"]
    assert not DeliveryStore.objects.exists()
    filled = {name: form[name].value() for name in (*given, "is_baidu")}
    assert (filled["contact"], filled["phone"]) == ("江南小厨", "13800000001")
    assert (filled["city"], filled["address"]) == ("杭州市", "西湖区文三路88号")
    assert (filled["detail"], filled["pasted"]) == ("1楼", "")
    saved = {name: value for name, value in filled.items() if value}
    assert owner_client.post(ADD, saved).status_code == 302
    assert DeliveryStore.objects.get().contact == "江南小厨"


@pytest.mark.parametrize(
    ("typed", "says", "meant"),
    [
        (
            {"lng": "30.279383", "lat": "120.131441"},
            "swapped. Probably meant: 120.131441, 30.279383.",
            ("120.131441", "30.279383"),
        ),
        (
            {"lng": "120.137970", "lat": "30.285260", "is_baidu": "on"},
            "coordinates of Baidu",
            ("120.131528", "30.278958"),
        ),
        ({"lng": "-0.127", "lat": "51.5"}, "outside of China", ("-0.127", "51.5")),
        ({"lng": "0", "lat": "0"}, "missing", ("0", "0")),
    ],
)
def test_wrong_coordinates_are_named_and_the_right_ones_stand_in_the_form(
    owner_client: Client,
    given: dict[str, Any],
    typed: dict[str, str],
    says: str,
    meant: tuple[str, str],
) -> None:
    form = form_of(owner_client.post(ADD, given | typed))
    assert says in form.errors["lng"][0]
    assert not DeliveryStore.objects.exists()
    assert (form["lng"].value().startswith(meant[0]), form["lat"].value().startswith(meant[1])) == (
        True,
        True,
    )
    if meant != (typed["lng"], typed["lat"]):
        again = {name: form[name].value() for name in given if form[name].value()}
        assert owner_client.post(ADD, again).status_code == 302


def test_coordinates_are_rounded_to_what_wechat_takes(
    owner_client: Client, given: dict[str, Any]
) -> None:
    more = {"lng": "120.13144149999999", "lat": "30.2793825000"}
    assert owner_client.post(ADD, given | more).status_code == 302
    place = DeliveryStore.objects.get()
    assert (place.lng, place.lat) == (Decimal("120.131441"), Decimal("30.279383"))


NUMBERS = ["NaN", "Infinity", "1e400", "1e-400", "-181", "120,13", "9" * 5000]


@pytest.mark.parametrize("field", ["pasted", *TYPED, "store", "connection"])
@pytest.mark.parametrize("text", [*HOSTILE, *NUMBERS])
def test_nonsense_is_no_error_of_the_server(
    owner_client: Client, given: dict[str, Any], field: str, text: str
) -> None:
    assert owner_client.post(ADD, given | {field: text}).status_code in (200, 302)


def test_a_city_without_its_ending_is_asked_for(
    owner_client: Client, given: dict[str, Any]
) -> None:
    form = form_of(owner_client.post(ADD, given | {"city": "杭州"}))
    assert "杭州市" in form.errors["city"][0]


def test_each_store_delivers_once(owner_client: Client, given: dict[str, Any]) -> None:
    owner_client.post(ADD, given)
    assert "added already" in form_of(owner_client.post(ADD, given)).errors["store"][0]


def test_another_merchants_mini_program_is_no_choice(
    owner_client: Client, given: dict[str, Any], admin_client: Client
) -> None:
    foreign = MiniProgramFactory()
    provider = MiniProgramFactory(merchant=None)
    for row in (foreign, provider):
        form = form_of(owner_client.post(ADD, given | {"connection": row.pk}))
        assert list(form.errors) == ["connection"]
    # Operators see both merchants.
    form = form_of(admin_client.post(ADD, given | {"connection": foreign.pk}))
    assert list(form.errors) == ["connection"]
    assert not DeliveryStore.objects.exists()


def test_a_manager_adds_own_stores_only(merchant: Merchant, given: dict[str, Any]) -> None:
    other = StoreFactory(merchant=merchant)
    manager = at_work(Store.objects.get(pk=given["store"]))
    assert list(form_of(manager.post(ADD, given | {"store": other.pk})).errors) == ["store"]
    assert manager.post(ADD, given).status_code == 302


def test_a_clerk_looks_and_changes_nothing(store: Store, connection: Connection) -> None:
    place = DeliveryStoreFactory(store=store, connection=connection)
    courier = StoreCourierFactory(place=place)
    clerk = at_work(store, Role.CLERK)
    assert listed(clerk, "delivery_deliverystore") == [place]
    text = shown(clerk, place)
    assert courier.account.shopid in text
    assert "SS-secret" not in text
    assert "Paste the address" not in text
    assert clerk.post(page(place), TYPED).status_code == 403
    assert clerk.get(ADD).status_code == 403


def test_without_a_mini_program_an_owner_is_led_to_its_form(
    owner_client: Client, store: Store
) -> None:
    answer = owner_client.get(ADD)
    assert answer["Location"] == f"{reverse('admin:stores_connection_add')}?platform=wechat"
    manager = at_work(store)
    assert manager.get(ADD)["Location"] == reverse("admin:delivery_deliverystore_changelist")


def test_without_a_store_an_owner_is_led_to_its_form(
    owner_client: Client, connection: Connection
) -> None:
    assert owner_client.get(ADD)["Location"] == reverse("admin:stores_store_add")


def test_the_menu_names_delivery_to_those_who_have_it(
    owner_client: Client, store: Store, merchant: Merchant
) -> None:
    stores, accounts = "Delivery stores", "Courier accounts"
    manager, listing = at_work(store), reverse("admin:stores_store_changelist")
    assert stores in owner_client.get(listing).content.decode()
    assert accounts not in owner_client.get(listing).content.decode()
    assert stores not in manager.get(listing).content.decode()
    MiniProgramFactory(merchant=merchant)
    for client in (owner_client, manager):
        text = client.get(listing).content.decode()
        assert (stores in text, accounts in text) == (True, True)


def test_pauses_are_shown_and_ended_by_a_person(store: Store, connection: Connection) -> None:
    place = DeliveryStoreFactory(store=store, connection=connection)
    courier = StoreCourierFactory(place=place)
    manager = at_work(store)
    end = page(place, "do", "end_pauses")
    assert end not in shown(manager, place)
    StoreCourier.objects.update(
        paused_until=timezone.now() + timedelta(hours=1), pause_reason="账户余额不足"
    )
    text = shown(manager, place)
    assert end in text
    assert "账户余额不足" in text
    clerk = at_work(store, Role.CLERK)
    assert clerk.post(end).status_code == 403
    assert "called again" in press(manager, place, "end_pauses")
    courier.refresh_from_db()
    assert (courier.paused_until, courier.pause_reason) == (None, "")
    [entry] = AuditEntry.objects.filter(verb="wechat.courier.resumed")
    assert (entry.store, entry.data) == (store, {"couriers": ["闪送"]})
    assert "paused any more" in press(manager, place, "end_pauses")


def test_a_pause_that_is_over_is_none(store: Store, connection: Connection) -> None:
    place = DeliveryStoreFactory(store=store, connection=connection)
    StoreCourierFactory(
        place=place, paused_until=timezone.now() - timedelta(seconds=1), pause_reason="sick"
    )
    text = shown(at_work(store), place)
    assert "paused until" not in text
    assert "end_pauses" not in text
