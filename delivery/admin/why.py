"""Why a courier was called: a stored decision in words."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from delivery.admin.delivery_parts import minutes
from delivery.models import Decision, Delivery, StoreCourier
from delivery.services.choosing import Facts, Offer, Prefer, Rule, Why
from delivery.services.dispatching import OURSELVES
from delivery.wire.couriers import courier_of
from stores import audit
from stores.backoffice.labels import labelled
from stores.money import yuan_text
from stores.text import listed

_WHYS = {why.value: why for why in Why}


def decisions(delivery: Delivery) -> list[dict[str, Any]]:
    """Returns the choices that were made for a delivery, the last one first."""
    rows = list(Decision.objects.filter(delivery=delivery).order_by("-pk"))
    names = _names(delivery) if rows else {}
    return [_decision(row, names) for row in rows]


def _names(delivery: Delivery) -> Mapping[str, str]:
    """Returns what people call the couriers of the store."""
    rows = StoreCourier.objects.filter(place__store=delivery.store_id)
    return dict(rows.values_list("account__delivery_id", "account__name"))


def _decision(row: Decision, names: Mapping[str, str]) -> dict[str, Any]:
    nobody = pgettext("courier", "nobody")
    shown: dict[str, Any] = {
        "at": row.at,
        "chosen": _name(row.chosen, names) if row.chosen else nobody,
    }
    if not row.rule or not row.facts:
        by = audit.shown(row.by) or _("Somebody")
        return shown | {"how": _("%(person)s chose it by hand.") % {"person": by}}
    rule, facts = Rule.from_json(row.rule), Facts.from_json(row.facts)
    offers = {offer.courier: offer for offer in facts.offers}
    ranking = [
        _place(number, each, offers.get(each["courier"]), names)
        for number, each in enumerate(row.ranking, start=1)
    ]
    how = _("The store's rule chose it: %(rule)s.")
    if not row.chosen:
        how = _("No courier fits the store's rule: %(rule)s.")
    return shown | {
        "how": how % {"rule": _rule(rule, facts, names)},
        "by": audit.shown(row.by),
        "ranking": ranking,
        "unknown": _unknown(rule, facts, names),
    }


def _name(courier: str, names: Mapping[str, str]) -> str:
    if courier == OURSELVES:
        return _("we")
    return names.get(courier) or str(courier_of(courier).name)


def _rule(rule: Rule, facts: Facts, names: Mapping[str, str]) -> str:
    parts = [str(Prefer(rule.prefer).label)]
    if rule.listed:
        couriers = listed(_name(each, names) for each in rule.listed)
        parts.append(_("of %(couriers)s") % {"couriers": couriers})
    if rule.prefer == Prefer.LIKELY:
        words = _("%(percent)s %% accept within %(minutes)d minutes")
        parts.append(words % {"percent": rule.likely_percent, "minutes": rule.minutes})
    most = rule.most(facts.value)
    if most is not None:
        parts.append(_("at most %(sum)s") % {"sum": yuan_text(most)})
    return listed(parts)


def _place(
    number: int, row: Mapping[str, str], offer: Offer | None, names: Mapping[str, str]
) -> dict[str, Any]:
    why_not, note = _WHYS.get(row.get("why_not", "")), _WHYS.get(row.get("note", ""))
    words = [_offered(offer)] if offer else []
    if why_not:
        refusal = offer.refusal if offer and why_not == Why.REFUSES else ""
        words.append(labelled(why_not.label, refusal) if refusal else str(why_not.label))
    if note:
        words.append(str(note.label))
    return {
        "number": "–" if why_not else str(number),
        "name": _name(row["courier"], names),
        "words": " · ".join(word for word in words if word),
    }


def _offered(offer: Offer) -> str:
    if offer.refusal:
        return ""
    price = _("names no price") if offer.fee is None else yuan_text(offer.fee)
    return " · ".join(part for part in (price, minutes(offer.seconds)) if part)


def _unknown(rule: Rule, facts: Facts, names: Mapping[str, str]) -> list[str]:
    """Returns what was not known when the choice was made."""
    taking = [offer for offer in facts.offers if not offer.refusal]
    no_price = [_name(each.courier, names) for each in taking if each.fee is None]
    no_time = [_name(each.courier, names) for each in taking if each.seconds is None]
    known = facts.acceptance
    few = [
        _name(each.courier, names)
        for each in taking
        if rule.prefer == Prefer.LIKELY
        and (each.courier not in known or known[each.courier].percent is None)
    ]
    found = (
        (_("the price of %(couriers)s"), no_price),
        (_("the time of %(couriers)s"), no_time),
        (_("how often %(couriers)s accept in time at this hour"), few),
    )
    return [words % {"couriers": listed(couriers)} for words, couriers in found if couriers]
