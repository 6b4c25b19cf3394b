"""The detail, the first step of a verification, after which its verify is enqueued."""

from collections.abc import Callable

from django.utils.translation import gettext_lazy as _

from coupons.reasons import Reason
from coupons.services.operations.reading import Reading, open_remote_id_of, read_detail
from coupons.services.operations.spend import adopt_detail, code_of, owe_verify, row_of
from coupons.services.transitions import refuse, why
from coupons.wire import CouponDetail
from stores.models import OutboundCall
from stores.platforms.errors import Refused
from stores.platforms.outbox import operation


@operation
class ReadDetail(Reading):
    """The first step of a verification: a coupon that cannot be spent is refused without a
    verify.
    """

    name = "coupon.detail"
    title = _("Look a coupon up before it is verified")

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
