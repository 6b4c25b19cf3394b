"""Values for each prepared statement with which it finds a row, which is created here."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from coupons.models import Lookup, Verification
from stores.models import IdempotencyKey, OutboundCall
from tests.coupons.factories import GatewayStoreFactory, ProductFactory, VerificationFactory
from tests.stores.factories import StoreFactory

Status = Verification.Status


def a_verification() -> Verification:
    """Creates a verification with all encrypted, decimal and empty columns."""
    store = GatewayStoreFactory().store
    return VerificationFactory(
        store=store, status=Status.QUEUED, code="700000000001", value=Decimal("49.90")
    )


def find_existing() -> dict[str, Any]:
    """Creates rows for a request: a used key, the code here and elsewhere, and a fresh look-up."""
    row = a_verification()
    row.status = Status.VERIFIED
    row.save()
    IdempotencyKey.objects.create(digest="d", kind="coupons.verification", subject_id=row.pk)
    VerificationFactory(store=StoreFactory(merchant=row.store.merchant), code_hash=row.code_hash)
    VerificationFactory(store=row.store, code_hash=row.code_hash, status=Status.REFUSED)
    now = timezone.now()
    reading = {"code_hash": row.code_hash, "flow": "x", "is_unused": True}
    for read_at in (now, now - timedelta(hours=1)):
        Lookup.objects.create(store=row.store, **reading, read_at=read_at)
    return {
        "key_digest": "d",
        "store": row.store_id,
        "code_hash": row.code_hash,
        "flow": "x",
        "read_since": now - timedelta(minutes=1),
    }


def live_call() -> dict[str, Any]:
    row = a_verification()
    connection = row.store.gateway.connection
    known = {"platform": "umember", "connection": connection, "pace_id": connection.pace_id}
    now = timezone.now()
    for operation in ("coupon.detail", "coupon.other"):
        OutboundCall.objects.create(
            **known, operation=operation, key="1", subject_id=row.pk, expires_at=now
        )
    named = {"detail": "coupon.detail", "verify": "coupon.verify"}
    return {"platform": "umember", "verification": row.pk} | named


def product() -> dict[str, Any]:
    row = ProductFactory(price=None)
    return {"store": row.store_id, "sku_id": row.sku_id}


EXAMPLES = {
    "STORE_WITH_GATEWAY": lambda: {"pk": a_verification().store_id},
    "ON_RECORD": find_existing,
    "GATEWAY": lambda: {"store": GatewayStoreFactory().store_id},
    "OPEN_GATEWAY": lambda: {"store": GatewayStoreFactory().store_id},
    "PRODUCT": product,
    "LOCKED_VERIFICATION": lambda: {"pk": a_verification().pk},
    "LIVE_CALL": live_call,
}
