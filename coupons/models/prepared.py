"""The statements that every verification runs, prepared once per process."""

from django.db.models import Case, Q, When

from coupons.models.catalogue import GatewayStore, Product
from coupons.models.verification import Lookup, Verification
from stores.models import IdempotencyKey, OutboundCall, Store
from stores.prepared import Literal, Param, Prepared

Status = Verification.Status

# An active store with the columns that decide whether a verification can be sent, and no others.
STORE_WITH_GATEWAY = Prepared(
    lambda: (
        Store.objects.filter(pk=Param("pk"), is_active=True)
        .select_related("gateway__connection")
        .only(
            "merchant_id",
            "gateway__store_id",
            "gateway__connection_id",
            "gateway__authorisation",
            "gateway__request_count",
            "gateway__connection__pace_id",
            "gateway__connection__state",
            "gateway__connection__is_active",
        )
    )
)
# The existing rows that matter for a request, as (kind, primary key): the row of its idempotency
# key ("key"), the code at this store ("verification") and verified at other stores ("elsewhere"),
# the flow's own fresh look-up ("lookup").
ON_RECORD = Prepared(
    lambda: (
        IdempotencyKey.objects.filter(digest=Param("key_digest"))
        .values_list(Literal("key"), "subject_id")
        .union(
            Verification.objects.filter(
                ~Q(status=Literal(Status.REFUSED)),
                Q(store=Param("store")) | Q(status=Status.VERIFIED),
                code_hash=Param("code_hash"),
            )
            .order_by()
            .values_list(
                Case(
                    When(store=Param("store"), then=Literal("verification")),
                    default=Literal("elsewhere"),
                ),
                "pk",
            ),
            Lookup.objects.filter(
                store=Param("store"),
                code_hash=Param("code_hash"),
                flow=Param("flow"),
                is_unused=True,
                read_at__gt=Param("read_since"),
            )
            .order_by()
            .values_list(Literal("lookup"), "pk"),
            all=True,
        )
    )
)
# The gateway's row of a store with its account; the secrets are read only when a call is sent.
GATEWAY = Prepared(
    lambda: (
        GatewayStore.objects.filter(store=Param("store"))
        .select_related("connection")
        .defer("connection__credentials", "connection__token")
    )
)
# The gateway's row of a store that may spend: the store and its merchant are active.
OPEN_GATEWAY = Prepared(
    lambda: GatewayStore.objects.filter(
        store=Param("store"), store__is_active=True, store__merchant__is_active=True
    )
)
PRODUCT = Prepared(lambda: Product.objects.filter(store=Param("store"), sku_id=Param("sku_id")))
LOCKED_VERIFICATION = Prepared(
    lambda: Verification.objects.select_for_update().filter(pk=Param("pk"))
)
# The live call that one verification waits for: first the detail, then the verify.
LIVE_CALL = Prepared(
    lambda: OutboundCall.objects.filter(
        platform=Param("platform"),
        operation__in=[Param("detail"), Param("verify")],
        state__in=OutboundCall.LIVE,
        subject_id=Param("verification"),
    )
)
