"""Products in the back office: what the form understands, refuses and tells Meituan."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from stores.models import AuditEntry, Connection, OutboundCall, Store
from stores.roles import Role
from tests.stores.factories import ConnectionFactory, StoreFactory
from tests.trip.back_office import at_work, listed, page, press, product_notices
from tests.trip.factories import OfferFactory, TicketConnectionFactory, TicketProductFactory
from trip.models import Offer, Place, Product

pytestmark = pytest.mark.django_db
ADD = "/admin/trip/product/add/"


def form_of(product: Product | None, **fields: Any) -> dict[str, Any]:
    """Returns the data that a browser posts for a plain product, with its price and without refund
    steps.
    """
    inlines: dict[str, Any] = {
        "refund_steps-TOTAL_FORMS": "0",
        "refund_steps-INITIAL_FORMS": "0",
    }
    offer = product.offers.filter(date=None).first() if product else None
    if offer:
        inlines |= price(offer)
    return {
        "title": "景区成人票",
        "valid_days": "1",
        "last_entry": "18:00",
        "book_ahead": "1",
        "ahead_minutes": "0",
        "ahead_days": "0",
        "visitor_info": "1",
        "group_size": "1",
        "needs_name": "on",
        "needs_mobile": "on",
        "min_per_order": "1",
        "max_per_order": "0",
        "phone_limit": "0",
        "phone_limit_days": "0",
        "credential_limit": "0",
        "credential_limit_days": "0",
        "pay_minutes": "60",
        "refund_type": "1",
        "partial_refund": "on",
        "voucher_type": "1",
        "issuing": "own",
        **({"store": str(product.store_id)} if product else {}),
    } | inlines | fields  # fmt: skip


def price(offer: Offer | None = None, **fields: str) -> dict[str, str]:
    known = {
        "market_price": str(offer.market_price if offer else "120"),
        "sale_price": str(offer.sale_price if offer else "95"),
        "settlement_price": str(offer.settlement_price if offer else "80"),
        "stock": str(offer.stock or "") if offer else "50",
        "is_open": "on",
    }
    return known | fields


def new(connection: Connection, /, **fields: Any) -> dict[str, Any]:
    store = connection.tenant.stores.get()
    identity = {"connection": str(connection.pk), "store": str(store.pk), "deal_id": "ZG-1"}
    return form_of(None) | identity | price() | fields


def complaints(client: Client, address: str, data: dict[str, Any]) -> str:
    """Posts a form that is refused and returns the page; nothing was saved."""
    before = list(Product.objects.values())
    answer = client.post(address, data)
    assert (answer.status_code, list(Product.objects.values())) == (200, before)
    return answer.content.decode()


def test_a_product_is_added_with_its_price_and_told_of(
    manager_client: Client, connection: Connection
) -> None:
    answer = manager_client.post(
        ADD, new(connection, credential_types=["0", "1"], visitor_info="3")
    )
    assert answer.status_code == 302
    product = Product.objects.get()
    assert (product.connection, product.deal_id, product.credential_types) == (
        connection,
        "ZG-1",
        [0, 1],
    )
    offer = product.offers.get()
    assert (offer.date, offer.sale_price, offer.stock, offer.is_open) == (
        None,
        Decimal("95.00"),
        50,
        True,
    )
    assert product_notices(product) == [1]
    assert AuditEntry.objects.get().verb == "product added"


def test_the_only_connection_is_chosen_already(
    manager_client: Client, connection: Connection
) -> None:
    ConnectionFactory(merchant=connection.merchant)
    choices = manager_client.get(ADD).context["adminform"].form.fields["connection"]
    assert (choices.initial, list(choices.queryset)) == (connection.pk, [connection])


def test_another_merchants_connection_and_store_cannot_be_chosen(
    manager_client: Client, connection: Connection
) -> None:
    other = TicketConnectionFactory()
    store = StoreFactory(merchant=other.merchant)
    assert "Select a valid choice" in complaints(
        manager_client, ADD, new(connection, connection=str(other.pk))
    )
    assert "Select a valid choice" in complaints(
        manager_client, ADD, new(connection, store=str(store.pk))
    )


def test_store_and_connection_belong_to_one_merchant(connection: Connection) -> None:
    operator = at_work(StoreFactory(merchant=connection.merchant))
    User.objects.update(is_superuser=True)
    elsewhere = StoreFactory()
    assert "different merchants" in complaints(
        operator, ADD, new(connection, store=str(elsewhere.pk))
    )


def test_a_product_number_is_used_once(manager_client: Client, connection: Connection) -> None:
    TicketProductFactory(
        connection=connection, store=connection.tenant.stores.get(), deal_id="ZG-1"
    )
    assert "has this number already" in complaints(manager_client, ADD, new(connection))


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"deal_id": "坏 id!!"}, "Only letters, digits"),
        ({"sale_price": "121"}, "More than the market price"),
        ({"settlement_price": "96"}, "More than the buyer pays"),
        ({"refund_type": "4"}, "need at least one step"),
        ({"refund_type": "3", "refund_review": "on"}, "nothing to decide"),
        ({"valid_from": "2026-05-02", "valid_until": "2026-05-01"}, "before the first day"),
        ({"book_ahead": "2", "ahead_minutes": "30"}, "nothing to book ahead of"),
        ({"book_ahead": "3"}, "until what time of day"),
        ({"visitor_info": "2", "needs_name": "", "needs_mobile": ""}, "what is to be known"),
        ({"min_per_order": "3", "max_per_order": "2"}, "less than the fewest"),
        ({"phone_limit": "2"}, "Mobiles can only be counted"),
        ({"visitor_info": "3", "credential_limit": "2"}, "Certificates can only be counted"),
        ({"pay_minutes": "30"}, "greater than or equal to 31"),
        ({"sale_price": "-1"}, "greater than or equal to 0"),
        ({"sale_price": ""}, "Enter a price"),
        ({"credential_types": ["9"]}, "Select a valid choice"),
    ],
    ids=lambda value: "" if isinstance(value, str) else ",".join(value),
)
def test_what_does_not_fit_together_is_said(
    manager_client: Client, connection: Connection, fields: dict[str, Any], complaint: str
) -> None:
    assert complaint in complaints(manager_client, ADD, new(connection, **fields))
    assert (Offer.objects.count(), OutboundCall.objects.count()) == (0, 0)


def step(**fields: str) -> dict[str, str]:
    known = {"minutes_before": "1440", "fee_mode": "4", "fee": "10"} | fields
    return {"refund_steps-TOTAL_FORMS": "1"} | {
        f"refund_steps-0-{name}": value for name, value in known.items()
    }


def test_refund_steps_are_kept(manager_client: Client, connection: Connection) -> None:
    manager_client.post(ADD, new(connection, refund_type="4", **step()))
    kept = Product.objects.get().refund_steps.get()
    assert (kept.minutes_before, kept.fee_mode, kept.fee) == (1440, 4, Decimal("10.00"))


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"refund_type": "4"} | step(fee="101"), "More than 100 percent"),
        ({"refund_type": "4"} | step(fee_mode="1", fee="5"), "Choose how the fee is counted"),
        ({"refund_type": "1"} | step(), "remove them"),
    ],
    ids=["percent", "mode", "type"],
)
def test_refund_steps_that_make_no_sense_are_refused(
    manager_client: Client, connection: Connection, fields: dict[str, str], complaint: str
) -> None:
    assert complaint in complaints(manager_client, ADD, new(connection, **fields))


def test_a_calendar_product_has_no_price_of_its_own(
    manager_client: Client, connection: Connection
) -> None:
    answer = manager_client.post(ADD, new(connection, by_calendar="on"))
    assert answer.status_code == 302
    assert (Product.objects.get().by_calendar, Offer.objects.count()) == (True, 0)


def test_the_days_of_a_calendar_are_not_in_the_form(
    manager_client: Client, connection: Connection
) -> None:
    product = TicketProductFactory(
        connection=connection, store=connection.tenant.stores.get(), by_calendar=True, offer=False
    )
    day = OfferFactory(product=product, date=date(2026, 12, 1))
    assert manager_client.post(page(product), form_of(product, title="周末票")).status_code == 302
    assert (Product.objects.get().title, Offer.objects.get()) == ("周末票", day)


# Changing


@pytest.fixture
def product(connection: Connection, store: Store) -> Product:
    return TicketProductFactory(connection=connection, store=store, offer__stock=50)


def test_a_new_price_is_told(manager_client: Client, product: Product) -> None:
    Offer.objects.update(held=3, sold=4)
    data = form_of(product) | {"sale_price": "99.50"}
    assert manager_client.post(page(product), data).status_code == 302
    offer = Offer.objects.get()
    assert (offer.sale_price, offer.held, offer.sold) == (Decimal("99.50"), 3, 4)
    assert product_notices(product) == [2]


def test_tickets_that_were_sold_while_the_form_was_open_stay_sold(
    manager_client: Client, product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    save = Offer.save

    def sold_just_before(self: Offer, **options: Any) -> None:
        Offer.objects.update(sold=7)
        save(self, **options)

    monkeypatch.setattr(Offer, "save", sold_just_before)
    manager_client.post(page(product), form_of(product) | {"sale_price": "99.50"})
    assert (Offer.objects.get().sold, Offer.objects.get().sale_price) == (7, Decimal("99.50"))


def test_what_meituan_said_meanwhile_stays(
    manager_client: Client, product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    save = Product.save

    def listed_just_before(self: Product, **options: Any) -> None:
        Product.objects.update(listing=1)
        save(self, **options)

    monkeypatch.setattr(Product, "save", listed_just_before)
    manager_client.post(page(product), form_of(product, title="周末票"))
    assert (Product.objects.get().listing, Product.objects.get().title) == (1, "周末票")


def test_saving_without_a_change_tells_nobody(manager_client: Client, product: Product) -> None:
    assert (
        manager_client.post(page(product), form_of(product, last_entry="23:59:00")).status_code
        == 302
    )
    assert product_notices(product) == []


def test_number_connection_and_kind_never_change(manager_client: Client, product: Product) -> None:
    manager_client.post(
        page(product), form_of(product, deal_id="OTHER", by_calendar="on", connection="1")
    )
    saved = Product.objects.get()
    assert (saved.deal_id, saved.by_calendar, saved.connection) == (
        product.deal_id,
        False,
        product.connection,
    )


def test_clerks_look_but_do_not_change(product: Product) -> None:
    clerk = at_work(product.store, Role.CLERK)
    shown = clerk.get(page(product)).content.decode()
    assert ("95.00" in shown, 'name="title"' in shown, 'name="sale_price"' in shown) == (
        True,
        False,
        False,
    )
    assert clerk.post(page(product), form_of(product, title="x")).status_code == 403


# Buttons


def test_a_paused_product_is_put_on_sale_again_and_meituan_hears_both(
    manager_client: Client, product: Product
) -> None:
    assert "nobody can order it now" in press(manager_client, product, "pause")
    assert Product.objects.get().state == "paused"
    press(manager_client, product, "pause")
    assert "On sale again" in press(manager_client, product, "resume")
    assert (Product.objects.get().state, product_notices(product)) == ("on_sale", [0, 1])
    verbs = [entry.verb for entry in AuditEntry.objects.order_by("id")]
    assert verbs == ["trip.product.paused", "trip.product.resumed"]


# The list


def test_the_list_says_what_a_ticket_costs(manager_client: Client, product: Product) -> None:
    TicketProductFactory(
        connection=product.connection, store=product.store, by_calendar=True, offer=False
    )
    shown = manager_client.get(reverse("admin:trip_product_changelist")).content.decode()
    assert ("¥95.00" in shown, "by day" in shown, "not heard of yet" in shown) == (True, True, True)


def test_the_list_takes_the_same_queries_however_long_it_is(
    manager_client: Client, product: Product
) -> None:
    address = reverse("admin:trip_product_changelist")
    manager_client.get(address)
    with CaptureQueriesContext(database) as few:
        manager_client.get(address)
    for _ in range(30):
        TicketProductFactory(connection=product.connection, store=product.store)
    with CaptureQueriesContext(database) as many:
        answer = manager_client.get(address)
    assert (len(answer.context["cl"].result_list), len(many)) == (31, len(few))


def test_products_are_found_by_title_number_and_state(
    manager_client: Client, product: Product
) -> None:
    other = TicketProductFactory(
        connection=product.connection,
        store=product.store,
        title="夜场票",
        deal_id="NIGHT",
        state="paused",
    )
    assert listed(manager_client, "product", q="夜场") == [other]
    assert listed(manager_client, "product", q="NIGHT") == [other]
    assert listed(manager_client, "product", state__exact="on_sale") == [product]


def test_a_place_is_put_on_the_map_once(manager_client: Client, connection: Connection) -> None:
    store = connection.tenant.stores.get()
    data = {
        "store": str(store.pk),
        "city": "北京",
        "longitude": "116.397",
        "latitude": "39.908",
        "system": "0",
    }
    nowhere = manager_client.post(
        "/admin/trip/place/add/", data | {"longitude": "181"}
    ).content.decode()
    assert "longitude and latitude may be swapped" in nowhere
    assert manager_client.post("/admin/trip/place/add/", data).status_code == 302
    assert Place.objects.get().store == store
    assert (
        "Select a valid choice"
        in manager_client.post("/admin/trip/place/add/", data).content.decode()
    )


def test_a_new_product_by_day_leads_to_its_calendar_and_is_not_called_on_sale_before_it_has_prices(
    manager_client: Client, connection: Connection
) -> None:
    answer = manager_client.post(ADD, new(connection, by_calendar="on"))
    product = Product.objects.get()
    assert answer["Location"] == page(product, "calendar")

    def has_no_price() -> bool:
        return (
            "no price"
            in manager_client.get(reverse("admin:trip_product_changelist")).content.decode()
        )

    assert has_no_price()
    OfferFactory(product=product, date=timezone.localdate() - timedelta(days=1))
    assert has_no_price()
    OfferFactory(product=product, date=timezone.localdate())
    assert not has_no_price()


def test_who_may_not_open_a_connection_gets_no_link_to_it(connection: Connection) -> None:
    product = TicketProductFactory(
        connection=connection, store=StoreFactory(merchant=connection.merchant)
    )
    for role in (Role.CLERK, Role.MANAGER):
        shown = at_work(product.store, role).get(page(product)).content.decode()
        assert (str(connection) in shown, f"/connection/{connection.pk}/" in shown) == (True, False)


def test_swapped_coordinates_are_called_so(manager_client: Client, connection: Connection) -> None:
    swapped = {"city": "杭州", "longitude": "30.287459", "latitude": "120.153576", "system": "0"}
    answer = manager_client.post(
        "/admin/trip/place/add/", swapped | {"store": str(connection.tenant.stores.get().pk)}
    )
    assert "may be swapped" in answer.content.decode()
    assert not Place.objects.exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("valid_from", "9999-12-31"),
        ("valid_until", "9999-12-31"),
        ("ahead_minutes", "2000000000"),
        ("phone_limit_days", "999999"),
        ("credential_limit_days", "999999"),
    ],
)
def test_a_number_beyond_the_calendar_is_refused(
    manager_client: Client, connection: Connection, field: str, value: str
) -> None:
    """Such a product could not be bought, and no product of its connection could be pulled."""
    form = new(connection, by_calendar="on") | {field: value}
    assert "less than or equal to" in complaints(manager_client, ADD, form)
