"""Values for each prepared statement with which it finds a row, which is created here."""

from datetime import date
from typing import Any

from tests.meituan import selling
from trip.models import Offer, Order

DAY = date(2030, 5, 1)


def an_order() -> Order:
    meituan, product = selling(credential_types=[0, 1])
    meituan.bought(product)
    return meituan.bought(product, 3)


def numbered() -> dict[str, Any]:
    order = an_order()
    return {"connection": order.connection_id, "order_id": order.order_id}


def product() -> dict[str, Any]:
    product = an_order().product
    return {"connection": product.connection_id, "deal_id": product.deal_id}


def offer_of_day() -> dict[str, Any]:
    _, product = selling(by_calendar=True, offer__date=DAY)
    return {"product": product.pk, "date": DAY}


def tickets() -> dict[str, Any]:
    order = an_order()
    Offer.objects.update(stock=8, held=2)
    return {"offer": order.offer_id, "quantity": 2}


EXAMPLES = {
    "PRODUCT": product,
    "OFFER_OF_DAY": offer_of_day,
    "OFFER_WITHOUT_DAY": lambda: {"product": an_order().product_id},
    "ORDER": numbered,
    "LOCKED_ORDER": numbered,
    "VOUCHERS": lambda: {"order": an_order().pk},
    "HOLD_TICKETS": tickets,
    "SELL_HELD_TICKETS": tickets,
}
