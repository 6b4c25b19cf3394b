"""Each platform's connection form says what one needs, where it is found, and what comes next."""

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from stores.domains import platform_choices
from stores.models import Connection, Merchant
from stores.platforms.tools import connection_form
from tests.trip.factories import TicketConnectionFactory, TicketProductFactory

pytestmark = pytest.mark.django_db
ADD = "/admin/stores/connection/add/"
PLATFORMS = [platform for platform, _title in platform_choices() if connection_form(platform)]


def page_of(connection: Connection) -> str:
    return reverse("admin:stores_connection_change", args=[connection.pk])


def said(answer: Any) -> list[str]:
    return [str(message) for message in answer.context["messages"]]


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_form_says_what_one_needs_and_where_each_value_is_found(
    owner_client: Client, platform: str
) -> None:
    page = owner_client.get(ADD, {"platform": platform})
    form = page.context["adminform"].form
    assert str(connection_form(platform).intro)
    assert "<p" in page.content.decode()
    wanted = ["account", *connection_form(platform).credential_fields(None)]
    assert [name for name in wanted if not form.fields[name].help_text] == []


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_connection_is_tested_first(platform: str, merchant: Merchant, in_english: None) -> None:
    made = Connection.objects.create(merchant=merchant, platform=platform, account="1")
    first, *others = connection_form(platform).next_steps(made)
    assert (first.title, first.done, bool(others)) == ("Test the connection", False, True)


def test_saving_leads_to_the_next_step_until_all_are_done(
    owner_client: Client, merchant: Merchant
) -> None:
    data = {"merchant": merchant.pk, "platform": "trip", "account": "1001", "is_active": "on"}
    keys = {"client_id": "mt-1001", "client_secret": "s3cret"}
    answer = owner_client.post(f"{ADD}?platform=trip", data | keys, follow=True)
    made = Connection.objects.get()
    assert said(answer)[-1].startswith("Next: Test the connection.")
    test = reverse("admin:stores_connection_do", args=[made.pk, "test"])
    assert said(owner_client.post(test, follow=True))[-1].startswith("Next: Add your tickets.")
    assert "What comes next" in owner_client.get(page_of(made)).content.decode()
    # New credentials have to be tested again.
    typed = {"account": "1001", "is_active": "on", "client_id": "mt-1002", "client_secret": ""}
    changed = owner_client.post(page_of(made), typed, follow=True)
    assert said(changed)[-1].startswith("Next: Test the connection.")


def test_a_connection_at_work_says_no_more_what_comes_next(
    owner_client: Client, merchant: Merchant, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = TicketConnectionFactory(merchant=merchant, checked_at=timezone.now())
    monkeypatch.setattr("trip.admin.connection.selling_steps", lambda connection: [])
    assert "What comes next" not in owner_client.get(page_of(made)).content.decode()
    typed = {"account": made.account, "is_active": "on", "name": "new", "client_secret": ""}
    typed |= {"client_id": made.credentials["client_id"]}
    answer = owner_client.post(page_of(made), typed)
    assert answer["Location"] == reverse("admin:stores_connection_changelist")


def test_a_connection_that_is_switched_off_has_nothing_to_come(
    owner_client: Client, merchant: Merchant
) -> None:
    made = TicketConnectionFactory(merchant=merchant, is_active=False)
    TicketProductFactory(connection=made)
    assert "What comes next" not in owner_client.get(page_of(made)).content.decode()


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_secret_is_marked_as_required_until_one_is_stored(
    owner_client: Client, merchant: Merchant, platform: str
) -> None:
    name = connection_form(platform).secret_name
    mark, new = '<span class="text-red-600', owner_client.get(ADD, {"platform": platform})
    assert mark in label_of(new, name)
    refused = owner_client.post(f"{ADD}?platform={platform}", {"platform": platform})
    missing = str(connection_form(platform).secret_missing)
    assert refused.context["adminform"].form.errors[name] == [missing]
    made = Connection.objects.create(merchant=merchant, platform=platform, account="1")
    assert mark in label_of(owner_client.get(page_of(made)), name)
    Connection.objects.filter(pk=made.pk).update(credentials={name: "s3cret"})
    assert mark not in label_of(owner_client.get(page_of(made)), name)


def label_of(page: Any, name: str) -> str:
    label = re.search(rf'<label[^>]*for="id_{name}".*?</label>', page.content.decode(), re.S)
    assert label
    return label[0]
