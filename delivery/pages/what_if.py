"""What another rule would have cost: a short form, and the choices of the last month made by it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from delivery.models import DeliveryStore
from delivery.pages.board_words import span_text
from delivery.services.choosing import Prefer, Rule
from delivery.services.replaying import Sides, what_if
from delivery.services.rules import MOST_YUAN
from stores.money import yuan_text

BACK = timedelta(days=30)


class RuleForm(forms.Form):
    prefer = forms.ChoiceField(label=_("Call first"), choices=Prefer)
    ceiling = forms.DecimalField(
        label=_("At most (yuan)"),
        required=False,
        min_value=0,
        max_value=MOST_YUAN,
        decimal_places=2,
        help_text=_("With the tip. Empty: any price."),
    )


@dataclass(frozen=True)
class Figure:
    """One figure before and after; `orders` of them are known on both sides."""

    title: StrOrPromise
    before: str
    after: str
    orders: int


@dataclass(frozen=True)
class Tried:
    """How many of the `choices` would be others, and for how many nobody would come."""

    choices: int
    changed: int
    nobody: int
    figures: list[Figure]


def form_for(place: DeliveryStore, typed: Mapping[str, Any]) -> RuleForm:
    """Returns the form, with the store's own rule until something is tried."""
    rule = Rule.from_json(place.rule)
    if "prefer" in typed:
        return RuleForm(typed)
    return RuleForm(initial={"prefer": rule.prefer, "ceiling": rule.ceiling})


def tried(place: DeliveryStore, form: RuleForm) -> Tried | None:
    """Returns what the rule of the form would have chosen; None where nothing valid was typed."""
    if not form.is_bound or not form.is_valid():
        return None
    prefer, ceiling = Prefer(form.cleaned_data["prefer"]), form.cleaned_data["ceiling"]
    rule = replace(Rule.from_json(place.rule), prefer=prefer, ceiling=ceiling)
    found = what_if(place, rule, timezone.now() - BACK)
    figures = [
        _figure(_("Fees"), found.fees, yuan_text),
        _figure(_("Time until delivered, as quoted"), found.seconds, _span),
        _figure(_("Time until a rider accepts, usually"), found.acceptance, _span),
    ]
    return Tried(
        found.decisions, len(found.changes), found.nobody, [each for each in figures if each]
    )


def _figure(title: StrOrPromise, sides: Sides, shown: Callable[[Decimal], str]) -> Figure | None:
    if not sides.orders:
        return None
    return Figure(title, shown(sides.before), shown(sides.after), sides.orders)


def _span(seconds: Decimal) -> str:
    return span_text(timedelta(seconds=int(seconds)))
