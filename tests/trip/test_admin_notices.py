"""The list of notices to Meituan: what did not arrive comes first, and the rest on request."""

import pytest
from django.test import Client
from django.utils import timezone

from stores.models import OutboundCall
from tests.trip.back_office import listed
from trip.models import MeituanNotice, Product

pytestmark = pytest.mark.django_db
LIST = "/admin/trip/meituannotice/"


def notice(product: Product, state: str, platform: str = "trip") -> MeituanNotice:
    call = OutboundCall.objects.create(
        platform=platform,
        operation="ticket.used",
        key=f"{OutboundCall.objects.count()}",
        connection=product.connection,
        pace=product.connection.pace,
        store=product.store,
        subject_id=1,
        state=state,
        expires_at=timezone.now(),
    )
    return MeituanNotice.objects.get(pk=call.pk)


def test_what_did_not_arrive_is_listed_and_the_rest_on_request(
    owner_client: Client, product: Product
) -> None:
    done, late, given_up = (notice(product, state) for state in ("done", "pending", "dead"))
    notice(product, "dead", platform="umember")
    assert listed(owner_client, "meituannotice") == [given_up, late]
    assert listed(owner_client, "meituannotice", state__exact="done") == [done]
    assert listed(owner_client, "meituannotice", state__exact="all") == [given_up, late, done]


def test_the_list_says_what_it_is_and_that_nothing_is_owed(
    owner_client: Client, product: Product
) -> None:
    notice(product, "done")
    page = owner_client.get(LIST).content.decode()
    assert "Meituan has taken every notice." in page
    assert (
        "Notices to meituan" in page or "Notices to Meituan" in page,
        "Outbound calls" in page,
    ) == (True, False)


def test_a_notice_is_sent_again_from_its_own_list(owner_client: Client, product: Product) -> None:
    call = notice(product, "dead")
    answer = owner_client.post(f"{LIST}{call.pk}/do/send_again/", follow=True)
    assert answer.redirect_chain == [(f"{LIST}{call.pk}/change/", 302)]
    assert MeituanNotice.objects.get().state == "pending"
