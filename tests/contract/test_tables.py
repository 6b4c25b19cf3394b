"""Every table that leads to a merchant is scoped by for_staff, and every table of transitions is complete."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.apps import apps
from django.db import models
from django.db.models import Model
from django.utils import timezone

from coupons.models import (
    Batch,
    BatchItem,
    GatewayStore,
    Lookup,
    Product,
    QuotaReading,
    SyncRun,
    Verification,
)
from stores.models import (
    ApiKey,
    AuditEntry,
    Connection,
    InboundEvent,
    Merchant,
    OutboundAttempt,
    OutboundCall,
    Staff,
    Store,
)
from stores.tenancy import Role
from tests.coupons.factories import GatewayStoreFactory, ProductFactory, VerificationFactory
from tests.stores.factories import ConnectionFactory, StoreFactory, UserFactory, api_key, member
from tests.trip.factories import TicketConnectionFactory, TicketProductFactory
from trip.models import (
    Consumption,
    DrillRun,
    Offer,
    Order,
    Place,
    Refund,
    RefundStep,
    Visitor,
    Voucher,
)
from trip.models import Product as TicketProduct

OURS = ("stores", "coupons", "trip", "messaging", "delivery")


def models_of_ours() -> list[type[Model]]:
    """Tables; a proxy has none of its own."""
    return [
        model
        for model in apps.get_models()
        if model._meta.app_label in OURS and not model._meta.proxy
    ]


def leads_to_a_merchant(model: type[Model], seen: frozenset[type[Model]] = frozenset()) -> bool:
    """By its foreign keys, however long the way; accounts of people lead nowhere."""
    if model is Merchant:
        return True
    targets = [
        field.related_model
        for field in model._meta.get_fields()
        if isinstance(field, models.ForeignKey) and isinstance(field.related_model, type)
    ]
    return any(
        leads_to_a_merchant(target, seen | {model})
        for target in targets
        if target not in seen | {model} and target._meta.app_label in OURS
    )


TENANTED = sorted(
    (model for model in models_of_ours() if leads_to_a_merchant(model)),
    key=lambda model: model.__name__,
)


def call_of(store: Store) -> OutboundCall:
    connection = ConnectionFactory(merchant=store.merchant)
    call: OutboundCall = OutboundCall.objects.create(
        platform="umember", operation="x", key=str(store.pk), connection=connection, pace=connection.pace, store=store,
        subject_id=1, expires_at=timezone.now(),
    )  # fmt: skip
    return call


def batch_of(store: Store) -> Batch:
    batch: Batch = Batch.objects.create(store=store, requested_by="x")
    return batch


def lookup_of(store: Store) -> Lookup:
    lookup: Lookup = Lookup.objects.create(
        store=store, code_hash="x", code_tail="0000", channel="guest", flow="f"
    )
    return lookup


def ticket_of(store: Store) -> TicketProduct:
    connection = TicketConnectionFactory(merchant=store.merchant)
    product: TicketProduct = TicketProductFactory(connection=connection, store=store)
    return product


def order_of(store: Store) -> Order:
    product = ticket_of(store)
    offer = product.offers.get()
    order: Order = Order.objects.create(
        connection=product.connection, store=store, product=product, offer=offer, order_id=product.pk,
        partner_order_id=f"ZG{product.pk}", quantity=1, unit_price=offer.sale_price, buy_price=offer.settlement_price,
        total_price=offer.sale_price, voucher_type=product.voucher_type, pay_until=timezone.now(),
    )  # fmt: skip
    return order


def visitor_of(store: Store) -> Visitor:
    order = order_of(store)
    visitor: Visitor = Visitor.objects.create(order=order, product=order.product)
    return visitor


def voucher_of(store: Store) -> Voucher:
    order = order_of(store)
    voucher: Voucher = Voucher.objects.create(
        connection=order.connection, order=order, code="C", quantity=1
    )
    return voucher


MAKE: dict[type[Model], Callable[[Store], Any]] = {
    ApiKey: lambda store: api_key(store.merchant)[0],
    AuditEntry: lambda store: AuditEntry.objects.create(
        merchant=store.merchant, store=store, actor="x", verb="x"
    ),
    Batch: batch_of,
    BatchItem: lambda store: BatchItem.objects.create(batch=batch_of(store), position=1),
    Connection: lambda store: ConnectionFactory(merchant=store.merchant),
    Consumption: lambda store: Consumption.objects.create(
        order=order_of(store),
        store=store,
        quantity=1,
        method="counter",
        by="x",
    ),
    DrillRun: lambda store: DrillRun.objects.create(
        connection=TicketConnectionFactory(merchant=store.merchant)
    ),
    GatewayStore: lambda store: GatewayStoreFactory(store=store),
    InboundEvent: lambda store: InboundEvent.objects.create(
        platform="x",
        connection=ConnectionFactory(merchant=store.merchant),
        kind="k",
        dedup_key="d",
    ),
    Lookup: lookup_of,
    Merchant: lambda store: store.merchant,
    Offer: lambda store: ticket_of(store).offers.get(),
    Order: order_of,
    OutboundAttempt: lambda store: OutboundAttempt.objects.create(call=call_of(store)),
    OutboundCall: call_of,
    Place: lambda store: Place.objects.create(
        store=store, city="北京", longitude=Decimal("116.4"), latitude=Decimal("39.9")
    ),
    Product: lambda store: ProductFactory(store=store),
    QuotaReading: lambda store: QuotaReading.objects.create(
        gateway_store=GatewayStoreFactory(store=store), request_count=1, at=timezone.now()
    ),
    Refund: lambda store: Refund.objects.create(
        order=order_of(store),
        store=store,
        refund_id="R",
        status="review",
        quantity=1,
        applied_at=timezone.now(),
    ),
    RefundStep: lambda store: RefundStep.objects.create(
        product=ticket_of(store), minutes_before=60
    ),
    Staff: lambda store: Staff.objects.create(
        user=UserFactory(), merchant=store.merchant, role=Role.CLERK
    ),
    Store: lambda store: store,
    TicketProduct: ticket_of,
    SyncRun: lambda store: SyncRun.objects.create(
        connection=ConnectionFactory(merchant=store.merchant),
        store=store,
        kind="products",
    ),
    Visitor: visitor_of,
    Voucher: voucher_of,
    Verification: lambda store: VerificationFactory(store=store),
}


@pytest.mark.parametrize("model", TENANTED, ids=lambda model: model.__name__)
def test_rows_of_another_merchant_are_never_seen(model: type[Model], db: None) -> None:
    mine, other = StoreFactory(), StoreFactory()
    owner = member(mine.merchant, Role.OWNER)
    my_row, other_row = MAKE[model](mine), MAKE[model](other)
    seen = set(model._default_manager.for_staff(owner).values_list("pk", flat=True))  # type: ignore[attr-defined]
    assert my_row.pk in seen
    assert other_row.pk not in seen


@pytest.mark.parametrize("model", TENANTED, ids=lambda model: model.__name__)
def test_strangers_see_nothing_and_operators_everything(model: type[Model], db: None) -> None:
    row = MAKE[model](StoreFactory())
    rows: Any = model._default_manager
    assert not rows.for_staff(UserFactory()).exists()
    assert not rows.for_staff(UserFactory(is_active=False, is_superuser=True)).exists()
    assert rows.for_staff(UserFactory(is_superuser=True)).filter(pk=row.pk).exists()


@pytest.mark.parametrize(
    "model", sorted(set(TENANTED) - {Merchant}, key=str), ids=lambda model: model.__name__
)
def test_rows_of_another_store_of_the_merchant_are_not_seen_by_its_clerk(
    model: type[Model], db: None
) -> None:
    mine = StoreFactory()
    other = StoreFactory(merchant=mine.merchant)
    clerk = member(mine.merchant, Role.CLERK, mine)
    rows: Any = model._default_manager
    row = MAKE[model](other)
    assert not rows.for_staff(clerk).filter(pk=row.pk).exists()


def _transitions() -> Iterator[tuple[type[Model], str, dict[str, frozenset[str]]]]:
    for model in models_of_ours():
        table = getattr(model, "TRANSITIONS", None)
        if table is not None:
            name = (
                "status"
                if any(field.name == "status" for field in model._meta.get_fields())
                else "state"
            )
            yield model, name, table


TRANSITIONS = list(_transitions())
every_table = pytest.mark.parametrize(
    ("model", "field", "table"), TRANSITIONS, ids=[row[0].__name__ for row in TRANSITIONS]
)


@every_table
def test_a_table_of_transitions_names_every_state(
    model: type[Model], field: str, table: dict[str, frozenset[str]]
) -> None:
    states = {value for value, _ in model._meta.get_field(field).choices or ()}  # type: ignore[union-attr]
    assert set(table) == states
    for targets in table.values():
        assert targets <= states


@every_table
def test_every_state_is_reached_from_the_first_and_no_state_leads_to_itself(
    model: type[Model], field: str, table: dict[str, frozenset[str]]
) -> None:
    default = model._meta.get_field(field).default  # type: ignore[union-attr]
    # A row that may begin in any state still has one that no other leads to.
    first = (
        (set(table) - set().union(*table.values())).pop()
        if default is models.NOT_PROVIDED
        else default
    )
    reached, queue = {first}, [first]
    while queue:
        new = table[queue.pop()] - reached
        reached |= new
        queue += new
    assert reached == set(table)
    assert all(state not in targets for state, targets in table.items())


def test_both_ledgers_have_a_table_of_transitions() -> None:
    assert {model for model, _, _ in TRANSITIONS} >= {OutboundCall, Verification}
