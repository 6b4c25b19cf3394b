"""The pages of couriers' bills and figures."""

import csv
import io
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from openpyxl import load_workbook

from delivery.models import Attempt, Bill, BillLine, StoreCourier
from delivery.services.bills.rows import MOST_BYTES
from stores.models import AuditEntry
from stores.platforms.reading import BEIJING
from stores.roles import Role
from tests.delivery.factories import (
    AttemptFactory,
    BillFactory,
    DeliveryFactory,
    QuoteFactory,
    StoreCourierFactory,
)
from tests.delivery.money.files import HEADINGS, as_csv, line
from tests.delivery.money.test_replaying import OFFERS, decided
from tests.pages import HOSTILE, dangling, english
from tests.stores.factories import MerchantFactory, UserFactory, member

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]
BILLS, FIGURES = "/wechat/bills/", "/wechat/figures/"
NOON = datetime(2026, 11, 5, 12, tzinfo=BEIJING)
CHOSEN = {
    "headings": "0",
    "number": "0",
    "fee": "1",
    "tip": "2",
    "deduction": "3",
    "total": "4",
    "time": "5",
}


@pytest.fixture
def courier() -> StoreCourier:
    made: StoreCourier = StoreCourierFactory()
    return made


@pytest.fixture
def manager(courier: StoreCourier) -> User:
    store = courier.place.store
    return member(store.merchant, Role.MANAGER, store, password=None)


@pytest.fixture
def client(manager: User) -> Client:
    return english(manager)


def send(client: Client, courier: StoreCourier, content: bytes, name: str = "11.csv") -> Any:
    address = f"{BILLS}upload/{courier.pk}/?name={name}"
    return client.post(address, content, content_type="application/octet-stream")


def ride(courier: StoreCourier, number: str, **fields: Any) -> Attempt:
    usual: dict[str, Any] = {
        "fee": Decimal("12.00"),
        "state": Attempt.State.DELIVERED,
        "called_at": NOON,
        "ended_at": NOON + timedelta(minutes=30),
    }
    store = courier.place.store
    made: Attempt = AttemptFactory(
        delivery__store=store, courier=courier, shop_order_id=number, **(usual | fields)
    )
    return made


def test_a_manager_uploads_a_bill_chooses_columns_and_reads_what_is_wrong(
    client: Client, courier: StoreCourier
) -> None:
    ride(courier, "ZG1-a", tip=Decimal(2))
    dead = ride(courier, "ZG2-b", state=Attempt.State.DEAD)
    rows: list[Any] = [
        line("ZG1-a", fee="13.50", tip="2.00"),
        line("ZG2-b"),
        ["ZG3", "x", "", "", "", ""],
    ]
    page = send(client, courier, as_csv(HEADINGS, *rows)).json()["url"]
    preview = client.get(page).content.decode()
    assert '<option value="0" selected>A 商家订单号</option>' in preview
    assert "ZG1-a" in preview
    assert client.post(page, CHOSEN)["Location"] == page
    result = client.get(page).content.decode()
    assert "another fee than was answered" in result
    assert "fee ¥13.50 instead of ¥12.00" in result
    assert "charged though cancelled" in result
    assert "“x” is no amount" in result
    assert "¥13.50</strong>" in result
    only = client.get(f"{page}?finding=cancelled").content.decode()
    assert ("ZG2-b" in only, "ZG1-a" in only) == (True, False)
    assert Bill.objects.get().findings == 3
    assert BillLine.objects.get(attempt=dead).finding == "cancelled"
    listed = client.get(BILLS).content.decode()
    assert ("11.csv" in listed, "2026-11-05" in listed) == (True, True)


def test_claims_are_exported_with_their_sums_and_audited(
    client: Client, courier: StoreCourier
) -> None:
    ride(courier, "ZG1-a", waybill_id="987654321098765432")
    rows: list[Any] = [
        line("ZG1-a", fee="15.00"),
        line("=cmd|' /C calc'!A0", fee="9.00"),
        line("ZG9"),
    ]
    ride(courier, "ZG9")
    page = send(client, courier, as_csv(HEADINGS, *rows)).json()["url"]
    assert client.get(f"{page}claim.csv").status_code == 404
    client.post(page, CHOSEN)
    text: Any = client.get(f"{page}claim.csv")
    lines = list(csv.reader(io.StringIO(text.getvalue().decode().removeprefix("\ufeff"))))
    assert lines[0][:4] == ["Line of the file", "Order number", "Waybill number", "Finding"]
    assert lines[1][1:4] == ["ZG1-a", '="987654321098765432"', "another fee than was answered"]
    # What a spreadsheet would run is a text.
    assert lines[2][1] == "'=cmd|' /C calc'!A0"
    assert lines[-1][11:14] == ["24.00", "12.00", "12.00"]
    assert len(lines) == 4
    sheet: Any = client.get(f"{page}claim.xlsx")
    page_of_it: Any = load_workbook(io.BytesIO(sheet.getvalue())).active
    cells = list(page_of_it.iter_rows())
    assert cells[-1][13].value == 12
    assert cells[2][1].value == "'=cmd|' /C calc'!A0"
    assert {cell.data_type for row in cells for cell in row} <= {"s", "n", "d", "inlineStr"}
    assert AuditEntry.objects.filter(verb="delivery.bill.exported").count() == 2
    assert "claim_2026-11-05" in text["Content-Disposition"]


@pytest.mark.parametrize(
    "content", [b"", b"%PDF\0", b"PK\x03\x04broken", b"\xd0\xcf\x11\xe0", b"a" * (MOST_BYTES + 1)]
)
def test_a_file_that_is_none_is_refused_in_words(
    client: Client, courier: StoreCourier, content: bytes
) -> None:
    answer = send(client, courier, content)
    assert answer.status_code == 409
    assert "file" in answer.json()["trouble"]
    assert not Bill.objects.exists()


def test_a_much_too_large_body_is_not_read(client: Client, courier: StoreCourier) -> None:
    assert send(client, courier, b"a" * 7_000_000).status_code == 413


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"headings": "x", "number": "0", "total": "4"},
        {"headings": "0", "number": "99999999999999999999", "total": "4"},
        {"headings": "0", "number": "-1", "total": "1"},
        {"headings": "0", "number": "0", "total": "4", "first": "x", "last": "9999-01-01"},
        {**CHOSEN, "tip": "1"},
    ],
)
def test_a_form_that_makes_no_sense_keeps_the_page(
    client: Client, courier: StoreCourier, form: dict[str, str]
) -> None:
    page = send(client, courier, as_csv(HEADINGS, line("ZG1-a"))).json()["url"]
    answer = client.post(page, form)
    assert answer.status_code == 422
    assert 'role="alert"' in answer.content.decode()
    assert not BillLine.objects.exists()


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_words_break_no_page(client: Client, courier: StoreCourier, text: str) -> None:
    page = send(client, courier, as_csv(HEADINGS, [text.replace("\0", ""), "12"])).json()["url"]
    assert client.get(page, {"headings": text}).status_code == 200
    assert client.post(page, {**CHOSEN, "time": "", "first": text}).status_code in (302, 422)
    given = {**CHOSEN, "time": "", "first": "2026-11-01", "last": "2026-11-30"}
    client.post(page, given)
    shown = client.get(page, {"finding": text, "page": text})
    assert shown.status_code == 200
    assert "<script>alert(1)" not in shown.content.decode()
    assert client.get(FIGURES, {"days": text}).status_code == 200


def test_a_bill_is_removed_and_compared_only_once(client: Client, courier: StoreCourier) -> None:
    page = send(client, courier, as_csv(HEADINGS, line("ZG1-a"))).json()["url"]
    assert client.post(page, CHOSEN).status_code == 302
    again = client.post(page, CHOSEN)
    assert (again.status_code, "compared already" in again.content.decode()) == (409, True)
    assert client.get(f"{page}remove/").status_code == 405
    assert client.post(f"{page}remove/")["Location"] == BILLS
    assert client.get(page).status_code == 404


def test_clerks_see_no_money_and_others_find_nothing(courier: StoreCourier) -> None:
    bill = BillFactory(courier=courier)
    store = courier.place.store
    pages = [f"{BILLS}{bill.pk}/", f"{BILLS}{bill.pk}/claim.csv", f"{BILLS}{bill.pk}/claim.xlsx"]
    posts = [f"{BILLS}{bill.pk}/", f"{BILLS}{bill.pk}/remove/", f"{BILLS}upload/{courier.pk}/"]
    clerk = english(member(store.merchant, Role.CLERK, store))
    assert {clerk.get(page).status_code for page in [*pages, BILLS, FIGURES]} == {403}
    assert {clerk.post(page).status_code for page in posts} == {403}
    other = english(member(MerchantFactory(), Role.OWNER))
    assert {other.get(page).status_code for page in pages} == {404}
    assert {other.post(page).status_code for page in posts} == {404}
    assert other.get(FIGURES, {"store": store.pk}).status_code == 404
    assert "bill.csv" not in other.get(BILLS).content.decode()
    # A manager of another store of the merchant.
    sister = StoreCourierFactory(place__store__merchant=store.merchant)
    manager = english(member(store.merchant, Role.MANAGER, sister.place.store))
    assert {manager.get(page).status_code for page in pages} == {404}
    assert {manager.post(page).status_code for page in posts} == {404}
    assert "bill.csv" not in manager.get(BILLS).content.decode()
    assert Bill.objects.exists()
    assert english(UserFactory(is_superuser=True)).get(pages[0]).status_code == 200
    huge = 2**63
    assert other.get(f"{BILLS}{huge}/").status_code == 404
    assert other.post(f"{BILLS}upload/{huge}/").status_code == 404


def test_figures_are_shown_for_a_store_or_all_with_what_was_saved(
    client: Client, courier: StoreCourier
) -> None:
    now = timezone.now()
    called = ride(courier, "ZG1-a", called_at=now, accepted_at=now + timedelta(seconds=33))
    AttemptFactory(
        delivery=DeliveryFactory(store=courier.place.store),
        courier=None,
        courier_code="",
        shopid="",
        fee=Decimal(0),
    )
    QuoteFactory(delivery=called.delivery, courier=courier, shop_order_id="ZG1-a", fee=12)
    page = client.get(FIGURES).content.decode()
    assert "闪送" in page
    assert "33 s" in page
    assert "Our own people" in page
    assert "¥12.00 instead of ¥12.00" in page
    assert "No courier was called in the month before: none is the usual one." in page
    assert client.get(FIGURES, {"days": "30"}).status_code == 200
    owner = english(member(courier.place.store.merchant, Role.OWNER))
    StoreCourierFactory(place__store__merchant=courier.place.store.merchant)
    assert "Choose a store to see it." in owner.get(FIGURES).content.decode()
    one = owner.get(FIGURES, {"store": courier.place.store_id}).content.decode()
    assert "¥12.00 instead of ¥12.00" in one
    Attempt.objects.filter(pk=called.pk).update(tip=3)
    assert "¥3.00 more was paid" in client.get(FIGURES).content.decode()


@pytest.mark.parametrize(("day", "is_shown"), [(1, True), (7, True), (8, False)])
def test_last_month_is_shown_on_the_first_days_of_one(
    client: Client, monkeypatch: pytest.MonkeyPatch, day: int, is_shown: bool
) -> None:
    monkeypatch.setattr(timezone, "localdate", lambda *_given: date(2026, 11, day))
    page = client.get(FIGURES).content.decode()
    assert "Saved this month" in page
    assert ("Saved last month" in page) == is_shown
    assert "Of 0 orders" not in page


def test_another_rule_is_tried_on_the_page(client: Client, courier: StoreCourier) -> None:
    place = courier.place
    for offers in (OFFERS, OFFERS[:1]):
        decided(place, offers=offers)
    page = client.get(FIGURES).content.decode()
    assert "If another rule had chosen" in page
    assert "would be others" not in page
    typed = {"store": str(place.store_id), "prefer": "fastest", "ceiling": ""}
    page = client.get(FIGURES, typed).content.decode()
    assert "1 of 2 choices would be others." in page
    assert "¥15.00 → ¥25.50" in page
    assert "15 min 00 s → 11 min 00 s" in page
    page = client.get(FIGURES, typed | {"ceiling": "1"}).content.decode()
    assert "For 2 orders no courier would fit." in page
    page = client.get(FIGURES, typed | {"prefer": "nonsense", "ceiling": "-1"}).content.decode()
    assert "greater than or equal to 0" in page
    assert "Empty: any price." in page
    assert dangling(page) == set()
    assert "would be" not in page


def test_without_choices_of_the_rule_there_is_nothing_to_try(
    client: Client, courier: StoreCourier
) -> None:
    page = client.get(FIGURES, {"prefer": "fastest"}).content.decode()
    assert "has chosen nobody in these days" in page


def test_pages_need_as_many_queries_however_many_rows_there_are(
    client: Client, courier: StoreCourier
) -> None:
    def counted(address: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(address).status_code == 200
        return len(queries)

    bill = BillFactory(courier=courier)
    pages = [BILLS, FIGURES, f"{BILLS}{bill.pk}/"]

    def grow(count: int) -> None:
        for _each in range(count):
            number = f"ZG{BillLine.objects.count()}"
            called = ride(courier, number, called_at=timezone.now())
            QuoteFactory(delivery=called.delivery, courier=courier, shop_order_id=number)
            BillLine.objects.create(bill=bill, number=number, finding="fee", attempt=called)
            BillFactory(courier=courier, first_day=date(2026, 11, 1))

    grow(2)
    for page in pages:
        counted(page)
    before = [counted(page) for page in pages]
    grow(10)
    assert [counted(page) for page in pages] == before
