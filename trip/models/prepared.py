"""The statements that create, pay and query run each time, prepared once per process."""

from django.db.models import F, Q

from stores.prepared import Param, Prepared, PreparedUpdate
from trip.models.catalogue import Offer, Product
from trip.models.orders import Order, Voucher

PRODUCT = Prepared(
    lambda: Product.objects.filter(
        connection=Param("connection"), deal_id=Param("deal_id")
    ).select_related("store")
)
OFFER_OF_DAY = Prepared(lambda: Offer.objects.filter(product=Param("product"), date=Param("date")))
OFFER_WITHOUT_DAY = Prepared(lambda: Offer.objects.filter(product=Param("product"), date=None))
ORDER = Prepared(
    lambda: Order.objects.filter(connection=Param("connection"), order_id=Param("order_id"))
)
LOCKED_ORDER = Prepared(lambda: ORDER.build().select_for_update())
VOUCHERS = Prepared(lambda: Voucher.objects.filter(order=Param("order")).order_by("pk"))


def has_left(quantity: int | Param) -> Q:
    """The condition that an offer has that many tickets left."""
    return Q(stock=None) | Q(stock__gte=F("held") + F("sold") + quantity)


HOLD_TICKETS = PreparedUpdate(
    lambda: Offer.objects.filter(has_left(Param("quantity")), pk=Param("offer")),
    held=F("held") + Param("quantity"),
)
SELL_HELD_TICKETS = PreparedUpdate(
    lambda: Offer.objects.filter(pk=Param("offer")),
    held=F("held") - Param("quantity"),
    sold=F("sold") + Param("quantity"),
)
