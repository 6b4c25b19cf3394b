"""What people see who have nothing yet, or may not do something: never a dead end."""

import pytest
from django.test import Client

from stores.roles import Role
from tests.pages import english
from tests.stores.factories import MerchantFactory, StoreFactory, member
from tests.trip.factories import TicketConnectionFactory

pytestmark = pytest.mark.django_db
WITHOUT_STORE = pytest.mark.parametrize(
    "address", ["/counter/", "/counter/batches/", "/counter/poster/"]
)


@WITHOUT_STORE
def test_a_new_owner_is_offered_a_store_and_a_connection(address: str) -> None:
    answer = english(member(MerchantFactory(), Role.OWNER)).get(address)
    page = answer.content.decode()
    assert (
        answer.status_code,
        "/admin/stores/store/add/" in page,
        "/admin/stores/connection/add/" in page,
    ) == (
        200,
        True,
        True,
    )
    assert "Ask the owner" not in page


@WITHOUT_STORE
def test_a_clerk_without_a_store_is_told_whom_to_ask(address: str) -> None:
    page = english(member(MerchantFactory(), Role.CLERK)).get(address).content.decode()
    assert ("Ask the owner" in page, "/admin/stores/connection/add/" in page) == (True, False)


def product_add(client: Client) -> tuple[str, str]:
    """Where somebody ends up who wants to add a ticket product, and what is said there."""
    answer = client.get("/admin/trip/product/add/", follow=True)
    said = " ".join(str(message) for message in answer.context["messages"])
    return (answer.redirect_chain[-1][0] if answer.redirect_chain else "", said)


def test_before_the_first_product_an_owner_is_led_to_the_connection_and_then_to_the_store() -> None:
    owner = member(MerchantFactory(), Role.OWNER)
    client, merchant = english(owner), owner.memberships.get().merchant
    address, said = product_add(client)
    assert address == "/admin/stores/connection/add/?platform=trip"
    assert said.startswith("Connect your ticket account first")
    TicketConnectionFactory(merchant=merchant)
    address, said = product_add(client)
    assert address == "/admin/stores/store/add/"
    assert said.startswith("Add the store first")
    StoreFactory(merchant=merchant)
    assert product_add(client) == ("", "")


def test_before_the_first_product_a_manager_is_told_to_ask_the_owner() -> None:
    store = StoreFactory()
    address, said = product_add(english(member(store.merchant, Role.MANAGER, store)))
    assert address == "/admin/trip/product/"
    assert said.startswith("Ask the owner to connect")


def test_a_page_that_is_not_allowed_says_whom_to_ask_and_offers_no_reload() -> None:
    store = StoreFactory()
    answer = english(member(store.merchant, Role.CLERK, store)).get("/admin/stores/connection/")
    page = answer.content.decode()
    assert (answer.status_code, "Please ask the owner" in page, "Reload" in page) == (
        403,
        True,
        False,
    )


def test_a_page_that_was_open_too_long_offers_to_reload() -> None:
    client = Client(enforce_csrf_checks=True)
    client.cookies["django_language"] = "en"
    answer = client.post("/admin/login/")
    page = answer.content.decode()
    assert (answer.status_code, "Reload" in page, "Please ask the owner" in page) == (
        403,
        True,
        False,
    )
