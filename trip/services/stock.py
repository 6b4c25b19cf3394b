"""Quantities of an offer: held at create, sold at pay, given back at close and refund.

Each step is one UPDATE.
"""

from django.db.models import F

from trip.models import Offer, Order, prepared


def hold(offer: Offer, quantity: int) -> bool:
    """Holds tickets for an unpaid order; returns whether that many were left."""
    return bool(prepared.HOLD_TICKETS.run(offer=offer.pk, quantity=quantity))


def sell_held(order: Order) -> None:
    """Turns the held tickets of a paid order into sold ones."""
    prepared.SELL_HELD_TICKETS.run(offer=order.offer_id, quantity=order.quantity)


def sell_again(order: Order) -> bool:
    """Sells the tickets of an order that was paid after its hold had ended; returns whether that
    many were left.
    """
    offers = Offer.objects.filter(prepared.has_left(order.quantity), pk=order.offer_id)
    return bool(offers.update(sold=F("sold") + order.quantity))


def free_held(order: Order) -> None:
    """Frees the held tickets of an order that will not be paid."""
    Offer.objects.filter(pk=order.offer_id).update(held=F("held") - order.quantity)


def give_back(order: Order, quantity: int) -> None:
    """Gives refunded or voided tickets back for sale."""
    Offer.objects.filter(pk=order.offer_id).update(sold=F("sold") - quantity)
