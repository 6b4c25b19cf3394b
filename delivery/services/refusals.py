"""Why a delivery does not allow what is asked, and why nobody can be called for it."""

from decimal import Decimal

from django.utils.translation import gettext as _
from django_stubs_ext import StrOrPromise

from delivery.choices import ForPerson
from stores.conflicts import Conflict


class DeliveryConflict(Conflict):
    """The delivery does not allow this as it stands."""

    code = "delivery_conflict"


class NobodyToCall(Conflict):
    """No courier can be called; `why` is what a person is told."""

    def __init__(self, reason: StrOrPromise, why: ForPerson) -> None:
        super().__init__(reason)
        self.why = why


class NobodyFits(NobodyToCall, DeliveryConflict):
    """Couriers were asked, and the store's rule chooses none of them."""


class FeeTooHigh(DeliveryConflict):
    """A cancellation costs more than was agreed, or nobody knows what; `fee` is None then."""

    code = "cancel_fee"

    def __init__(self, fee: Decimal | None) -> None:
        super().__init__(
            _("Cancelling costs ¥%(fee)s now.") % {"fee": fee}
            if fee is not None
            else _("The courier does not say what cancelling costs now.")
        )
        self.fee = fee
