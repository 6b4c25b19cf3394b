"""What the API shows, described for OpenAPI. A test compares these fields with what shown.py makes."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema
from rest_framework import serializers

from coupons.api.inputs import CodeBody, CodesBody, VerificationFilter
from coupons.choices import Authorisation
from coupons.models import Lookup, Verification
from coupons.reasons import Reason
from stores.api.schema import IDEMPOTENCY_KEY, WAIT, problem_examples, problems
from stores.models import Store

LINE_STATUSES = [*Verification.Status.choices, ("malformed", "malformed")]


class StoreShown(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()
    trade = serializers.ChoiceField(choices=Store.Trade.choices)
    remote_id = serializers.IntegerField(
        allow_null=True, help_text="The store's number at the gateway"
    )
    authorisation = serializers.ChoiceField(choices=Authorisation.choices, allow_null=True)
    requests_left = serializers.IntegerField(allow_null=True, help_text="Calls left at the gateway")
    guest_page = serializers.URLField(allow_null=True, help_text="null while the page is closed")


class ProductShown(serializers.Serializer[Any]):
    sku_id = serializers.CharField()
    name = serializers.CharField()
    price = serializers.DecimalField(
        max_digits=10, decimal_places=2, allow_null=True, help_text="yuan"
    )
    list_price = serializers.DecimalField(
        max_digits=10, decimal_places=2, allow_null=True, help_text="yuan"
    )
    on_sale = serializers.BooleanField()
    synced_at = serializers.DateTimeField(allow_null=True)


class DealShown(serializers.Serializer[Any]):
    sku_id = serializers.CharField()
    name = serializers.CharField()
    price = serializers.DecimalField(
        max_digits=10, decimal_places=2, allow_null=True, help_text="yuan"
    )


class QueueShown(serializers.Serializer[Any]):
    position = serializers.IntegerField(help_text="1 is next")
    seconds = serializers.IntegerField(
        allow_null=True,
        help_text="An estimate; null while Meituan does not answer and is tried again",
    )


class DuplicateShown(serializers.Serializer[Any]):
    id = serializers.IntegerField(
        allow_null=True, help_text="null for a store that the key does not reach"
    )
    store = serializers.IntegerField(allow_null=True)
    requested_by = serializers.CharField(allow_null=True)
    settled_at = serializers.DateTimeField(allow_null=True)


class VerificationShown(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    store = serializers.IntegerField()
    status = serializers.ChoiceField(choices=Verification.Status.choices)
    reason = serializers.ChoiceField(choices=Reason.choices, allow_null=True)
    message = serializers.CharField(
        help_text="The reason, or what it waits for, in words, in the language of Accept-Language"
    )
    needs_person = serializers.BooleanField(
        help_text="The answer was lost and asking has not helped: somebody decides in the back office"
    )
    gateway_message = serializers.CharField(help_text="The gateway's own words, verbatim")
    product = DealShown(allow_null=True)
    order_id = serializers.CharField(
        help_text="Up to 19 digits and more than JavaScript's numbers hold: a string"
    )
    code_tail = serializers.CharField(help_text="The last four digits of the code")
    inferred = serializers.BooleanField(
        help_text="Known by asking afterwards, because the answer was lost"
    )
    queue = QueueShown(allow_null=True)
    requested_by = serializers.CharField()
    created_at = serializers.DateTimeField()
    settled_at = serializers.DateTimeField(allow_null=True)
    duplicate_of = DuplicateShown(
        required=False, help_text="Only with already_used: the merchant's own earlier verification"
    )


class LookupShown(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    store = serializers.IntegerField()
    status = serializers.ChoiceField(choices=Lookup.Status.choices)
    unused = serializers.BooleanField(allow_null=True, help_text="null while nothing is known")
    reason = serializers.ChoiceField(choices=Reason.choices, allow_null=True)
    message = serializers.CharField()
    gateway_message = serializers.CharField()
    product = DealShown(allow_null=True)
    order_id = serializers.CharField()
    code_tail = serializers.CharField()
    queue = QueueShown(allow_null=True)
    created_at = serializers.DateTimeField()
    read_at = serializers.DateTimeField(allow_null=True)


class LineShown(serializers.Serializer[Any]):
    position = serializers.IntegerField(help_text="1 is the first code of the list")
    code_tail = serializers.CharField()
    verification = serializers.IntegerField(
        allow_null=True, help_text="null for what is not a code"
    )
    status = serializers.ChoiceField(choices=LINE_STATUSES)
    reason = serializers.ChoiceField(choices=Reason.choices, allow_null=True)
    message = serializers.CharField()
    same_as = serializers.IntegerField(
        allow_null=True, help_text="The earlier line with the same code and verification"
    )


class BatchShown(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    store = serializers.IntegerField()
    requested_by = serializers.CharField()
    created_at = serializers.DateTimeField()
    total = serializers.IntegerField()
    settled = serializers.IntegerField(help_text="verified + refused + malformed + repeated")
    percent = serializers.IntegerField()
    verified = serializers.IntegerField()
    refused = serializers.IntegerField()
    malformed = serializers.IntegerField()
    repeated = serializers.IntegerField(
        help_text="Lines with the code of an earlier one; it is spent and counted once"
    )
    waiting = serializers.IntegerField()
    unknown = serializers.IntegerField()
    lines = LineShown(many=True)


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
# With plain numbers drf-spectacular would take a problem for the main answer, and show lists without their pages.
JSON = "application/json"
CODE_EXAMPLE = OpenApiExample("code", value={"code": "1234 5678 9012"}, request_only=True)


def _example(name: str, value: dict[str, Any], status: int) -> OpenApiExample:
    return OpenApiExample(name, value=value, response_only=True, status_codes=[str(status)])


LIST_STORES = extend_schema(
    operation_id="stores_list",
    tags=["stores"],
    summary="The stores that the key reaches",
    description="Active stores only. The key needs the scope `read`.",
    responses={(200, JSON): StoreShown(many=True), **problems(400)},
)
LIST_PRODUCTS = extend_schema(
    operation_id="products_list",
    tags=["stores"],
    summary="A store's deals, as last synced from the gateway",
    description="Deals that are no longer on sale stay listed, marked as such. The key needs the scope `read`.",
    responses={(200, JSON): ProductShown(many=True), **problems(400, 404)},
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
        (200, JSON): OpenApiResponse(LookupShown, "Looked up, or known to be impossible"),
        (202, JSON): OpenApiResponse(LookupShown, "Queued: ask again under its id"),
        **problems(400, 404, 413, 415, 422),
    },
    examples=[CODE_EXAMPLE, *problem_examples(400, 422)],
)
READ_LOOKUP = extend_schema(
    operation_id="lookups_retrieve",
    tags=["lookups"],
    summary="One look-up",
    description="Where it stands, and what the coupon is once it is read. The key needs the scope `lookup` or `read`.",
    parameters=[WAIT],
    responses={
        (200, JSON): LookupShown,
        (202, JSON): OpenApiResponse(LookupShown, "Still queued"),
        **problems(400, 404),
    },
)
LIST_VERIFICATIONS = extend_schema(
    operation_id="verifications_list",
    tags=["verifications"],
    summary="Verifications, newest first",
    description="Those of all stores that the key reaches, page by page. The key needs the scope `read`.",
    parameters=[VerificationFilter],
    responses={(200, JSON): VerificationShown(many=True), **problems(400, 404)},
)
CREATE_VERIFICATION = extend_schema(
    operation_id="verifications_create",
    tags=["verifications"],
    summary="Verify a coupon",
    description=(
        "Spends the coupon, at most once. Repeat a request with the same Idempotency-Key whenever its answer was lost. "
        "A request for a code in flight joins it. That a coupon is refused is not an "
        "error: the answer is 201 with `status` refused and a `reason`. The key needs the scope `verify`."
    ),
    parameters=[WAIT, IDEMPOTENCY_KEY],
    request=CodeBody,
    responses={
        (201, JSON): OpenApiResponse(VerificationShown, "Created"),
        (200, JSON): OpenApiResponse(
            VerificationShown, "Joined a request in flight, or the first answer again"
        ),
        **problems(400, 404, 409, 413, 415, 422),
    },
    examples=[
        CODE_EXAMPLE,
        _example("verified", _verification(), 201),
        _example("queued", _verification(**QUEUED, queue={"position": 3, "seconds": 4}), 201),
        _example("refused", _verification(**REFUSED), 201),
        *problem_examples(400, 422),
    ],
)
READ_VERIFICATION = extend_schema(
    operation_id="verifications_retrieve",
    tags=["verifications"],
    summary="One verification",
    description="Where it stands, and what became of it. The key needs the scope `read` or `verify`.",
    parameters=[WAIT],
    responses={(200, JSON): VerificationShown, **problems(400, 404)},
    examples=[_example("verified", _verification(), 200)],
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
        (201, JSON): OpenApiResponse(BatchShown, "Created"),
        (200, JSON): OpenApiResponse(BatchShown, "The first answer again"),
        **problems(400, 404, 409, 413, 415),
    },
    examples=[
        OpenApiExample(
            "codes", value={"codes": ["123456789012", "123456789013"]}, request_only=True
        )
    ],
)
READ_BATCH = extend_schema(
    operation_id="batches_retrieve",
    tags=["batches"],
    summary="How far a batch is",
    description="Its figures, and each code's verification. The key needs the scope `read` or `verify`.",
    responses={(200, JSON): BatchShown, **problems(400, 404)},
)
