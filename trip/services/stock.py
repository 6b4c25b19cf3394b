"""Tickets of an offer: held at create, sold at pay, given back at close and refund.

Each step is one UPDATE.
"""

from django.db.models import F

from trip.models import Offer, Order, prepared


def hold(offer: Offer, quantity: int) -> bool:
    """Whether that many were left and are now held for an unpaid order."""
    return bool(prepared.HOLD_TICKETS.run(offer=offer.pk, quantity=quantity))


def sell_held(order: Order) -> None:
    """The order was paid: what it held is sold."""
    prepared.SELL_HELD_TICKETS.run(offer=order.offer_id, quantity=order.quantity)


def sell_again(order: Order) -> bool:
    """The order was paid after its hold had ended: sells if that many are still left."""
    offers = Offer.objects.filter(prepared.has_left(order.quantity), pk=order.offer_id)
    return bool(offers.update(sold=F("sold") + order.quantity))


def free_held(order: Order) -> None:
    """The order will not be paid."""
    Offer.objects.filter(pk=order.offer_id).update(held=F("held") - order.quantity)


def give_back(order: Order, quantity: int) -> None:
    """Sold tickets that were refunded or voided can be sold again."""
    Offer.objects.filter(pk=order.offer_id).update(sold=F("sold") - quantity)
