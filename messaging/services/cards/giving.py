"""Sending the safety card of a completed order ourselves, once, by the chat.

Only a customer who has written about the order can be written to (docs/platforms/takeaway.md §5.5).
"""

from django.db import transaction

from messaging.models import CardDelivery, Conversation, Order, SavedCard
from messaging.services.chat import sending
from messaging.services.chat.bookkeeping import locked
from messaging.services.chat.closing import ChatConflict
from messaging.services.order_cards import card_of_order

# Of one run of the sweep.
BATCH = 200


def send_owed() -> int:
    """Sends the cards that wait; returns how many were looked at."""
    waiting = CardDelivery.objects.filter(is_over=False).order_by("at")
    pks = list(waiting.values_list("pk", flat=True)[:BATCH])
    for pk in pks:
        card_send(pk)
    return len(pks)


@transaction.atomic
def card_send(delivery_id: int) -> None:
    """Owes the message with the card, or notes why there is none; once.

    The conversation is locked first, as everywhere in the chat.
    """
    order = Order.objects.filter(card_deliveries=delivery_id).first()
    if order is None:
        return
    talk = _talk_about(order)
    row = CardDelivery.objects.select_for_update().get(pk=delivery_id)
    if row.is_over:
        return
    saved = card_of_order(order)
    if saved is None:
        row.why_not = CardDelivery.WhyNot.NO_CARD
    elif talk is None:
        row.why_not = CardDelivery.WhyNot.NO_TALK
    else:
        try:
            row.message = sending.card_message_send(talk, text_of(saved))
        except ChatConflict:
            row.why_not = CardDelivery.WhyNot.CLOSED
    row.is_over = True
    row.save(update_fields=["is_over", "message", "why_not"])


def text_of(saved: SavedCard) -> str:
    """Returns the message, in Chinese as customers read it."""
    card = saved.whole
    people = [f"{row.job} {row.name} {row.temperature}℃" for row in card.rows]
    measures = [each.text for each in card.measures]
    page = saved.card.page
    lines = ["【安心卡】", *people, *measures, card.tips]
    text = "\n".join(line for line in lines if line)
    # What is cut is never the address, which shows the whole card.
    return f"{text[: sending.LONGEST - len(page) - 1]}\n{page}" if page else text[: sending.LONGEST]


def _talk_about(order: Order) -> Conversation | None:
    """Returns the conversation about an order, locked; None when nobody has written about it."""
    rows = Conversation.objects.filter(order=order, open_user_id__gt="")
    found = rows.order_by("-last_at").first()
    if found is None:
        return None
    talk = locked(found.pk)
    return talk if talk.order_id == order.pk else None
