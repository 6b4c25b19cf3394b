"""Tips, and goods that come back (docs/platforms/wechat_delivery.md §2.4 and §2.5)."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _

from delivery.choices import PLATFORM, ForPerson, WaybillState
from delivery.client.shop import CourierAccount, WechatClient
from delivery.models import Attempt
from delivery.services import life
from delivery.services.about import (
    AboutRider,
    answer_was_lost,
    enqueue_about,
    owe_once,
    put_before_person,
    waybill_of,
    words_of,
)
from delivery.services.calls import owe_reading
from stores.models import OutboundAttempt, OutboundCall
from stores.platforms.errors import Refused
from stores.platforms.outbox import SlotWaiter, operation

ONE_SECOND = timedelta(seconds=1)


@operation
class TipRaising(AboutRider):
    """Raises the tip to a new total (§2.4); the payload is {"total": yuan as text}. The last total
    counts, so that it may be sent again.
    """

    name = "rider.tip"
    title = _("Raise the tip")
    repeatable = True
    patience = timedelta(minutes=5)

    def send(self, call: OutboundCall, wait_for_slot: SlotWaiter) -> None:
        total = Decimal(call.payload["total"])

        def tip(
            client: WechatClient, token: str, account: CourierAccount, attempt: Attempt
        ) -> None:
            if attempt.tip >= total:
                # A later total got there first, and the last one counts.
                return
            client.tip(
                token,
                account,
                attempt.shop_order_id,
                waybill_id=waybill_of(client, token, account, attempt),
                openid=attempt.delivery.openid,
                total=total,
            )

        self.talk(call, wait_for_slot, tip)

    def on_done(self, call: OutboundCall, answer: Any, *, inferred: bool) -> None:
        attempt = life.locked(call.subject_id)
        attempt.tip = max(attempt.tip, Decimal(call.payload["total"]))
        attempt.save(update_fields=["tip"])
        attempt.delivery.note_change()

    def on_dead(self, call: OutboundCall, *, maybe_executed: bool) -> None:
        if answer_was_lost(call) and not _came_too_late(call):
            self.on_done(call, None, inferred=True)

    def on_refused(self, call: OutboundCall, error: Refused) -> None:
        if answer_was_lost(call) and not _came_too_late(call):
            # A courier who has raised it takes the same total no second time.
            self.on_done(call, None, inferred=True)
            return
        attempt = life.locked(call.subject_id)
        attempt.refusal = words_of(error)
        attempt.save(update_fields=["refusal"])
        attempt.delivery.note_change()


def _came_too_late(call: OutboundCall) -> bool:
    """Whether a rider had accepted before the tip was sent, after which couriers take none. They
    count whole seconds.
    """
    attempt = life.locked(call.subject_id)
    sent = call.attempts.filter(kind=OutboundAttempt.Kind.SEND).order_by("started_at").first()
    if sent is None or attempt.accepted_at is None or not attempt.has_accepted:
        return False
    waits = attempt.news.filter(code=WaybillState.WAITING, at__gt=attempt.accepted_at)
    return attempt.accepted_at + ONE_SECOND <= sent.started_at and not waits.exists()


@operation
class ReturnConfirming(AboutRider):
    """Says that the goods are back at the shop (§2.5)."""

    name = "rider.returned"
    title = _("Confirm the return")
    repeatable = True

    def send(self, call: OutboundCall, wait_for_slot: SlotWaiter) -> None:
        self.talk(
            call,
            wait_for_slot,
            lambda client, token, account, attempt: client.confirm_return(
                token,
                account,
                attempt.shop_order_id,
                waybill_id=waybill_of(client, token, account, attempt),
            ),
        )

    def on_done(self, call: OutboundCall, answer: Any, *, inferred: bool) -> None:
        owe_reading(life.locked(call.subject_id))

    def on_refused(self, call: OutboundCall, error: Refused) -> None:
        attempt = life.locked(call.subject_id)
        attempt.refusal = words_of(error)
        attempt.save(update_fields=["refusal"])
        put_before_person(attempt, ForPerson.RETURN_REFUSED)


def highest_total(attempt: Attempt) -> Decimal:
    """Returns the tip that counts once the courier was told what it is owed to be told."""
    owed = OutboundCall.objects.live().filter(
        platform=PLATFORM, operation=TipRaising.name, subject_id=attempt.pk
    )
    return max([attempt.tip, *(Decimal(call.payload["total"]) for call in owed)])


def owe_tip(attempt: Attempt, total: Decimal) -> OutboundCall:
    return enqueue_about(TipRaising, attempt, {"total": str(total)}, key=f"{attempt.pk}:{total}")


def owe_return(attempt: Attempt) -> None:
    owe_once(ReturnConfirming, attempt, {})
