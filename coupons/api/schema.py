"""The OpenAPI description of the coupons routes; shapes are in serializers.py."""

from typing import Any

from drf_spectacular.utils import OpenApiResponse, extend_schema

from coupons.api.serializers import (
    BatchSerializer,
    CodeBody,
    CodesBody,
    LookupSerializer,
    ProductSerializer,
    StoreSerializer,
    VerificationFilter,
    VerificationSerializer,
)
from stores.api.schema import (
    IDEMPOTENCY_KEY,
    JSON,
    WAIT,
    example,
    problem_examples,
    problems,
    sent,
)


def _verification(**fields: Any) -> dict[str, Any]:
    return {
        "id": 4711,
        "store": 1,
        "status": "verified",
        "reason": None,
        "message": "",
        "needs_person": False,
        "gateway_message": "验证成功",
        "product": {"sku_id": "1206941234", "name": "【开业特惠】通用通宵8小时", "price": "49.00"},
        "order_id": "4914350072036425728",
        "code_tail": "9012",
        "inferred": False,
        "queue": None,
        "requested_by": "API 收银系统",
        "created_at": "2024-12-15T14:08:22.115000Z",
        "settled_at": "2024-12-15T14:08:24.031000Z",
    } | fields


QUEUED = {
    "status": "queued",
    "gateway_message": "",
    "product": None,
    "order_id": "",
    "settled_at": None,
}
REFUSED = {
    "status": "refused",
    "reason": "already_used",
    "message": "这张券之前已使用。",
    "duplicate_of": {
        "id": 4698,
        "store": 1,
        "requested_by": "小王",
        "settled_at": "2024-12-15T13:55:01.000000Z",
    },
}
CODE_EXAMPLE = sent("code", {"code": "1234 5678 9012"})
LIST_STORES = extend_schema(
    operation_id="stores_list",
    tags=["stores"],
    summary="The stores that the key reaches",
    description="Active stores only. The key needs the scope `read`.",
    responses={(200, JSON): StoreSerializer(many=True), **problems(400)},
)
LIST_PRODUCTS = extend_schema(
    operation_id="products_list",
    tags=["stores"],
    summary="A store's deals, as last synced from the gateway",
    description=(
        "Deals that are no longer on sale stay listed, marked as such."
        " The key needs the scope `read`."
    ),
    responses={(200, JSON): ProductSerializer(many=True), **problems(400, 404)},
)
CREATE_LOOKUP = extend_schema(
    operation_id="lookups_create",
    tags=["lookups"],
    summary="Look a coupon up without spending it",
    description=(
        "A verification of the same code by the same key within a minute needs no second look-up. "
        "The key needs the scope `lookup`."
    ),
    parameters=[WAIT],
    request=CodeBody,
    responses={
        (200, JSON): OpenApiResponse(LookupSerializer, "Looked up, or known to be impossible"),
        (202, JSON): OpenApiResponse(LookupSerializer, "Queued: ask again under its id"),
        **problems(400, 404, 413, 415, 422),
    },
    examples=[CODE_EXAMPLE, *problem_examples((400, "invalid"), (422, "malformed_code"))],
)
READ_LOOKUP = extend_schema(
    operation_id="lookups_retrieve",
    tags=["lookups"],
    summary="One look-up",
    description=(
        "Where it stands, and what the coupon is once it is read."
        " The key needs the scope `lookup` or `read`."
    ),
    parameters=[WAIT],
    responses={
        (200, JSON): LookupSerializer,
        (202, JSON): OpenApiResponse(LookupSerializer, "Still queued"),
        **problems(400, 404),
    },
)
LIST_VERIFICATIONS = extend_schema(
    operation_id="verifications_list",
    tags=["verifications"],
    summary="Verifications, newest first",
    description=(
        "Those of all stores that the key reaches, page by page. The key needs the scope `read`."
    ),
    parameters=[VerificationFilter],
    responses={(200, JSON): VerificationSerializer(many=True), **problems(400, 404)},
)
CREATE_VERIFICATION = extend_schema(
    operation_id="verifications_create",
    tags=["verifications"],
    summary="Verify a coupon",
    description=(
        "Spends the coupon, at most once. Repeat a request with the same Idempotency-Key whenever"
        " its answer was lost. A request for a code in flight joins it. That a coupon is refused is"
        " not an error: the answer is 201 with `status` refused and a `reason`. The key needs the"
        " scope `verify`."
    ),
    parameters=[WAIT, IDEMPOTENCY_KEY],
    request=CodeBody,
    responses={
        (201, JSON): OpenApiResponse(VerificationSerializer, "Created"),
        (200, JSON): OpenApiResponse(
            VerificationSerializer, "Joined a request in flight, or the first answer again"
        ),
        **problems(400, 404, 409, 413, 415, 422),
    },
    examples=[
        CODE_EXAMPLE,
        example("verified", _verification(), 201),
        example("queued", _verification(**QUEUED, queue={"position": 3, "seconds": 4}), 201),
        example("refused", _verification(**REFUSED), 201),
        *problem_examples((400, "invalid"), (409, "key_reused"), (422, "malformed_code")),
    ],
)
READ_VERIFICATION = extend_schema(
    operation_id="verifications_retrieve",
    tags=["verifications"],
    summary="One verification",
    description=(
        "Where it stands, and what became of it. The key needs the scope `read` or `verify`."
    ),
    parameters=[WAIT],
    responses={(200, JSON): VerificationSerializer, **problems(400, 404)},
    examples=[example("verified", _verification(), 200)],
)
CREATE_BATCH = extend_schema(
    operation_id="batches_create",
    tags=["batches"],
    summary="Verify up to 1000 coupons in the background",
    description=(
        "Repeat a request with the same Idempotency-Key whenever its answer was lost. "
        "The key needs the scope `verify`."
    ),
    parameters=[IDEMPOTENCY_KEY],
    request=CodesBody,
    responses={
        (201, JSON): OpenApiResponse(BatchSerializer, "Created"),
        (200, JSON): OpenApiResponse(BatchSerializer, "The first answer again"),
        **problems(400, 404, 409, 413, 415),
    },
    examples=[sent("codes", {"codes": ["123456789012", "123456789013"]})],
)
READ_BATCH = extend_schema(
    operation_id="batches_retrieve",
    tags=["batches"],
    summary="How far a batch is",
    description=(
        "Its figures, and each code's verification. The key needs the scope `read` or `verify`."
    ),
    responses={(200, JSON): BatchSerializer, **problems(400, 404)},
)
