"""What Meituan is told or asked about an order at this moment."""

from django.db.models import QuerySet

from messaging.models import Order
from messaging.services.acting import ACTIONS
from messaging.services.reading import OrderReading, RefundsReading
from stores.models import OutboundCall

NAMES = [*(kind.name for kind in ACTIONS), OrderReading.name, RefundsReading.name]


def calls_of(order: Order) -> QuerySet[OutboundCall]:
    """Returns all calls about an order."""
    return OutboundCall.objects.filter(
        connection=order.connection_id, operation__in=NAMES, subject_id=order.pk
    )


def under_way(order: Order) -> str:
    """Returns the keys of the calls that are not settled, "" without any: a page that was made with
    others is out of date.
    """
    live = calls_of(order).filter(state__in=OutboundCall.LIVE).order_by("pk")
    return ",".join(str(pk) for pk in live.values_list("pk", flat=True))
