"""The outbound calls of coupons (`detail` then `verify`, or only a look-up), and the effect of each
outcome on the ledger.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from coupons.models import GatewayStore, Lookup, Verification, prepared
from coupons.reasons import ABOUT_THE_COUPON, Reason
from coupons.services import abuse
from coupons.services.gateway import Gateway
from coupons.wire import CouponDetail, VerifyAnswer, reason_of
from stores.models import Connection, OutboundAttempt, OutboundCall
from stores.platforms.errors import Inconclusive, NeedsPerson, Refused, Undecided
from stores.platforms.outbox import Operation, Verdict, enqueue, operation
from stores.platforms.workers import queue
from stores.prepared import Literal
from stores.transitions import move

Status = Verification.Status


def settle(verification: Verification, status: str, **changes: Any) -> None:
    """Gives the verification a final status and removes its code, which is kept only while it may
    be sent.
    """
    final = {"settled_at": timezone.now(), "code": "", "needs_person": False}
    move(verification, status, **changes, **final)


# The gateway's answer about the store is newer than the last sync, so it blocks further calls that
# would fail.
_STORE_STATE: dict[str, dict[str, Any]] = {
    Reason.QUOTA_EXHAUSTED: {"request_count": 0},
    Reason.STORE_UNAUTHORISED: {"authorisation": GatewayStore.Authorisation.NOT_AUTHORISED},
    Reason.AUTHORISATION_EXPIRED: {"authorisation": GatewayStore.Authorisation.EXPIRED},
}


def _note_store_state(call: OutboundCall, reason: Reason) -> None:
    """Blocks the store when the gateway answers that it cannot verify, and queues a sync of the
    stores.
    """
    state = _STORE_STATE.get(reason)
    # Only the first of many refusals changes the row and queues the sync.
    if state and GatewayStore.objects.filter(store=call.store).exclude(**state).update(**state):
        transaction.on_commit(
            lambda: queue.wake_worker("coupons.tasks.sync_stores", call.connection_id), robust=True
        )


class OwnRefusal(Refused):
    """Our own refusal: the call is not sent, because it would surely fail or must not cost
    anything.
    """

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason, "")
        self.reason = reason


class UsedElsewhere(Refused):
    """The gateway answers "used", and another store of the merchant has verified the code."""

    reason = Reason.ALREADY_USED

    def __init__(self, words: str, first: Verification) -> None:
        super().__init__(self.reason, words)
        self.first = first


def why(call: OutboundCall, error: Refused) -> Reason:
    """Returns our reason for a refusal; a reason about the store is noted if it comes from the
    gateway.
    """
    if isinstance(error, OwnRefusal | UsedElsewhere):
        return error.reason
    reason = reason_of(error.message)
    _note_store_state(call, reason)
    return reason


def refuse(
    verification: Verification, reason: str, gateway_message: str = "", **fields: Any
) -> None:
    settle(
        verification, Status.REFUSED, reason=reason, gateway_message=gateway_message[:300], **fields
    )


def spent(verification: Verification, gateway_message: str, *, inferred: bool) -> None:
    """Marks the coupon as verified; a deal that the synced list does not contain is marked, but is
    no error.
    """
    reason = Reason.SKU_UNMAPPED if verification.unmapped else ""
    settle(
        verification,
        Status.VERIFIED,
        inferred=inferred,
        gateway_message=gateway_message[:300],
        reason=reason,
    )


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
        lookup = Lookup.objects.get(pk=call.subject_id)
        # Failures of this address while the call waited in line may have locked it.
        if lookup.address_hash and abuse.locked(lookup.store_id, lookup.address_hash):
            raise OwnRefusal(Reason.TOO_MANY_TRIES)
        return read_detail(call, wait_for_slot, open_remote_id_of(call), lookup.code)

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
        lookup = Lookup.objects.filter(pk=call.subject_id)
        lookup.update(**fields, code="", read_at=timezone.now())
        if reason in abuse.GUESSES and (
            address := lookup.values_list("address_hash", flat=True).get()
        ):
            abuse.record_failure(call.store_id or 0, address)


@operation
class ReadDetail(Reading):
    """The first step of a verification: a coupon that cannot be spent is refused without a
    verify.
    """

    name = "coupon.detail"
    title = _("Read a coupon")

    def send(self, call: OutboundCall, wait_for_slot: Callable[[], None]) -> CouponDetail:
        return read_detail(call, wait_for_slot, open_remote_id_of(call), code_of(call))

    def on_done(self, call: OutboundCall, answer: CouponDetail, *, inferred: bool) -> None:
        row = row_of(call)
        adopt_detail(row, answer)
        if answer.refusal is None:
            owe_verify(row, call.lane, call.connection, patience=call.expires_at - call.queued_at)
        else:
            refuse(row, answer.refusal, answer.status_text)

    def on_refused(self, call: OutboundCall, error: Refused) -> None:
        reason = why(call, error)
        refuse(row_of(call), reason, error.message)

    def on_dead(self, call: OutboundCall, *, maybe_executed: bool) -> None:
        refuse(row_of(call), Reason.PLATFORM_DOWN)


def row_of(call: OutboundCall) -> Verification:
    """Locks and returns the verification of a call."""
    row = prepared.LOCKED_VERIFICATION.one(pk=call.subject_id)
    if row is None:
        raise Verification.DoesNotExist
    return row


def code_of(call: OutboundCall) -> str:
    return Verification.objects.values_list("code", flat=True).get(pk=call.subject_id)


def adopt_detail(verification: Verification, detail: CouponDetail | Lookup) -> None:
    """Copies the values of the detail; the product is found by SKU, because names differ between
    the gateway's calls.
    """
    product = prepared.PRODUCT.one(store=verification.store_id, sku_id=detail.sku_id)
    verification.product, verification.unmapped = product, product is None
    verification.order_id, verification.sku_id, verification.sku_name = (
        detail.order_id,
        detail.sku_id,
        detail.sku_name,
    )
    verification.value = detail.price
    if detail.price is None and product:
        verification.value = product.price
    verification.save(
        update_fields=["product", "unmapped", "order_id", "sku_id", "sku_name", "value"]
    )


def owe_verify(
    verification: Verification, lane: int, connection: Connection, *, patience: timedelta
) -> OutboundCall:
    """Enqueues the verify; the worker that settles the detail sends it next, so no task is queued.

    A verification takes this step once: when it is created with a fresh look-up, or when its own
    detail was read.
    """
    return enqueue(
        SpendCoupon,
        connection=connection,
        key=str(verification.pk),
        subject_id=verification.pk,
        store_id=verification.store_id,
        lane=OutboundCall.Lane(lane),
        patience=patience,
        queued_at=verification.created_at,
        wake=False,
        known_new=True,
    )


def check_other_stores(call: OutboundCall, words: str) -> None:
    """Checks whether another store's try may have used a coupon of a chain, instead of our call
    whose answer was lost.

    Raises UsedElsewhere when it has, Undecided or NeedsPerson when it may have.
    """
    # A verification that only waits at another store was surely not executed. A verified one
    # decides, whatever the others are.
    rivals = [row for row in _at_other_stores(call) if row.status != Status.QUEUED]
    rivals.sort(key=lambda row: row.status != Status.VERIFIED)
    if not rivals:
        return
    if rivals[0].status == Status.VERIFIED:
        raise UsedElsewhere(words, rivals[0])
    if rivals[0].status == Status.SENDING:
        raise Undecided("another store of the merchant is verifying the code")
    raise NeedsPerson("another store of the merchant has lost its answer too")


def _at_other_stores(call: OutboundCall) -> list[Verification]:
    mine = Verification.objects.filter(pk=call.subject_id).values("code_hash")
    return list(
        Verification.objects.filter(
            ~Q(status=Literal(Status.REFUSED)),
            code_hash__in=mine,
            store__merchant=call.connection.merchant_id,
        )
        .exclude(store=call.store_id)
        .order_by()
    )


@operation
class SpendCoupon(Operation):
    platform = "umember"
    name = "coupon.verify"
    title = _("Verify a coupon")

    def send(self, call: OutboundCall, wait_for_slot: Callable[[], None]) -> VerifyAnswer:
        remote_id, code = open_remote_id_of(call), code_of(call)
        try:
            answer = Gateway(call.connection, wait_for_slot).call(
                lambda client, token: client.verify(token, remote_id, code)
            )
            if not answer.success:
                raise Refused("verify_success", answer.message)
        except Refused as error:
            if call.was_unknown and reason_of(error.message) == Reason.ALREADY_USED:
                check_other_stores(call, error.message)
            raise
        return answer

    def ask(self, call: OutboundCall, wait_for_slot: Callable[[], None]) -> Verdict:
        """Asks the coupon's state: unused means that the verify was not executed, used means that
        it was.

        "Used" is certain because the database allows one live verification per code and store,
        unless another store tried too. Any other state (locked, cancelled, empty) decides nothing.
        After a timeout, "unused" counts only when it is read again after the gateway can no longer
        work on the verify. Raises Refused, Inconclusive, Undecided, NeedsPerson or UsedElsewhere.
        """
        try:
            detail = read_detail(call, wait_for_slot, remote_id_of(call), code_of(call))
        except Refused as error:
            raise Inconclusive(f"the question was refused: {error.detail}") from error
        if detail.refusal is None:
            self._wait_for_slow_gateway(call)
            return Verdict(executed=False)
        if detail.refusal == Reason.ALREADY_USED:
            check_other_stores(call, detail.status_text)
            return Verdict(executed=True)
        if detail.refusal == Reason.REFUSED_OTHER:
            raise NeedsPerson(f"what the coupon's state means is not known: {detail.status_text}")
        raise Refused("detail", detail.status_text)

    def _wait_for_slow_gateway(self, call: OutboundCall) -> None:
        """Raises Undecided while the gateway may still work on our verify."""
        last = call.attempts.filter(kind=OutboundAttempt.Kind.SEND).first()
        if last is None or last.outcome != OutboundAttempt.Outcome.TIMED_OUT:
            return
        sent_before = (timezone.now() - last.started_at).total_seconds()
        left = settings.OUTBOX.still_executing - sent_before
        if left > 0:
            raise Undecided("still unused, but the verify may yet be at work", after=left)

    def may_retry(self, call: OutboundCall, *, ask_first: bool) -> bool:
        return ask_first and row_of(call).status == Status.UNKNOWN

    def on_sending(self, call: OutboundCall) -> None:
        move(row_of(call), Status.SENDING)

    def on_done(self, call: OutboundCall, answer: VerifyAnswer | None, *, inferred: bool) -> None:
        spent(row_of(call), answer.message if answer else "", inferred=inferred)

    def on_refused(self, call: OutboundCall, error: Refused) -> None:
        reason = why(call, error)
        if isinstance(error, UsedElsewhere):
            refuse(row_of(call), reason, error.message, duplicate_of=error.first)
        elif call.was_unknown and reason == Reason.ALREADY_USED:
            # Our earlier try got no answer, and no other try was allowed, so it was ours that used
            # the coupon.
            spent(row_of(call), error.message, inferred=True)
        else:
            refuse(row_of(call), reason, error.message)

    def on_unknown(self, call: OutboundCall) -> None:
        move(row_of(call), Status.UNKNOWN)

    def on_inconclusive(self, call: OutboundCall) -> None:
        self._put_before_a_person(row_of(call))

    def on_requeued(self, call: OutboundCall) -> None:
        move(row_of(call), Status.QUEUED, needs_person=False)

    def on_dead(self, call: OutboundCall, *, maybe_executed: bool) -> None:
        row = row_of(call)
        if not maybe_executed:
            refuse(row, Reason.PLATFORM_DOWN)
        elif row.status not in Verification.FINAL:
            if row.status != Status.UNKNOWN:
                move(row, Status.UNKNOWN)
            self._put_before_a_person(row)

    @staticmethod
    def _put_before_a_person(row: Verification) -> None:
        row.needs_person = True
        row.save(update_fields=["needs_person"])
