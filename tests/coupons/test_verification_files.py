"""Files of verifications: what they hold, and what they are called."""

import csv
import io
from datetime import datetime
from urllib.parse import unquote

import pytest
from django.test import Client
from django.utils import timezone
from openpyxl import load_workbook

from stores.backoffice import spreadsheets
from stores.models import AuditEntry, Store
from stores.roles import Role
from tests.coupons.factories import VerificationFactory
from tests.coupons.test_admin_verifications import LIST, Status, listed
from tests.pages import english
from tests.stores.factories import StoreFactory, member

pytestmark = pytest.mark.django_db


def exported(client: Client, **query: str) -> list[list[str]]:
    """The header and the rows, without the line of sums."""
    text = client.get(f"{LIST}export.csv", query).getvalue().decode()
    assert text.startswith("\ufeff")
    *lines, sums = csv.reader(io.StringIO(text.removeprefix("\ufeff")))
    assert sums[0] == "Total (verified)"
    return lines


def test_csv_holds_what_is_filtered_in_local_time(owner_client: Client, store: Store) -> None:
    at = timezone.make_aware(datetime(2026, 5, 1, 0, 30))
    VerificationFactory(
        store=store,
        code_tail="0042",
        value="49.00",
        created_at=at,
        settled_at=at,
        order_id="5" * 19,
    )
    VerificationFactory(store=store, code_tail="0043", status=Status.REFUSED, reason="expired")
    header, *lines = exported(owner_client, status="verified")
    assert header[:4] == ["Requested", "Settled", "Store", "Code ends with"]
    assert [line[:5] for line in lines] == [
        ["2026-05-01 00:30:00", "2026-05-01 00:30:00", "雀友棋牌室", "…0042", "verified"]
    ]
    assert (lines[0][10], lines[0][11], lines[0][12]) == ("49.00", f'="{"5" * 19}"', "counter")


def test_xlsx_holds_the_same_as_csv(owner_client: Client, store: Store) -> None:
    VerificationFactory(store=store, code_tail="0042", value="49.00")
    sheet = load_workbook(io.BytesIO(owner_client.get(f"{LIST}export.xlsx").getvalue())).active
    assert sheet
    rows = list(sheet.values)
    assert list(rows[0]) == exported(owner_client)[0]
    assert (len(rows), rows[1][3], rows[1][10]) == (3, "…0042", 49)


def test_the_sum_is_that_of_the_verified(owner_client: Client, store: Store) -> None:
    VerificationFactory(store=store, value="49.00")
    VerificationFactory(store=store, value="0.10")
    VerificationFactory(store=store, value="7.00", status=Status.REFUSED, reason="expired")
    sheet = load_workbook(io.BytesIO(owner_client.get(f"{LIST}export.xlsx").getvalue())).active
    assert sheet
    sums = sheet[sheet.max_row]
    assert (sums[0].value, sums[10].value, sums[10].number_format) == (
        "Total (verified)",
        49.1,
        "0.00",
    )
    assert sheet.auto_filter.ref == "A1:P4"


def named(client: Client, kind: str = "xlsx", **query: str) -> str:
    answer = client.get(f"{LIST}export.{kind}", query)
    return unquote(answer["Content-Disposition"].partition("filename*=UTF-8''")[2])


def test_a_files_name_says_store_and_period(owner_client: Client, store: Store) -> None:
    days = {"created_at_from": "2026-11-01", "created_at_to": "2026-11-28"}
    for day in (3, 9):
        at = timezone.make_aware(datetime(2026, 11, day, 0, 30))
        VerificationFactory(store=store, created_at=at)
    owner_client.cookies["django_language"] = "zh-hans"
    assert named(owner_client, **days) == "核销记录_雀友棋牌室_2026-11-01至2026-11-28.xlsx"
    assert named(owner_client, "csv") == "核销记录_雀友棋牌室_2026-11-03至2026-11-09.csv"
    assert named(owner_client, created_at_from="2026-11-05").endswith("2026-11-05至2026-11-09.xlsx")
    VerificationFactory(store=StoreFactory(merchant=store.merchant))
    assert store.merchant.name in named(owner_client)


def test_the_name_of_an_empty_export_is_safe_too(owner_client: Client) -> None:
    days = {"created_at_from": "x\r\ny", "created_at_to": "2026-11-28"}
    assert named(owner_client, **days) == "Verifications_2026-11-28 to 2026-11-28.xlsx"


def test_a_sheet_that_is_too_long_says_so(
    owner_client: Client, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spreadsheets, "SHEET_ROWS", 2)
    for _ in range(4):
        VerificationFactory(store=store)
    sheet = load_workbook(io.BytesIO(owner_client.get(f"{LIST}export.xlsx").getvalue())).active
    assert sheet
    assert (sheet.max_row, str(sheet.cell(4, 1).value)[:19]) == (4, "There are more rows")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_is_a_formula(owner_client: Client, store: Store, start: str) -> None:
    VerificationFactory(
        store=store,
        requested_by=f"{start}cmd",
        gateway_message=f"{start}1+1",
        settled_note=f"{start}x",
    )
    line = exported(owner_client)[1]
    assert (line[6], line[13], line[15]) == (f"'{start}1+1", f"'{start}cmd", f"'{start}x")


def test_whole_codes_in_the_gateways_words_are_not_exported(
    owner_client: Client, store: Store
) -> None:
    VerificationFactory(store=store, gateway_message="券码700000008866已使用")
    assert exported(owner_client)[1][6] == "券码…8866已使用"


def test_exports_are_audited_with_their_filters_but_no_code(
    owner_client: Client, store: Store
) -> None:
    exported(owner_client, status="verified", q="700000008866")
    entry = AuditEntry.objects.get()
    assert (entry.verb, entry.merchant, entry.target, entry.data) == (
        "verifications exported",
        store.merchant,
        "csv",
        {"filters": "status=verified&q=*"},
    )


def test_somebody_with_two_roles_exports_only_where_the_role_allows(store: Store) -> None:
    elsewhere = StoreFactory(name="elsewhere")
    user = member(store.merchant, Role.MANAGER, store, password=None)
    user.memberships.create(merchant=elsewhere.merchant, role=Role.CLERK).stores.add(elsewhere)
    VerificationFactory(store=store, code_tail="0001")
    VerificationFactory(store=elsewhere, code_tail="0002")
    client = english(user)
    assert listed(client) == {"0001", "0002"}
    assert [line[3] for line in exported(client)[1:]] == ["…0001"]


@pytest.mark.parametrize(
    "query", ["nonsense=1", "store__merchant__name__startswith=x", "created_at_from=yesterday"]
)
def test_filters_that_do_not_exist_export_nothing_of_others(
    owner_client: Client, store: Store, query: str
) -> None:
    VerificationFactory(store=StoreFactory(name="elsewhere"))
    answer = owner_client.get(f"{LIST}export.csv?{query}")
    body = b"".join(answer) if answer.streaming else answer.content
    assert (answer.status_code in (200, 400), b"elsewhere" in body) == (True, False)
