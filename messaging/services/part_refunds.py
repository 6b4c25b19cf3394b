"""Refunding some dishes of an order: what is left to refund, and what was chosen of it."""

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from messaging.models import Order
from messaging.services import allowed, deciding
from messaging.services.at_once import client_at_once
from messaging.wire.refundable import RefundableLine, parse_refundable
from stores.audit import Actor
from stores.models import OutboundCall


def refundable_lines(order: Order) -> list[RefundableLine]:
    """Asks Meituan. Raises PlatformError."""
    return parse_refundable(client_at_once(order.connection).refundable(order.order_id))


def part_refund(
    *, order: Order, actor: Actor, reason: str, counts: Mapping[str, int]
) -> OutboundCall:
    """Owes the refund of so many of each line, by the lines' keys.

    Raises PlatformError, and TakeawayConflict where the order does not allow it or Meituan lists
    something else by now.
    """
    deciding.refuse(allowed.why_not_refund_part(order))
    lines = refundable_lines(order)
    most = {line.key: line.most for line in lines}
    wanted = {key: count for key, count in counts.items() if count}
    fits = all(0 < count <= most.get(key, 0) for key, count in wanted.items())
    deciding.expect(fits, _("Meituan lists other dishes or numbers by now. Choose again."))
    deciding.expect(
        wanted != most, _("Everything cannot be refunded as a part; cancel the order instead.")
    )
    chosen = [line.chosen(wanted[line.key]) for line in lines if line.key in wanted]
    return deciding.order_refund_part(order=order, actor=actor, reason=reason, dishes=chosen)
