"""What deliveries cost, reckoned by the database as going_on.cost_of reckons one."""

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


def cost_by_delivery(of: str = "pk") -> Coalesce:
    """Returns the cost of the delivery to which `of` leads from a row."""
    rows = Attempt.objects.filter(delivery=OuterRef(of)).order_by().values("delivery")
    return Coalesce(Subquery(rows.annotate(cost=Sum(COST_OF_ATTEMPT)).values("cost")), _NOTHING)
