"""Alerts of the start page about safety cards: what a person has to do, and where."""

from collections.abc import Collection, Iterator

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from messaging.services.cards import standing
from messaging.services.cards.standing import Trouble
from stores.backoffice import actions
from stores.backoffice.widgets import Alert
from stores.clock import end_of

MOST = 10


def card_alerts(stores: Collection[int]) -> Iterator[Alert]:
    texts = {
        Trouble.UNSIGNED: _(
            "%(store)s: the letter of commitment for the safety card is not signed."
        ),
        Trouble.REJECTED: _("%(store)s: Meituan has rejected the safety card."),
        Trouble.OFFLINE: _("%(store)s: Meituan has taken the safety card offline."),
        Trouble.NOT_SAVED: _("%(store)s: today's safety card was not saved at Meituan."),
        Trouble.UNFILLED: _("%(store)s: today's safety card is not filled in."),
    }
    for card, trouble in standing.troubled(stores)[:MOST]:
        is_daily = trouble == Trouble.UNFILLED
        yield Alert(
            "warning" if is_daily else "error",
            texts[trouble] % {"store": card.binding.store},
            reverse("takeaway:card", args=[card.binding_id]),
            actions.FILL_IN if is_daily else actions.SEE_WHY,
            until=end_of(timezone.localdate()) if is_daily else None,
        )
