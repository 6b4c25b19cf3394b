"""A store's rule and ladder are set in its form."""

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from delivery.admin.rule_form import LADDER, STEPS
from delivery.models import DeliveryStore, StoreCourier
from delivery.services.choosing import Prefer, Rule
from delivery.services.escalating import Do
from delivery.services.going_on import ladder_of
from stores.roles import Role
from tests.delivery.factories import CourierAccountFactory, StoreCourierFactory
from tests.pages import english
from tests.stores.factories import member

pytestmark = pytest.mark.django_db


@pytest.fixture
def courier() -> StoreCourier:
    made: StoreCourier = StoreCourierFactory()
    account = CourierAccountFactory(connection=made.account.connection, delivery_id="DADA")
    StoreCourierFactory(place=made.place, account=account)
    return made


@pytest.fixture
def client(courier: StoreCourier) -> Client:
    return english(member(courier.place.store.merchant, Role.OWNER, password=None))


def page(place: DeliveryStore) -> str:
    return reverse("admin:delivery_deliverystore_change", args=[place.pk])


def posted(client: Client, place: DeliveryStore, **typed: Any) -> Any:
    """Posts what the page shows, with what was typed."""
    form = client.get(page(place)).context["adminform"].form
    shown = {name: form[name].value() for name in form.fields}
    rows = {f"couriers-{name}": "0" for name in ("TOTAL_FORMS", "INITIAL_FORMS")}
    data = {name: value for name, value in (shown | typed).items() if value not in (None, False)}
    return client.post(page(place), rows | data)


def test_a_rule_and_a_ladder_are_saved_and_shown_again(
    client: Client, courier: StoreCourier
) -> None:
    place = courier.place
    typed = {
        "prefer": "fastest",
        "listed": "ss，DADA",
        "ceiling": "25.5",
        "tip": "3",
        "is_automatic": "on",
        "step1_after": "3",
        "step1_do": "tip",
        "step1_most": "5",
        "step2_after": "8",
        "step2_do": "next",
        "step2_fee": "2",
    }
    assert posted(client, place, **typed).status_code == 302
    place.refresh_from_db()
    rule = Rule.from_json(place.rule)
    assert (rule.prefer, rule.listed, rule.ceiling, rule.tip) == (
        Prefer.FASTEST, ("SS", "DADA"), Decimal("25.5"), Decimal(3),
    )  # fmt: skip
    assert [(step.after.total_seconds(), step.do) for step in ladder_of(place)] == [
        (180, Do.TIP), (480, Do.NEXT),
    ]  # fmt: skip
    assert place.is_automatic
    shown = client.get(page(place)).context["adminform"].form
    names = [
        courier.account.courier,
        place.couriers.get(account__delivery_id="DADA").account.courier,
    ]
    assert shown["listed"].value() == ", ".join(names)
    assert shown["step2_do"].value() == "next"


def test_couriers_are_listed_by_the_names_that_people_know(
    client: Client, courier: StoreCourier
) -> None:
    place = courier.place
    other = place.couriers.get(account__delivery_id="DADA").account
    other.name = "达达"
    other.save()
    assert posted(client, place, listed="达达、ss").status_code == 302
    place.refresh_from_db()
    assert Rule.from_json(place.rule).listed == ("DADA", "SS")


@pytest.mark.parametrize("typed", [{"step1_after": "5"}, {"step3_do": "next"}])
def test_half_a_step_is_named_and_not_dropped(
    client: Client, courier: StoreCourier, typed: dict[str, str]
) -> None:
    answer = posted(client, courier.place, **typed)
    assert "A step says when and what is done." in answer.content.decode()


def test_a_row_of_the_ladder_holds_no_more_than_two_fields() -> None:
    assert {len(row) for row in LADDER} == {2}
    assert len(LADDER) == 2 * STEPS


def test_what_is_wrong_with_a_step_is_said_at_that_step(
    client: Client, courier: StoreCourier
) -> None:
    steps = {"step1_after": "5", "step1_do": "next", "step3_after": "4", "step3_do": "tip"}
    form = posted(client, courier.place, **steps).context["adminform"].form
    assert {name: len(texts) for name, texts in form.errors.items()} == {
        "step1_after": 1,
        "step3_after": 2,
    }


def test_a_courier_that_the_same_page_adds_may_be_in_the_list(
    client: Client, courier: StoreCourier
) -> None:
    account = CourierAccountFactory(connection=courier.account.connection, delivery_id="SFTC")
    other = CourierAccountFactory(delivery_id="UU")
    place = courier.place
    for pk, wanted in ((other.pk, 200), ("9" * 30, 200), (account.pk, 302)):
        row = {"couriers-0-account": pk, "couriers-0-shop_no": "1", "couriers-TOTAL_FORMS": "1"}
        name = "UU" if pk == other.pk else "SFTC"
        assert posted(client, place, listed=name, **row).status_code == wanted
    place.refresh_from_db()
    assert Rule.from_json(place.rule).listed == ("SFTC",)
    assert place.couriers.filter(account=account).exists()


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"listed": "MARS"}, "no courier MARS"),
        ({"ceiling": "-1"}, "greater than or equal to 0"),
        ({"ceiling": "NaN"}, "Enter a number"),
        ({"tip": "1e99"}, "less than or equal to"),
        ({"step1_after": "5", "step1_do": "tip"}, "needs its highest amount"),
        (
            {"step1_after": "5", "step1_do": "next", "step2_after": "4", "step2_do": "next"},
            "comes later than the one before",
        ),
        ({"step1_after": "99999", "step1_do": "next"}, "less than or equal to"),
    ],
)
def test_nonsense_is_said_and_nothing_saved(
    client: Client, courier: StoreCourier, typed: dict[str, str], words: str
) -> None:
    answer = posted(client, courier.place, **typed)
    assert answer.status_code == 200
    assert words in answer.content.decode()
    courier.place.refresh_from_db()
    assert (courier.place.rule, courier.place.ladder) == ({}, [])


def test_minutes_that_are_left_empty_are_as_usual(client: Client, courier: StoreCourier) -> None:
    place = courier.place
    for typed, kept in (({"retry_minutes": "12"}, 12), ({}, 12), ({"retry_minutes": ""}, 3)):
        assert posted(client, place, **typed).status_code == 302
        place.refresh_from_db()
        assert place.retry_minutes == kept
    answer = posted(client, place, retry_minutes="61")
    assert "less than or equal to 60" in answer.content.decode()


def test_a_store_without_a_rule_shows_what_is_usual(client: Client, courier: StoreCourier) -> None:
    form = client.get(page(courier.place)).context["adminform"].form
    shown = {name: form[name].value() for name in ("prefer", "ceiling", "minutes", "listed")}
    assert shown == {"prefer": "cheapest", "ceiling": None, "minutes": 5, "listed": ""}
