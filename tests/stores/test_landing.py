"""Where people arrive after they have signed in: clerks at the counter."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from stores.models import Staff
from stores.roles import Role
from tests.stores.factories import PASSWORD, StoreFactory, member

pytestmark = pytest.mark.django_db


def arrives(user: User, query: str = "") -> str:
    fields = {"username": user.username, "password": PASSWORD, "next": query or "/admin/"}
    answer = Client().post("/admin/login/", fields)
    assert answer.status_code == 302
    return str(answer["Location"])


def test_a_clerk_lands_on_the_counter() -> None:
    store = StoreFactory()
    clerk = member(store.merchant, Role.CLERK, store)
    assert arrives(clerk) == "/counter/"
    assert arrives(clerk, "/") == "/counter/"


def test_who_asked_for_a_page_gets_it() -> None:
    store = StoreFactory()
    clerk = member(store.merchant, Role.CLERK, store)
    assert arrives(clerk, "/admin/stores/store/") == "/admin/stores/store/"


@pytest.mark.parametrize("role", [Role.MANAGER, Role.OWNER])
def test_others_land_on_the_overview(role: Role) -> None:
    store = StoreFactory()
    user = member(store.merchant, role, store)
    assert arrives(user) == "/admin/"


def test_a_clerk_who_owns_another_business_lands_on_the_overview() -> None:
    store = StoreFactory()
    user = member(store.merchant, Role.CLERK, store)
    Staff.objects.create(user=user, merchant=StoreFactory().merchant, role=Role.OWNER)
    assert arrives(user) == "/admin/"


def test_the_address_of_the_house_leads_a_clerk_to_the_counter() -> None:
    store = StoreFactory()
    client = Client()
    assert client.get("/")["Location"] == "/admin/"
    client.force_login(member(store.merchant, Role.CLERK, store))
    assert client.get("/")["Location"] == "/counter/"
    assert client.get("/admin/").status_code == 200
