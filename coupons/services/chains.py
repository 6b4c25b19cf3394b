"""Coupons of a chain: tries of other stores of the merchant with the same code."""

from django.db.models import Q

from coupons.models import Verification
from coupons.services.transitions import UsedElsewhere
from stores.models import OutboundCall
from stores.platforms.errors import NeedsPerson, Undecided
from stores.prepared import Literal

Status = Verification.Status


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
