"""What the end or the receipt of an order does to its safety card.

Each way in which a card gets to the customer stands on the order once (`CardDelivery`). Meituan's
way is only noted: it sends the card itself and does not say so.
"""

from functools import partial

from django.db import transaction

from messaging.choices import CardSender, CardWay, OrderState
from messaging.models import CardDelivery, Order, SafetyCard
from messaging.services.cards.saved import card_of_order, rows_for_receipt
from stores.platforms.workers import queue

SEND = "messaging.tasks.send_card"


def owe_card(order: Order, *, was: str) -> None:
    """Notes who sends the card of an order that has just been completed, and owes it when we do;
    `was` is its state before.

    Runs in the caller's transaction, with the order locked.
    """
    if order.state != OrderState.FINISHED or was == order.state:
        return
    saved = card_of_order(order)
    if saved and saved.whole.by_im:
        CardDelivery.objects.get_or_create(order=order, way=CardWay.MEITUAN)
        return
    cards = SafetyCard.objects.filter(binding__connection=order.connection_id)
    if not cards.filter(im_by=CardSender.SHOP).exists():
        return
    row, is_new = CardDelivery.objects.get_or_create(
        order=order, way=CardWay.SHOP, defaults={"is_over": False}
    )
    if is_new:
        # A failure to wake a worker (robust) is harmless: the sweep finds what is owed.
        transaction.on_commit(partial(queue.wake_worker, SEND, row.pk), robust=True)


def note_printed(order: Order) -> None:
    """Notes that the customer's copy, with the card on it, is on paper."""
    if rows_for_receipt(order):
        CardDelivery.objects.get_or_create(order=order, way=CardWay.PAPER)
