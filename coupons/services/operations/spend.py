"""The verify, which spends a coupon, and the question after a lost answer."""

from collections.abc import Callable
from datetime import timedelta

from django.utils.translation import gettext_lazy as _

from coupons.models import Lookup, Verification, prepared
from coupons.reasons import Reason
from coupons.services.chains import check_other_stores
from coupons.services.gateway import Gateway
from coupons.services.operations.reading import open_remote_id_of, read_detail, remote_id_of
from coupons.services.transitions import UsedElsewhere, refuse, spent, why
from coupons.wire import CouponDetail, VerifyAnswer, reason_of
from stores.models import Connection, OutboundCall
from stores.platforms.errors import Inconclusive, NeedsPerson, Refused
from stores.platforms.outbox import Operation, Verdict, enqueue, operation, wait_while_at_work
from stores.transitions import move

Status = Verification.Status


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
            wait_while_at_work(call)
            return Verdict(executed=False)
        if detail.refusal == Reason.ALREADY_USED:
            check_other_stores(call, detail.status_text)
            return Verdict(executed=True)
        if detail.refusal == Reason.REFUSED_OTHER:
            raise NeedsPerson(f"what the coupon's state means is not known: {detail.status_text}")
        raise Refused("detail", detail.status_text)

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
