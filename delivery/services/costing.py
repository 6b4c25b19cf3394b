"""What deliveries cost: of one by its attempts, of many by the database in the same way."""

from collections.abc import Iterable
from decimal import Decimal

from django.db.models import Case, DecimalField, F, OuterRef, Subquery, Sum, Value, When
from django.db.models.functions import Coalesce

from delivery.models import Attempt

_YUAN: DecimalField[Decimal, Decimal] = DecimalField(max_digits=12, decimal_places=2)
_NOTHING = Value(Decimal(0), output_field=_YUAN)
# Of one attempt: what a courier kept of a dead one, else fee and tip.
COST_OF_ATTEMPT = Case(
    When(state=Attempt.State.DEAD, then=Coalesce(F("deduction"), _NOTHING)),
    default=Coalesce(F("fee"), _NOTHING) + F("tip"),
    output_field=_YUAN,
)


def cost_of(attempts: Iterable[Attempt]) -> Decimal:
    """Returns what a delivery with these attempts costs: fee and tip of the rider who is under way
    or has ended his ride, and what couriers kept of those who did not.
    """
    total = Decimal(0)
    for each in attempts:
        if each.state == Attempt.State.DEAD:
            total += each.deduction or Decimal(0)
        else:
            total += (each.fee or Decimal(0)) + each.tip
    return total


def cost_by_delivery(of: str = "pk") -> Coalesce:
    """Returns the cost of the delivery to which `of` leads from a row."""
    rows = Attempt.objects.filter(delivery=OuterRef(of)).order_by().values("delivery")
    return Coalesce(Subquery(rows.annotate(cost=Sum(COST_OF_ATTEMPT)).values("cost")), _NOTHING)
