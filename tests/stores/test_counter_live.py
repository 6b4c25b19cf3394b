"""The counter's list while it is open: guests, colleagues, days, and today's total."""

import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from stores.clock import start_of_day
from stores.counter import live
from stores.models import Store
from stores.roles import Role
from tests.coupons.factories import VerificationFactory
from tests.meituan import selling
from tests.pages import english
from tests.stores.factories import MerchantFactory, StoreFactory, member
from trip import services
from trip.choices import Method

pytestmark = pytest.mark.django_db


@pytest.fixture
def store() -> Store:
    made: Store = StoreFactory()
    return made


@pytest.fixture
def clerk(store: Store) -> User:
    return member(store.merchant, Role.CLERK, store)


@pytest.fixture
def counter(clerk: User) -> Client:
    return english(clerk)


def news(counter: Client, store: Store, **asked: Any) -> str:
    asked = {"store": store.pk, "after": timezone.now().timestamp()} | asked
    answer = counter.get("/counter/live/", asked)
    assert answer.status_code == 200
    return answer.content.decode()


def shown(page: str) -> list[str]:
    return re.findall(r'data-scan="[a-z]+\.(\w+)"', page)


def test_what_a_guest_does_appears_and_is_named(counter: Client, store: Store) -> None:
    row = VerificationFactory(store=store, channel="guest", requested_by="guest")
    text = news(counter, store)
    assert shown(text) == [str(row.pk)]
    assert "Guest's own phone" in text.replace("&#x27;", "'")
    assert "data-quiet" not in text


def test_a_colleagues_scan_appears_without_a_tone(counter: Client, store: Store) -> None:
    VerificationFactory(store=store, channel="counter")
    assert "data-quiet" in news(counter, store)


def test_what_was_there_before_is_not_new(counter: Client, store: Store) -> None:
    VerificationFactory(store=store, created_at=timezone.now() - timedelta(minutes=1))
    assert shown(news(counter, store)) == []


def test_a_row_whose_transaction_ended_late_is_not_missed(counter: Client, store: Store) -> None:
    row = VerificationFactory(store=store, created_at=timezone.now() - timedelta(seconds=5))
    assert shown(news(counter, store)) == [str(row.pk)]


@pytest.mark.parametrize("after", ["", "soon", "nan", "-1", "1e400", "9" * 30])
def test_an_odd_moment_shows_what_is_new_now(counter: Client, store: Store, after: str) -> None:
    row = VerificationFactory(store=store)
    VerificationFactory(store=store, created_at=timezone.now() - timedelta(hours=1))
    assert shown(news(counter, store, after=after)) == [str(row.pk)]


def test_other_stores_are_not_listened_to(counter: Client, store: Store) -> None:
    other = StoreFactory(merchant=store.merchant)
    for asked in (other.pk, StoreFactory(merchant=MerchantFactory()).pk, "", "x"):
        assert counter.get("/counter/live/", {"store": asked}).status_code == 404
    VerificationFactory(store=other)
    assert shown(news(counter, store)) == []


def test_todays_total_counts_coupons_and_tickets_of_this_store(counter: Client) -> None:
    meituan, product = selling()
    store = product.store
    order = meituan.bought(product, 2)
    services.order_consume(order_pk=order.pk, quantity=2, actor=None, method=Method.COUNTER)
    for channel in ("guest", "counter", "api", "batch"):
        VerificationFactory(store=store, channel=channel, value="49.00")
    VerificationFactory(store=store, value=None)
    VerificationFactory(store=store, status="refused", value="49.00")
    VerificationFactory(store=StoreFactory(merchant=store.merchant), value="49.00")
    VerificationFactory(store=store, value="49.00", created_at=start_of_day() - timedelta(hours=1))
    total = live.today(store).total
    assert (total.count, total.worth) == (7, 4 * 49 + 2 * order.unit_price)


@pytest.mark.parametrize(("worth", "text"), [("49.00", "¥1,029"), ("49.50", "¥1,039.50")])
def test_the_total_is_short(counter: Client, store: Store, worth: str, text: str) -> None:
    for _ in range(21):
        VerificationFactory(store=store, value=worth)
    assert f"Today: 21 used · {text}" in news(counter, store)
    assert f"Today: 21 used · {text}" in counter.get("/counter/").content.decode()


def test_an_earlier_day_has_a_divider_and_today_has_none(counter: Client, store: Store) -> None:
    today = timezone.localtime().replace(hour=12, minute=0)
    with time_machine.travel(today, tick=False):
        for days in (0, 0, 1, 1, 3):
            at = today - timedelta(days=days)
            VerificationFactory(store=store, created_at=at, settled_at=at)
        page = counter.get("/counter/").content.decode()
    order = re.findall(r'<li class="(day|scan)', page.split("<template")[0])
    assert order == ["scan", "scan", "day", "scan", "scan", "day", "scan"]


def test_asking_costs_the_same_few_queries_whatever_the_history(
    counter: Client, store: Store
) -> None:
    news(counter, store)

    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            news(counter, store)
        return len(captured)

    before = queries()
    for days in range(60):
        at = timezone.now() - timedelta(days=days, minutes=1)
        VerificationFactory(store=store, created_at=at, settled_at=at)
    assert queries() == before <= 11


def test_a_visitor_is_not_told_anything(client: Client, store: Store) -> None:
    answer = client.get("/counter/live/", {"store": store.pk}, headers={"HX-Request": "true"})
    assert answer.status_code == 204
