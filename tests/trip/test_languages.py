"""Every ticket page is free of English in Chinese and free of Chinese in English, in every state of
the orders.
"""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from stores.models import OutboundCall
from stores.roles import Role
from tests.contract.languages import IN_BOTH, Language, nothing_typed
from tests.meituan import Meituan, selling
from tests.stores.factories import member
from tests.trip.factories import OfferFactory
from trip import services
from trip.choices import (
    CloseType,
    Issuing,
    Listing,
    ListingCheck,
    Method,
    RefundedBecause,
    RefundType,
    Trouble,
)
from trip.codes import new_code
from trip.models import Consumption, DrillRun, Order, Product, Refund, RefundStep, Voucher
from trip.services.terms import kept

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def sold() -> tuple[Meituan, Product]:
    meituan, product = selling(title="alpha", needs_mobile=False)
    for row in (product.connection, product.store, product.connection.tenant):
        row.name = "alpha"
        row.save()
    return meituan, product


def owner_of(product: Product) -> User:
    return member(product.connection.tenant, Role.OWNER, username="alpha")


def page(row: Any, name: str = "change") -> str:
    return reverse(f"admin:trip_{row._meta.model_name}_{name}", args=[row.pk])


def listed(model: str, query: str = "") -> str:
    return reverse(f"admin:trip_{model}_changelist") + query


def orders_in_every_state(product: Product) -> list[Order]:
    """Creates one order for each status, reason of closing and trouble."""
    offer = product.offers.get()
    fields: list[dict[str, Any]] = [{"status": status} for status in Order.Status.values]
    fields += [{"status": "closed", "close_type": kind} for kind in CloseType.values]
    fields += [{"status": "issued", "needs_person": trouble} for trouble in Trouble.values]
    common: dict[str, Any] = {
        "connection": product.connection,
        "store": product.store,
        "product": product,
        "offer": offer,
    }
    common |= {"quantity": 3, "unit_price": 1, "buy_price": 1, "total_price": 3, "voucher_type": 1}
    common |= {"pay_until": timezone.now(), "is_drill": True, "terms": kept(product)}
    rows = [
        Order.objects.create(
            order_id=4900000000007000 + n, partner_order_id=f"alpha-{n}", **common | each
        )
        for n, each in enumerate(fields)
    ]
    for row in rows:
        Voucher.objects.create(
            connection=row.connection,
            order=row,
            code=f"{row.pk:08d}",
            quantity=4,
            used=1,
            refunded=1,
            voided=1,
        )
    return rows


def refunds_in_every_state(order: Order) -> list[Refund]:
    """Creates one refund for each status, reason of Meituan and time that is left."""
    hours: list[dict[str, Any]] = [
        {"status": "review", "deadline": timedelta(hours=n)} for n in (-1, 1, 20, 60)
    ]
    fields = hours + [{"status": "agreed", "message_type": kind} for kind in RefundedBecause.values]
    fields += [
        {"status": "refused", "method": method, "decided_by": "alpha"} for method in Method.values
    ]
    now = timezone.now()
    made = []
    for n, each in enumerate(fields):
        late = each.pop("deadline", None)
        common = {
            "order": order,
            "store": order.store,
            "refund_id": f"alpha-{n}",
            "quantity": 1,
            "applied_at": now,
        }
        dates = {"deadline": now + late if late else None, "decided_at": None if late else now}
        made.append(
            Refund.objects.create(price=Decimal(1), fee=Decimal(0), **common, **dates, **each)
        )
    return made


@IN_BOTH
def test_orders_and_refunds_in_every_state_are_in_one_language(
    language: Language, sold: tuple[Meituan, Product]
) -> None:
    product = sold[1]
    client = language.client(owner_of(product))
    orders = orders_in_every_state(product)
    refunds = refunds_in_every_state(orders[2])
    Consumption.objects.create(order=orders[2], store=product.store, quantity=1, method="counter")
    pages = [
        listed("order"),
        listed("refund"),
        listed("refund", "?status__exact=all"),
        reverse("admin:index"),
    ]
    pages += [page(row) for row in (*orders, *refunds)]
    assert language.wrong_on(client, *pages) == {}


@IN_BOTH
def test_an_order_that_went_all_the_way_is_in_one_language(
    language: Language, sold: tuple[Meituan, Product]
) -> None:
    meituan, product = sold
    user = owner_of(product)
    order = meituan.bought(product, 4)
    meituan.query(order.order_id)
    services.order_consume(
        order_pk=order.pk, quantity=1, actor=user, method=Method.ADMIN, request_key="1"
    )
    meituan.refund(order, 1)
    product.refund_review = True
    product.save()
    meituan.refund(order, 1)
    waiting = Refund.objects.get(status="review")
    services.refund_decide(
        refund_pk=waiting.pk, agree=False, reason="alpha", actor=user, method=Method.ADMIN
    )
    assert OutboundCall.objects.count() == 2
    # What Meituan is answered stays Chinese: its staff read it.
    answered = {} if language.code == "zh-hans" else {page(order): ["We answered 602 退款审核中."]}
    assert (
        language.wrong_on(language.client(user), page(order), listed("order"), page(waiting))
        == answered
    )


@IN_BOTH
def test_products_of_every_kind_are_in_one_language(
    language: Language, sold: tuple[Meituan, Product]
) -> None:
    product = sold[1]
    user = owner_of(product)
    client = language.client(user)
    pages = [page(product), page(product, "calendar"), listed("product"), listed("place")]
    for listing, check in zip([*Listing.values, None], ListingCheck.values, strict=True):
        steps = Product.objects.create(
            connection=product.connection,
            store=product.store,
            deal_id=f"alpha-{listing}",
            title="alpha",
            by_calendar=True,
            refund_type=RefundType.CONDITIONAL,
            issuing=Issuing.UPSTREAM,
            listing=listing,
            listing_check=check,
        )
        RefundStep.objects.create(product=steps, minutes_before=60)
        pages += [page(steps), page(steps, "calendar")]
    for n, stock in enumerate((None, 100, 10, 0)):
        OfferFactory(
            product=steps, date=timezone.localdate() + timedelta(days=n), stock=stock, sold=1
        )
    picked = f"{page(steps, 'calendar')}?day={timezone.localdate()}"
    assert language.wrong_on(client, *pages, picked, reverse("admin:index")) == {}
    odd = client.post(picked, {"first": "2020-01-01", "last": "2019-01-01"})
    assert (odd.status_code, language.foreign(odd.content.decode())) == (422, [])
    wrong = nothing_typed(client, page(product)) | {
        "min_per_order": "5",
        "max_per_order": "2",
        "book_ahead": "2",
    }
    wrong |= {"refund_type": "4", "visitor_info": "2", "phone_limit": "1", "credential_limit": "1"}
    assert language.foreign(client.post(page(product), wrong).content.decode()) == []


@IN_BOTH
def test_the_ticket_connection_is_in_one_language(
    language: Language, sold: tuple[Meituan, Product]
) -> None:
    connection = sold[1].connection
    connection.credentials |= {"previous_secret": "old"}
    connection.save()
    client = language.client(owner_of(sold[1]))
    add = reverse("admin:stores_connection_add")
    change = reverse("admin:stores_connection_change", args=[connection.pk])
    assert language.wrong_on(client, add, f"{add}?platform=trip", change) == {}
    for account, client_id in (("", ""), ("PartnerId", "a:b")):
        odd = client.post(
            f"{add}?platform=trip", {"platform": "trip", "account": account, "client_id": client_id}
        )
        assert language.foreign(odd.content.decode()) == []


@IN_BOTH
def test_the_drill_is_in_one_language(language: Language, sold: tuple[Meituan, Product]) -> None:
    client = language.client(owner_of(sold[1]))
    pages = [listed("drillrun")]
    assert language.wrong_on(client, *pages) == {}
    outcomes = ("passed", "failed", "left_out")
    for is_over in (True, False):
        run = DrillRun.objects.create(
            connection=sold[1].connection,
            kind="trip",
            base_url="https://tickets.example.com",
            checks=["access.signed", "access.clock", "create.accepted", "pay.per_ticket"],
            results=[
                {
                    "name": "access.signed",
                    "title": "alpha",
                    "outcome": each,
                    "detail": "alpha",
                    "exchanges": [],
                }
                for each in outcomes
            ],
            finished_at=timezone.now() if is_over else None,
        )
        pages.append(page(run))
    assert language.wrong_on(client, *pages) == {}


def scanned(client: Client, product: Product, text: str) -> str:
    answer = client.post(
        reverse("counter"), {"text": text, "store": product.store.pk}, headers=HTMX
    )
    assert answer.status_code in (200, 422), answer.content
    return answer.content.decode()


@IN_BOTH
def test_tickets_at_the_counter_are_in_one_language(
    language: Language, sold: tuple[Meituan, Product]
) -> None:
    meituan, product = sold
    client = language.client(owner_of(product))
    orders = orders_in_every_state(product)
    single = meituan.bought(product).vouchers.get()
    codes = [row.vouchers.get().code for row in orders]
    texts = [
        *codes,
        single.code,
        single.code,
        str(single.order.order_id),
        *(str(row.order_id) for row in orders),
    ]
    texts.append(new_code())
    assert {text: language.foreign(scanned(client, product, text)) for text in texts} == {
        text: [] for text in texts
    }
    assert language.wrong_on(client, reverse("counter")) == {}
