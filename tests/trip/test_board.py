"""Trip on the start page: figures, problems for a person, the chart, waiting refunds and first
steps.
"""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import chinese_calendar
import pytest
import time_machine
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from stores.backoffice.widgets import Alert, Chosen
from stores.clock import end_of, start_of_day
from stores.models import Connection, OutboundCall, Store
from stores.roles import Role
from tests.pages import english
from tests.stores.factories import ConnectionFactory, MerchantFactory, StoreFactory, member
from tests.trip.factories import OfferFactory, TicketProductFactory
from trip import dashboard
from trip.models import Consumption, DrillRun, Order, Product, Refund, Voucher

State = OutboundCall.State
pytestmark = pytest.mark.usefixtures("in_english")


@pytest.fixture
def product(connection: Connection, store: Store) -> Product:
    row: Product = TicketProductFactory(connection=connection, store=store, title="成人票")
    return row


def order(
    product: Product, *, paid: datetime | None = None, quantity: int = 1, **fields: Any
) -> Order:
    """Creates an order of this product, issued when it is paid unless another status is given."""
    number = Order.objects.count() + 1
    row = Order.objects.create(
        **{
            "connection": product.connection,
            "store": product.store,
            "product": product,
            "offer": product.offers.first(),
            "order_id": 490_000_000_000_000 + number,
            "partner_order_id": f"ZG{number}",
            "status": "issued" if paid else "created",
            "quantity": quantity,
            "unit_price": "95.00",
            "buy_price": "80.50",
            "total_price": Decimal("95.00") * quantity,
            "voucher_type": 2,
            "created_at": paid or timezone.now(),
            "pay_until": timezone.now() + timedelta(hours=1),
            "paid_at": paid,
        }
        | fields
    )
    if row.status == "issued":
        Voucher.objects.create(
            connection=row.connection, order=row, code=f"A{number}", quantity=quantity
        )
    return row


def set_counts(row: Order, **counts: int) -> None:
    row.vouchers.update(**counts)


def used(row: Order, at: datetime, quantity: int) -> None:
    Consumption.objects.create(
        order=row,
        store=row.store,
        quantity=quantity,
        method="counter",
        by="小王",
        at=at,
    )


def review(row: Order, *, left: timedelta, **fields: Any) -> Refund:
    return Refund.objects.create(
        **{
            "order": row,
            "store": row.store,
            "refund_id": f"{row.order_id}-1",
            "status": "review",
            "quantity": row.quantity,
            "applied_at": timezone.now(),
            "deadline": timezone.now() + left,
        }
        | fields
    )


def notice(product: Product, **fields: Any) -> OutboundCall:
    now = timezone.now()
    return OutboundCall.objects.create(
        **{
            "platform": "trip",
            "operation": "ticket.used",
            "key": f"{OutboundCall.objects.count()}",
            "connection": product.connection,
            "pace": product.connection.pace,
            "store": product.store,
            "subject_id": 1,
            "queued_at": now,
            "expires_at": now,
            "settled_at": now,
        }
        | fields
    )


def figures(user: User) -> dict[str, tuple[str, str]]:
    return {str(card.title): (card.value, str(card.hint)) for card in dashboard.cards(user)}


def texts(alerts: list[Alert]) -> list[tuple[str, str]]:
    return [(alert.level, str(alert.text)) for alert in alerts]


def test_figures_are_of_today_and_leave_out_refunds_drills_and_other_merchants(
    product: Product, owner: User
) -> None:
    today, yesterday = start_of_day() + timedelta(minutes=1), start_of_day(1)
    order(product, paid=today, quantity=3)
    set_counts(order(product, paid=today, quantity=5), refunded=2, voided=1)
    order(product, paid=yesterday, quantity=4)
    order(product, paid=today, quantity=100, is_drill=True)
    order(TicketProductFactory(), paid=today, quantity=100)
    order(product, quantity=100)
    order(product, paid=today, quantity=7, status="issuing")
    order(product, paid=today, quantity=7, status="issuing", is_drill=True)
    assert figures(owner) == {
        "Tickets sold today": ("5", "yesterday by this time: 4"),
        "Tickets used today": ("0", "yesterday by this time: 0"),
        "Ticket revenue today": ("¥402.50", "yesterday by this time: ¥322.00"),
        "Orders waiting for codes": ("1", "paid, not issued yet"),
    }


def test_tickets_are_counted_on_the_day_they_were_used(product: Product, owner: User) -> None:
    today, yesterday = start_of_day(), start_of_day(1)
    sold = order(product, paid=today - timedelta(days=20), quantity=9)
    for at, quantity in ((today, 2), (today + timedelta(seconds=1), 1), (yesterday, 4)):
        used(sold, at, quantity)
    used(order(product, paid=today, is_drill=True), today, 50)
    used(order(TicketProductFactory(), paid=today), today, 50)
    assert figures(owner)["Tickets used today"] == ("3", "yesterday by this time: 4")


def test_an_order_made_before_midnight_and_paid_after_it_is_sold_today(
    product: Product, owner: User
) -> None:
    midnight = start_of_day()
    order(product, paid=midnight, created_at=midnight - timedelta(minutes=50))
    assert figures(owner)["Tickets sold today"] == ("1", "yesterday by this time: 0")


def test_who_sells_no_tickets_sees_nothing_of_them(product: Product) -> None:
    order(product, paid=timezone.now(), needs_person="closed_after_use")
    store = StoreFactory()
    clerk_elsewhere = member(
        product.store.merchant, Role.CLERK, StoreFactory(merchant=product.store.merchant)
    )
    for user in (member(store.merchant, Role.OWNER, password=None), clerk_elsewhere):
        assert [
            make(user)
            for make in (dashboard.cards, dashboard.alerts, dashboard.charts, dashboard.tables)
        ] == [[]] * 4
        assert not [step for step in dashboard.steps(user) if "Or sell" not in str(step.title)]
    links = dashboard.store_links([store, product.store])
    assert [(pk, str(link.title)) for pk, found in links.items() for link in found] == [
        (product.store_id, "Tickets")
    ]


@pytest.mark.django_db
def test_an_owner_who_has_connected_nothing_is_told_of_tickets_and_of_coupons() -> None:
    store = StoreFactory()
    owner = member(store.merchant, Role.OWNER, password=None)
    start = english(owner).get("/admin/").content.decode()
    assert ("Connect your account" in start, "Or sell tickets on Meituan" in start) == (True, True)
    ConnectionFactory(merchant=store.merchant)
    assert dashboard.steps(owner) == []


def test_refunds_near_their_deadline_are_told_by_urgency(product: Product, owner: User) -> None:
    sold = order(product, paid=timezone.now(), quantity=9)
    for number, hours in enumerate((-1, 3.9, 4.1, 23.9, 24.1)):
        review(sold, left=timedelta(hours=hours), refund_id=f"r{number}")
    review(sold, left=timedelta(hours=1), refund_id="done", status="agreed")
    review(order(product, paid=timezone.now(), is_drill=True), left=timedelta(hours=1))
    review(order(TicketProductFactory(), paid=timezone.now()), left=timedelta(hours=1))
    assert texts(dashboard.alerts(owner)) == [
        ("error", "2 refunds must be decided within 4 hours, or Meituan agrees to them by itself."),
        ("warning", "2 refunds must be decided within a day, or Meituan agrees to them by itself."),
    ]
    first = {row.refund_id: row.deadline for row in Refund.objects.filter(order=sold)}
    untils = [alert.until for alert in dashboard.alerts(owner)]
    assert untils == [first["r0"], first["r2"]]


def test_a_sleeping_ticketing_system_is_told_after_twenty_minutes(
    product: Product, owner: User
) -> None:
    now = timezone.now()
    order(product, paid=now - timedelta(minutes=19), status="issuing")
    assert dashboard.alerts(owner) == []
    order(product, paid=now - timedelta(minutes=21), status="issuing")
    order(product, paid=now - timedelta(minutes=21), status="issuing", is_drill=True)
    assert texts(dashboard.alerts(owner)) == [
        (
            "error",
            "1 paid order has waited for codes for more than 20 minutes."
            " Is the ticketing system asleep?",
        )
    ]


def test_notices_that_do_not_arrive_are_told(product: Product, owner: User) -> None:
    now = timezone.now()
    closed = order(product, paid=now, closed_at=now)
    notice(product, state=State.DEAD)
    notice(product, state=State.DEAD, operation="ticket.issued", subject_id=closed.pk)
    notice(product, state=State.DEAD, settled_at=now - timedelta(days=8))
    notice(product, state=State.REFUSED)
    notice(product, state=State.REFUSED, settled_at=now - timedelta(days=8))
    notice(product, state=State.DONE, queued_at=now - timedelta(hours=5))
    for minutes in (59, 61):
        notice(
            product,
            state=State.PENDING,
            settled_at=None,
            queued_at=now - timedelta(minutes=minutes),
        )
    notice(TicketProductFactory(), state=State.DEAD)
    notice(product, platform="umember", operation="coupon.verify", state=State.DEAD)
    assert texts(dashboard.alerts(owner)) == [
        ("error", "1 notice never reached Meituan."),
        ("error", "1 notice was refused by Meituan."),
        ("warning", "1 notice to Meituan has waited for more than an hour; it is tried again."),
    ]
    ledger = reverse("admin:trip_meituannotice_changelist")
    links = [alert.url for alert in dashboard.alerts(owner)]
    assert links == [f"{ledger}?state__exact=dead", f"{ledger}?state__exact=refused", ledger]


def test_notices_of_the_drill_are_nobodys_business(product: Product, owner: User) -> None:
    now = timezone.now()
    drill = order(product, paid=now, is_drill=True)
    used(drill, now, 1)
    refund = review(drill, left=timedelta(days=3))
    subjects = {
        "ticket.issued": drill,
        "ticket.used": drill.consumptions.get(),
        "ticket.refund": refund,
    }
    for operation, row in subjects.items():
        for state in (State.DEAD, State.REFUSED):
            notice(product, operation=operation, subject_id=row.pk, state=state, is_drill=True)
        notice(
            product,
            operation=operation,
            subject_id=row.pk,
            queued_at=now - timedelta(hours=2),
            settled_at=None,
            is_drill=True,
        )
    assert texts(dashboard.alerts(owner)) == []
    Order.objects.update(is_drill=False)
    OutboundCall.objects.update(is_drill=False)
    Refund.objects.update(status="agreed")
    assert texts(dashboard.alerts(owner)) == [
        ("error", "3 notices never reached Meituan."),
        ("error", "3 notices were refused by Meituan."),
        (
            "warning",
            "3 notices to Meituan have waited for more than an hour; they are tried again.",
        ),
    ]


def test_price_calendars_that_end_soon_are_told(product: Product, owner: User) -> None:
    today, connection = timezone.localdate(), product.connection

    def calendar(title: str, days: int | None, **fields: Any) -> Product:
        row: Product = TicketProductFactory(
            **{
                "connection": connection,
                "store": product.store,
                "title": title,
                "by_calendar": True,
                "offer": False,
            }
            | fields
        )
        for ahead in range(days + 1 if days is not None else 0):
            OfferFactory(product=row, date=today + timedelta(days=ahead))
        return row

    short, empty = calendar("short", 13), calendar("empty", None)
    unpriced = calendar("season without prices", None, valid_until=today + timedelta(days=90))
    calendar("long", 14)
    calendar("paused", 1, state="paused")
    calendar("season", 2, valid_until=today + timedelta(days=2))
    last = today + timedelta(days=13)
    assert {(alert.level, str(alert.text), alert.url) for alert in dashboard.alerts(owner)} == {
        (
            "warning",
            "empty has no prices.",
            reverse("admin:trip_product_calendar", args=[empty.pk]),
        ),
        (
            "warning",
            "season without prices has no prices.",
            reverse("admin:trip_product_calendar", args=[unpriced.pk]),
        ),
        (
            "warning",
            f"short: there are prices until {last.month}/{last.day} only.",
            reverse("admin:trip_product_calendar", args=[short.pk]),
        ),
    }
    untils = [alert.until for alert in dashboard.alerts(owner)]
    assert [until for until in untils if until] == [end_of(last)]


def test_a_connection_without_credentials_is_told_to_its_owner_only(
    product: Product, owner: User
) -> None:
    connection = product.connection
    Connection.objects.filter(pk=connection.pk).update(credentials={"client_id": "x"}, name="门票")
    assert texts(dashboard.alerts(owner)) == [("error", "门票: The client secret is missing.")]
    Connection.objects.update(credentials={"client_id": "x", "client_secret": "y"}, account="ab")
    what = "The PartnerId is missing or has something else than digits."
    assert texts(dashboard.alerts(owner)) == [("error", f"门票: {what}")]
    manager = member(product.store.merchant, Role.MANAGER, product.store, password=None)
    assert dashboard.alerts(manager) == []


def test_an_order_closed_while_it_is_issued_is_told_with_what_to_do(
    product: Product, owner: User
) -> None:
    order(product, status="closed", needs_person="closed_while_issuing")
    order(product, status="closed", needs_person="closed_while_issuing", is_drill=True)
    [alert] = dashboard.alerts(owner)
    text = (
        "1 order was closed by Meituan while its tickets were being prepared:"
        " stop preparing them, and give back what is reserved for it."
    )
    assert (alert.level, str(alert.text)) == ("warning", text)
    shown = english(owner).get(alert.url).content.decode()
    assert ("490000000000001" in shown, "490000000000002" in shown) == (True, False)


@pytest.mark.usefixtures("product")
def test_only_the_operator_is_told_of_missing_holidays_and_from_november_on(
    owner: User, admin_user: User
) -> None:
    last = max(chinese_calendar.holidays).year
    text = (
        f"The public holidays of {last + 1} are not known: deadlines of refunds count Monday to"
        " Friday. Update the calendar of holidays."
    )
    for day, is_told in (("10-31", False), ("11-01", True)):
        with time_machine.travel(f"{last}-{day} 12:00", tick=False):
            seller, operator = english(owner), english(admin_user)
            for page in ("/admin/", "/admin/todo/"):
                assert (text in operator.get(page).content.decode()) is is_told
                assert text not in seller.get(page).content.decode()


def test_a_clerk_is_told_nothing_that_only_others_can_do(product: Product) -> None:
    now = timezone.now()
    review(order(product, paid=now, needs_person="closed_after_use"), left=timedelta(hours=1))
    notice(product, state=State.DEAD)
    clerk = member(product.store.merchant, Role.CLERK, product.store, password=None)
    assert dashboard.alerts(clerk) == []
    manager = member(product.store.merchant, Role.MANAGER, product.store, password=None)
    assert texts(dashboard.alerts(manager)) == [
        ("error", "1 refund must be decided within 4 hours, or Meituan agrees to it by itself."),
        ("error", "1 ticket order must be settled with Meituan by a person."),
        ("error", "1 notice never reached Meituan."),
    ]


def test_every_link_of_the_board_opens(product: Product, owner: User) -> None:
    now = timezone.now()
    TicketProductFactory(
        connection=product.connection, store=product.store, by_calendar=True, offer=False
    )
    order(product, paid=now - timedelta(hours=1), status="issuing")
    review(order(product, paid=now, needs_person="closed_after_use"), left=timedelta(hours=1))
    for state in (State.DEAD, State.REFUSED):
        notice(product, state=state)
    notice(product, queued_at=now - timedelta(hours=2), settled_at=None)
    (table,) = dashboard.tables(owner)
    shown: list[Any] = [
        *dashboard.cards(owner),
        *dashboard.alerts(owner),
        *dashboard.store_links([product.store])[product.store_id],
        *table.rows,
        table,
    ]
    urls = {item.url for item in shown if item.url}
    client = english(owner)
    assert {url: client.get(url).status_code for url in urls} == dict.fromkeys(urls, 200)
    assert len(urls) == 11


def test_the_chart_shows_sold_and_used_tickets_side_by_side(product: Product, owner: User) -> None:
    midnight = start_of_day()
    sold = order(product, paid=midnight, quantity=3)
    set_counts(order(product, paid=midnight - timedelta(seconds=1), quantity=4), refunded=1)
    order(product, paid=midnight - timedelta(days=13), quantity=5)
    order(product, paid=midnight - timedelta(days=13, seconds=1), quantity=50)
    order(product, paid=midnight, quantity=50, is_drill=True)
    used(sold, midnight + timedelta(minutes=1), 2)
    used(sold, midnight - timedelta(days=13), 1)
    (chart,) = dashboard.charts(owner, Chosen(days=14))
    assert (len(chart.labels), chart.is_stacked) == (14, False)
    assert chart.total == "sold: 11, used: 3"
    (in_yuan,) = dashboard.charts(owner, Chosen(days=7, in_yuan=True))
    assert in_yuan.total == "sold: ¥483.00, used: ¥161.00"
    assert chart.series == {"sold": [5.0, *[0.0] * 11, 3.0, 3.0], "used": [1.0, *[0.0] * 12, 2.0]}


def test_waiting_refunds_are_listed_with_the_least_time_first(
    product: Product, owner: User
) -> None:
    for hours in (48.5, 20.5, 3.5):
        review(order(product, paid=timezone.now(), quantity=2), left=timedelta(hours=hours))
    review(order(product, paid=timezone.now(), is_drill=True), left=timedelta(hours=1))
    (table,) = dashboard.tables(owner)
    assert [(row.cells[0], row.cells[1], row.cells[2], row.tone) for row in table.rows] == [
        ("成人票", "3 h 29 min left", "2 tickets", "bad"),
        ("成人票", "20 h 29 min left", "2 tickets", "warn"),
        ("成人票", "48 h 29 min left", "2 tickets", "plain"),
    ]


def test_a_merchant_with_a_ticket_connection_is_led_to_the_first_ticket(db: None) -> None:
    store: Store = StoreFactory(merchant=MerchantFactory())
    owner = member(store.merchant, Role.OWNER, password=None)
    linked = ConnectionFactory(
        merchant=store.merchant, platform="trip", account="1001", credentials={}
    )
    assert [step.done for step in dashboard.steps(owner)] == [False] * 4
    Connection.objects.filter(pk=linked.pk).update(
        credentials={"client_id": "a", "client_secret": "b"}
    )
    product = TicketProductFactory(connection=linked, store=store)
    assert [step.done for step in dashboard.steps(owner)] == [True, True, False, False]
    order(product, paid=timezone.now(), is_drill=True)
    run = DrillRun.objects.create(connection=linked, base_url="http://127.0.0.1:8000")
    assert [step.done for step in dashboard.steps(owner)] == [True, True, False, False]
    passed, failed = (
        {"name": "create.accepted", "outcome": "passed"},
        {"name": "pay.twins", "outcome": "failed"},
    )
    checks = [passed["name"], failed["name"]]
    cases: list[tuple[dict[str, Any], bool]] = [
        ({"checks": checks, "results": [passed, passed]}, False),
        ({"finished_at": timezone.now()}, True),
        ({"results": [passed]}, False),
        ({"results": [passed, failed]}, False),
        ({"results": [passed, passed], "error": "abandoned"}, False),
        ({"error": ""}, True),
    ]
    for fields, is_done in cases:
        DrillRun.objects.filter(pk=run.pk).update(**fields)
        assert [step.done for step in dashboard.steps(owner)] == [True, True, is_done, False]
    assert {english(owner).get(step.url).status_code for step in dashboard.steps(owner)} == {200}
    order(product, paid=timezone.now())
    assert dashboard.steps(owner) == []


def test_the_board_takes_the_same_queries_at_any_size(product: Product, owner: User) -> None:
    counts = []
    for _ in range(2):
        for _ in range(5):
            store = StoreFactory(merchant=product.store.merchant)
            other = TicketProductFactory(
                connection=product.connection, store=store, by_calendar=True
            )
            review(order(other, paid=timezone.now()), left=timedelta(hours=1))
            used(order(other, paid=timezone.now()), timezone.now(), 1)
            order(other, paid=timezone.now() - timedelta(hours=1), status="issuing")
            notice(other, state=State.DEAD)
        person = User.objects.get(pk=owner.pk)
        with CaptureQueriesContext(connection) as queries:
            for make in (
                dashboard.cards,
                dashboard.alerts,
                dashboard.charts,
                dashboard.tables,
                dashboard.steps,
            ):
                make(person)
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 24
