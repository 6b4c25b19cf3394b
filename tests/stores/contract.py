"""What the contract tests know of merchants, stores, people, connections and the outbox."""

from datetime import timedelta
from typing import Any

from django.apps import apps
from django.contrib.auth.models import Group
from django.db.models import Model
from django.utils import timezone
from django_q.signing import SignedPackage

from stores import audit
from stores.models import (
    ApiKey,
    AuditEntry,
    Connection,
    DrillRun,
    Heartbeat,
    InboundEvent,
    Merchant,
    OutboundAttempt,
    OutboundCall,
    Staff,
    Store,
)
from stores.roles import Role
from tests.contract.kinds import Expect, Side
from tests.stores.factories import ConnectionFactory, UserFactory, api_key

ADMINS = {
    "stores.Merchant": Expect("operator", add="operator", change="operator"),
    "stores.Store": Expect("clerk", add="owner", change="manager"),
    "stores.Staff": Expect("owner", add="owner", change="owner"),
    "stores.Connection": Expect("owner", add="owner", change="owner"),
    "stores.ApiKey": Expect("owner", add="owner", change="owner"),
    "stores.AuditEntry": Expect("owner"),
    "stores.OutboundCall": Expect("manager"),
    "stores.OutboundAttempt": Expect("manager"),
    "stores.InboundEvent": Expect("manager", unseen=("manager",)),
    "stores.Pace": Expect("operator"),
    "stores.Heartbeat": Expect("operator"),
    "auth.User": Expect("operator", add="operator", change="operator"),
    "auth.Group": Expect("operator"),
    "django_q.Schedule": Expect("operator"),
    "django_q.Success": Expect("operator"),
    "django_q.Failure": Expect("operator"),
    "django_q.OrmQ": Expect("operator"),
}

# Formats, names of products, technical names.
ENGLISH = {
    "API",
    "App",
    "ASCII",
    "CSV",
    "English",
    "Excel",
    "ID",
    "IP",
    "JSON",
    "LDAP",
    "PDF",
    "QR",
    "SKU",
    "SVG",
    "Unix",
    "URL",
    "esc",
}


def call_of(store: Store) -> OutboundCall:
    connection = ConnectionFactory(merchant=store.merchant)
    call: OutboundCall = OutboundCall.objects.create(
        platform="umember",
        operation="x",
        key=str(store.pk),
        connection=connection,
        pace=connection.pace,
        store=store,
        subject_id=1,
        expires_at=timezone.now(),
    )
    return call


ROWS: dict[type[Model], Any] = {
    ApiKey: lambda store: api_key(store.merchant)[0],
    AuditEntry: lambda store: AuditEntry.objects.create(
        merchant=store.merchant, store=store, actor="x", verb="x"
    ),
    Connection: lambda store: ConnectionFactory(merchant=store.merchant),
    DrillRun: lambda store: DrillRun.objects.create(
        connection=ConnectionFactory(merchant=store.merchant), kind="oven"
    ),
    InboundEvent: lambda store: InboundEvent.objects.create(
        platform="x",
        connection=ConnectionFactory(merchant=store.merchant),
        kind="k",
        dedup_key="d",
    ),
    Merchant: lambda store: store.merchant,
    OutboundAttempt: lambda store: OutboundAttempt.objects.create(call=call_of(store)),
    OutboundCall: call_of,
    Staff: lambda store: Staff.objects.create(
        user=UserFactory(), merchant=store.merchant, role=Role.CLERK
    ),
    Store: lambda store: store,
}


def admin_rows(side: Side) -> dict[str, Model]:
    key, _ = api_key(side.merchant, side.store)
    ApiKey.objects.filter(pk=key.pk).update(name=f"{side.word}-key")
    connection = ConnectionFactory(merchant=side.merchant, account=f"{side.word}@example.com")
    call = OutboundCall.objects.create(
        platform="umember",
        operation="coupon.verify",
        key=side.word,
        connection=connection,
        pace=connection.pace,
        store=side.store,
        subject_id=0,
        expires_at=timezone.now() + timedelta(days=1),
        last_error=f"{side.word}-error",
    )
    attempt = OutboundAttempt.objects.create(call=call, detail=f"{side.word}-detail")
    event = InboundEvent.objects.create(
        platform="umember",
        connection=connection,
        kind=f"{side.word}-kind",
        dedup_key="1",
        body={"a": side.word},
    )
    entry = audit.record(
        "store changed", actor=side.people["owner"], store=side.store, target=f"{side.word}-target"
    )
    return {
        "stores.Merchant": side.merchant,
        "stores.Store": side.store,
        "stores.Staff": side.people["clerk"].memberships.get(),
        "stores.ApiKey": key,
        "auth.User": side.people["clerk"],
        "stores.Connection": connection,
        "stores.Pace": connection.pace,
        "stores.OutboundCall": call,
        "stores.OutboundAttempt": attempt,
        "stores.InboundEvent": event,
        "stores.AuditEntry": entry,
    }


def shared_rows() -> dict[str, Model]:
    return queue_rows() | {
        "auth.Group": Group.objects.create(name="group"),
        "stores.Heartbeat": Heartbeat.objects.create(name="cluster", at=timezone.now()),
    }


def queue_rows() -> dict[str, Model]:
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
