"""Calls of the gateway's `detail`, which change nothing there; alone it is a look-up."""

from collections.abc import Callable
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from coupons.models import GatewayStore, Lookup, prepared
from coupons.reasons import ABOUT_THE_COUPON, Reason
from coupons.services import abuse
from coupons.services.gateway import Gateway
from coupons.services.transitions import OwnRefusal, why
from coupons.wire import CouponDetail
from stores.models import OutboundCall
from stores.platforms.errors import Refused
from stores.platforms.outbox import Operation, operation


def read_detail(
    call: OutboundCall, wait_for_slot: Callable[[], None], remote_id: int, code: str
) -> CouponDetail:
    return Gateway(call.connection, wait_for_slot).call(
        lambda client, token: client.detail(token, remote_id, code)
    )


def remote_id_of(call: OutboundCall) -> int:
    return GatewayStore.objects.values_list("remote_id", flat=True).get(store=call.store_id or 0)


def open_remote_id_of(call: OutboundCall) -> int:
    """Returns the gateway's store number for a call that spends.

    Raises OwnRefusal if the store, its connection or its merchant was closed or switched off while
    the call waited.
    """
    row = None
    if call.connection.is_active and call.store_id:
        row = prepared.OPEN_GATEWAY.one(store=call.store_id)
    if row is None:
        raise OwnRefusal(Reason.STORE_UNAUTHORISED)
    if reason := row.closed_reason:
        raise OwnRefusal(reason)
    return row.remote_id


class Reading(Operation):
    """A call of the gateway's `detail`, which changes nothing at the gateway."""

    platform = "umember"
    repeatable = True
    # Nearly all calls in line belong to a verification, whose verify comes after the detail.
    requests_left = 2

    def may_retry(self, call: OutboundCall, *, ask_first: bool) -> bool:
        return False


@operation
class LookUp(Reading):
    name = "coupon.lookup"
    title = _("Look a coupon up")

    def send(self, call: OutboundCall, wait_for_slot: Callable[[], None]) -> CouponDetail:
        code = Lookup.objects.values_list("code", flat=True).get(pk=call.subject_id)
        return read_detail(call, wait_for_slot, open_remote_id_of(call), code)

    def on_done(self, call: OutboundCall, answer: CouponDetail, *, inferred: bool) -> None:
        self._close(
            call,
            Lookup.Status.DONE,
            answer.refusal or "",
            answer.status_text,
            order_id=answer.order_id,
            sku_id=answer.sku_id,
            sku_name=answer.sku_name,
            price=answer.price,
            is_unused=answer.refusal is None,
        )

    def on_refused(self, call: OutboundCall, error: Refused) -> None:
        reason = why(call, error)
        if reason in ABOUT_THE_COUPON:
            self._close(call, Lookup.Status.DONE, reason, error.message, is_unused=False)
        else:
            self._close(call, Lookup.Status.FAILED, reason, error.message)

    def on_dead(self, call: OutboundCall, *, maybe_executed: bool) -> None:
        self._close(call, Lookup.Status.FAILED, Reason.PLATFORM_DOWN, "")

    @staticmethod
    def _close(call: OutboundCall, status: str, reason: str, message: str, **read: Any) -> None:
        fields = {"status": status, "reason": reason, "gateway_message": message[:300]} | read
        rows = Lookup.objects.filter(pk=call.subject_id)
        rows.update(**fields, code="", read_at=timezone.now())
        if reason not in abuse.GUESSES and (lookup := rows.exclude(address_hash="").first()):
            abuse.forgive(lookup)
