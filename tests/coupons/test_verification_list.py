"""The head of the list of verifications: tabs, the choice of the store, number and sum."""

import csv
import io
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from coupons.models import Product, Verification
from stores.backoffice import daily
from stores.clock import start_of_day
from stores.models import Store
from stores.roles import Role
from tests.coupons.factories import ProductFactory, VerificationFactory
from tests.pages import english
from tests.stores.factories import StoreFactory, member

pytestmark = pytest.mark.django_db
LIST = "/admin/coupons/verification/"
CALLED = "开业特惠通用畅玩4小时[49.00元][1206941234]"
Status = Verification.Status


def made(store: Store, tail: str, days_ago: int = 0, **fields: Any) -> Verification:
    at = start_of_day(days_ago) + timedelta(minutes=1)
    row: Verification = VerificationFactory(
        store=store, code_tail=tail, created_at=at, **{"value": Decimal(49)} | fields
    )
    return row


def head(client: Client, **query: str) -> Any:
    answer = client.get(LIST, query)
    assert answer.status_code == 200
    assert answer.context is not None
    return answer.context["cl"]


def tails(found: Any) -> set[str]:
    return {row.code_tail for row in found.result_list}


def counts(found: Any) -> dict[str, str]:
    return {str(tab.title): tab.count for tab in found.tabs}


@pytest.fixture
def week(store: Store) -> Store:
    """Two of today, one of yesterday, one of six days ago, one older; and another store's."""
    for number, days in enumerate((0, 0, 1, 6, 7)):
        made(store, f"000{number}", days)
    other: Store = StoreFactory(merchant=store.merchant, name="二店")
    made(other, "0009", 0, status=Status.REFUSED, reason="expired")
    made(StoreFactory(), "6666")
    return other


def test_tabs_tell_how_many_rows_there_are_of_each_day(owner_client: Client, week: Store) -> None:
    found = head(owner_client)
    told = {"Today": "3", "Yesterday": "1", "7 days": "5", "All": "", "Other days": ""}
    assert counts(found) == told
    assert tails(head(owner_client, created_at_day="yesterday")) == {"0002"}
    assert counts(head(owner_client, created_at_day="yesterday")) == told


def test_tabs_count_what_the_other_filters_leave(owner_client: Client, week: Store) -> None:
    refused = head(owner_client, status="refused", created_at_day="yesterday")
    assert counts(refused) | {"Today": "1", "Yesterday": "0", "7 days": "1"} == counts(refused)
    chosen = head(owner_client, store__id__exact=str(week.pk))
    assert counts(chosen) | {"Today": "1", "7 days": "1"} == counts(chosen)
    sought = head(owner_client, q="0003")
    assert counts(sought) | {"Today": "0", "7 days": "1"} == counts(sought)


def test_other_days_are_two_fields_which_keep_the_other_filters(
    owner_client: Client, week: Store
) -> None:
    page = owner_client.get(LIST, {"created_at_day": "other", "status": "verified"})
    text = page.content.decode()
    assert '<input type="date" name="created_at_from"' in text
    assert '<input type="hidden" name="status" value="verified">' in text
    day = f"{timezone.localdate() - timedelta(days=1):%Y-%m-%d}"
    found = head(owner_client, created_at_from=day, created_at_to=day, created_at_day="today")
    assert (tails(found), found.days_form.fields["created_at_from"].initial) == (
        {"0002"},
        timezone.localdate() - timedelta(days=1),
    )
    assert [str(tab.title) for tab in found.tabs if tab.is_open] == ["Other days"]


def test_number_and_sum_are_of_what_is_filtered_and_of_coupons_that_were_verified(
    owner_client: Client, week: Store
) -> None:
    assert head(owner_client, created_at_day="today").total == "3 rows · ¥98.00 (verified)"
    assert head(owner_client, store__id__exact=str(week.pk)).total == "1 row"
    assert head(owner_client, q="0002").total == "1 row · ¥49.00 (verified)"
    assert head(owner_client, q="7777").total == "0 rows"


def test_nobody_waits_for_the_number_of_very_many_rows(
    owner_client: Client, week: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(daily, "MOST_COUNTED", 5)
    assert head(owner_client).total == "more than 5 rows"
    assert head(owner_client, created_at_day="week").total.startswith("5 rows · ")


def test_a_search_looks_at_all_days_and_keeps_the_store(owner_client: Client, week: Store) -> None:
    found = head(
        owner_client,
        created_at_day="today",
        created_at_from="2026-01-01",
        store__id__exact=str(week.pk),
        q="0004",
        o="1",
    )
    assert found.kept_by_search == [("store__id__exact", str(week.pk)), ("o", "1")]


def test_a_tab_and_a_store_are_no_filters_that_one_resets(
    owner_client: Client, week: Store
) -> None:
    found = head(owner_client, created_at_day="today", store__id__exact=str(week.pk), status="")
    assert found.has_active_filters is False
    assert head(owner_client, created_at_day="today", status="refused").has_active_filters is True


def test_the_sheet_of_filters_keeps_what_the_head_chooses(
    owner_client: Client, week: Store
) -> None:
    query = {"created_at_day": "today", "store__id__exact": str(week.pk)}
    sheet = owner_client.get(LIST, query).content.decode().split('id="filter-form"')[1]
    kept = ('name="created_at_day" value="today"', f'name="store__id__exact" value="{week.pk}"')
    assert [sheet.count(field) for field in kept] == [1, 1]
    assert 'type="date"' not in sheet


def test_yesterdays_export_holds_yesterday_and_is_called_so(
    owner_client: Client, week: Store
) -> None:
    link = owner_client.get(LIST, {"created_at_day": "yesterday"}).context["exports"]["csv"]
    answer = owner_client.get(link)
    lines = list(csv.reader(io.StringIO(answer.getvalue().decode())))
    day = f"{timezone.localdate() - timedelta(days=1):%Y-%m-%d}"
    assert [line[3] for line in lines[1:-1]] == ["…0002"]
    assert f"verifications_{day}_{day}.csv" in answer["Content-Disposition"]


def test_names_are_clean_in_lists_exports_and_on_the_start_page(
    owner_client: Client, store: Store
) -> None:
    row = made(store, "0001", sku_name=CALLED)
    Product.objects.all().delete()
    ProductFactory(store=store, name=CALLED, sku_name=CALLED)
    pages = [
        owner_client.get(LIST).content.decode(),
        owner_client.get("/admin/").content.decode(),
        owner_client.get("/admin/coupons/product/").content.decode(),
        owner_client.get(f"{LIST}export.csv").getvalue().decode(),
    ]
    for page in pages:
        assert ("开业特惠通用畅玩4小时" in page, "1206941234]" in page) == (True, False)
    assert CALLED in owner_client.get(f"{LIST}{row.pk}/change/").content.decode()


def test_amounts_and_short_times_stand_in_the_rows(owner_client: Client, store: Store) -> None:
    made(store, "0001", 1, value=Decimal("1288.5"))
    page = owner_client.get(LIST).content.decode()
    assert '<span class="zg-sum">¥1,288.50</span>' in page
    day = f"{timezone.localdate() - timedelta(days=1):%Y-%m-%d}"
    assert f'title="{day} 00:01:00">yesterday 00:01</time>' in page


def test_a_clerk_of_one_store_has_no_choice_of_stores(week: Store) -> None:
    clerk = english(member(week.merchant, Role.CLERK, week, password=None))
    found = head(clerk, created_at_day="today")
    assert (found.store_filter, tails(found), counts(found)["Today"]) == (None, {"0009"}, "1")


def test_the_menu_opens_todays_verifications(owner_client: Client, store: Store) -> None:
    text = owner_client.get("/admin/coupons/batch/").content.decode()
    assert f'href="{LIST}?created_at_day=today"' in text


def test_an_export_calls_a_deal_and_its_name_at_meituan_as_the_rows_page_does(
    owner_client: Client, store: Store
) -> None:
    product = ProductFactory(store=store, name="双人下午茶")
    row = VerificationFactory(store=store, product=product, sku_name="双人下午茶（周末）")
    text = owner_client.get(f"{LIST}export.csv").getvalue().decode().removeprefix("\ufeff")
    (exported, *_sums) = csv.DictReader(io.StringIO(text))
    shown = owner_client.get(f"{LIST}{row.pk}/change/").content.decode()
    assert (exported["Deal"], exported["Name at Meituan"]) == (product.name, row.sku_name)
    assert ("Product" in exported, "Deal" in shown, "Name at Meituan" in shown) == (
        False,
        True,
        True,
    )
