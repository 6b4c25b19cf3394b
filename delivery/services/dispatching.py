"""What people, rules and shops' systems do with a delivery. Amounts are yuan."""

import secrets
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from delivery.choices import ForPerson, Source, WaybillState
from delivery.models import Attempt, Decision, Delivery, Quote, StoreCourier
from delivery.services import calls, life, quoting, tips
from delivery.services.choosing import Acceptance, Candidate, Facts, Rule, chosen, ranking
from delivery.services.learning import acceptance
from delivery.services.orders import check_callable, place_of
from delivery.services.refusals import DeliveryConflict, NobodyFits
from delivery.wire.couriers import courier_of
from delivery.wire.refusals import is_price_over
from stores import audit
from stores.audit import Actor, name_of
from stores.transitions import move

State = Attempt.State
# The shop's own people, as a courier.
OURSELVES = "OURSELVES"


def delivery_choose(*, delivery: Delivery) -> tuple[list[Candidate], Rule, Facts]:
    """Ranks the couriers by the store's rule, with quotes that are asked for where none are valid.

    Raises Conflict when there is nobody to ask. Outside any transaction.
    """
    place = place_of(delivery)
    rule = Rule.from_json(place.rule)
    learned = acceptance(place, rule)
    quotes = quoting.usable_quotes(delivery)
    facts = facts_of(delivery, quotes, learned)
    ranked = ranking(rule, facts)
    if not quotes or (chosen(ranked) is None and any(quote.is_silent for quote in quotes)):
        # Who was silent may answer now.
        quotes = quoting.quotes_ask(delivery=delivery, probes=True)
        facts = facts_of(delivery, quotes, learned)
        ranked = ranking(rule, facts)
    return ranked, rule, facts


def facts_of(
    delivery: Delivery, quotes: Sequence[Quote], accepted: Mapping[str, Acceptance]
) -> Facts:
    return Facts(
        at=timezone.now(),
        value=delivery.value,
        offers=[quoting.offer_of(quote) for quote in quotes],
        acceptance=accepted,
        tried=_tried(delivery.attempts.all()),
    )


def _tried(attempts: Iterable[Attempt]) -> frozenset[str]:
    """Returns the couriers that are not called again. One that only kept its price no longer is,
    once: that says nothing about the order.
    """
    ended = [each for each in attempts if each.state == State.DEAD]
    over = Counter(each.courier_code for each in ended if _is_price_over(each))
    once = {courier for courier, times in over.items() if times == 1}
    return frozenset(
        each.courier_code
        for each in ended
        if not (each.courier_code in once and _is_price_over(each))
    )


def _is_price_over(attempt: Attempt) -> bool:
    code, _colon, message = attempt.refusal.partition(": ")
    return is_price_over(attempt.courier_code, code, message)


def delivery_dispatch(*, delivery: Delivery, courier: str | None, actor: Actor) -> Attempt:
    """Calls a rider of this courier (its delivery id), or, with None, of the one that the store's
    rule chooses; OURSELVES needs no call.

    Raises Conflict. Outside any transaction.
    """
    return rider_call(dispatch_plan(delivery=delivery, courier=courier, actor=actor), actor=actor)


@dataclass(frozen=True)
class Plan:
    """Whom to call, at which price, and why. `courier` is None for the shop's own people."""

    delivery: Delivery
    courier: StoreCourier | None
    quote: Quote | None
    decision: Decision


def dispatch_plan(*, delivery: Delivery, courier: str | None, actor: Actor) -> Plan:
    """Decides for `delivery_dispatch` who is called. Raises Conflict, and asks nobody about a
    delivery for which nobody can be called. Outside any transaction.
    """
    refuse_if_not_callable(Delivery.objects.only("state").get(pk=delivery.pk))
    by = name_of(actor)
    if courier == OURSELVES:
        return Plan(delivery, None, None, Decision(chosen=OURSELVES, by=by))
    ranked: list[Candidate] = []
    decision = Decision(by=by)
    if courier is None:
        ranked, rule, facts = delivery_choose(delivery=delivery)
        rows = [each.as_json() for each in ranked]
        decision = Decision(rule=rule.as_json(), facts=facts.as_json(), ranking=rows)
        best = chosen(ranked)
        if best is None:
            _keep_nobody(delivery, decision)
            raise NobodyFits(_("No courier fits the store's rule."), _why_nobody(delivery))
        courier = best.offer.courier
    decision.chosen = courier
    found = {row.account.delivery_id: row for row in quoting.couriers_of(delivery)}
    if courier not in found:
        raise DeliveryConflict(_("This store has no such courier."))
    quotes = {row.courier_id: row for row in quoting.usable_quotes(delivery)}
    quote = quotes.get(found[courier].pk)
    if quote is None:
        # So that the price is known should the answer to the call be lost.
        [quote] = quoting.quotes_ask(delivery=delivery, only=found[courier])
    return Plan(delivery, found[courier], quote, decision)


def _keep_nobody(delivery: Delivery, decision: Decision) -> None:
    """Keeps why nobody was called; of tries one after the other the last."""
    last = Decision.objects.filter(delivery=delivery).order_by("-pk").first()
    if last and not last.chosen:
        decision.pk = last.pk
    decision.delivery = delivery
    decision.save()


def _why_nobody(delivery: Delivery) -> ForPerson:
    quotes = list(quoting.last_quotes(delivery))
    if any(quote.is_silent for quote in quotes):
        return ForPerson.NO_ANSWER
    if all(quote.refusal for quote in quotes):
        return ForPerson.ALL_REFUSE
    return ForPerson.NO_FIT


def delivery_call_again(*, attempt: Attempt, actor: Actor) -> Attempt:
    """Calls the same courier again under the same number (WeChat's readd), as a person wants it.

    Raises Conflict where the courier does not take that, or the last rider is not surely gone.
    """
    courier = attempt.courier
    if courier is None or not courier_of(attempt.courier_code).can_call_again:
        raise DeliveryConflict(_("This courier is not called again under the same number."))
    if attempt.state != State.DEAD or attempt.waybill_state is None:
        raise DeliveryConflict(_("This rider is not surely gone."))
    again = Attempt(
        shop_order_id=attempt.shop_order_id,
        life=attempt.life + 1,
        waybill_id=attempt.waybill_id,
        courier=courier,
        courier_code=attempt.courier_code,
        shopid=attempt.shopid,
        fee=attempt.fee,
    )
    decision = Decision(chosen=attempt.courier_code, by=name_of(actor))
    return _start(attempt.delivery, again, decision, actor)


@transaction.atomic
def delivery_tip(*, delivery: Delivery, total: Decimal, actor: Actor) -> Delivery:
    """Raises the tip to this total. Raises Conflict where the courier does not take it."""
    row = Delivery.objects.locked(delivery.pk)
    attempt = row.attempts.live().select_related("courier__account").first()
    if attempt is None or attempt.courier is None:
        raise DeliveryConflict(_("No rider of a courier is called."))
    if attempt.state != State.LIVE or attempt.waybill_state not in (None, WaybillState.WAITING):
        raise DeliveryConflict(_("A tip counts only while no rider has accepted."))
    taken = courier_of(attempt.courier_code).tips
    if taken is None:
        raise DeliveryConflict(_("This courier takes no tip."))
    highest = tips.highest_total(attempt)
    if total <= attempt.tip or total < highest:
        raise DeliveryConflict(_("A tip can only be raised; it is ¥%(tip)s.") % {"tip": highest})
    if not taken.takes(total):
        raise DeliveryConflict(_("This courier does not take this tip."))
    tips.owe_tip(life.locked(attempt.pk), total)
    audit.record("delivery.tip", actor=actor, store=row.store, target=row, total=str(total))
    return row


def rider_call(plan: Plan, *, actor: Actor) -> Attempt:
    """Calls the rider of a plan. Raises Conflict."""
    courier = plan.courier
    attempt = Attempt(courier=courier, shop_order_id=quoting.new_number(plan.delivery))
    if courier is None:
        attempt.state = State.LIVE
        if plan.delivery.wishes.get("needs_finish_code"):
            attempt.finish_code = f"{secrets.randbelow(10_000):04}"
    else:
        attempt.courier_code, attempt.shopid = courier.account.delivery_id, courier.account.shopid
        attempt.tip = tip_by_rule(plan.decision.rule.get("tip"), plan.decision.chosen)
        _take_quote(attempt, plan.quote)
    return _start(plan.delivery, attempt, plan.decision, actor)


def refuse_if_not_callable(delivery: Delivery) -> None:
    """Raises DeliveryConflict when the delivery's state lets nobody be called for it."""
    if delivery.state == Delivery.State.RUNNING:
        raise DeliveryConflict(_("A rider is called already."))
    if delivery.state not in (Delivery.State.WAITING, Delivery.State.RETURNED):
        raise DeliveryConflict(_("This delivery is over."))


@transaction.atomic
def _start(delivery: Delivery, attempt: Attempt, decision: Decision, actor: Actor) -> Attempt:
    row = Delivery.objects.locked(delivery.pk)
    refuse_if_not_callable(row)
    attempt.delivery = row
    check_callable(row, as_read=delivery)
    try:
        with transaction.atomic():
            attempt.save()
    except IntegrityError as error:
        raise DeliveryConflict(_("A rider is called already.")) from error
    decision.delivery, decision.attempt = row, attempt
    decision.save()
    move(
        row,
        Delivery.State.RUNNING,
        then=Delivery.Then.NOTHING,
        needs_person=False,
        retry_since=None,
        retry_at=None,
        ended_at=None,
        changed_at=timezone.now(),
    )
    if attempt.courier is None:
        life.hear(
            life.locked(attempt.pk),
            code=WaybillState.ACCEPTED,
            at=timezone.now(),
            source=Source.PERSON,
        )
    else:
        calls.owe_call(attempt)
    audit.record(
        "delivery.dispatch", actor=actor, store=row.store, target=row, courier=decision.chosen
    )
    return attempt


def tip_by_rule(wanted: str | Decimal | None, courier: str) -> Decimal:
    """Returns the tip of the rule that chose this courier, where the courier takes it."""
    tip = Decimal(wanted or 0)
    takes = courier_of(courier).tips
    return tip if takes and takes.takes(tip) else Decimal(0)


def _take_quote(attempt: Attempt, quote: Quote | None) -> None:
    if quote is None:
        return
    attempt.shop_order_id, attempt.price_token = quote.shop_order_id, quote.price_token
    attempt.fee, attempt.delivery_fee = quote.fee, quote.delivery_fee
    attempt.coupon, attempt.insurance = quote.coupon, quote.insurance
    attempt.distance, attempt.seconds = quote.distance, quote.seconds
