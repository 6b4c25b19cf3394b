"""The start page: figures, problems for a person, the chart, the latest rows, and the first steps
of a new merchant.
"""

from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth.models import User
from django.db import connection
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import override

from coupons import dashboard
from coupons.choices import Authorisation
from coupons.dashboard.figures import CHART_STORES, LATEST
from coupons.models import GatewayStore, QuotaReading, Verification
from coupons.services import abuse, products_sync, quota_outlooks
from stores import audit
from stores.backoffice.menu import menu
from stores.backoffice.widgets import EVERYTHING, Chosen
from stores.clock import start_of_day
from stores.models import AuditEntry, Connection, Store
from stores.roles import Role
from tests.coupons.factories import GatewayStoreFactory, Shop, VerificationFactory
from tests.pages import english
from tests.stores.factories import ConnectionFactory, MerchantFactory, StoreFactory, member
from tests.trip.factories import TicketConnectionFactory

Status = Verification.Status
pytestmark = pytest.mark.usefixtures("in_english")


def figures(user: User) -> dict[str, tuple[str, str]]:
    return {str(card.title): (card.value, str(card.hint)) for card in dashboard.cards(user)}


def reading(gateway: GatewayStore, count: int, days_ago: float) -> None:
    at = timezone.now() - timedelta(days=days_ago)
    QuotaReading.objects.create(gateway_store=gateway, request_count=count, at=at)


def test_figures_are_of_today_and_of_own_stores(store: Store, owner: User) -> None:
    early, yesterday = start_of_day() + timedelta(minutes=1), start_of_day(1)
    for at, value in ((early, "49.00"), (early, "1000.50"), (yesterday, "78.00")):
        VerificationFactory(store=store, created_at=at, value=value)
    for reason in ("expired", "withdrawn"):
        VerificationFactory(store=store, created_at=early, status=Status.REFUSED, reason=reason)
    VerificationFactory(created_at=early, value="5.00")
    assert figures(owner) == {
        "Verified today": ("2", "yesterday by this time: 1"),
        "Success rate today": ("67 %", "2 verified, 1 refused"),
        "Value today": ("¥1,049.50", "yesterday by this time: ¥78.00"),
    }


def test_locked_phones_are_counted_for_each_store_also_of_one_name(
    store: Store, owner: User
) -> None:
    other = StoreFactory(merchant=store.merchant, name=store.name)
    for place in (store, store, other, StoreFactory(name=store.name)):
        audit.record(abuse.LOCKED, actor=None, store=place)
    texts = [str(alert.text) for alert in dashboard.alerts(owner)]
    text = f"{store.name}: phones were locked on the guest page after too many wrong numbers"
    assert texts == [f"{text} (2 in a day).", f"{text} (1 in a day)."]


def test_a_morning_is_not_compared_with_the_evening_before(store: Store, owner: User) -> None:
    morning, evening_before = start_of_day() + timedelta(hours=9), start_of_day(1)
    for hours in (8, 10, 20):
        VerificationFactory(store=store, created_at=evening_before + timedelta(hours=hours))
    with time_machine.travel(morning, tick=False):
        assert figures(owner)["Verified today"] == ("0", "yesterday by this time: 1")


def test_a_chosen_store_is_shown_alone(store: Store, owner: User) -> None:
    second = StoreFactory(merchant=store.merchant, name="second")
    for at, count in ((store, 1), (second, 2)):
        for _ in range(count):
            VerificationFactory(store=at, created_at=timezone.now(), value="10.00")
    page = english(owner).get("/admin/", {"store": second.pk, "in": "yuan", "days": "30"})
    (chart,) = page.context["charts"]
    assert (str(page.context["cards"][0].value), chart["total"]) == ("2", "¥20.00")
    assert 'days=30&amp;in=yuan" aria-current="true"' in page.content.decode()
    other = english(owner).get("/admin/", {"store": StoreFactory().pk, "days": "x", "in": "kg"})
    assert other.context["chosen"] == EVERYTHING


def test_a_day_without_verifications_has_no_rate(store: Store, owner: User) -> None:
    assert figures(owner)["Success rate today"] == ("–", "0 verified, 0 refused")


def test_the_lowest_quota_is_shown_with_the_days_it_lasts(store: Store, owner: User) -> None:
    gateway = GatewayStoreFactory(store=store, request_count=40)
    GatewayStoreFactory(store=StoreFactory(merchant=store.merchant), request_count=9000)
    GatewayStoreFactory(request_count=1)
    reading(gateway, 60, 2)
    reading(gateway, 40, 0)
    assert figures(owner)["Calls left (lowest)"] == ("40", "雀友棋牌室 · about 4 days")
    assert [str(alert.text) for alert in dashboard.alerts(owner)] == [
        "雀友棋牌室: 40 calls left (about 4 days)."
    ]


def test_calls_left_of_a_store_that_is_switched_off_alarm_nobody(store: Store, owner: User) -> None:
    gone = StoreFactory(merchant=store.merchant, name="旧店", is_active=False)
    gateway = GatewayStoreFactory(store=gone, request_count=40)
    reading(gateway, 60, 2)
    reading(gateway, 40, 0)
    GatewayStoreFactory(store=store, request_count=9000)
    assert figures(owner)["Calls left (lowest)"] == ("9,000", "雀友棋牌室")
    assert dashboard.alerts(owner) == []


def test_outlooks_of_many_stores_take_one_query(store: Store) -> None:
    rows = [GatewayStoreFactory(request_count=count) for count in (10, 20, 30)]
    reading(rows[0], 20, 1)
    reading(rows[0], 10, 0)
    with CaptureQueriesContext(connection) as queries:
        outlooks = quota_outlooks(rows)
    assert len(queries) == 1
    assert [outlooks[row.pk].left for row in rows] == [10, 20, 30]
    assert (round(outlooks[rows[0].pk].per_day or 0), outlooks[rows[1].pk].per_day) == (10, None)


def test_what_needs_a_person_is_listed_with_its_place(store: Store, owner: User) -> None:
    VerificationFactory(store=store, status=Status.UNKNOWN, needs_person=True, settled_at=None)
    VerificationFactory(store=store, unmapped=True)
    GatewayStoreFactory(store=store, authorisation=Authorisation.EXPIRED)
    found = {str(alert.text): alert.url for alert in dashboard.alerts(owner)}
    assert set(found) == {
        "1 verification needs a decision: its answer was lost.",
        "雀友棋牌室: Authorisation expired",
        "1 coupon of a deal that is not in the product list was verified this week."
        " Sync the products.",
    }
    client = english(owner)
    assert {client.get(url).status_code for url in found.values()} == {200}


def test_an_alert_in_chinese_has_a_chinese_colon(store: Store, owner: User) -> None:
    GatewayStoreFactory(store=store, authorisation=Authorisation.EXPIRED)
    with override("zh-hans"):
        assert "雀友棋牌室：授权已过期" in [str(alert.text) for alert in dashboard.alerts(owner)]


def test_a_store_missing_in_the_list_is_a_warning(store: Store, owner: User) -> None:
    row = GatewayStoreFactory(store=store, vanished_at=timezone.now())
    page = reverse("admin:coupons_gatewaystore_change", args=[row.pk])
    assert [(alert.level, str(alert.text), alert.url) for alert in dashboard.alerts(owner)] == [
        ("warning", "雀友棋牌室 is no longer in Meituan's list.", page)
    ]


def test_alerts_of_other_merchants_are_not_shown(store: Store, owner: User) -> None:
    VerificationFactory(status=Status.UNKNOWN, needs_person=True)
    GatewayStoreFactory(authorisation=Authorisation.EXPIRED)
    ConnectionFactory(state=Connection.State.REFUSED)
    assert dashboard.alerts(owner) == []


def test_a_clerk_is_not_told_about_connections_decisions_and_syncs(store: Store) -> None:
    ConnectionFactory(merchant=store.merchant, state=Connection.State.REFUSED)
    VerificationFactory(store=store, status=Status.UNKNOWN, needs_person=True, settled_at=None)
    VerificationFactory(store=store, unmapped=True)
    assert dashboard.alerts(member(store.merchant, Role.CLERK, store, password=None)) == []


def test_a_manager_is_told_about_decisions(store: Store) -> None:
    VerificationFactory(store=store, status=Status.UNKNOWN, needs_person=True, settled_at=None)
    found = dashboard.alerts(member(store.merchant, Role.MANAGER, store, password=None))
    assert [str(alert.text) for alert in found] == [
        "1 verification needs a decision: its answer was lost."
    ]


def test_the_latest_rows_say_a_refusal_by_its_reason_and_a_verified_deal_as_verified(
    store: Store, owner: User
) -> None:
    VerificationFactory(store=store, status=Status.REFUSED, reason="expired")
    VerificationFactory(store=store, reason="sku_unmapped", unmapped=True)
    (table,) = dashboard.tables(owner)
    assert [row.cells[1] for row in table.rows] == ["verified", "Expired"]


def test_the_chart_counts_verified_coupons_by_local_day_and_store(
    store: Store, owner: User
) -> None:
    second = StoreFactory(merchant=store.merchant, name="second")
    midnight = start_of_day()
    for at in (midnight, midnight - timedelta(seconds=1), midnight - timedelta(days=13)):
        VerificationFactory(store=store, created_at=at)
    VerificationFactory(store=second, created_at=midnight)
    VerificationFactory(store=second, created_at=midnight, status=Status.REFUSED)
    VerificationFactory(store=second, created_at=midnight - timedelta(days=14))
    (chart,) = dashboard.charts(owner, Chosen(days=14))
    assert (len(chart.labels), chart.total) == (14, "4")
    assert chart.series == {
        "雀友棋牌室": [1.0, *[0.0] * 11, 1.0, 1.0],
        "second": [*[0.0] * 13, 1.0],
    }


def test_many_stores_are_charted_as_the_busiest_and_the_rest(store: Store, owner: User) -> None:
    for n in range(CHART_STORES + 2):
        VerificationFactory(store=StoreFactory(merchant=store.merchant, name=f"s{n}"))
    (chart,) = dashboard.charts(owner)
    assert (len(chart.series), chart.series["other stores"][-1]) == (
        CHART_STORES + 1,
        2.0,
    )


def test_the_latest_verifications_are_the_newest_first(store: Store, owner: User) -> None:
    now = timezone.now()
    for n in range(LATEST + 1):
        VerificationFactory(store=store, code_tail=f"000{n}", created_at=now - timedelta(minutes=n))
    (table,) = dashboard.tables(owner)
    assert [row.cells[2] for row in table.rows] == [f"…000{n}" for n in range(LATEST)]
    assert table.rows[0].label == "success"


def test_a_new_merchant_is_led_to_the_first_verification(db: None) -> None:
    merchant = MerchantFactory()
    owner = member(merchant, Role.OWNER, password=None)
    page = english(owner).get("/admin/").content.decode()
    for words in ("First steps", "Connect your account", reverse("admin:stores_connection_add")):
        assert words in page
    ConnectionFactory(merchant=merchant, state=Connection.State.WORKING)
    assert [step.done for step in dashboard.steps(owner)] == [True, False, False]
    VerificationFactory(store=StoreFactory(merchant=merchant))
    assert dashboard.steps(owner) == []


def test_who_sells_only_tickets_is_not_asked_to_connect_coupons(owner: User, store: Store) -> None:
    TicketConnectionFactory(merchant=store.merchant)
    assert dashboard.steps(owner) == []


def test_a_clerk_without_stores_is_told_whom_to_ask(store: Store) -> None:
    page = (
        english(member(store.merchant, Role.CLERK, password=None)).get("/admin/").content.decode()
    )
    assert "Ask the owner which stores you work in" in page


def entries(user: User) -> dict[str, list[str]]:
    request = RequestFactory().get("/admin/")
    request.user = user
    return {str(each.title): [str(tab.title) for tab in each.tabs] for each in menu(request)}


def test_the_menu_of_an_owner_has_one_entry_for_each_thing(owner: User) -> None:
    assert entries(owner) == {
        "Overview": ["Overview"],
        "Counter": ["Counter"],
        "To do": ["To do"],
        "Orders": ["Ticket orders", "Refunds", "Tickets used", "Verifications", "Batches"],
        "Products": ["Ticket products", "Coupon deals"],
        "Stores": [
            "Stores",
            "Authorisation and calls left",
            "Places on the map",
            "Takeaway stores",
            "Delivery stores",
        ],
        "Staff": ["Staff"],
        "Connections": ["Connections", "API keys", "Acceptance drill", "Planned changes"],
        "Technical records": [
            "Audit log",
            "Calls to platforms",
            "Attempts",
            "Messages from platforms",
            "Syncs",
            "Notices to Meituan",
        ],
    }


def test_the_menu_of_a_clerk_is_shorter(store: Store) -> None:
    clerk = member(store.merchant, Role.CLERK, store, password=None)
    shown = entries(clerk)
    assert list(shown) == ["Overview", "Counter", "To do", "Orders", "Products", "Stores"]
    page = english(clerk).get("/admin/").content.decode()
    assert reverse("admin:stores_auditentry_changelist") not in page


def test_the_ledgers_stand_in_a_closed_group(owner: User) -> None:
    page = english(owner).get("/admin/").content.decode()
    assert 'x-data="{navigationOpen: false}"' in page
    inside = english(owner).get(reverse("admin:stores_auditentry_changelist")).content.decode()
    assert 'x-data="{navigationOpen: true}"' in inside


def test_the_overview_takes_the_same_queries_at_any_size(store: Store, owner: User) -> None:
    client = english(owner)
    counts = []
    for _ in range(2):
        for _ in range(8):
            other = StoreFactory(merchant=store.merchant)
            reading(GatewayStoreFactory(store=other), 10, 1)
            VerificationFactory(store=other)
        client.get("/admin/")
        with CaptureQueriesContext(connection) as queries:
            client.get("/admin/")
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 33


def test_the_test_button_signs_in_at_the_gateway(shop: Shop) -> None:
    client = english(member(shop.merchant, Role.OWNER, password=None))
    address = reverse("admin:stores_connection_do", args=[shop.connection.pk, "test"])
    assert "The connection works." in client.post(address, follow=True).content.decode()
    Connection.objects.filter(pk=shop.connection.pk).update(credentials={"password": "wrong"})
    assert "could not be signed in" in client.post(address, follow=True).content.decode()
    assert AuditEntry.objects.filter(verb="connection tested").count() == 2


def test_the_sync_buttons_say_what_has_changed(shop: Shop) -> None:
    client = english(member(shop.merchant, Role.OWNER, password=None))
    # After the first sync of stores the products are read in the background.
    products_sync(store=shop.store)
    stores = reverse("admin:stores_connection_do", args=[shop.connection.pk, "sync"])
    GatewayStore.objects.filter(pk=shop.gateway.pk).update(remote_name="old name")
    assert (
        f"Changed: {shop.gateway.remote_name}" in client.post(stores, follow=True).content.decode()
    )
    assert "Nothing has changed." in client.post(stores, follow=True).content.decode()
    products = reverse("admin:coupons_gatewaystore_do", args=[shop.gateway.pk, "sync_products"])
    shop.product.delete()
    assert f"New: {shop.product.name}" in client.post(products, follow=True).content.decode()


def test_a_sync_that_fails_says_why(shop: Shop) -> None:
    client = english(member(shop.merchant, Role.OWNER, password=None))
    Connection.objects.filter(pk=shop.connection.pk).update(credentials={"password": "wrong"})
    address = reverse("admin:stores_connection_do", args=[shop.connection.pk, "sync"])
    assert "The list could not be read" in client.post(address, follow=True).content.decode()


def test_two_stores_of_one_name_are_charted_apart(store: Store, owner: User) -> None:
    twin = StoreFactory(merchant=store.merchant, name=store.name)
    for row in (store, twin):
        VerificationFactory(store=row)
    (chart,) = dashboard.charts(owner)
    assert sorted(values[-1] for values in chart.series.values()) == [1.0, 1.0]
