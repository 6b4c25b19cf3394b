"""Two merchants with a row in every table of the back office, and people in every role. Each merchant's names begin
with a word of their own, so that a page which shows the other's word has leaked."""

from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.apps import apps
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import Group, User
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.utils import timezone
from django_q.signing import SignedPackage

from coupons.models import Batch, BatchItem, SyncRun, Verification
from stores import audit
from stores.models import (
    ApiKey,
    Connection,
    Heartbeat,
    InboundEvent,
    Merchant,
    OutboundAttempt,
    OutboundCall,
    Store,
)
from stores.tenancy import Role
from tests.coupons.factories import GatewayStoreFactory, ProductFactory, VerificationFactory
from tests.stores.factories import (
    ConnectionFactory,
    MerchantFactory,
    StoreFactory,
    UserFactory,
    api_key,
    member,
)
from tests.trip.factories import OfferFactory, TicketConnectionFactory, TicketProductFactory
from trip.models import DrillRun, MeituanNotice, Order, Place, Refund, Visitor, Voucher

MINE, THEIRS, HIDDEN = "alpha", "omega", "alpha-hidden"


@dataclass
class Side:
    """One merchant: its people by role, and one row of its own for each model."""

    word: str
    merchant: Merchant
    store: Store
    people: dict[str, User]
    rows: dict[str, models.Model] = field(default_factory=dict)


@dataclass
class World:
    mine: Side
    theirs: Side
    people: dict[str, User | None]
    shared: dict[str, models.Model]

    def row(self, label: str) -> models.Model:
        """The row of a model at my merchant, or the one that belongs to nobody."""
        return self.mine.rows.get(label) or self.shared[label]


def person(word: str, merchant: Merchant, role: Role, *stores: Store) -> User:
    return member(merchant, role, *stores, username=f"{word}-{role}", password=None)


def side(word: str) -> Side:
    merchant = MerchantFactory(name=f"{word}-merchant")
    store = StoreFactory(merchant=merchant, name=f"{word}-store")
    people = {
        "owner": person(word, merchant, Role.OWNER),
        "manager": person(word, merchant, Role.MANAGER, store),
        "clerk": person(word, merchant, Role.CLERK, store),
    }
    made = Side(word, merchant, store, people)
    made.rows = catalogue_rows(made) | ledger_rows(made, *_connected(made)) | ticket_rows(made)
    return made


def _connected(made: Side) -> tuple[Connection, Verification]:
    connection = ConnectionFactory(merchant=made.merchant, account=f"{made.word}@example.com")
    product = ProductFactory(store=made.store, name=f"{made.word}-product")
    verification = VerificationFactory(
        store=made.store,
        product=product,
        requested_by=f"{made.word}-clerk",
        sku_name=f"{made.word}-deal",
    )
    return connection, verification


def catalogue_rows(made: Side) -> dict[str, models.Model]:
    key, _ = api_key(made.merchant, made.store)
    ApiKey.objects.filter(pk=key.pk).update(name=f"{made.word}-key")
    return {
        "stores.Merchant": made.merchant,
        "stores.Store": made.store,
        "stores.Staff": made.people["clerk"].memberships.get(),
        "stores.ApiKey": key,
        "auth.User": made.people["clerk"],
    }


def ledger_rows(
    made: Side, connection: Connection, verification: Verification
) -> dict[str, models.Model]:
    gateway = GatewayStoreFactory(
        store=made.store, connection=connection, remote_name=f"{made.word}-remote"
    )
    call = OutboundCall.objects.create(
        platform="umember",
        operation="coupon.verify",
        key=str(verification.pk),
        connection=connection,
        pace=connection.pace,
        store=made.store,
        subject_id=verification.pk,
        expires_at=timezone.now() + timedelta(days=1),
        last_error=f"{made.word}-error",
    )
    event = InboundEvent.objects.create(
        platform="umember",
        connection=connection,
        kind=f"{made.word}-kind",
        dedup_key="1",
        body={"a": made.word},
    )
    run = SyncRun.objects.create(
        connection=connection, store=made.store, kind="products", added=[f"{made.word}-new"]
    )
    batch = Batch.objects.create(store=made.store, requested_by=f"{made.word}-clerk")
    BatchItem.objects.create(batch=batch, position=1, verification=verification)
    entry = audit.record(
        "store changed", actor=made.people["owner"], store=made.store, target=f"{made.word}-target"
    )
    return {
        "stores.Connection": connection,
        "stores.Pace": connection.pace,
        "stores.OutboundCall": call,
        "stores.OutboundAttempt": OutboundAttempt.objects.create(
            call=call, detail=f"{made.word}-detail"
        ),
        "stores.InboundEvent": event,
        "stores.AuditEntry": entry,
        "coupons.GatewayStore": gateway,
        "coupons.Product": verification.product or gateway,
        "coupons.SyncRun": run,
        "coupons.Batch": batch,
        "coupons.Verification": verification,
    }


def ticket_rows(made: Side) -> dict[str, models.Model]:
    """A product, its place, an order with a voucher, a visitor and a refund that waits, and a drill."""
    connection = TicketConnectionFactory(merchant=made.merchant, name=f"{made.word}-tickets")
    product = TicketProductFactory(
        connection=connection,
        store=made.store,
        title=f"{made.word}-ticket",
        by_calendar=True,
        offer=False,
    )
    offer = OfferFactory(product=product, date=timezone.localdate())
    place = Place.objects.create(
        store=made.store,
        city=f"{made.word}-city",
        longitude=Decimal("116.4"),
        latitude=Decimal("39.9"),
    )
    order = Order.objects.create(
        connection=connection,
        store=made.store,
        product=product,
        offer=offer,
        order_id=4900000000000000 + connection.pk,
        partner_order_id=f"{made.word}-order",
        status=Order.Status.ISSUED,
        quantity=1,
        unit_price=offer.sale_price,
        buy_price=offer.settlement_price,
        total_price=offer.sale_price,
        voucher_type=1,
        pay_until=timezone.now(),
    )
    Voucher.objects.create(connection=connection, order=order, code=f"{made.word}-code", quantity=1)
    Visitor.objects.create(order=order, product=product, details={"name": f"{made.word}-visitor"})
    refund = Refund.objects.create(
        order=order,
        store=made.store,
        refund_id=f"{made.word}-refund",
        status=Refund.Status.REVIEW,
        quantity=1,
        applied_at=timezone.now(),
        deadline=timezone.now() + timedelta(days=3),
    )
    drill = DrillRun.objects.create(
        connection=connection,
        base_url=f"https://{made.word}.example.com",
        started_by=made.people["owner"],
        checks=["create.accepted"],
        results=[
            {
                "name": "create.accepted",
                "title": "",
                "outcome": "failed",
                "detail": f"{made.word}-detail",
                "exchanges": [],
            }
        ],
        finished_at=timezone.now(),
    )
    notice = MeituanNotice.objects.create(
        platform="trip",
        operation="ticket.refund",
        key=str(refund.pk),
        connection=connection,
        pace=connection.pace,
        store=made.store,
        subject_id=refund.pk,
        expires_at=timezone.now() + timedelta(days=1),
        last_error=f"{made.word}-error",
    )
    return {
        "trip.MeituanNotice": notice,
        "trip.Product": product,
        "trip.Place": place,
        "trip.Order": order,
        "trip.Refund": refund,
        "trip.DrillRun": drill,
    }


def queue_rows() -> dict[str, models.Model]:
    now = timezone.now()
    task: dict[str, Any] = {
        "func": "stores.tasks.deliver",
        "args": (1,),
        "started": now,
        "stopped": now,
    }
    payload = SignedPackage.dumps({"id": "1", "func": "stores.tasks.deliver", "args": (1,)})
    return {
        "django_q.Schedule": apps.get_model("django_q", "Schedule").objects.create(
            name="sweep", func="sweep"
        ),
        "django_q.Success": apps.get_model("django_q", "Success").objects.create(
            id="good", name="good", success=True, **task
        ),
        "django_q.Failure": apps.get_model("django_q", "Failure").objects.create(
            id="bad", name="bad", success=False, **task
        ),
        "django_q.OrmQ": apps.get_model("django_q", "OrmQ").objects.create(
            key="zhanggui", payload=payload, lock=now
        ),
    }


def world() -> World:
    mine, theirs = side(MINE), side(THEIRS)
    hidden = StoreFactory(merchant=mine.merchant, name=f"{HIDDEN}-store")
    # A filter that has only one choice is not applied.
    connection = mine.merchant.connections.get(platform=Connection.Platform.TRIP)
    TicketProductFactory(connection=connection, store=hidden, title=f"{HIDDEN}-ticket")
    for made in (mine, theirs):
        for row in made.rows.values():
            history(row, made.people["owner"])
    operator = UserFactory(username="operator", is_superuser=True, password=None)
    shared = queue_rows() | {
        "auth.Group": Group.objects.create(name="group"),
        "stores.Heartbeat": Heartbeat.objects.create(name="cluster", at=timezone.now()),
    }
    people: dict[str, User | None] = {
        "operator": operator,
        **mine.people,
        "stranger": theirs.people["owner"],
        "anonymous": None,
    }
    return World(mine, theirs, people, shared)


def history(row: models.Model, user: User) -> None:
    LogEntry.objects.create(
        user=user,
        content_type=ContentType.objects.get_for_model(row, for_concrete_model=False),
        object_id=str(row.pk),
        object_repr=str(row)[:200],
        action_flag=CHANGE,
        change_message=f"{user.username} changed it",
    )
