"""Rows as columns: what a cell shows of a stored value."""

import csv
import io
import subprocess
import sys
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db.models import Q
from django.utils import timezone
from openpyxl import load_workbook
from openpyxl.cell.cell import ERROR_CODES, ILLEGAL_CHARACTERS_RE

from stores import audit
from stores.backoffice.spreadsheets import (
    ERRORS,
    LONGEST_CELL,
    Column,
    Counted,
    FileName,
    as_csv,
    as_xlsx,
    cell,
    file_name,
    spreadsheet,
)
from stores.models import AuditEntry, Store
from stores.money import yuan_of
from stores.text import plain
from tests.processes import ROOT
from tests.stores.factories import StoreFactory

pytestmark = pytest.mark.usefixtures("in_english")


NAME = FileName("店", "stores")


def written(columns: Sequence[Column], *counted: Counted) -> tuple[list[Any], Any]:
    """The lines of all stores as CSV, and the sheet."""
    rows = Store.objects.select_related("merchant").order_by("pk")
    as_text = as_csv(spreadsheet(NAME, "Stores", columns, rows, *counted)).getvalue().decode()
    sheet = as_xlsx(spreadsheet(NAME, "Stores", columns, rows, *counted)).getvalue()
    return list(csv.reader(io.StringIO(as_text))), load_workbook(io.BytesIO(sheet))["Stores"]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "＝", "＋", "－", "＠", "﹦"])
@pytest.mark.parametrize("before", ["", " ", "\n", "\r\n", "\t", "\u3000", "\u200b"])
def test_no_text_is_a_formula(before: str, start: str) -> None:
    text = f"{before}{start}1+1"
    assert cell(text) == f"'{text}"


@pytest.mark.parametrize("text", ["\tx", "\rx", "\nx", "#REF!", "#N/A"])
def test_no_text_begins_another_line_or_is_an_error(text: str) -> None:
    assert cell(text) == f"'{text}"


def test_errors_and_characters_are_those_of_the_library() -> None:
    assert set(ERRORS) == set(ERROR_CODES)
    given = cell("".join(map(chr, range(256))))
    assert isinstance(given, str)
    assert ILLEGAL_CHARACTERS_RE.search(given) is None
    assert cell("a\t\r\nb") == "a\t\r\nb"


def test_the_library_is_imported_by_those_who_ask_for_a_sheet() -> None:
    command = "from config.wsgi import application; import sys; print('openpyxl' in sys.modules)"
    ended = subprocess.run(
        [sys.executable, "-c", command], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert ended.stdout.strip() == "False"


def test_characters_that_no_sheet_takes_are_left_out(db: None) -> None:
    for name in ("雀友\x0b=1\x1f", "\x0b=1", "a\ufffe\uffffb"):
        StoreFactory(name=name)
    _lines, page = written([Column("Name", "name")])
    assert list(page.values) == [("Name",), ("雀友=1",), ("'=1",), ("ab",)]
    assert cell("a\ud800b") == "ab"


@pytest.mark.parametrize("mark", ["x", "店", "🎫"])
def test_a_text_that_is_longer_than_a_cell_is_cut(mark: str) -> None:
    short = cell(mark * 40_000)
    assert isinstance(short, str)
    assert (len(short.encode("utf-16-le")) // 2 <= LONGEST_CELL, short[-1]) == (True, "…")


def test_moments_are_local_and_to_the_second() -> None:
    noon = timezone.make_aware(datetime(2026, 11, 29, 12, 30, 15, 999))
    assert cell(noon) == datetime(2026, 11, 29, 12, 30, 15)


@pytest.mark.parametrize("value", [None, 7, Decimal("1.50"), "text", date(2026, 11, 29)])
def test_numbers_days_and_plain_texts_stay(value: object) -> None:
    assert cell(value) == value


def test_numbers_that_would_be_rounded_are_texts_in_both_files(db: None) -> None:
    numbers = ["4914350072036425728", "202611280001", "007", "12E5"]
    for number in numbers:
        StoreFactory(name=number)
    StoreFactory(name="12345678901")
    columns = [Column("Name", "name"), Column("Big", lambda store: 4914350072036425728)]
    lines, page = written(columns)
    big = '="4914350072036425728"'
    assert lines[1:] == [*([f'="{number}"', big] for number in numbers), ["12345678901", big]]
    assert [row[0].value for row in page.iter_rows(min_row=2)][:4] == numbers
    assert {row[1].data_type for row in page.iter_rows(min_row=2)} == {"s"}
    assert [plain(line[0]) for line in lines[1:5]] == numbers


def test_a_sheet_has_filters_formats_and_a_line_of_sums(db: None) -> None:
    for name, trade in (("A", "gym"), ("B", "gym"), ("C", "spa")):
        StoreFactory(name=name, trade=trade, merchant__personal_data_days=30)
    columns = [
        Column("Made", "created_at"),
        Column("Trade", "trade"),
        Column("Day", lambda store: date(2026, 11, 29)),
        Column("Price", lambda store: Decimal("2.5"), is_summed=True),
        Column("Days", "merchant__personal_data_days"),
        Column("One", lambda store: 1, is_summed=True),
    ]
    lines, page = written(columns, Counted(Q(trade="gym"), Store.Trade.GYM.label))
    label = f"Total ({Store.Trade.GYM.label})"
    assert lines[-1] == [label, "", "", "5.00", "", "2"]
    assert [found.value for found in page[5]] == [label, None, None, 5, None, 2]
    assert page.auto_filter.ref == "A1:F4"
    assert [page.cell(2, n).number_format for n in (1, 3, 4)] == [
        "yyyy-mm-dd hh:mm:ss",
        "yyyy-mm-dd",
        "0.00",
    ]
    assert (page.cell(2, 3).value, lines[1][2:4]) == (
        datetime(2026, 11, 29),
        ["2026-11-29", "2.50"],
    )


def test_a_sum_adds_what_the_column_shows(db: None) -> None:
    for days in (38, 57):
        StoreFactory(merchant__personal_data_days=days)
    columns = [
        Column("Name", "name"),
        Column("Paid", "merchant__personal_data_days", yuan_of, is_summed=True),
    ]
    lines, page = written(columns)
    assert ([line[1] for line in lines[1:]], page["B4"].value) == (["0.38", "0.57", "0.95"], 0.95)
    lines, page = written(columns, Counted(Q(pk=0), "none"))
    assert (lines[-1], page["B4"].value) == (["Total (none)", "0.00"], 0)


def test_sums_need_no_status(db: None) -> None:
    StoreFactory()
    lines, _page = written([Column("Name", "name"), Column("One", lambda row: 1, is_summed=True)])
    assert lines[-1] == ["Total", "1"]


@pytest.mark.parametrize("write", [as_csv, as_xlsx])
def test_an_export_that_breaks_in_the_middle_is_never_sent(db: None, write: Any) -> None:
    first, second = StoreFactory(), StoreFactory()

    def broken(store: Store) -> int:
        return 1 // int(second.pk - store.pk)

    rows = Store.objects.order_by("pk")
    with pytest.raises(ZeroDivisionError):
        write(spreadsheet(NAME, "Stores", [Column("Broken", broken)], rows))
    whole = rows.filter(pk=first.pk)
    answer = write(spreadsheet(NAME, "Stores", [Column("Broken", broken)], whole))
    assert int(answer["Content-Length"]) == len(answer.getvalue())


@pytest.mark.parametrize(
    ("parts", "full"),
    [
        (
            ("核销记录", "雀友棋牌室", "2026-11-01至2026-11-28"),
            "核销记录_雀友棋牌室_2026-11-01至2026-11-28",
        ),
        (("a/b\\c:d", '"x"\r\nSet-Cookie: y'), "a-b-c-d_-x-Set-Cookie- y"),
        (("..", "\u202ex\u200b", ""), "x"),
        (("店" * 99,), "店" * 40),
        (("\u200b", " . "), "plain"),
    ],
)
def test_a_files_name_is_safe(parts: tuple[str, ...], full: str) -> None:
    assert file_name("plain", *parts) == FileName(full, "plain")


def test_choices_and_booleans_are_read_as_labels(db: None) -> None:
    StoreFactory(name="=A", trade=Store.Trade.GYM, is_active=False)
    columns = (
        Column("Name", "name"),
        Column("Trade", "trade"),
        Column("Active", "is_active"),
        Column("Merchant's days", "merchant__personal_data_days"),
        Column("Own", lambda store: f"-{store.trade}"),
    )
    sheet = spreadsheet(NAME, "Stores", columns, Store.objects.select_related("merchant"))
    (line,) = sheet.lines
    days = Store.objects.get().merchant.personal_data_days
    assert line == ["'=A", str(Store.Trade.GYM.label), "no", days, "'-gym"]
    assert sheet.headers == ["Name", "Trade", "Active", "Merchant's days", "Own"]


def test_a_lookup_through_an_empty_relation_is_empty(db: None) -> None:
    audit.record("told", actor=None)
    columns = (Column("Store", "store__name"),)
    assert list(spreadsheet(NAME, "Log", columns, AuditEntry.objects.all()).lines) == [[None]]


def test_a_csv_file_has_a_byte_order_mark_and_both_names(db: None) -> None:
    StoreFactory(name="店")
    answer = as_csv(spreadsheet(NAME, "Stores", (Column("Name", "name"),), Store.objects.all()))
    assert answer.getvalue().decode() == "\ufeffName\r\n店\r\n"
    assert (
        answer["Content-Disposition"]
        == "attachment; filename=\"stores.csv\"; filename*=UTF-8''%E5%BA%97.csv"
    )
