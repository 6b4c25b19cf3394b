"""What is known of each courier (docs/platforms/wechat_delivery.md §7): shown as what is usual.

What a courier answers (a refusal, the fee of a cancellation) always counts more.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from delivery.choices import Sure


@dataclass(frozen=True)
class Tips:
    """Totals that a courier takes, in yuan. Without `steps` each total up to `most` that is a
    multiple of `unit` is one. `within_value`: none above the value of the goods.
    """

    most: Decimal
    steps: Sequence[Decimal] = ()
    unit: Decimal = Decimal(1)
    within_value: bool = False
    sure: Sure = Sure.OFFICIAL

    def takes(self, total: Decimal) -> bool:
        if self.steps:
            return total in self.steps
        return 0 < total <= self.most and not total % self.unit


@dataclass(frozen=True)
class CancelFee:
    """What a cancellation usually costs in yuan, from and until so long after the acceptance."""

    after: timedelta
    until: timedelta | None
    fee: Decimal
    sure: Sure = Sure.AGREED


@dataclass(frozen=True)
class Service:
    """A service code, with its time and reach (metres)."""

    code: str
    minutes: int
    reach: int


@dataclass(frozen=True)
class Courier:
    """`booking` is how long ahead an order may be booked: at least, at most; `expected` the name of
    the field for its time. None means that it is not known.
    """

    delivery_id: str
    name: StrOrPromise
    needs_sender: bool = True
    needs_shop_no: bool = True
    is_direct: bool | None = None
    can_insure: bool = False
    has_pickup_code: bool = False
    has_finish_code: bool = False
    tips: Tips | None = None
    names_price: bool = True
    can_call_again: bool = True
    can_confirm_return: bool = False
    cancel_until_pickup: bool = False
    cancel_fees: Sequence[CancelFee] = ()
    services: Sequence[Service] = ()
    # Codes that older contracts have.
    old_services: Sequence[str] = ()
    usual_service: str = ""
    booking: tuple[timedelta, timedelta] | None = None
    expected: str = ""
    price_lasts: timedelta | None = None
    sure: Sure = Sure.OFFICIAL

    def next_tip(self, total: Decimal, *, at_most: Decimal, value: Decimal) -> Decimal | None:
        """Returns the next total above `total` that the courier takes for goods of this value and
        that is within `at_most`; None when there is none. Without steps it grows by one yuan.
        """
        tips = self.tips
        if tips is None or tips.sure == Sure.OPEN:
            return None
        most = min(tips.most, at_most, *([value] if tips.within_value else []))
        wanted = tips.steps or [total + 1]
        return next((step for step in wanted if total < step <= most and tips.takes(step)), None)

    def usual_cancel_fee(self, since_accepted: timedelta | None) -> Decimal | None:
        """Returns what a cancellation usually costs now; None when it is not known. Before a rider
        has accepted (`since_accepted` None) it is free.
        """
        if since_accepted is None:
            return Decimal(0)
        for each in self.cancel_fees:
            if each.after <= since_accepted and (not each.until or since_accepted < each.until):
                return each.fee
        return None

    @property
    def free_until(self) -> timedelta | None:
        """How long after the acceptance a cancellation is usually free; None: not known."""
        if not self.cancel_fees or self.cancel_fees[0].fee:
            return None
        return self.cancel_fees[0].until

    @property
    def service_codes(self) -> frozenset[str]:
        """Returns all service codes that are known of it."""
        codes = [*(each.code for each in self.services), *self.old_services, self.usual_service]
        return frozenset(code for code in codes if code)

    @property
    def reach(self) -> int:
        """How far it goes at most, in metres; 0: not known."""
        return max((each.reach for each in self.services), default=0)

    def service_for(self, distance: int) -> str:
        """Returns the service code that reaches so far (metres) in the shortest time; "" when there
        is none.
        """
        if not self.services:
            return self.usual_service
        fitting = [each for each in self.services if distance <= each.reach]
        return min(fitting, key=lambda each: each.minutes).code if fitting else ""


# Few couriers go further within a city (metres). Only Meituan publishes a reach: this is inferred.
USUAL_REACH = 20_000
_MINUTE, _HOUR = timedelta(minutes=1), timedelta(hours=1)
_SFTC = Courier(
    "SFTC",
    _("SF instant delivery"),
    can_insure=True,
    has_pickup_code=True,
    has_finish_code=True,
    # One page allows ten tips up to 200 yuan, another none.
    tips=Tips(Decimal(200), sure=Sure.OPEN),
    cancel_fees=[
        CancelFee(timedelta(0), 2 * _MINUTE, Decimal(0)),
        CancelFee(2 * _MINUTE, None, Decimal(2)),
    ],
    expected="expected_finish_time",
)
_SS = Courier(
    "SS",
    _("FlashEx"),
    is_direct=True,
    tips=Tips(Decimal(100), [Decimal(step) for step in (2, 3, 5, 10, 15, 20, 50, 100)]),
    can_confirm_return=True,
    usual_service="1",
    booking=(2 * _HOUR, 48 * _HOUR),
    expected="expected_pick_time",
)
_MTPS = Courier(
    "MTPS",
    _("Meituan delivery"),
    needs_sender=False,
    names_price=False,
    can_call_again=False,
    services=[
        Service("100030", 30, 5000),
        Service("100035", 45, 6000),
        Service("100029", 45, 7000),
        Service("100031", 60, 7000),
    ],
    old_services=["4002", "4011", "4012", "4013"],
    expected="expected_finish_time",
)
_DADA = Courier(
    "DADA",
    _("Dada"),
    needs_sender=False,
    can_insure=True,
    has_finish_code=True,
    tips=Tips(Decimal(30), unit=Decimal("0.1"), within_value=True),
    can_confirm_return=True,
    cancel_until_pickup=True,
    cancel_fees=[
        CancelFee(timedelta(0), _MINUTE, Decimal(0)),
        CancelFee(_MINUTE, 15 * _MINUTE, Decimal(2)),
        # If the rider has not arrived by then.
        CancelFee(15 * _MINUTE, None, Decimal(0)),
    ],
    booking=(5 * _MINUTE, 72 * _HOUR),
    expected="expected_delivery_time",
    price_lasts=3 * _MINUTE,
)
_UU = Courier("UU", _("UU errands"), sure=Sure.OPEN)
# The courier of WeChat's own sandbox.
TEST = "TEST"
_TEST = Courier(
    TEST,
    _("WeChat's test courier"),
    needs_shop_no=False,
    has_pickup_code=True,
    has_finish_code=True,
)
COURIERS: Mapping[str, Courier] = {
    courier.delivery_id: courier for courier in (_SFTC, _SS, _MTPS, _DADA, _UU, _TEST)
}


def courier_of(delivery_id: str, name: str = "") -> Courier:
    """Returns what is known of a courier; of one that we do not know, nothing but its name."""
    known = COURIERS.get(delivery_id)
    return known or Courier(delivery_id, name or delivery_id, sure=Sure.OPEN)
