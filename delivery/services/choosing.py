"""Which courier is called: quotes, a store's rule and what was learned become a ranking.

Pure: the same facts always give the same ranking, so that a stored decision can be made again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Self

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

# Below so many own orders in a courier's hour nothing is said about it.
FEWEST_SAMPLES = 30
PERCENT = Decimal(100)


class Prefer(models.TextChoices):
    """What a store's rule looks at first."""

    CHEAPEST = "cheapest", _("the cheapest")
    FASTEST = "fastest", _("the fastest")
    LISTED = "listed", _("the order of the list")
    LIKELY = "likely", _("the cheapest that is likely to accept in time")


class Why(models.TextChoices):
    """Why a courier is not called, or what is not known of it."""

    REFUSES = "refuses", _("the courier refuses")
    EXPIRED = "expired", _("the quote is too old")
    PAUSED = "paused", pgettext_lazy("courier", "paused")
    NOT_LISTED = "not_listed", _("not on the store's list")
    OVER_CEILING = "over_ceiling", _("over the ceiling")
    NO_PRICE = "no_price", _("names no price, so the ceiling cannot be kept")
    TRIED = "tried", _("was called for this order already")
    UNLIKELY = "unlikely", _("rarely accepts in time at this hour")
    FEW_SAMPLES = "few_samples", _("too few orders at this hour to tell")


@dataclass(frozen=True)
class Offer:
    """What a courier answers to a question for its price: `fee` in yuan, None when it names none;
    time in seconds. `refusal` holds its own words when it does not take the order.
    """

    courier: str
    fee: Decimal | None = None
    seconds: int | None = None
    expires_at: datetime | None = None
    refusal: str = ""
    is_paused: bool = False

    def as_json(self) -> dict[str, Any]:
        return {
            "courier": self.courier,
            "fee": _text(self.fee),
            "seconds": self.seconds,
            "expires_at": self.expires_at and self.expires_at.isoformat(),
            "refusal": self.refusal,
            "is_paused": self.is_paused,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        expires_at = data["expires_at"]
        return cls(
            courier=data["courier"],
            fee=_decimal(data["fee"]),
            seconds=data["seconds"],
            expires_at=datetime.fromisoformat(expires_at) if expires_at else None,
            refusal=data["refusal"],
            is_paused=data["is_paused"],
        )


@dataclass(frozen=True)
class Acceptance:
    """How often a courier accepted within the rule's minutes, in own orders at this weekday and
    hour.
    """

    orders: int
    in_time: int

    @property
    def percent(self) -> Decimal | None:
        """None while there are too few to tell."""
        if self.orders < FEWEST_SAMPLES:
            return None
        return PERCENT * self.in_time / self.orders


@dataclass(frozen=True)
class Rule:
    """How a store chooses. Ceilings in yuan and in percent of the goods' value include the `tip`.

    `listed` are delivery ids: with LISTED the order in which they are called, else those that may
    be called at all; () means each.
    """

    prefer: Prefer = Prefer.CHEAPEST
    listed: tuple[str, ...] = ()
    ceiling: Decimal | None = None
    ceiling_percent: Decimal | None = None
    tip: Decimal = Decimal(0)
    minutes: int = 5
    likely_percent: Decimal = Decimal(80)

    def most(self, value: Decimal) -> Decimal | None:
        """Returns the largest fee for goods of this value; None without a ceiling."""
        of_value = [value * self.ceiling_percent / PERCENT] if self.ceiling_percent else []
        ceilings = [*of_value, *([self.ceiling] if self.ceiling is not None else [])]
        return min(ceilings) - self.tip if ceilings else None

    def as_json(self) -> dict[str, Any]:
        return {
            "prefer": str(self.prefer),
            "listed": list(self.listed),
            "ceiling": _text(self.ceiling),
            "ceiling_percent": _text(self.ceiling_percent),
            "tip": str(self.tip),
            "minutes": self.minutes,
            "likely_percent": str(self.likely_percent),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Reads what `as_json` wrote; {} is the rule of a store that has set none."""
        if not data:
            return cls()
        return cls(
            prefer=Prefer(data["prefer"]),
            listed=tuple(data["listed"]),
            ceiling=_decimal(data["ceiling"]),
            ceiling_percent=_decimal(data["ceiling_percent"]),
            tip=Decimal(data["tip"]),
            minutes=data["minutes"],
            likely_percent=Decimal(data["likely_percent"]),
        )


@dataclass(frozen=True)
class Candidate:
    """A courier in the ranking; `why_not` is None for one that may be called, `note` says what is
    not known of it.
    """

    offer: Offer
    why_not: Why | None = None
    note: Why | None = None

    def as_json(self) -> dict[str, str]:
        return {
            "courier": self.offer.courier,
            "why_not": str(self.why_not or ""),
            "note": str(self.note or ""),
        }


@dataclass(frozen=True)
class Facts:
    """What a choice is made of besides the rule. `tried` are couriers that were called before."""

    at: datetime
    value: Decimal
    offers: Sequence[Offer]
    acceptance: Mapping[str, Acceptance]
    tried: frozenset[str] = frozenset()

    def as_json(self) -> dict[str, Any]:
        return {
            "at": self.at.isoformat(),
            "value": str(self.value),
            "offers": [offer.as_json() for offer in self.offers],
            "acceptance": {
                courier: [each.orders, each.in_time] for courier, each in self.acceptance.items()
            },
            "tried": sorted(self.tried),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        return cls(
            at=datetime.fromisoformat(data["at"]),
            value=Decimal(data["value"]),
            offers=[Offer.from_json(row) for row in data["offers"]],
            acceptance={
                courier: Acceptance(*counts) for courier, counts in data["acceptance"].items()
            },
            tried=frozenset(data["tried"]),
        )


def ranking(rule: Rule, facts: Facts) -> list[Candidate]:
    """Returns all couriers: first those that may be called, the best one in front, then the others
    with their reason.
    """
    judged = [_judged(rule, facts, offer) for offer in facts.offers]
    return sorted(judged, key=lambda each: _place(rule, each))


def chosen(ranked: Sequence[Candidate]) -> Candidate | None:
    """Returns the one to be called; None when there is none."""
    return ranked[0] if ranked and ranked[0].why_not is None else None


def _judged(rule: Rule, facts: Facts, offer: Offer) -> Candidate:
    why_not = _why_not(rule, facts, offer)
    if why_not or rule.prefer != Prefer.LIKELY:
        return Candidate(offer, why_not)
    percent = facts.acceptance.get(offer.courier, Acceptance(0, 0)).percent
    if percent is None:
        return Candidate(offer, note=Why.FEW_SAMPLES)
    return Candidate(offer, note=Why.UNLIKELY if percent < rule.likely_percent else None)


def _why_not(rule: Rule, facts: Facts, offer: Offer) -> Why | None:
    most = rule.most(facts.value)
    reasons = {
        Why.REFUSES: bool(offer.refusal),
        Why.PAUSED: offer.is_paused,
        Why.TRIED: offer.courier in facts.tried,
        Why.NOT_LISTED: bool(rule.listed) and offer.courier not in rule.listed,
        Why.EXPIRED: offer.expires_at is not None and offer.expires_at <= facts.at,
        Why.NO_PRICE: most is not None and offer.fee is None,
        Why.OVER_CEILING: most is not None and offer.fee is not None and offer.fee > most,
    }
    return next((why for why, applies in reasons.items() if applies), None)


def _place(rule: Rule, each: Candidate) -> tuple[Any, ...]:
    """Sorts what is not known behind what is, and equal couriers by their id."""
    offer = each.offer
    fee = (offer.fee is None, offer.fee or Decimal(0))
    seconds = (offer.seconds is None, offer.seconds or 0)
    listed = rule.listed.index(offer.courier) if offer.courier in rule.listed else len(rule.listed)
    first: dict[Prefer, tuple[Any, ...]] = {
        Prefer.CHEAPEST: (fee, seconds),
        Prefer.FASTEST: (seconds, fee),
        Prefer.LISTED: (listed, fee),
        Prefer.LIKELY: (each.note == Why.UNLIKELY, fee, seconds),
    }
    return (each.why_not is not None, *first[rule.prefer], offer.courier)


def _text(value: Decimal | None) -> str | None:
    return None if value is None else str(value)


def _decimal(value: str | None) -> Decimal | None:
    return None if value is None else Decimal(value)
