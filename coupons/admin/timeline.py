"""What happened to one verification, in order: asked for, read, sent, asked about, settled."""

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from coupons.models import Lookup, Verification
from coupons.services.lookups import FRESH
from coupons.services.operations import LookUp, ReadDetail, SpendCoupon
from stores import audit
from stores.backoffice.timeline import Moment, attempt_moment, in_order
from stores.models import OutboundAttempt
from stores.text import mask_codes

MOST = 100


def timeline(row: Verification) -> list[Moment]:
    """Long numbers are masked: platforms repeat whole codes in their words."""
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
    """The look-up of the same flow that counted as the first step, as long as it is kept."""
    seen = Lookup.objects.filter(store=row.store_id, code_hash=row.code_hash, flow=row.flow)
    recent = seen.filter(read_at__range=(row.created_at - FRESH, row.created_at))
    return recent.values_list("pk", flat=True).first()


def _moment(attempt: OutboundAttempt) -> Moment:
    reads = attempt.call.operation != SpendCoupon.name or attempt.kind == OutboundAttempt.Kind.ASK
    what = _("Read the coupon at Meituan") if reads else _("Verify the coupon at Meituan")
    # A good answer is already in the fields above; what went wrong is told in the platform's words.
    text = "" if attempt.outcome == OutboundAttempt.Outcome.ANSWERED else mask_codes(attempt.detail)
    return attempt_moment(attempt, what, text=text, seconds=attempt.seconds)
