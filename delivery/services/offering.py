"""What the last questions for prices offer for many deliveries at once, in few queries."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from delivery.models import Delivery, Quote
from delivery.services import quoting
from delivery.services.choosing import Acceptance, Candidate, Rule, chosen, ranking
from delivery.services.dispatching import Plan, dispatch_plan, facts_of, tip_by_rule
from delivery.services.learning import acceptance
from delivery.services.refusals import DeliveryConflict
from stores.audit import Actor

PRICES_OVER = _("These prices do not count any more: look at the new ones.")


@dataclass(frozen=True)
class Offered:
    """One courier of the last round, as the store's rule judges it. `tip` goes with the call of the
    one that the rule chooses.
    """

    candidate: Candidate
    quote: Quote
    tip: Decimal = Decimal(0)

    @property
    def is_chosen(self) -> bool:
        return self.candidate.why_not is None

    @property
    def price(self) -> Decimal | None:
        """What the call costs; None where the courier names no price."""
        return None if self.quote.fee is None else self.quote.fee + self.tip


def offers_of(deliveries: Sequence[Delivery]) -> dict[int, list[Offered]]:
    """Returns for each delivery the couriers of its last round, the rule's choice in front; none
    where the prices are too old. The deliveries come with their attempts and
    store__delivery_store.
    """
    since = timezone.now() - quoting.USUAL_LIFE
    asked = Quote.objects.filter(delivery__in=[row.pk for row in deliveries], asked_at__gte=since)
    rounds: dict[int, list[Quote]] = {}
    for quote in asked.select_related("courier__account").order_by("-round", "pk"):
        last = rounds.setdefault(quote.delivery_id, [])
        if not last or last[0].round == quote.round:
            last.append(quote)
    learned = cache(lambda place: acceptance(place, Rule.from_json(place.rule)))
    return {
        row.pk: _ranked(row, rounds[row.pk], learned(row.store.delivery_store))
        for row in deliveries
        if row.pk in rounds
    }


def plan_as_shown(*, delivery: Delivery, quote_id: int, by_rule: bool, actor: Actor) -> Plan:
    """Decides to call the courier of a quote that a person has seen, at its price.

    Raises DeliveryConflict when that price does not count any more, or the rule chooses another
    courier now. Nobody is asked.
    """
    quotes = {row.pk: row for row in quoting.usable_quotes(delivery)}
    if quote_id not in quotes:
        _refuse_if_called(delivery)
        raise DeliveryConflict(PRICES_OVER)
    courier = None if by_rule else quotes[quote_id].courier.account.delivery_id
    plan = dispatch_plan(delivery=delivery, courier=courier, actor=actor)
    if plan.quote is None or plan.quote.pk != quote_id:
        raise DeliveryConflict(PRICES_OVER)
    return plan


def _refuse_if_called(delivery: Delivery) -> None:
    """Says plainly that somebody was faster: then the prices do not matter."""
    if delivery.attempts.live().exists():
        raise DeliveryConflict(_("A rider is called already."))


def _ranked(
    delivery: Delivery, quotes: Sequence[Quote], accepted: Mapping[str, Acceptance]
) -> list[Offered]:
    if not quoting.are_usable(quotes, {each.shop_order_id for each in delivery.attempts.all()}):
        return []
    of_courier = {quote.courier.account.delivery_id: quote for quote in quotes}
    rule = Rule.from_json(delivery.store.delivery_store.rule)
    ranked = ranking(rule, facts_of(delivery, quotes, accepted))
    best = chosen(ranked)
    return [
        Offered(
            each,
            of_courier[each.offer.courier],
            tip_by_rule(rule.tip, each.offer.courier) if each is best else Decimal(0),
        )
        for each in ranked
    ]
