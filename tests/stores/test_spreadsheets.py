"""Rows as columns: what a cell shows of a stored value."""

from datetime import date, datetime
from decimal import Decimal
from io import BytesIO

import pytest
import time_machine
from django.utils import timezone
from openpyxl import load_workbook

from stores import audit
from stores.backoffice.spreadsheets import Column, as_csv, as_xlsx, cell, spreadsheet
from stores.models import AuditEntry, Store
from tests.stores.factories import StoreFactory

pytestmark = pytest.mark.usefixtures("in_english")


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx", "\rx"])
def test_no_text_is_a_formula(text: str) -> None:
    assert cell(text) == f"'{text}"


def test_characters_that_no_sheet_takes_are_left_out(db: None) -> None:
    StoreFactory(name="雀友\x0b=1\x1f")
    StoreFactory(name="\x0b=1")
    sheet = spreadsheet("stores", "Stores", [Column("Name", "name")], Store.objects.order_by("pk"))
    page = load_workbook(BytesIO(as_xlsx(sheet).getvalue()))["Stores"]
    assert list(page.values) == [("Name",), ("雀友=1",), ("'=1",)]


def test_moments_are_local_and_days_are_text() -> None:
    noon = timezone.make_aware(datetime(2026, 11, 29, 12, 30, 15, 999))
    assert cell(noon) == datetime(2026, 11, 29, 12, 30, 15)
    assert cell(date(2026, 11, 29)) == "2026-11-29"


@pytest.mark.parametrize("value", [None, 7, Decimal("1.50"), "text"])
def test_numbers_and_plain_texts_stay(value: object) -> None:
    assert cell(value) == value


def test_choices_and_booleans_are_read_as_labels(db: None) -> None:
    StoreFactory(name="=A", trade=Store.Trade.GYM, is_active=False)
    columns = (
        Column("Name", "name"),
        Column("Trade", "trade"),
        Column("Active", "is_active"),
        Column("Merchant's days", "merchant__personal_data_days"),
        Column("Own", lambda store: f"-{store.trade}"),
    )
    sheet = spreadsheet("stores", "Stores", columns, Store.objects.select_related("merchant"))
    (line,) = sheet.lines
    days = Store.objects.get().merchant.personal_data_days
    assert line == ["'=A", str(Store.Trade.GYM.label), "no", days, "'-gym"]
    assert sheet.headers == ["Name", "Trade", "Active", "Merchant's days", "Own"]


def test_a_lookup_through_an_empty_relation_is_empty(db: None) -> None:
    audit.record("told", actor=None)
    columns = (Column("Store", "store__name"),)
    assert list(spreadsheet("log", "Log", columns, AuditEntry.objects.all()).lines) == [[None]]


@time_machine.travel("2026-11-29T04:05:00Z", tick=False)
def test_a_csv_file_is_streamed_with_a_byte_order_mark(db: None) -> None:
    StoreFactory(name="店")
    answer = as_csv(spreadsheet("stores", "Stores", (Column("Name", "name"),), Store.objects.all()))
    text = b"".join(answer.streaming_content).decode()  # type: ignore[arg-type]
    assert text == "\ufeffName\r\n店\r\n"
    assert answer["Content-Disposition"] == 'attachment; filename="stores-20261129-1205.csv"'
