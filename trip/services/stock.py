"""Tickets of an offer: held at create, sold at pay, given back at close and refund. Each step is one UPDATE."""

from stores.platforms import sql
from trip.models import Offer, Order

ENOUGH = "(stock IS NULL OR stock >= held + sold + %s)"


def hold(offer: Offer, quantity: int) -> bool:
    """Whether that many were left and are now held for an unpaid order."""
    return bool(
        sql.update(
            Offer, "held = held + %s", f"id = %s AND {ENOUGH}", [quantity, offer.pk, quantity]
        )
    )


def sell_held(order: Order) -> None:
    """The order was paid: what it held is sold."""
    sql.update(
        Offer,
        "held = held - %s, sold = sold + %s",
        "id = %s",
        [order.quantity, order.quantity, order.offer_id],
    )


def sell_again(order: Order) -> bool:
    """The order was paid after its hold had ended: sells if that many are still left."""
    params = [order.quantity, order.offer_id, order.quantity]
    return bool(sql.update(Offer, "sold = sold + %s", f"id = %s AND {ENOUGH}", params))


def free_held(order: Order) -> None:
    """The order will not be paid."""
    sql.update(Offer, "held = held - %s", "id = %s", [order.quantity, order.offer_id])


def give_back(order: Order, quantity: int) -> None:
    """Sold tickets that were refunded or voided can be sold again."""
    sql.update(Offer, "sold = sold - %s", "id = %s", [quantity, order.offer_id])
