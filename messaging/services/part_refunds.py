"""Refunding some dishes of an order: what is left to refund, and what was chosen of it."""

from collections.abc import Mapping
from dataclasses import dataclass

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


@dataclass(frozen=True)
class Part:
    """What is to be refunded: lines with their numbers."""

    chosen: tuple[tuple[RefundableLine, int], ...]

    @property
    def name(self) -> str:
        """Returns a text that no other choice has."""
        return ",".join(f"{line.key}={count}" for line, count in self.chosen)

    @property
    def worth(self) -> int | None:
        """Returns the fen of these lines, before discounts; None when a price is not known."""
        worths = [None if line.price is None else line.price * n for line, n in self.chosen]
        return None if None in worths else sum(fen or 0 for fen in worths)


def part_chosen(*, order: Order, reason: str, counts: Mapping[str, int]) -> Part:
    """Returns so many of each line, by the lines' keys.

    Raises PlatformError, and TakeawayConflict where the order does not allow it or Meituan lists
    something else by now.
    """
    deciding.refuse(allowed.why_not_refund_part(order))
    wanted = {key: count for key, count in counts.items() if count}
    deciding.expect(bool(wanted and reason.strip()), deciding.CHOOSE)
    lines = refundable_lines(order)
    most = {line.key: line.most for line in lines}
    fits = all(0 < count <= most.get(key, 0) for key, count in wanted.items())
    deciding.expect(fits, _("Meituan lists other dishes or numbers by now. Choose again."))
    deciding.expect(
        wanted != most, _("Everything cannot be refunded as a part; cancel the order instead.")
    )
    return Part(tuple((line, wanted[line.key]) for line in lines if line.key in wanted))


def part_refund(*, order: Order, actor: Actor, reason: str, part: Part) -> OutboundCall:
    """Owes the refund of what was chosen. Raises TakeawayConflict."""
    dishes = [line.chosen(count) for line, count in part.chosen]
    return deciding.order_refund_part(order=order, actor=actor, reason=reason, dishes=dishes)
