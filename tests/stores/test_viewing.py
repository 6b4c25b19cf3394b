"""The view as the owner: who starts it, what it shows, how it ends, and what is noted of it."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.contrib.sessions.backends.base import UpdateError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from stores.models import AuditEntry, Merchant, Store
from stores.tenancy import Access
from stores.web.viewing import KEY, LASTS
from tests.pages import english
from tests.stores.factories import MerchantFactory, StoreFactory, UserFactory

INDEX = "/admin/"
VIEWING = "/admin/viewing/"


@pytest.fixture
def operator(db: None) -> User:
    made: User = UserFactory(username="operator", is_superuser=True, password=None)
    return made


@pytest.fixture
def client(operator: User) -> Client:
    return english(operator)


def start(client: Client, merchant: Merchant) -> Any:
    return client.post(f"/admin/stores/merchant/{merchant.pk}/do/view_as_owner/")


def rename(client: Client, store: Store) -> int:
    """Sends the form of a store's page; returns the status."""
    form = {"name": "changed", "trade": "other", "is_active": "on"}
    return client.post(f"/admin/stores/store/{store.pk}/change/", form).status_code


def noted() -> list[tuple[str, str, str]]:
    rows = AuditEntry.objects.filter(verb__startswith="view ").order_by("pk")
    return [(row.verb, row.actor, row.merchant.name if row.merchant else "") for row in rows]


def is_viewing(client: Client) -> bool:
    return 'class="zg-viewing"' in client.get("/admin/me/").content.decode()


def test_the_button_on_a_merchant_starts_the_view(client: Client, store: Store) -> None:
    assert (
        "View as the owner"
        in client.get(f"/admin/stores/merchant/{store.merchant_id}/change/").content.decode()
    )
    assert start(client, store.merchant)["Location"] == INDEX
    page = client.get(INDEX).content.decode()
    assert f"You are viewing as the owner of {store.merchant}: nothing can be changed" in page
    assert noted() == [("view started", "operator", store.merchant.name)]


def test_the_merchant_sees_when_somebody_viewed(
    client: Client, owner_client: Client, store: Store
) -> None:
    start(client, store.merchant)
    client.post(VIEWING)
    for reader in (client, owner_client):
        log = reader.get("/admin/stores/auditentry/").content.decode()
        assert "Began to view the back office as the owner" in log
        assert "Left the view as the owner" in log


def test_a_merchant_that_is_switched_off_is_not_viewed(client: Client) -> None:
    merchant = MerchantFactory(is_active=False)
    start(client, merchant)
    assert (is_viewing(client), noted()) == (False, [])


def test_a_change_is_refused_with_a_reason(client: Client, store: Store) -> None:
    start(client, store.merchant)
    answer = client.post(f"/admin/stores/store/{store.pk}/change/", {"name": "changed"})
    assert answer.status_code == 403
    assert "You are only viewing: nothing can be changed here." in answer.content.decode()
    assert Store.objects.get().name == store.name


def test_the_api_with_the_session_is_refused_as_a_problem(client: Client, store: Store) -> None:
    start(client, store.merchant)
    answer = client.post(f"/api/v1/stores/{store.pk}/verifications/", {}, "application/json")
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert answer["Content-Type"] == "application/problem+json"


def test_a_fragment_leads_to_the_page_that_says_why(client: Client, store: Store) -> None:
    start(client, store.merchant)
    answer = client.post("/counter/", {"text": "7000 1234 5678"}, headers={"HX-Request": "true"})
    assert (answer.status_code, answer["HX-Redirect"]) == (403, VIEWING)
    assert "what the owner sees" in client.get(VIEWING).content.decode()


def test_leaving_leads_back_to_the_merchant(client: Client, store: Store) -> None:
    start(client, store.merchant)
    answer = client.post(VIEWING)
    assert answer["Location"] == f"/admin/stores/merchant/{store.merchant_id}/change/"
    assert (is_viewing(client), rename(client, store)) == (False, 302)
    assert noted()[1:] == [("view left", "operator", store.merchant.name)]
    assert client.get(VIEWING)["Location"] == INDEX


def test_signing_out_ends_the_view(client: Client, operator: User, store: Store) -> None:
    start(client, store.merchant)
    assert client.post("/admin/logout/").status_code in (200, 302)
    assert noted()[1:] == [("view left", "operator", store.merchant.name)]
    client.force_login(operator)
    assert not is_viewing(client)


def test_after_half_an_hour_the_view_is_over(client: Client, store: Store) -> None:
    start(client, store.merchant)
    now = timezone.now()
    with time_machine.travel(now + LASTS - timedelta(seconds=5)):
        assert is_viewing(client)
    with time_machine.travel(now + LASTS + timedelta(seconds=5)):
        assert client.get("/admin/stores/store/")["Location"] == INDEX
        assert "The view as the owner has ended." in client.get(INDEX).content.decode()
        assert noted()[1:] == [("view ended", "operator", store.merchant.name)]


def test_the_form_that_finds_the_view_over_changes_nothing(client: Client, store: Store) -> None:
    """Its sender believes that nothing can be changed."""
    start(client, store.merchant)
    with time_machine.travel(timezone.now() + LASTS + timedelta(seconds=5)):
        assert rename(client, store) == 403
        assert Store.objects.get().name == store.name
        assert rename(client, store) == 302


def test_a_form_of_the_view_is_refused_after_it_was_left(operator: User, store: Store) -> None:
    """Two tabs: the view is left in one, and a button pressed in the other."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(operator)
    page = f"/admin/stores/merchant/{store.merchant_id}"

    def token() -> dict[str, str]:
        context = client.get(f"{page}/change/").context or client.get("/admin/me/").context
        return {"csrfmiddlewaretoken": str(context["csrf_token"])}

    assert client.post(f"{page}/do/view_as_owner/", token()).status_code == 302
    viewed = {"csrfmiddlewaretoken": str(client.get("/admin/me/").context["csrf_token"])}
    assert client.post(VIEWING, viewed).status_code == 302
    form = {"name": "changed", "trade": "other", "is_active": "on"}
    assert client.post(f"/admin/stores/store/{store.pk}/change/", form | viewed).status_code == 403
    assert client.post(f"/admin/stores/store/{store.pk}/change/", form | token()).status_code == 302


def test_a_request_that_began_before_cannot_write_the_view_away(
    client: Client, store: Store
) -> None:
    """It holds the session of before, and keeps it."""
    before = client.session
    assert KEY not in before
    start(client, store.merchant)
    before["something"] = 1
    with pytest.raises(UpdateError):
        before.save()
    assert is_viewing(client)


@pytest.mark.parametrize("lost", [{"is_superuser": False}, {"is_active": False}])
def test_who_is_no_operator_any_more_loses_the_view_at_once(
    client: Client, operator: User, store: Store, lost: dict[str, bool]
) -> None:
    start(client, store.merchant)
    User.objects.filter(pk=operator.pk).update(**lost)
    assert rename(client, store) == 403
    page = client.get(f"/admin/stores/store/{store.pk}/change/", follow=True)
    assert store.name not in page.content.decode()
    assert noted()[1:] == [("view ended", "operator", store.merchant.name)]


def test_a_merchant_switched_off_meanwhile_is_viewed_no_longer(
    client: Client, store: Store
) -> None:
    start(client, store.merchant)
    Merchant.objects.update(is_active=False)
    assert client.get("/admin/stores/store/")["Location"] == INDEX
    assert not is_viewing(client)


def test_pages_of_operators_are_closed_and_hidden(client: Client, store: Store) -> None:
    start(client, store.merchant)
    for name in ("stores_merchant", "stores_heartbeat", "stores_pace", "auth_user"):
        address = reverse(f"admin:{name}_changelist")
        assert (name, client.get(address).status_code) == (name, 403)
        assert address not in client.get("/admin/me/").content.decode()


def test_viewers_see_no_whole_phones() -> None:
    owner = Access(merchants=frozenset({1}), roles=((1, "owner"),))
    assert owner.has_permission("view_personal", 1)
    assert not Access.of_viewer(1).has_permission("view_personal", 1)
    assert Access.of_viewer(1).has_permission("manage_connections", 1)
    assert not Access.of_viewer(1).has_permission("view", 2)


def test_a_session_of_somebody_else_is_no_view(client: Client, store: Store) -> None:
    """A key that another person's session left behind."""
    start(client, store.merchant)
    session = client.session
    session[KEY] = session[KEY] | {"user": UserFactory(is_superuser=True).pk}
    session.save()
    assert client.get("/admin/stores/store/")["Location"] == INDEX


def test_callers_without_a_session_cost_no_query(db: None, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        assert Client().post("/api/nothing/").status_code == 404


def test_a_viewer_chooses_the_language_and_the_counters_store(client: Client, store: Store) -> None:
    other = StoreFactory(merchant=store.merchant)
    start(client, store.merchant)
    client.post("/i18n/setlang/", {"language": "zh-hans", "next": INDEX})
    assert "店主的视角" in client.get(INDEX).content.decode()
    for chosen in (other, store):
        client.post("/counter/store/", {"store": chosen.pk})
        page = client.get("/counter/").content.decode()
        assert f'value="{chosen.pk}" selected' in page
    strange = StoreFactory()
    assert client.post("/counter/store/", {"store": strange.pk}).status_code == 404
