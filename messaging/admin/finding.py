"""How operators find takeaway orders over all merchants."""

from django.db.models import Q

from messaging.models import Order
from stores.backoffice.search import Searcher


def _of_number(text: str) -> Q:
    return Q(order_id=text) | Q(view_id=text)


SEARCHER = Searcher(
    rows=Order.objects.all,
    said=lambda order: f"…{order.order_id[-4:]} · {order.get_state_display()}",
    number=_of_number,
    at="ordered_at",
)
