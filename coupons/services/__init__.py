"""The services of coupons: request a verification or look-up, process it, settle it by hand, sync
the gateway's lists.
"""

from coupons.services.batches import batch_lines, batch_progress, batch_request
from coupons.services.lookups import (
    lookup_known,
    lookup_place,
    lookup_process,
    lookup_request,
    prune_lookups,
)
from coupons.services.retrying import code_to_retry, forget_codes, may_retry
from coupons.services.settling import (
    verification_ask,
    verification_settle,
    verification_withdraw,
)
from coupons.services.syncing import connection_test, products_sync, quota_outlooks, stores_sync
from coupons.services.transitions import first_verified
from coupons.services.verifying import (
    Requested,
    live_call,
    place_of,
    places_of,
    slow_text,
    verification_process,
    verification_request,
)

__all__ = [
    "Requested",
    "batch_lines",
    "batch_progress",
    "batch_request",
    "code_to_retry",
    "connection_test",
    "first_verified",
    "forget_codes",
    "live_call",
    "lookup_known",
    "lookup_place",
    "lookup_process",
    "lookup_request",
    "may_retry",
    "place_of",
    "places_of",
    "products_sync",
    "prune_lookups",
    "quota_outlooks",
    "slow_text",
    "stores_sync",
    "verification_ask",
    "verification_process",
    "verification_request",
    "verification_settle",
    "verification_withdraw",
]
