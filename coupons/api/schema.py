"""The OpenAPI description of the coupons routes; shapes are in serializers.py."""

from typing import Any

from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiResponse, extend_schema

from coupons.api.batch_serializers import BatchSerializer
from coupons.api.serializers import (
    CodeBody,
    CodesBody,
    LookupSerializer,
    ProductSerializer,
    StoreSerializer,
    VerificationFilter,
    VerificationSerializer,
    malformed_detail,
)
from coupons.choices import LOOKUP, VERIFY
from coupons.codes.lookalikes import NoCode
from coupons.reasons import READ, TEXTS, Reason
from stores.api.schema import (
    IDEMPOTENCY_KEY,
    IN_BODIES,
    JSON,
    NO_SUCH_PARAMETER,
    WAIT,
    example,
    problems,
    sent,
    without,
)
from stores.models import ApiKey

Scope = ApiKey.Scope


def _verification(**fields: Any) -> dict[str, Any]:
    return {
        "id": 4711,
        "store": 1,
        "status": "verified",
        "reason": None,
        "message": "",
        "needs_person": False,
        "gateway_message": _("verified"),
        "product": {
            "sku_id": "1206941234",
            "name": _("Opening offer: a night of 8 hours"),
            "price": "49.00",
        },
        "order_id": "4914350072036425728",
        "code_tail": "9012",
        "inferred": False,
        "queue": None,
        "requested_by": _("API till"),
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
    "message": TEXTS[Reason.ALREADY_USED].staff,
    "duplicate_of": {
        "id": 4698,
        "store": 1,
        "requested_by": _("Wang"),
        "settled_at": "2024-12-15T13:55:01.000000Z",
    },
}
# What a mobile number is answered with.
MALFORMED: dict[str, Any] = {
    "detail": lazy(malformed_detail, str)(READ[NoCode.MOBILE]),
    "read_as": NoCode.MOBILE.value,
    "offered": [],
}
CODE_EXAMPLE = sent("code", _("One code"), {"code": "1234 5678 9012"})
LIST_STORES = extend_schema(
    operation_id="stores_list",
    tags=["stores"],
    summary=_("The stores that the key reaches"),
    description=_("Active stores only. The key needs the scope `read`."),
    responses={
        (200, JSON): StoreSerializer(many=True),
        **problems(scopes=(Scope.READ,), invalid=NO_SUCH_PARAMETER),
    },
)
LIST_PRODUCTS = extend_schema(
    operation_id="products_list",
    tags=["stores"],
    summary=_("A store's deals, as last synced from the gateway"),
    description=_(
        "Deals that are no longer on sale stay listed, marked as such."
        " The key needs the scope `read`."
    ),
    responses={
        (200, JSON): ProductSerializer(many=True),
        **problems("not_found", scopes=(Scope.READ,), invalid=NO_SUCH_PARAMETER),
    },
)
CREATE_LOOKUP = extend_schema(
    operation_id="lookups_create",
    tags=["lookups"],
    summary=_("Look a coupon up without spending it"),
    description=_(
        "A verification of the same code by the same key within a minute needs no second look-up. "
        "The key needs the scope `lookup`."
    ),
    parameters=[WAIT],
    request=CodeBody,
    responses={
        (200, JSON): OpenApiResponse(LookupSerializer, _("Looked up, or known to be impossible")),
        (202, JSON): OpenApiResponse(LookupSerializer, _("Queued: ask again under its id")),
        **problems(*IN_BODIES, scopes=(LOOKUP,), invalid=without("code"), malformed_code=MALFORMED),
    },
    examples=[CODE_EXAMPLE],
)
READ_LOOKUP = extend_schema(
    operation_id="lookups_retrieve",
    tags=["lookups"],
    summary=_("One look-up"),
    description=_(
        "Where it stands, and what the coupon is once it is read."
        " The key needs the scope `lookup` or `read`."
    ),
    parameters=[WAIT],
    responses={
        (200, JSON): LookupSerializer,
        (202, JSON): OpenApiResponse(LookupSerializer, _("Still queued")),
        **problems("not_found", scopes=(LOOKUP, Scope.READ), invalid=NO_SUCH_PARAMETER),
    },
)
LIST_VERIFICATIONS = extend_schema(
    operation_id="verifications_list",
    tags=["verifications"],
    summary=_("Verifications, newest first"),
    description=_(
        "Those of all stores that the key reaches, page by page. The key needs the scope `read`."
    ),
    parameters=[VerificationFilter],
    responses={
        (200, JSON): VerificationSerializer(many=True),
        **problems("not_found", scopes=(Scope.READ,), invalid=NO_SUCH_PARAMETER),
    },
)
CREATE_VERIFICATION = extend_schema(
    operation_id="verifications_create",
    tags=["verifications"],
    summary=_("Verify a coupon"),
    description=_(
        "Spends the coupon, at most once. Repeat a request with the same Idempotency-Key whenever"
        " its answer was lost. A request for a code in flight joins it. That a coupon is refused is"
        " not an error: the answer is 201 with `status` refused and a `reason`. The key needs the"
        " scope `verify`."
    ),
    parameters=[WAIT, IDEMPOTENCY_KEY],
    request=CodeBody,
    responses={
        (201, JSON): OpenApiResponse(VerificationSerializer, _("Created")),
        (200, JSON): OpenApiResponse(
            VerificationSerializer, _("Joined a request in flight, or the first answer again")
        ),
        **problems(
            *IN_BODIES,
            "key_reused",
            scopes=(VERIFY,),
            invalid=without("code"),
            malformed_code=MALFORMED,
        ),
    },
    examples=[
        CODE_EXAMPLE,
        example("verified", _("Verified"), _verification(), 201),
        example(
            "queued",
            _("Waiting in line"),
            _verification(**QUEUED, queue={"position": 3, "seconds": 4}),
            201,
        ),
        example("refused", _("Refused"), _verification(**REFUSED), 201),
    ],
)
READ_VERIFICATION = extend_schema(
    operation_id="verifications_retrieve",
    tags=["verifications"],
    summary=_("One verification"),
    description=_(
        "Where it stands, and what became of it. The key needs the scope `read` or `verify`."
    ),
    parameters=[WAIT],
    responses={
        (200, JSON): VerificationSerializer,
        **problems("not_found", scopes=(Scope.READ, VERIFY), invalid=NO_SUCH_PARAMETER),
    },
    examples=[example("verified", _("Verified"), _verification(), 200)],
)
CREATE_BATCH = extend_schema(
    operation_id="batches_create",
    tags=["batches"],
    summary=_("Verify up to 1000 coupons in the background"),
    description=_(
        "Repeat a request with the same Idempotency-Key whenever its answer was lost. "
        "The key needs the scope `verify`."
    ),
    parameters=[IDEMPOTENCY_KEY],
    request=CodesBody,
    responses={
        (201, JSON): OpenApiResponse(BatchSerializer, _("Created")),
        (200, JSON): OpenApiResponse(BatchSerializer, _("The first answer again")),
        **problems(*IN_BODIES, "key_reused", scopes=(VERIFY,), invalid=without("codes")),
    },
    examples=[sent("codes", _("Several codes"), {"codes": ["123456789012", "123456789013"]})],
)
READ_BATCH = extend_schema(
    operation_id="batches_retrieve",
    tags=["batches"],
    summary=_("How far a batch is"),
    description=_(
        "Its figures, and each code's verification. The key needs the scope `read` or `verify`."
    ),
    responses={
        (200, JSON): BatchSerializer,
        **problems("not_found", scopes=(Scope.READ, VERIFY), invalid=NO_SUCH_PARAMETER),
    },
)
