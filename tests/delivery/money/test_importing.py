"""A courier's bill is uploaded, its columns are chosen once, and its lines are kept."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django.fixtures import DjangoAssertNumQueries

from delivery import tasks
from delivery.models import Attempt, Bill, BillLayout, BillLine, Delivery, StoreCourier
from delivery.services.bills.columns import Columns, Kind
from delivery.services.bills.importing import (
    MOST_WAITING,
    bill_import,
    bill_preview,
    bill_remove,
    bill_upload,
)
from stores.conflicts import Conflict
from stores.models import AuditEntry
from stores.platforms.reading import BEIJING
from tests.delivery.factories import (
    AttemptFactory,
    DeliveryFactory,
    DeliveryStoreFactory,
    StoreCourierFactory,
)
from tests.delivery.money.files import HEADINGS, as_csv, as_xlsx, line

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]
COLUMNS = dict(zip(Kind, range(6), strict=True))
NOON = datetime(2026, 11, 5, 12, tzinfo=BEIJING)
F = BillLine.Finding


@pytest.fixture
def courier() -> StoreCourier:
    made: StoreCourier = StoreCourierFactory()
    return made


def ride(courier: StoreCourier, number: str, **fields: Any) -> Attempt:
    usual = {
        "fee": Decimal("12.00"),
        "state": Attempt.State.DELIVERED,
        "called_at": NOON,
        "ended_at": NOON + timedelta(minutes=30),
    }
    made: Attempt = AttemptFactory(
        delivery__store=courier.place.store,
        courier=courier,
        shop_order_id=number,
        **(usual | fields),
    )
    return made


def uploaded(courier: StoreCourier, content: bytes, name: str = "11.csv") -> Bill:
    return bill_upload(courier=courier, name=name, content=content, actor="小王")


def compared(courier: StoreCourier, *rows: Any, headings: int = 0, **days: date) -> Bill:
    bill = uploaded(courier, as_csv(*rows))
    return bill_import(bill=bill, columns=Columns(headings, COLUMNS), actor="小王", **days)


def test_only_some_files_wait_for_their_columns(courier: StoreCourier) -> None:
    files = [as_csv(HEADINGS, line(f"ZG{number}")) for number in range(MOST_WAITING + 1)]
    bills = [uploaded(courier, each) for each in files[:-1]]
    with pytest.raises(Conflict, match="wait for their columns"):
        uploaded(courier, files[-1])
    assert uploaded(courier, files[0]) == bills[0]
    bill_remove(bill=bills[0], actor="小王")
    uploaded(courier, files[-1])


def findings(bill: Bill) -> list[tuple[str, str]]:
    return list(BillLine.objects.filter(bill=bill).values_list("number", "finding"))


def test_a_bill_is_compared_line_by_line(courier: StoreCourier) -> None:
    good, dear = ride(courier, "ZG1-a"), ride(courier, "ZG2-b", waybill_id="77")
    dead = ride(courier, "ZG3-c", state=Attempt.State.DEAD, deduction=Decimal("2.00"))
    ride(courier, "ZG4-d")
    bill = compared(
        courier,
        ("账单 2026-11",),
        HEADINGS,
        line("ZG1-a"),
        line("77", fee="15.00"),
        line("ZG3-c"),
        line("X-1", fee="9.00"),
        ["ZG9", "oops", "", "", "", ""],
        headings=1,
    )
    assert findings(bill) == [
        ("ZG1-a", F.NONE),
        ("77", F.FEE),
        ("ZG3-c", F.CANCELLED),
        ("X-1", F.NOT_OURS),
        ("ZG9", F.UNREADABLE),
        ("ZG4-d", F.MISSING),
    ]
    rows = list(bill.entries.all())
    assert [row.attempt_id for row in rows[:3]] == [good.pk, dear.pk, dead.pk]
    assert [row.row for row in rows] == [3, 4, 5, 6, 7, None]
    assert (rows[1].fee, rows[1].agreed_fee, rows[1].agreed, rows[1].difference) == (
        Decimal("15.00"),
        Decimal("12.00"),
        Decimal("12.00"),
        Decimal("3.00"),
    )
    assert rows[2].difference == Decimal("10.00")
    assert "“oops” is no amount" in rows[4].reason
    bill.refresh_from_db()
    assert (bill.lines, bill.findings) == (5, 5)
    assert (bill.charged, bill.difference) == (Decimal("48.00"), Decimal("22.00"))
    assert (bill.first_day, bill.last_day) == (date(2026, 11, 5), date(2026, 11, 5))
    assert (bill.content, bill.by) == ("", "小王")
    assert AuditEntry.objects.get().verb == "delivery.bill.compared"


def test_the_columns_are_remembered_for_the_courier_and_no_other(courier: StoreCourier) -> None:
    ride(courier, "ZG1-a")
    own = ("A", "B", "C")
    bill = uploaded(courier, as_csv(own, ["ZG1-a", "x", "12.00"]))
    assert bill_preview(bill).columns == {}
    chosen = Columns(0, {Kind.NUMBER: 0, Kind.TOTAL: 2})
    bill_import(bill=bill, columns=chosen, actor=None, first=NOON.date(), last=NOON.date())
    assert BillLayout.objects.get().columns == {"number": "A", "total": "C"}
    # Elsewhere in the file, and in another order.
    rows = (("title",), ("C", "A", "B"), ["13.00", "ZG1-a", "x"])
    later = uploaded(courier, as_xlsx(*rows), "12.xlsx")
    preview = bill_preview(later)
    assert (preview.headings, preview.columns) == (1, {Kind.NUMBER: 1, Kind.TOTAL: 0})
    assert preview.rows == [["13.00", "ZG1-a", "x"]]
    other = StoreCourierFactory(place=courier.place)
    assert bill_preview(uploaded(other, as_xlsx(*rows))).columns == {}


def test_a_row_of_headings_may_be_chosen(courier: StoreCourier) -> None:
    bill = uploaded(courier, as_csv(HEADINGS, ("No.", "x"), line("ZG1-a")))
    assert bill_preview(bill, 1).texts[:2] == ["No.", "x"]
    assert bill_preview(bill, 99).headings == bill_preview(bill).headings == 0


def test_the_same_file_is_the_same_bill(courier: StoreCourier) -> None:
    content = as_csv(HEADINGS, line("ZG1-a"))
    first = uploaded(courier, content)
    assert uploaded(courier, content) == first
    bill_import(bill=first, columns=Columns(0, COLUMNS), actor=None)
    assert uploaded(courier, content).imported_at is not None
    with pytest.raises(Conflict, match="compared already"):
        bill_import(bill=Bill.objects.get(), columns=Columns(0, COLUMNS), actor=None)
    with pytest.raises(Conflict, match="compared already"):
        # The page of somebody else still shows the columns.
        bill_import(bill=first, columns=Columns(0, COLUMNS), actor=None)
    assert BillLine.objects.count() == 1
    bill_remove(bill=Bill.objects.get(), actor="小王")
    assert (Bill.objects.count(), BillLine.objects.count()) == (0, 0)
    assert uploaded(courier, content).imported_at is None


def test_a_file_is_kept_encrypted_and_for_a_day(courier: StoreCourier) -> None:
    bill = uploaded(courier, as_csv(HEADINGS, line("ZG1-a")))
    stored = Bill.objects.filter(pk=bill.pk).annotate(raw=_raw()).values_list("raw", flat=True)[0]
    assert "ZG1" not in stored
    tasks.forget_files()
    assert Bill.objects.exists()
    with time_machine.travel(timezone.now() + timedelta(days=1, minutes=1)):
        tasks.forget_files()
    assert not Bill.objects.exists()


def _raw() -> Any:
    from django.db.models import TextField
    from django.db.models.functions import Cast

    return Cast("content", TextField())


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        (Columns(0, {Kind.FEE: 1}), "order number"),
        (Columns(0, {Kind.NUMBER: 0}), "amount"),
        (Columns(0, {Kind.NUMBER: 0, Kind.FEE: 0}), "one thing only"),
        (Columns(0, {Kind.NUMBER: 0, Kind.FEE: 60}), "that the file has"),
        (Columns(0, {Kind.NUMBER: 0, Kind.FEE: 10**18}), "that the file has"),
        (Columns(-1, COLUMNS), "row of the headings"),
        (Columns(10**18, COLUMNS), "row of the headings"),
        (Columns(1, COLUMNS), "about an order"),
        (Columns(0, {Kind.NUMBER: 0, Kind.FEE: 1}), "choose the first"),
    ],
)
def test_a_choice_that_makes_no_sense_is_refused(
    courier: StoreCourier, columns: Columns, words: str
) -> None:
    bill = uploaded(courier, as_csv(HEADINGS, line("ZG1-a")))
    with pytest.raises(Conflict, match=words):
        bill_import(bill=bill, columns=columns, actor=None)
    bill.refresh_from_db()
    assert (bill.imported_at, BillLine.objects.count()) == (None, 0)
    assert not BillLayout.objects.exists()


@pytest.mark.parametrize("last", [date(2026, 10, 31), date(2027, 3, 1)])
def test_a_bill_has_sensible_days(courier: StoreCourier, last: date) -> None:
    with pytest.raises(Conflict, match="100 days"):
        compared(courier, HEADINGS, line("ZG1-a"), first=date(2026, 11, 1), last=last)


def test_only_what_surely_falls_into_the_days_is_missing(courier: StoreCourier) -> None:
    day = timedelta(days=1)
    ride(courier, "due")
    ride(courier, "called-before", called_at=NOON - day)
    ride(courier, "came-after", ended_at=NOON + day)
    ride(courier, "cancelled", state=Attempt.State.DEAD)
    ride(courier, "under-way", state=Attempt.State.LIVE, ended_at=None)
    ride(StoreCourierFactory(place=courier.place), "another-courier")
    bill = compared(courier, HEADINGS, line("X"))
    assert findings(bill) == [("X", F.NOT_OURS), ("due", F.MISSING)]


def test_an_order_long_before_the_days_is_still_ours(courier: StoreCourier) -> None:
    ride(courier, "old", called_at=NOON - timedelta(days=60))
    assert findings(compared(courier, HEADINGS, line("old"))) == [("old", F.NONE)]


def test_other_stores_of_the_account_are_not_compared_and_other_merchants_not_known(
    courier: StoreCourier,
) -> None:
    sister = StoreCourierFactory(
        place=DeliveryStoreFactory(
            store__merchant=courier.place.store.merchant, connection=courier.place.connection
        ),
        account=courier.account,
    )
    ride(sister, "sister")
    ride(StoreCourierFactory(), "stranger")
    bill = compared(courier, HEADINGS, line("sister"), line("stranger"))
    assert findings(bill) == [("sister", F.ELSEWHERE), ("stranger", F.NOT_OURS)]
    first, second = bill.entries.all()
    assert (first.attempt, first.agreed_fee, first.difference) == (None, None, None)
    assert second.attempt is None
    assert (bill.charged, bill.findings) == (Decimal("12.00"), 1)


def test_a_bill_that_tells_what_left_an_account_is_turned(courier: StoreCourier) -> None:
    ride(courier, "ZG1-a", tip=Decimal(2))
    rows = (HEADINGS, ["ZG1-a", "-12.00", "-2.00", "", "-14.00", "2026-11-05"])
    bill = compared(courier, *rows)
    assert findings(bill) == [("ZG1-a", F.NONE)]
    assert bill.charged == Decimal("14.00")


def test_rounded_numbers_are_found_or_said_to_be_rounded(courier: StoreCourier) -> None:
    ride(courier, "ZG1-a", waybill_id="123456789012345678")
    content = as_xlsx(
        HEADINGS,
        [1.2345678901234568e17, 12, None, None, 12, "2026-11-05"],
        [9.876543210987654e17, 12, None, None, 12, "2026-11-05"],
    )
    bill = uploaded(courier, content, "x.xlsx")
    bill_import(bill=bill, columns=Columns(0, COLUMNS), actor=None)
    first, second = bill.entries.all()
    assert (first.finding, first.attempt is not None) == (F.NONE, True)
    assert (second.finding, "rounded" in second.reason) == (F.UNREADABLE, True)


def test_hostile_cells_are_kept_as_they_are_and_do_no_harm(courier: StoreCourier) -> None:
    rows: list[Any] = [
        line('=HYPERLINK(""http://x"")'),
        line("x" * 5000),
        line("\u202eZG1"),
        line("'; DROP TABLE delivery_bill; --"),
        line("<script>alert(1)</script>"),
        ["ZG1", "9" * 400, "", "", "", ""],
        ["ZG1", "12", "", "", "", "9999-99-99 99:99"],
    ]
    bill = uploaded(courier, as_csv(HEADINGS, *rows), "\u202e../../etc\x00/passwd" + "x" * 500)
    assert "\u202e" not in bill.file_name
    assert len(bill.file_name) <= 150
    bill_import(bill=bill, columns=Columns(0, COLUMNS), actor=None)
    kept = list(bill.entries.all())
    assert len(kept) == len(rows)
    assert all(len(row.number) <= 128 for row in kept)
    assert "\u202e" not in kept[2].number


def test_the_queries_do_not_grow_with_the_lines(
    courier: StoreCourier, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    rows: list[Any] = [line(f"X{number}") for number in range(1500)]
    bill = uploaded(courier, as_csv(HEADINGS, *rows))
    # Three for numbers that are not known, and on SQLite parts of the lines.
    with django_assert_max_num_queries(90):
        bill_import(bill=bill, columns=Columns(0, COLUMNS), actor=None)


def test_thousands_of_lines_are_compared_with_few_queries(courier: StoreCourier) -> None:
    place, count = courier.place, 3_000
    deliveries = Delivery.objects.bulk_create(
        (
            DeliveryFactory.build(store=place.store, slug=f"many-{number}")
            for number in range(count)
        ),
        batch_size=1000,
    )
    numbers = [f"ZG{delivery.pk}-0a1b2c3d4e" for delivery in deliveries]
    Attempt.objects.bulk_create(
        (
            Attempt(
                delivery=delivery,
                courier=courier,
                shop_order_id=number,
                state=Attempt.State.DELIVERED,
                fee=Decimal("12.00"),
                called_at=NOON,
                ended_at=NOON,
            )
            for delivery, number in zip(deliveries, numbers, strict=True)
        ),
        batch_size=1000,
    )
    content = as_xlsx(HEADINGS, *(line(number, fee="12.50") for number in numbers))
    with CaptureQueriesContext(connection) as queries:
        bill = uploaded(courier, content)
        bill_import(bill=bill, columns=Columns(0, COLUMNS), actor=None)
    # Some for each thousand lines.
    assert len(queries) < 80
    bill.refresh_from_db()
    assert (bill.lines, bill.difference) == (count, count / Decimal(2))
