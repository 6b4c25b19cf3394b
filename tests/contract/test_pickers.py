"""Days and times have the browser's own picker on every page of the back office."""

import re
from datetime import date, time
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.urls import reverse

from stores.backoffice.dates import DayInput, MomentInput, TimeInput, read_day
from tests.contract.two_merchants import World
from tests.pages import english

pytestmark = pytest.mark.usefixtures("made")
LABELS = sorted(model._meta.label for model in admin.site._registry)


@pytest.mark.parametrize("label", LABELS)
def test_no_page_asks_for_a_day_in_another_way(label: str, made: World) -> None:
    name = label.replace(".", "_").lower()
    row = made.row(label)
    client = english(User.objects.create_superuser("root"))
    for address in (
        reverse(f"admin:{name}_changelist"),
        reverse(f"admin:{name}_add"),
        reverse(f"admin:{name}_change", args=[row.pk]),
    ):
        text = client.get(address).content.decode()
        assert (address, re.findall("vDateField|vTimeField|vCustom|calendar.js", text)) == (
            address,
            [],
        )


@pytest.mark.parametrize(
    ("widget", "value", "fields"),
    [
        (DayInput, date(2026, 1, 2), [("date", "2026-01-02")]),
        (DayInput, "2026-13-45", [("date", "2026-13-45")]),
        (TimeInput, time(9, 5), [("time", "09:05")]),
        (MomentInput, [date(2026, 1, 2), time(9, 5)], [("date", "2026-01-02"), ("time", "09:05")]),
        (MomentInput, ["", "x"], [("date", ""), ("time", "x")]),
    ],
)
def test_a_picker_is_given_what_browsers_take(
    widget: Any, value: object, fields: list[tuple[str, str]]
) -> None:
    text = widget().render("at", value)
    types, values = re.findall(r'type="(\w+)"', text), re.findall(r'value="([^"]*)"', text)
    assert list(zip(types, values, strict=True)) == fields


@pytest.mark.parametrize("text", [None, 7, "", "x", "1999-12-31", "2101-01-01", "2026-02-30"])
def test_what_is_no_day_is_none(text: object) -> None:
    assert read_day(text) is None


def test_days_are_read_from_2000_to_2100() -> None:
    assert [read_day("2000-01-01"), read_day("2100-12-31")] == [
        date(2000, 1, 1),
        date(2100, 12, 31),
    ]
