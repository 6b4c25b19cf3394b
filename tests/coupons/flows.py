"""Steps that many tests of verifications share."""

from typing import Any

from coupons.models import Channel, Verification
from coupons.services import live_call, verification_process, verification_request
from stores.models import OutboundCall
from stores.platforms.outbox import attempt_now
from tests.coupons.factories import Shop


def ask_for(shop: Shop, code: str, **fields: Any) -> Verification:
    """Returns a verification whose first call is enqueued and not sent yet."""
    values: dict[str, Any] = {"channel": Channel.API, "flow": "test"} | fields
    return verification_request(store=shop.store, code=code, **values).verification


def verify(shop: Shop, code: str, *, wait: float = 10.0, **fields: Any) -> Verification:
    """Requests a verification and processes it in this thread."""
    return verification_process(ask_for(shop, code, **fields), wait=wait, wake=False)


def lose_answer(shop: Shop, *, applied: bool, **fields: Any) -> Verification:
    """Returns a verification whose answer was lost a moment ago."""
    shop.sandbox.faults.add(
        operation="verify", kind="drop_after" if applied else "drop_before", times=1
    )
    row = ask_for(shop, shop.code(**fields))
    for _ in range(2):
        call = live_call(row)
        assert call is not None
        assert attempt_now(call, patience=1.0)
    row.refresh_from_db()
    assert row.status == Verification.Status.UNKNOWN
    return row


def call_of(row: Verification) -> OutboundCall:
    """Returns the verify call of the row."""
    return OutboundCall.objects.get(operation="coupon.verify", subject_id=row.pk)


def coupon(shop: Shop, code: str) -> dict[str, Any]:
    """Returns the sandbox's data of a code: `verifies`, `applied`, `state`."""
    found: dict[str, Any] = shop.sandbox.platform("umember").control(f"codes/{code}", None)
    return found


def arrived(shop: Shop, operation: str | None = None) -> list[str]:
    """Returns the calls that reached the sandbox, in their order."""
    return [arrival.operation for arrival in shop.sandbox.arrivals.all(operation=operation)]
