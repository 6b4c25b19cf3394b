"""The stock calendar: many days at once, single days, closing without touching prices."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from stores.models import AuditEntry, Connection, OutboundCall, Store
from stores.roles import Role
from tests.trip.back_office import at_work, page, product_notices
from tests.trip.contract import order_of
from tests.trip.factories import OfferFactory, TicketProductFactory
from trip.models import CalendarChange, Offer, Product
from trip.services.days import VALUES

pytestmark = pytest.mark.django_db


@pytest.fixture
def product(connection: Connection, store: Store) -> Product:
    return TicketProductFactory(connection=connection, store=store, by_calendar=True, offer=False)


def next_monday() -> date:
    today = timezone.localdate()
    return today + timedelta(days=7 - today.weekday())


def days(first: date, last: date, **fields: Any) -> dict[str, Any]:
    return {
        "first": first.isoformat(),
        "last": last.isoformat(),
        "weekdays": [str(number) for number in range(7)],
        "sale_price": "39.90",
        "market_price": "50",
        "settlement_price": "35",
        "stock": "20",
        "is_open": "on",
        "do": "set",
    } | fields


def shown(client: Client, product: Product, **query: str) -> str:
    answer = client.get(page(product, "calendar"), query)
    assert answer.status_code == 200
    return answer.content.decode()


def squares(client: Client, product: Product, day: date) -> dict[date, str]:
    """Returns the colours of the days of a month."""
    answer = client.get(page(product, "calendar"), {"month": f"{day:%Y-%m}"})
    weeks = answer.context["weeks"]
    return {square.date: square.tone for week in weeks for square in week if square.is_shown}


def test_an_empty_calendar_says_what_to_do(manager_client: Client, product: Product) -> None:
    assert "No day has a price yet" in shown(manager_client, product)


def test_prices_are_set_for_weekends_of_a_span(manager_client: Client, product: Product) -> None:
    monday = next_monday()
    data = days(monday, monday + timedelta(days=13), weekdays=["5", "6"])
    assert manager_client.post(page(product, "calendar"), data).status_code == 302
    offers = list(Offer.objects.order_by("date"))
    assert [offer.date for offer in offers] == [monday + timedelta(days=n) for n in (5, 6, 12, 13)]
    assert {(offer.sale_price, offer.stock, offer.is_open) for offer in offers} == {
        (Decimal("39.90"), 20, True)
    }
    assert product_notices(product) == [5]
    assert "No day has a price yet" not in shown(manager_client, product)


def test_an_empty_stock_is_unlimited(manager_client: Client, product: Product) -> None:
    monday = next_monday()
    manager_client.post(page(product, "calendar"), days(monday, monday, stock=""))
    assert Offer.objects.get().stock is None
    assert "unlimited" in shown(manager_client, product, month=f"{monday:%Y-%m}")


def test_a_single_day_is_changed_and_what_is_sold_stays(
    manager_client: Client, product: Product
) -> None:
    monday = next_monday()
    OfferFactory(product=product, date=monday, sale_price="88.00", stock=9, sold=4, held=1)
    form = manager_client.get(page(product, "calendar"), {"day": monday.isoformat()}).context[
        "form"
    ]
    assert (form["first"].value(), form["last"].value()) == (monday, monday)
    assert (form["sale_price"].value(), form["stock"].value()) == (Decimal("88.00"), 9)
    manager_client.post(page(product, "calendar"), days(monday, monday, stock="3"))
    offer = Offer.objects.get()
    assert (offer.stock, offer.sold, offer.held, offer.left) == (3, 4, 1, 0)


def test_days_are_closed_and_opened_without_touching_prices(
    manager_client: Client, product: Product
) -> None:
    monday = next_monday()
    for number, price in enumerate(("10.00", "20.00")):
        OfferFactory(product=product, date=monday + timedelta(days=number), sale_price=price)
    nothing = {"sale_price": "", "market_price": "", "settlement_price": "", "stock": ""}
    closing = days(monday, monday + timedelta(days=6), do="close", **nothing)
    assert manager_client.post(page(product, "calendar"), closing).status_code == 302
    prices = Offer.objects.order_by("date").values_list("sale_price", "is_open")
    assert list(prices.all()) == [(Decimal("10.00"), False), (Decimal("20.00"), False)]
    manager_client.post(
        page(product, "calendar"), closing | {"do": "open", "last": monday.isoformat()}
    )
    assert list(prices.all()) == [(Decimal("10.00"), True), (Decimal("20.00"), False)]
    verbs = [entry.verb for entry in AuditEntry.objects.order_by("id")]
    assert verbs == ["trip.days.closed", "trip.days.opened"]


def test_colours_say_what_is_left(manager_client: Client, product: Product) -> None:
    first = (timezone.localdate().replace(day=1) + timedelta(days=32)).replace(day=1)
    rows: list[dict[str, Any]] = [
        {"stock": 20, "sold": 1},
        {"stock": 20, "sold": 17, "held": 1},
        {"stock": 20, "sold": 20},
        {"stock": 20, "sold": 25},
        {"stock": None},
        {"stock": 20, "is_open": False},
        {"stock": 0},
    ]
    for number, fields in enumerate(rows):
        OfferFactory(product=product, date=first + timedelta(days=number), **fields)
    tones = list(squares(manager_client, product, first).values())
    assert tones[:8] == [
        "free",
        "few",
        "sold-out",
        "sold-out",
        "free",
        "closed",
        "sold-out",
        "none",
    ]
    assert len(tones) == ((first + timedelta(days=32)).replace(day=1) - first).days


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"first": "2020-01-01"}, "This day is over"),
        ({"last": "2020-01-01"}, "before the first day"),
        ({"last": "2099-01-01"}, "At most a year"),
        ({"weekdays": []}, "This field is required"),
        ({"weekdays": ["7"]}, "Select a valid choice"),
        ({"sale_price": ""}, "Enter a price"),
        ({"sale_price": "-1"}, "greater than or equal to 0"),
        ({"sale_price": "1.234"}, "2 decimal places"),
        ({"sale_price": "NaN"}, "Enter a number"),
        ({"stock": "-1"}, "greater than or equal to 0"),
        ({"stock": "99999999999999999999"}, "less than or equal to 1000000"),
        ({"first": "tomorrow"}, "Enter a valid date"),
        ({"do": "delete"}, ""),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_is_refused(
    manager_client: Client, product: Product, fields: dict[str, Any], complaint: str
) -> None:
    monday = next_monday()
    answer = manager_client.post(page(product, "calendar"), days(monday, monday) | fields)
    assert (answer.status_code, complaint in answer.content.decode(), Offer.objects.count()) == (
        422,
        True,
        0,
    )


@pytest.mark.parametrize("month", ["", "2026-13", "0000-01", "9999-12", "x" * 500, "2026-05"])
def test_any_month_in_the_address_opens(
    manager_client: Client, product: Product, month: str
) -> None:
    assert "Previous month" in shown(manager_client, product, month=month)


@pytest.mark.parametrize("month", ["2000-01", "2100-12"])
def test_the_ends_of_time_open(manager_client: Client, product: Product, month: str) -> None:
    assert "Next month" in shown(manager_client, product, month=month)


def test_clerks_look_but_do_not_set(product: Product) -> None:
    clerk, monday = at_work(product.store, Role.CLERK), next_monday()
    OfferFactory(product=product, date=monday)
    text = shown(clerk, product, month=f"{monday:%Y-%m}")
    assert ("¥95.00" in text, "Set price and stock" in text) == (True, False)
    assert clerk.post(page(product, "calendar"), days(monday, monday)).status_code == 403
    assert Offer.objects.get().sale_price == Decimal("95.00")


def test_another_merchants_calendar_does_not_exist(product: Product) -> None:
    stranger, monday = at_work(TicketProductFactory().store), next_monday()
    assert stranger.get(page(product, "calendar")).status_code == 404
    assert stranger.post(page(product, "calendar"), days(monday, monday)).status_code == 404
    assert product.offers.count() == 0


def test_a_product_without_chosen_days_has_no_calendar_to_set(
    manager_client: Client, product: Product
) -> None:
    plain = TicketProductFactory(connection=product.connection, store=product.store)
    monday = next_monday()
    assert "one price, which is on its own page" in shown(manager_client, plain)
    assert manager_client.post(page(plain, "calendar"), days(monday, monday)).status_code == 422
    assert plain.offers.get().date is None


def test_the_calendar_takes_the_same_queries_however_full_it_is(
    manager_client: Client, product: Product
) -> None:
    monday = next_monday()
    OfferFactory(product=product, date=monday)
    shown(manager_client, product, month=f"{monday:%Y-%m}")
    with CaptureQueriesContext(connection) as few:
        shown(manager_client, product, month=f"{monday:%Y-%m}")
    for number in range(1, 20):
        OfferFactory(product=product, date=monday + timedelta(days=number))
    with CaptureQueriesContext(connection) as many:
        shown(manager_client, product, month=f"{monday:%Y-%m}")
    assert len(many) == len(few)


# Overwriting, and taking back


def told(client: Client, product: Product, data: dict[str, Any]) -> str:
    """Posts to the calendar and returns what is said afterwards."""
    answer = client.post(page(product, "calendar"), data, follow=True)
    return " ".join(str(message) for message in answer.context["messages"])


def values(product: Product) -> dict[date | None, tuple[Any, ...]]:
    return {
        offer["date"]: tuple(offer.values()) for offer in product.offers.values("date", *VALUES)
    }


@pytest.fixture
def week(product: Product) -> date:
    """Returns a Monday: it and the next day have prices, the days after them have none."""
    monday = next_monday()
    OfferFactory(product=product, date=monday, sale_price="88.00", stock=9, sold=4, held=1)
    OfferFactory(product=product, date=monday + timedelta(days=1), stock=None, is_open=False)
    return monday


def test_a_change_of_many_days_says_first_how_many_it_overwrites(
    manager_client: Client, product: Product, week: date
) -> None:
    before, whole = values(product), days(week, week + timedelta(days=6))
    asked = manager_client.post(page(product, "calendar"), whole)
    text = asked.content.decode()
    assert (asked.status_code, values(product), product_notices(product)) == (200, before, [])
    assert "overwrites the prices and stock that 2 days have already" in text
    assert 'name="overwrite" value="2"' in text
    # Another day got a price meanwhile: what was agreed to is no longer what happens.
    OfferFactory(product=product, date=week + timedelta(days=3))
    again = manager_client.post(page(product, "calendar"), whole | {"overwrite": "2"})
    assert "that 3 days have already" in again.content.decode()
    assert (
        manager_client.post(page(product, "calendar"), whole | {"overwrite": "3"}).status_code
        == 302
    )
    assert {row[2] for row in values(product).values()} == {Decimal("39.90")}


def test_days_without_prices_and_a_single_day_are_set_at_once(
    manager_client: Client, product: Product, week: date
) -> None:
    later = days(week + timedelta(days=2), week + timedelta(days=6))
    assert manager_client.post(page(product, "calendar"), later).status_code == 302
    assert manager_client.post(page(product, "calendar"), days(week, week)).status_code == 302
    # The same values again overwrite nothing.
    assert manager_client.post(page(product, "calendar"), later).status_code == 302


def undo_of(client: Client, product: Product) -> dict[str, str]:
    """Returns what the button sends that takes back the last change."""
    shown_now = client.get(page(product, "calendar")).context["undo"]
    assert shown_now, "nothing can be taken back"
    return {"undo": str(shown_now.pk)}


def test_a_change_is_taken_back_exactly_and_once(
    manager_client: Client, product: Product, week: date
) -> None:
    before = values(product)
    manager_client.post(
        page(product, "calendar"), days(week, week + timedelta(days=6)) | {"overwrite": "2"}
    )
    assert len(values(product)) == 7
    undo = undo_of(manager_client, product)
    assert "7 days are as they were before" in told(manager_client, product, undo)
    assert values(product) == before
    offer = product.offers.get(date=week)
    assert (offer.sold, offer.held) == (4, 1)
    assert manager_client.get(page(product, "calendar")).context["undo"] is None
    manager_client.post(page(product, "calendar"), days(week, week))
    assert "taken back already" in told(manager_client, product, undo)
    assert product.offers.get(date=week).sale_price == Decimal("39.90")


def test_taking_back_is_logged_and_meituan_is_told_as_of_the_change(
    manager_client: Client, product: Product, week: date
) -> None:
    manager_client.post(page(product, "calendar"), days(week, week, do="close"))
    OutboundCall.objects.update(state="done", settled_at=timezone.now())
    told(manager_client, product, undo_of(manager_client, product))
    assert product_notices(product) == [5, 5]
    closed, restored = AuditEntry.objects.order_by("pk")
    assert (closed.verb, restored.verb) == ("trip.days.closed", "trip.days.restored")
    assert restored.data == {"first": str(week), "last": str(week), "days": 1}
    assert product.offers.get(date=week).is_open


@pytest.mark.parametrize("how", ["by hand", "by another change", "and back again"])
def test_a_day_that_was_changed_since_stays_as_it_is(
    manager_client: Client, product: Product, week: date, how: str
) -> None:
    manager_client.post(page(product, "calendar"), days(week, week))
    undo = undo_of(manager_client, product)
    if how == "by hand":
        product.offers.update(stock=77)
    else:
        manager_client.post(page(product, "calendar"), days(week, week, stock="1"))
    if how == "and back again":
        manager_client.post(page(product, "calendar"), days(week, week))
    before = values(product)
    assert "was changed since" in told(manager_client, product, undo)
    assert values(product) == before


def test_a_day_for_which_tickets_were_ordered_keeps_its_price(
    manager_client: Client, product: Product
) -> None:
    monday = next_monday()
    manager_client.post(page(product, "calendar"), days(monday, monday))
    order = order_of(product.store)
    order.offer = product.offers.get()
    order.save()
    before = values(product)
    said = told(manager_client, product, undo_of(manager_client, product))
    assert ("Tickets were ordered" in said, values(product)) == (True, before)


def test_an_old_change_cannot_be_taken_back_and_is_forgotten(
    manager_client: Client, product: Product, week: date
) -> None:
    manager_client.post(page(product, "calendar"), days(week, week))
    undo = undo_of(manager_client, product)
    CalendarChange.objects.update(at=timezone.now() - timedelta(days=2))
    assert manager_client.get(page(product, "calendar")).context["undo"] is None
    assert "older than a day" in told(manager_client, product, undo)
    manager_client.post(page(product, "calendar"), days(week, week, stock="1"))
    assert CalendarChange.objects.count() == 1


def test_only_sellers_of_the_product_take_its_changes_back(
    manager_client: Client, product: Product, week: date
) -> None:
    manager_client.post(page(product, "calendar"), days(week, week))
    undo, before = undo_of(manager_client, product), values(product)
    clerk, other = at_work(product.store, Role.CLERK), TicketProductFactory(by_calendar=True)
    assert clerk.get(page(product, "calendar")).context["undo"] is None
    assert clerk.post(page(product, "calendar"), undo).status_code == 403
    stranger = at_work(other.store)
    assert stranger.post(page(product, "calendar"), undo).status_code == 404
    # Nor by way of a product of one's own.
    assert stranger.post(page(other, "calendar"), undo).status_code == 404
    for odd in ("", "x", "-1", "9" * 30):
        answer = manager_client.post(page(product, "calendar"), {"undo": odd})
        assert answer.status_code == 404
    assert values(product) == before


def test_the_audit_log_finds_a_calendars_changes_by_the_products_name(
    owner_client: Client, product: Product
) -> None:
    monday = next_monday()
    owner_client.post(page(product, "calendar"), days(monday, monday))
    owner_client.post(page(product, "calendar"), days(monday, monday, do="close"))
    way = owner_client.get(page(product, "history")).context["audit_log"]
    found = owner_client.get(way).context["cl"].result_list
    assert [entry.verb for entry in found] == ["trip.days.closed", "trip.prices.set"]


@pytest.mark.parametrize("deed", [{"do": "set"}, {"do": "open"}])
def test_what_is_so_already_is_no_change(
    manager_client: Client, product: Product, deed: dict[str, str]
) -> None:
    monday = next_monday()
    asked = days(monday, monday + timedelta(days=6))
    manager_client.post(page(product, "calendar"), asked)
    kept = [model.objects.count() for model in (AuditEntry, CalendarChange)]
    told = product_notices(product)
    again = manager_client.post(page(product, "calendar"), asked | deed, follow=True)
    assert "No day was changed" in again.content.decode()
    assert [model.objects.count() for model in (AuditEntry, CalendarChange)] == kept
    assert product_notices(product) == told


def test_only_days_that_become_different_are_counted(
    manager_client: Client, product: Product
) -> None:
    monday = next_monday()
    manager_client.post(page(product, "calendar"), days(monday, monday))
    week = days(monday, monday + timedelta(days=6))
    answer = manager_client.post(page(product, "calendar"), week, follow=True)
    assert "6 days were changed." in answer.content.decode()
    assert AuditEntry.objects.latest("pk").data["days"] == 6
