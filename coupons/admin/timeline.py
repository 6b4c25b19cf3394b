"""The history of one verification: requested, read, sent, asked about, settled."""

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from coupons.models import Lookup, Verification
from coupons.services.lookups import FRESH
from coupons.services.operations import LookUp, ReadDetail, SpendCoupon
from stores import audit
from stores.backoffice.labels import opened
from stores.backoffice.plain_errors import explained
from stores.backoffice.timeline import Moment, attempt_moment, in_order
from stores.models import OutboundAttempt

MOST = 100


def timeline(row: Verification) -> list[Moment]:
    """Returns the moments in order; long numbers are masked, because platforms repeat whole codes
    in their texts.
    """
    moments = [
        Moment(
            row.created_at,
            pgettext("moment", "Requested"),
            f"{row.get_channel_display()} · {audit.shown(row.requested_by)}",
        )
    ]
    moments += [_moment(attempt) for attempt in _attempts(row)]
    if row.settled_at:
        text = f"{row.outcome} {row.settled_note}".strip()
        moments.append(Moment(row.settled_at, pgettext("moment", "Settled"), text))
    return in_order(moments)


def _attempts(row: Verification) -> list[OutboundAttempt]:
    steps = [ReadDetail.name, SpendCoupon.name]
    mine = Q(call__operation__in=steps, call__subject_id=row.pk)
    if looked := _look_up_before(row):
        mine |= Q(call__operation=LookUp.name, call__subject_id=looked)
    return list(OutboundAttempt.objects.filter(mine).select_related("call").order_by("id")[:MOST])


def _look_up_before(row: Verification) -> int | None:
    """Returns the look-up of the same flow that counted as the first step, while it is stored."""
    seen = Lookup.objects.filter(store=row.store_id, code_hash=row.code_hash, flow=row.flow)
    recent = seen.filter(read_at__range=(row.created_at - FRESH, row.created_at))
    return recent.values_list("pk", flat=True).first()


def _moment(attempt: OutboundAttempt) -> Moment:
    reads = attempt.call.operation != SpendCoupon.name or attempt.kind == OutboundAttempt.Kind.ASK
    title = _("Verify the coupon at Meituan")
    if reads:
        title = _("Read the coupon at Meituan")
    # The fields above show a good answer already; a failure is shown in the platform's words.
    is_answered = attempt.outcome == OutboundAttempt.Outcome.ANSWERED
    text = "" if is_answered else explained(opened(attempt, "detail"))
    return attempt_moment(attempt, title, text=text, seconds=attempt.seconds)
