"""Every list under a head: its tabs hold as many rows as they say, and nothing in the address
breaks it.
"""

import re
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.db import connection
from django.db.models import DateTimeField
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from stores.backoffice import newest
from stores.backoffice.daily import DailyListAdmin
from stores.backoffice.filters import DayFilter
from stores.backoffice.menu import ITEMS, RECORDS
from stores.clock import start_of_day
from stores.domains import domains
from tests.contract.two_merchants import HIDDEN, THEIRS, World
from tests.pages import english

pytestmark = pytest.mark.usefixtures("made")
DAILY: dict[str, Any] = {
    made.model._meta.label: made
    for made in admin.site._registry.values()
    if isinstance(made, DailyListAdmin)
}
EVERY = pytest.mark.parametrize("label", sorted(DAILY))
HOLDING = {0: {"today", "week"}, 1: {"yesterday", "week"}, 6: {"week"}, 7: set()}
# Lists that show a part when nothing is chosen.
ALL = {"trip.Refund": "status__exact=all&"}
NO_DAYS = ["tomorrow", "", "\x00", "today'--", "9" * 400, "今天"]
NO_DAY = ["2026-13-45", "1999-12-31", "2101-01-01", "0001-01-01", "9999-12-31", "x", "\x00", "-1"]


def address(label: str) -> str:
    return reverse(f"admin:{label.replace('.', '_').lower()}_changelist")


def shown(client: Client, label: str, query: str = "") -> Any:
    """Returns the change list of the page, and that the page was made at all."""
    answer = client.get(address(label) + query)
    assert answer.status_code == 200, (label, query)
    assert answer.context is not None
    return answer.context["cl"]


def columns(label: str) -> list[str]:
    return [
        chosen[0]
        for chosen in DAILY[label].list_filter
        if isinstance(chosen, tuple) and chosen[1] is DayFilter
    ]


def client_of(made: World, role: str) -> Client:
    user = made.people[role]
    assert user
    return english(user)


@EVERY
@pytest.mark.parametrize("role", ["clerk", "owner", "stranger"])
def test_each_tab_opens_and_holds_as_many_rows_as_it_says(
    label: str, role: str, made: World
) -> None:
    client = client_of(made, role)
    tabs = shown(client, label).tabs
    assert len(tabs) == 0 or sum(tab.is_open for tab in tabs) == 1
    for tab in tabs:
        opened = shown(client, label, tab.link)
        assert [each.title for each in opened.tabs if each.is_open] == [tab.title]
        if tab.count:
            assert (tab.title, len(opened.result_list)) == (tab.title, int(tab.count))


@EVERY
def test_the_number_over_a_list_is_that_of_its_rows(label: str, made: World) -> None:
    client = client_of(made, "owner")
    found = shown(client, label)
    assert re.match(rf"{len(found.result_list)} rows?\b", found.total)


@EVERY
def test_a_store_is_chosen_among_own_ones_only_and_the_tabs_keep_it(
    label: str, made: World
) -> None:
    client = client_of(made, "owner")
    stores = shown(client, label).store_filter
    names = [name for _pk, name in stores.lookup_choices]
    assert ([name for name in names if THEIRS in name], f"{HIDDEN}-store" in names) == ([], True)
    query = f"{stores.lookup_kwarg}={made.mine.store.pk}"
    found = shown(client, label, f"?{query}")
    assert {row.store_id for row in found.result_list} <= {made.mine.store.pk}
    assert [tab.link for tab in found.tabs if query not in tab.link] == []


@EVERY
def test_people_of_one_store_are_asked_for_none_and_see_no_column_of_it(
    label: str, made: World
) -> None:
    found = shown(client_of(made, "clerk"), label)
    assert (found.store_filter, "store" in found.list_display) == (None, False)


@EVERY
def test_what_is_no_day_narrows_nothing(label: str, made: World) -> None:
    client = english(User.objects.create_superuser("root"))
    every = {row.pk for row in shown(client, label, "?" + ALL.get(label, "")).result_list}
    for column in columns(label):
        asked = [f"{column}_day={value}" for value in NO_DAYS]
        asked += [f"{column}_{end}={value}" for end in ("from", "to") for value in NO_DAY]
        for query in asked:
            found = shown(client, label, f"?{ALL.get(label, '')}{query}")
            assert (query, {row.pk for row in found.result_list}) == (query, every)


@pytest.mark.parametrize("label", [label for label in sorted(DAILY) if columns(label)])
def test_an_empty_choice_of_the_head_says_so_and_leads_back(label: str, made: World) -> None:
    client, kept = client_of(made, "owner"), ALL.get(label, "")
    for column in columns(label):
        page = client.get(f"{address(label)}?{kept}{column}_from=2000-01-01&{column}_to=2000-01-02")
        text = page.content.decode()
        assert ("Nothing matches." in text, 'href="?"' in text) == (True, True)


@EVERY
def test_named_days_are_whole_days(label: str, made: World) -> None:
    client, row = client_of(made, "owner"), made.row(label)
    for column in columns(label)[:1]:
        for days in (0, 1, 6, 7):
            at = start_of_day(days)
            type(row)._default_manager.filter(pk=row.pk).update(**{column: at})
            found = {
                name
                for name in ("today", "yesterday", "week")
                if row
                in shown(client, label, f"?{ALL.get(label, '')}{column}_day={name}").result_list
            }
            assert (days, found) == (days, HOLDING[days])


@EVERY
def test_the_head_asks_once_for_its_tabs_and_once_for_its_sum(label: str, made: World) -> None:
    client = client_of(made, "owner")
    table, few = DAILY[label].model._meta.db_table, f"LIMIT {newest.FEW})"
    tabs = shown(client, label).tabs
    for tab in tabs:
        with CaptureQueriesContext(connection) as queries:
            shown(client, label, tab.link)
        asked = [q["sql"] for q in queries if f'FROM "{table}"' in q["sql"]]
        # SQLite's plan for a list of several stores asks first whether there are few rows.
        counts = [sql for sql in asked if sql.startswith("SELECT COUNT(") and few not in sql]
        assert (tab.title, len(counts)) == (tab.title, 2)


def test_times_in_lists_are_short_outside_the_technical_records() -> None:
    """The records of engineers tell seconds; other lists use `moment_column`."""
    items = [*ITEMS, *(item for domain in domains() for item in domain.menu)]
    short = {item.url_name for item in items if item.entry is not RECORDS}
    long = []
    for model, made in admin.site._registry.items():
        opts = model._meta
        if f"admin:{opts.app_label}_{opts.model_name}_changelist" not in short:
            continue
        for name in made.list_display:
            fields = {field.name: field for field in model._meta.fields}
            if isinstance(name, str) and isinstance(fields.get(name), DateTimeField):
                long.append(f"{model._meta.label}.{name}")
    assert long == []
