"""The question of open pages whether anything is new, which is answered before all others."""

from typing import Any
from urllib.parse import urlencode

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from messaging.choices import OrderState, RefundState
from messaging.models import Conversation, Order, Refund
from messaging.services.changes import digest_of
from stores.models import Merchant, Store
from stores.roles import Role
from stores.web.tickets import TICKET_SECONDS
from tests.messaging.chat.writing import write
from tests.messaging.factories import OrderFactory, PrinterFactory, RefundFactory
from tests.messaging.pushing import Pusher
from tests.pages import english
from tests.stores.factories import StoreFactory, member

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("quick")]
URL = "/takeaway/pulse/"


@pytest.fixture
def talk(pusher: Pusher) -> Conversation:
    write(pusher, "我的餐到哪里了", cts=int(timezone.now().timestamp()))
    return Conversation.objects.get()


@pytest.fixture
def clerk(merchant: Merchant, store: Store) -> Client:
    return english(member(merchant, Role.CLERK, store, password=None))


def test_is_quiet_until_something_is_new(clerk: Client, talk: Conversation, pusher: Pusher) -> None:
    now = timezone.now()
    with time_machine.travel(now.replace(second=1), tick=False):
        told: dict[str, Any] = clerk.get(URL).json()
        assert (told["rings"], told["waiting"]) == (0, 1)
        known = {"seen": told["seen"], "ticket": told["ticket"]}
        assert clerk.get(URL, known).status_code == 204
        seconds = int(now.timestamp())
        pusher.order(ctime=seconds, utime=seconds)
        assert clerk.get(URL, known).json()["rings"] == 1


def test_a_ticket_needs_no_session_and_costs_one_query(
    clerk: Client, talk: Conversation, django_assert_num_queries: Any
) -> None:
    with time_machine.travel(timezone.now().replace(second=1), tick=False) as clock:
        told: dict[str, Any] = clerk.get(URL).json()
        known = {"seen": told["seen"], "ticket": told["ticket"]}
        stranger = Client()
        with django_assert_num_queries(1):
            answer = stranger.get(URL, known)
        assert (answer.status_code, answer.content) == (204, b"")
        assert answer["Cache-Control"] == "no-store"
        assert {"Permissions-Policy", "X-Content-Type-Options"} <= answer.headers.keys()
        assert "Set-Cookie" not in answer.headers
        assert stranger.post(f"{URL}?{urlencode(known)}").status_code in (302, 405)
        clock.shift(TICKET_SECONDS + 1)
        assert stranger.get(URL, known).status_code == 302


def test_a_change_in_any_of_many_stores_is_news(
    talk: Conversation, django_assert_num_queries: Any
) -> None:
    stores: list[Store] = [talk.store, *(StoreFactory() for _ in range(8))]
    ids = [store.pk for store in stores]
    with time_machine.travel(timezone.now().replace(second=1), tick=False):
        for store in stores:
            with django_assert_num_queries(2):
                before = digest_of(ids)
            PrinterFactory(store=store, state_at=timezone.now())
            assert digest_of(ids) != before, store


def test_time_alone_is_news_only_where_an_order_runs_or_a_refund_waits(
    clerk: Client, talk: Conversation
) -> None:
    order = OrderFactory(binding=talk.connection.takeaway_store, state=OrderState.FINISHED)
    with time_machine.travel(timezone.now().replace(minute=0), tick=False) as clock:

        def is_news() -> bool:
            clock.move_to(timezone.now().replace(minute=0))
            told = clerk.get(URL).json()
            clock.shift(60)
            known = {"seen": told["seen"], "ticket": told["ticket"]}
            return Client().get(URL, known).status_code != 204

        assert not is_news()
        refund = RefundFactory(order=order)
        assert is_news()
        Refund.objects.filter(pk=refund.pk).update(state=RefundState.AGREED)
        assert not is_news()
        Order.objects.update(state=OrderState.CONFIRMED)
        assert is_news()


@pytest.mark.parametrize("ticket", ["", "x", "x:y:z", "é" * 500])
def test_what_is_no_ticket_of_ours_leads_to_the_sign_in(
    clerk: Client, talk: Conversation, ticket: str
) -> None:
    seen = clerk.get(URL).json()["seen"]
    answer = Client().get(URL, {"seen": seen, "ticket": ticket})
    assert answer.status_code == 302
    assert clerk.get(URL, {"seen": seen, "ticket": ticket}).status_code == 200


def test_who_is_signed_out_learns_nothing_new_by_a_ticket(
    clerk: Client, talk: Conversation
) -> None:
    told = clerk.get(URL).json()
    answer = Client().get(URL, {"seen": "older", "ticket": told["ticket"]})
    assert answer.status_code == 302
