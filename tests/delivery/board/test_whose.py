"""Who sees the dispatch board, how it stays fresh, and what it costs."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.apps import apps
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from delivery.models import Delivery, DeliveryStore
from delivery.pages.board_cards import board_of
from delivery.pages.board_rows import MOST_CARDS, MOST_OVER
from stores.models import Merchant
from stores.roles import Role
from tests.delivery.board.looking import BOARD, column, columns_of, field, press, shown
from tests.delivery.factories import (
    AttemptFactory,
    DeliveryFactory,
    DeliveryStoreFactory,
    QuoteFactory,
    ReceiverCaseFactory,
    StoreCourierFactory,
)
from tests.pages import english
from tests.stores.factories import MerchantFactory, StoreFactory, member

pytestmark = pytest.mark.django_db


@pytest.fixture
def merchant(place: DeliveryStore) -> Merchant:
    return place.store.merchant


def live(client: Client, page: str, **more: Any) -> Any:
    fields = {"after": field(page, "after"), "ticket": field(page, "ticket")}
    return client.get(f"{BOARD}live/", fields | more)


@pytest.mark.parametrize("verb", ["prices", "cancel", "ready", "ourselves", "settle"])
def test_another_merchants_delivery_is_not_found(clerk: Client, verb: str) -> None:
    theirs = DeliveryFactory(store=DeliveryStoreFactory().store)
    assert press(clerk, theirs, verb).status_code == 404
    assert columns_of(shown(clerk), theirs) == []
    assert columns_of(shown(clerk, f"?store={theirs.store_id}"), theirs) == []
    theirs.refresh_from_db()
    assert (theirs.state, theirs.ready_at) == ("waiting", None)


def test_a_clerk_of_another_store(merchant: Merchant, waiting: Delivery) -> None:
    elsewhere = DeliveryStoreFactory(store=StoreFactory(merchant=merchant))
    clerk = english(member(merchant, Role.CLERK, elsewhere.store, password=None))
    assert columns_of(shown(clerk), waiting) == []
    assert press(clerk, waiting, "ready").status_code == 404
    path = f"{BOARD}stores/{waiting.store.delivery_store.pk}/resume/"
    assert clerk.post(path).status_code == 404


def test_who_may_not_send_is_refused(
    clerk: Client, waiting: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = apps.get_app_config("delivery")
    monkeypatch.setattr(app, "permissions", {"send_deliveries": frozenset({Role.MANAGER})})
    for path in ("", "live/", "all/"):
        assert clerk.get(f"{BOARD}{path}").status_code == 403
    assert press(clerk, waiting, "ready").status_code == 403
    assert "Dispatch board" not in clerk.get("/counter/").content.decode()


def test_numbers_and_verbs_that_are_none_are_not_found(clerk: Client, waiting: Delivery) -> None:
    for path in (f"{'9' * 30}/ready/", f"{waiting.pk}/unheard/", f"stores/{'9' * 30}/resume/"):
        assert clerk.post(f"{BOARD}{path}").status_code == 404
    assert clerk.get(f"{BOARD}{waiting.pk}/ready/").status_code == 405


def test_who_has_no_store_that_delivers_is_told_how(db: None) -> None:
    owner = english(member(MerchantFactory(), Role.OWNER, password=None))
    assert "Add a store that delivers" in shown(owner)
    store = StoreFactory()
    clerk = english(member(store.merchant, Role.CLERK, store, password=None))
    assert "Ask the owner" in shown(clerk)
    assert "Ask the owner" in clerk.get(f"{BOARD}all/").content.decode()


def test_the_menu_and_the_counter_lead_there(clerk: Client, place: DeliveryStore) -> None:
    assert f'href="{BOARD}"' in clerk.get("/counter/").content.decode()
    assert f'href="{BOARD}"' in shown(clerk)


def test_one_store_can_be_chosen(merchant: Merchant, waiting: Delivery) -> None:
    DeliveryStoreFactory(store=StoreFactory(merchant=merchant))
    owner = english(member(merchant, Role.OWNER, password=None))
    page = shown(owner, f"?store={waiting.store_id}")
    assert field(page, "store") == str(waiting.store_id)
    assert shown(owner, "?store=999999999999999999999")


def test_the_chosen_store_stays_after_a_button_and_on_the_way_back(
    merchant: Merchant, waiting: Delivery
) -> None:
    DeliveryStoreFactory(store=StoreFactory(merchant=merchant))
    owner = english(member(merchant, Role.OWNER, password=None))
    address, chosen = f"{BOARD}{waiting.pk}/", {"store": str(waiting.store_id)}
    board = f"{BOARD}?store={waiting.store_id}"
    assert owner.post(f"{address}ready/", chosen)["Location"] == board
    assert f'href="{board}"' in owner.post(f"{address}cancel/", chosen).content.decode()
    assert f'href="{board}"' in owner.get(f"{BOARD}all/", chosen).content.decode()


class TestLive:
    def test_nothing_new_costs_at_most_two_queries(
        self, clerk: Client, waiting: Delivery, django_assert_max_num_queries: Any
    ) -> None:
        with time_machine.travel(timezone.now(), tick=False):
            page = shown(clerk)
            with django_assert_max_num_queries(2):
                answer = live(clerk, page)
            assert answer.status_code == 204
            assert live(clerk, page, ticket="forged").status_code == 204
            assert live(Client(), page, ticket="forged").status_code == 302

    def test_the_minute_is_news(self, clerk: Client, waiting: Delivery) -> None:
        page = shown(clerk)
        with time_machine.travel(timezone.now() + timedelta(minutes=1)):
            assert live(clerk, page).status_code == 200

    @pytest.mark.parametrize(
        "change",
        [
            lambda row: DeliveryFactory(store=row.store),
            lambda row: row.note_change(),
            lambda row: StoreCourierFactory(
                place=row.store.delivery_store,
                paused_until=timezone.now() + timedelta(hours=1),
                pause_reason="no answers",
            ),
        ],
    )
    def test_each_change_is_news(
        self, clerk: Client, waiting: Delivery, change: Callable[[Delivery], Any]
    ) -> None:
        with time_machine.travel((timezone.now() + timedelta(minutes=1)).replace(second=1)):
            page = shown(clerk)
            change(waiting)
            assert live(clerk, page).status_code == 200

    def test_a_ticket_ends(self, clerk: Client, waiting: Delivery) -> None:
        page = shown(clerk)
        with time_machine.travel(timezone.now() + timedelta(minutes=11)):
            after = field(shown(clerk), "after")
            assert live(Client(), page, after=after).status_code == 302


def many(place: DeliveryStore, number: int) -> None:
    courier = StoreCourierFactory(place=place)
    for _ in range(number):
        row = DeliveryFactory(store=place.store, ready_at=timezone.now())
        QuoteFactory(delivery=row, courier=courier)
        AttemptFactory(delivery=row, courier=courier, state="dead")
        ReceiverCaseFactory(delivery=row)
        AttemptFactory(delivery__store=place.store, courier=courier)
        DeliveryFactory(store=place.store, state="delivered", ended_at=timezone.now())


def test_as_many_queries_for_many_deliveries(place: DeliveryStore) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            board_of([place.store])
        return len(asked)

    many(place, 1)
    few = queries()
    many(place, 6)
    assert queries() <= few <= 12


def test_a_column_shows_so_many_and_counts_the_others(clerk: Client, place: DeliveryStore) -> None:
    for _ in range(MOST_CARDS + 5):
        DeliveryFactory(store=place.store)
    for _ in range(MOST_OVER + 5):
        DeliveryFactory(store=place.store, state="delivered", ended_at=timezone.now())
    page = shown(clerk)
    waiting = column(page, "waiting")
    assert waiting.count("<article") == MOST_CARDS
    assert "5 more, not shown" in waiting
    assert f'<span class="live-count">{MOST_CARDS + 5}</span>' in waiting
    assert page[page.index("Finished today") :].count("<li>") == MOST_OVER
