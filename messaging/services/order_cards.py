"""The safety card of an order: which one it is, and what the end or the receipt of the order does.

Each way in which a card gets to the customer stands on the order once (`CardDelivery`). Meituan's
way is only noted: it sends the card itself and does not say so. services/cards/ has the rest.
"""

from datetime import date
from functools import partial

from django.db import transaction
from django.utils import timezone

from messaging.choices import CardAudit, CardSender, CardState, CardWay, OrderState
from messaging.models import CardDelivery, Order, SafetyCard, SavedCard, TakeawayStore
from messaging.wire.cards import CardRow
from stores.platforms.workers import queue

SEND = "messaging.tasks.send_card"


def card_of_order(order: Order) -> SavedCard | None:
    """Returns the card that Meituan had on the day on which the order was accepted, the last one of
    several; None without one, and while Meituan does not show the store's card.
    """
    return _card_of(order.connection_id, _day_of(order))


def rows_for_receipt(order: Order) -> tuple[CardRow, ...]:
    """Returns whom the receipt of an order names; nobody unless the store wants it printed."""
    return _rows_of(card_of_order(order))


def rows_for_today(binding: TakeawayStore) -> tuple[CardRow, ...]:
    """Returns whom the receipts of orders name that are accepted now."""
    return _rows_of(_card_of(binding.connection_id, timezone.localdate()))


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


def _card_of(connection_id: int, day: date) -> SavedCard | None:
    rows = SavedCard.objects.filter(
        card__binding__connection=connection_id,
        day=day,
        state=CardState.SAVED,
        emptied_at=None,
    )
    found = rows.select_related("card").order_by("-pk").first()
    return found if found and _is_shown(found.card) else None


def _rows_of(saved: SavedCard | None) -> tuple[CardRow, ...]:
    return saved.whole.rows if saved and saved.whole.on_receipt else ()


def _is_shown(card: SafetyCard) -> bool:
    """Meituan wants everything to stop while the card is offline or the letter not signed."""
    is_offline = card.audit in (CardAudit.OFFLINE, CardAudit.REJECTED)
    return not is_offline and card.is_signed is not False


def _day_of(order: Order) -> date:
    return timezone.localdate(order.accepted_at or order.heard_at)
