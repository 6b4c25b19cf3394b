"""What Meituan would refuse, said before it does (docs/platforms/takeaway.md §6)."""

from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from messaging.choices import CardKind
from messaging.models import TakeawayStore
from messaging.wire.cards import Card
from stores.conflicts import Conflict


class CardConflict(Conflict):
    """The card cannot be saved, or set up, like this."""

    code = "takeaway_conflict"


CHAT_IS_OFF = _(
    "Meituan only sends the card while the chat of this store is switched on. Switch it on first, "
    "or choose another way."
)


def why_not_save(card: Card, *, binding: TakeawayStore, chat_is_on: bool) -> StrOrPromise | None:
    """Returns why this card cannot be saved, in a sentence for people; None when it can."""
    if binding.state != TakeawayStore.State.BOUND:
        return _("The store is not bound to Meituan takeaway.")
    if not card.rows and (card.on_poster or card.by_im or card.on_receipt):
        return _("Enter at least one person: the card is shown, sent or printed.")
    if card.kind == CardKind.UPGRADED and not card.measures:
        return _("An upgraded card needs at least one measure.")
    for each in card.measures:
        if not each.picture:
            return _("The measure “%(measure)s” has no picture yet.") % {"measure": each.text}
    if card.by_im and not chat_is_on:
        return CHAT_IS_OFF
    return None
