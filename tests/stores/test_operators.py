"""The operators' own start page: what needs them, the background, and all merchants by health."""

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import override

from coupons.models import Verification
from stores.backoffice import health
from stores.backoffice.health import Health, merchants_by_health
from stores.backoffice.workers import background, span
from stores.models import Connection, Heartbeat, Merchant, OutboundCall, Store
from stores.platforms.workers import queue
from tests.coupons.factories import VerificationFactory
from tests.pages import english
from tests.stores.factories import (
    ConnectionFactory,
    MerchantFactory,
    StoreFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db
PAGE = "/admin/"
Status = Verification.Status


@pytest.fixture
def operator() -> Client:
    return english(UserFactory(is_superuser=True, password=None))


def names(client: Client, query: str = "") -> list[str]:
    return [line.name for line in client.get(f"{PAGE}{query}").context["lines"]]


def sentences() -> list[str]:
    with override("en"):
        return [str(line.text) for line in background()]


def a_worker(name: str = "host:1", **ago: float) -> None:
    Heartbeat.objects.create(name=name, at=timezone.now() - timedelta(**ago))


def a_call(store: Store, **fields: Any) -> None:
    account = ConnectionFactory(merchant=store.merchant)
    OutboundCall.objects.create(
        platform="umember",
        operation="coupon.verify",
        key=f"{account.pk}",
        connection=account,
        pace=account.pace,
        store=store,
        subject_id=1,
        expires_at=timezone.now() + timedelta(days=1),
        **fields,
    )


def test_the_merchant_that_does_worst_stands_first(operator: Client) -> None:
    well, to_settle, failing, silent, _idle = (
        StoreFactory(merchant__name=name)
        for name in ("well", "to settle", "failing", "silent", "idle")
    )
    MerchantFactory(name="switched off", is_active=False)
    VerificationFactory(store=well)
    VerificationFactory(store=to_settle, status=Status.UNKNOWN, needs_person=True)
    ConnectionFactory(merchant=failing.merchant, state=Connection.State.REFUSED)
    yesterday = timezone.now() - timedelta(days=1)
    VerificationFactory(store=silent, created_at=yesterday)
    assert names(operator)[:3] == ["failing", "to settle", "silent"]
    assert sorted(names(operator)[3:]) == ["idle", "well"]
    states = {line.name: line.state for line in operator.get(PAGE).context["lines"]}
    assert states == {
        "failing": "1 account fails",
        "to settle": "has something to settle",
        "silent": "nothing today",
        "idle": "nothing this week",
        "well": "doing well",
    }


def test_figures_are_of_today_of_yesterday_by_this_time_and_of_seven_days(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = timezone.now()
    # Today began an hour ago, whatever the clock says.
    starts = {0: now - timedelta(hours=1), 1: now - timedelta(hours=25)}
    monkeypatch.setattr(health, "start_of_day", lambda days_ago=0: starts[days_ago])
    monkeypatch.setattr(health, "first_of", lambda days: now - timedelta(days=6, hours=1))
    for ago in (
        timedelta(minutes=10),
        timedelta(hours=24, minutes=30),
        timedelta(hours=23),
        timedelta(days=5),
        timedelta(days=8),
    ):
        VerificationFactory(store=store, created_at=now - ago)
    VerificationFactory(store=store, created_at=now, status=Status.REFUSED)
    [row] = merchants_by_health()
    assert row.health == Health(
        last=now - timedelta(minutes=10), today=1, yesterday=1, week=4, failing=0, alerts=0
    )


def test_accounts_count_as_failing_that_cannot_sign_in_or_do_not_answer(store: Store) -> None:
    def failing() -> int:
        return merchants_by_health()[0].health.failing

    working = ConnectionFactory(merchant=store.merchant, state=Connection.State.WORKING)
    ConnectionFactory(merchant=store.merchant, state=Connection.State.NEW)
    ConnectionFactory(merchant=store.merchant, state=Connection.State.REFUSED, is_active=False)
    ConnectionFactory(merchant=None, account="of operators", state=Connection.State.REFUSED)
    assert failing() == 0
    ConnectionFactory(merchant=store.merchant, state=Connection.State.NEW, last_error="refused")
    assert failing() == 1
    type(working.pace).objects.filter(pk=working.pace_id).update(failures=health.MANY_FAILURES)
    assert failing() == 2


def test_queries_do_not_grow_with_the_merchants(operator: Client) -> None:
    def some(count: int) -> None:
        for _ in range(count):
            store = StoreFactory()
            VerificationFactory(store=store)
            VerificationFactory(store=store, status=Status.UNKNOWN, needs_person=True)
            ConnectionFactory(merchant=store.merchant, state=Connection.State.REFUSED)
            a_call(store)

    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as asked:
            assert operator.get(PAGE).status_code == 200
        return len(asked)

    some(3)
    queries()
    few = queries()
    some(27)
    assert Merchant.objects.count() == 30
    assert queries() == few


def test_merchants_beyond_fifty_stand_on_further_pages(operator: Client) -> None:
    Merchant.objects.bulk_create(Merchant(name=f"merchant {n:02}") for n in range(51))
    assert len(names(operator)) == 50
    assert "?page=2" in operator.get(PAGE).content.decode()
    assert names(operator, "?page=2") == ["merchant 50"]
    for odd in ("?page=0", "?page=x", "?page=99"):
        assert names(operator, odd)


def test_a_row_opens_its_merchant(operator: Client, store: Store) -> None:
    page = reverse("admin:stores_merchant_change", args=[store.merchant_id])
    assert f'href="{page}"' in operator.get(PAGE).content.decode()


def test_a_merchants_page_leads_to_its_lists(operator: Client) -> None:
    mine, other = ConnectionFactory(account="mine@x.cn"), ConnectionFactory(account="other@x.cn")
    page = operator.get(f"/admin/stores/merchant/{mine.merchant_id}/change/").content.decode()
    for name in ("store", "connection", "staff", "auditentry"):
        address = f"/admin/stores/{name}/?merchant__id__exact={mine.merchant_id}"
        assert f'href="{address}"' in page
        assert operator.get(address).status_code == 200
    listed = operator.get(f"/admin/stores/connection/?merchant__id__exact={mine.merchant_id}")
    assert list(listed.context["cl"].result_list) == [mine]
    assert other.account not in listed.content.decode()


def test_without_merchants_the_page_says_what_to_do(operator: Client) -> None:
    page = operator.get(PAGE).content.decode()
    assert "No merchant yet." in page
    assert reverse("admin:stores_merchant_add") in page


def test_an_owner_sees_no_other_merchant_there(owner_client: Client, store: Store) -> None:
    MerchantFactory(name="somebody else")
    page = owner_client.get(PAGE)
    assert "lines" not in page.context
    assert "somebody else" not in page.content.decode()


def test_what_needs_an_operator_leads_to_where_it_is_settled(operator: Client) -> None:
    ConnectionFactory(account="one@example.com")
    ConnectionFactory(account="one@example.com")
    alerts = operator.get(PAGE).context["alerts"]
    assert [(alert.url != "", alert.action != "") for alert in alerts] == [(True, True)] * 2
    texts = [str(alert.text) for alert in alerts]
    assert "No worker is running" in texts[0]
    assert "2 merchants name the account one@example.com" in texts[1]
    a_worker()
    assert len(operator.get(PAGE).context["alerts"]) == 1


def test_their_list_of_what_is_to_do_names_each_merchant_once(operator: Client) -> None:
    settling, failing = (StoreFactory(merchant__name=name) for name in ("to settle", "failing"))
    for _ in range(2):
        VerificationFactory(store=settling, status=Status.UNKNOWN, needs_person=True)
    for store in (settling, failing):
        ConnectionFactory(merchant=store.merchant, state=Connection.State.REFUSED)
    StoreFactory(merchant__name="doing well")
    a_worker()
    alerts = operator.get(reverse("admin:todo")).context["alerts"]
    assert [(str(alert.text), alert.url) for alert in alerts] == [
        (text, reverse("admin:stores_merchant_change", args=[store.merchant.pk]))
        for text, store in (
            ("to settle: 1 account fails, 2 to settle", settling),
            ("failing: 1 account fails", failing),
        )
    ]


def test_workers_that_run_are_counted_and_nothing_waits() -> None:
    a_worker("one:1", seconds=1)
    a_worker("one:1/results", seconds=1)
    a_worker("two:1", seconds=1)
    a_worker("gone:1", hours=2)
    assert sentences() == ["2 workers are running.", "Nothing is waiting."]


def test_without_a_worker_the_page_says_which_command_starts_one() -> None:
    assert background()[0].level == "error"
    assert "(never seen)" in sentences()[0]
    assert "python manage.py worker" in sentences()[0]
    a_worker(minutes=7)
    assert "(last seen 7 minutes ago)" in sentences()[0]


def test_a_worker_that_acknowledges_nothing_is_named() -> None:
    a_worker("host:1", seconds=1)
    longest = settings.HEARTBEAT_STALE * queue.RESULTS_FACTOR
    a_worker("host:1/results", seconds=longest.total_seconds() + 1)
    assert "The worker host:1 no longer acknowledges its tasks." in sentences()[1]


def test_what_waits_is_said_with_its_longest_wait(store: Store) -> None:
    a_worker()
    now = timezone.now()
    a_call(store, due_at=now - timedelta(seconds=3))
    a_call(store, due_at=now - timedelta(seconds=1))
    a_call(store, due_at=now + timedelta(minutes=1))
    said = sentences()[1]
    assert said.startswith("Verify a coupon: 2 waiting, the oldest for ")
    assert background()[1].level == "info"


def test_what_waits_for_long_leads_to_the_calls(store: Store) -> None:
    a_worker()
    a_call(store, due_at=timezone.now() - timedelta(minutes=6))
    line = background()[1]
    ledger = reverse("admin:stores_outboundcall_changelist")
    assert (line.level, line.url) == ("warning", f"{ledger}?state__exact=pending")
    assert "The platform does not answer, or more workers are needed." in sentences()[1]


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-1, "0 seconds"),
        (1, "1 second"),
        (59, "59 seconds"),
        (60, "1 minute"),
        (3599, "59 minutes"),
        (7200, "2 hours"),
        (200_000, "2 days"),
    ],
)
def test_a_length_of_time_has_one_unit(seconds: float, said: str) -> None:
    with override("en"):
        assert span(timedelta(seconds=seconds)) == said
