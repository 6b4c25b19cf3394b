"""The data of coupons for the contract tests: stores, products, verifications, look-ups and
batches.
"""

from collections.abc import Callable
from typing import Any

from django.db.models import Model
from django.utils import timezone

from coupons.client import UmemberClient
from coupons.models import (
    Batch,
    BatchItem,
    Channel,
    GatewayStore,
    Lookup,
    Product,
    QuotaReading,
    SyncRun,
    Verification,
)
from coupons.services import lookup_request, verification_request
from stores.models import OutboundCall, Store
from stores.platforms import pace
from tests.contract.kinds import Expect, OperationContract, Route, Side
from tests.coupons.factories import GatewayStoreFactory, ProductFactory, VerificationFactory
from tests.stores.factories import ConnectionFactory

State = OutboundCall.State
CODE = "234567890123"

ADMINS = {
    "coupons.GatewayStore": Expect("clerk"),
    "coupons.Product": Expect("clerk"),
    "coupons.SyncRun": Expect("manager"),
    "coupons.Batch": Expect("clerk"),
    "coupons.Verification": Expect("clerk", buttons=("withdraw",)),
}
EXPORTS = {"coupons.Verification": "deal"}
# The product of the gateway.
ENGLISH = {"umember", "Umember"}


def batch_of(store: Store) -> Batch:
    batch: Batch = Batch.objects.create(store=store, requested_by="x")
    return batch


def lookup_of(store: Store) -> Lookup:
    lookup: Lookup = Lookup.objects.create(
        store=store, code_hash="x", code_tail="0000", channel="guest", flow="f"
    )
    return lookup


ROWS: dict[type[Model], Any] = {
    Batch: batch_of,
    BatchItem: lambda store: BatchItem.objects.create(batch=batch_of(store), position=1),
    GatewayStore: lambda store: GatewayStoreFactory(store=store),
    Lookup: lookup_of,
    Product: lambda store: ProductFactory(store=store),
    QuotaReading: lambda store: QuotaReading.objects.create(
        gateway_store=GatewayStoreFactory(store=store), request_count=1, at=timezone.now()
    ),
    SyncRun: lambda store: SyncRun.objects.create(
        connection=ConnectionFactory(merchant=store.merchant),
        store=store,
        kind="products",
    ),
    Verification: lambda store: VerificationFactory(store=store),
}


def admin_rows(side: Side) -> dict[str, Model]:
    connection = ConnectionFactory(
        merchant=side.merchant, account=f"{side.word}-coupons@example.com"
    )
    gateway = GatewayStoreFactory(
        store=side.store, connection=connection, remote_name=f"{side.word}-remote"
    )
    product = ProductFactory(store=side.store, name=f"{side.word}-product")
    verification = VerificationFactory(
        store=side.store,
        product=product,
        requested_by=f"{side.word}-clerk",
        sku_name=f"{side.word}-deal",
    )
    # The call that tests/stores/contract.py made is the verification's.
    OutboundCall.objects.filter(key=side.word).update(subject_id=verification.pk)
    run = SyncRun.objects.create(
        connection=connection, store=side.store, kind="products", added=[f"{side.word}-new"]
    )
    batch = Batch.objects.create(store=side.store, requested_by=f"{side.word}-clerk")
    BatchItem.objects.create(batch=batch, position=1, verification=verification)
    return {
        "coupons.GatewayStore": gateway,
        "coupons.Product": product,
        "coupons.SyncRun": run,
        "coupons.Batch": batch,
        "coupons.Verification": verification,
    }


BODY = {"code": "700012345678"}
ROUTES = [
    Route("GET", "stores/", "read", (200, 200, 200, 200, 401, 401), is_list=True),
    Route(
        "GET",
        "stores/<int:store_id>/products/",
        "read",
        (200, 200, 404, 404, 401, 401),
        is_list=True,
    ),
    Route(
        "POST",
        "stores/<int:store_id>/lookups/",
        "lookup",
        (202, 403, 404, 404, 401, 401),
        BODY,
        sends=True,
    ),
    Route("GET", "lookups/<int:pk>/", "lookup read", (200, 200, 404, 404, 401, 401)),
    Route(
        "POST",
        "stores/<int:store_id>/verifications/",
        "verify",
        (201, 403, 404, 404, 401, 401),
        BODY,
    ),
    Route("GET", "verifications/", "read", (200, 200, 200, 200, 401, 401), is_list=True),
    Route("GET", "verifications/<int:pk>/", "read verify", (200, 200, 404, 404, 401, 401)),
    Route(
        "POST",
        "stores/<int:store_id>/verification-batches/",
        "verify",
        (201, 403, 404, 404, 401, 401),
        {"codes": ["700012345678", "?"]},
    ),
    Route("GET", "verification-batches/<int:pk>/", "read verify", (200, 200, 404, 404, 401, 401)),
]


def api_ids(store: Store) -> dict[str, int | str]:
    """The ids of a store whose account has no free slot, so that no request is sent."""
    gateway = GatewayStoreFactory(store=store)
    pace.postpone(gateway.connection.pace_id, 600)
    verification = VerificationFactory(store=store, product=ProductFactory(store=store))
    lookup = Lookup.objects.create(
        store=store, code_tail="1234", channel="api", flow="x", status=Lookup.Status.DONE
    )
    batch = Batch.objects.create(store=store, requested_by="小王")
    return {
        "stores": store.pk,
        "verifications": verification.pk,
        "lookups": lookup.pk,
        "verification-batches": batch.pk,
    }


def _with_one_key(*bodies: Any) -> Callable[[Callable[..., Any]], Any]:
    """Asks with the same Idempotency-Key for each of these."""
    return lambda ask: [ask(body, **{"Idempotency-Key": "till-1"}) for body in bodies][-1]


PROBLEMS = {
    ("lookups_create", "malformed_code"): lambda ask: ask({"code": "13800138000"}),
    ("verifications_create", "malformed_code"): lambda ask: ask({"code": "13800138000"}),
    ("verifications_create", "key_reused"): _with_one_key(BODY, {"code": "700012345679"}),
    ("batches_create", "key_reused"): _with_one_key({"codes": ["?"]}, {"codes": ["!"]}),
}


def enqueue_detail() -> OutboundCall:
    store = GatewayStoreFactory().store
    verification_request(store=store, code=CODE, channel=Channel.API, flow="f")
    return OutboundCall.objects.get()


def enqueue_lookup() -> OutboundCall:
    store = GatewayStoreFactory().store
    lookup_request(store=store, code=CODE, channel=Channel.GUEST, flow="f")
    return OutboundCall.objects.get()


def enqueue_verify() -> OutboundCall:
    store = GatewayStoreFactory().store
    lookup = lookup_request(store=store, code=CODE, channel=Channel.GUEST, flow="f")
    OutboundCall.objects.all().delete()
    lookup.status, lookup.is_unused, lookup.read_at = Lookup.Status.DONE, True, timezone.now()
    lookup.save()
    verification_request(store=store, code=CODE, channel=Channel.API, flow="f")
    return OutboundCall.objects.get()


def state_of_verification(call: OutboundCall) -> tuple[str, bool]:
    row = Verification.objects.get(pk=call.subject_id)
    assert bool(row.code) is (row.status not in Verification.FINAL)
    return row.status, row.needs_person


def state_of_lookup(call: OutboundCall) -> str:
    row = Lookup.objects.get(pk=call.subject_id)
    assert bool(row.code) is (row.status == Lookup.Status.QUEUED)
    return row.status


OPERATIONS = {
    ("umember", "coupon.detail"): OperationContract(
        platform="umember",
        remote_call="detail",
        answer=lambda url: UmemberClient(url, timeout=(5, 5)).detail("t", 1, CODE),
        enqueue=enqueue_detail,
        row=state_of_verification,
        allowed={
            State.PENDING: {("queued", False)},
            State.SENDING: {("queued", False)},
            # Read as unused, it waits for its verify; else it is refused.
            State.DONE: {("queued", False), ("refused", False)},
            State.REFUSED: {("refused", False)},
            State.DEAD: {("refused", False)},
        },
        retried={True: False, False: False},
    ),
    ("umember", "coupon.lookup"): OperationContract(
        platform="umember",
        remote_call="detail",
        answer=lambda url: UmemberClient(url, timeout=(5, 5)).detail("t", 1, CODE),
        enqueue=enqueue_lookup,
        row=state_of_lookup,
        allowed={
            State.PENDING: {"queued"},
            State.SENDING: {"queued"},
            State.DONE: {"done"},
            State.REFUSED: {"done", "failed"},
            State.DEAD: {"failed"},
        },
        retried={True: False, False: False},
    ),
    ("umember", "coupon.verify"): OperationContract(
        platform="umember",
        remote_call="verify",
        answer=lambda url: UmemberClient(url, timeout=(5, 5)).verify("t", 1, CODE),
        enqueue=enqueue_verify,
        row=state_of_verification,
        allowed={
            State.PENDING: {("queued", False)},
            State.SENDING: {("sending", False)},
            State.UNKNOWN: {("unknown", False)},
            State.DONE: {("verified", False)},
            State.REFUSED: {("refused", False)},
            State.DEAD: {("refused", False), ("unknown", True)},
        },
        # Never sent again unasked.
        retried={True: True, False: False},
    ),
}
