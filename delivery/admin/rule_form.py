"""A store's rule and ladder as fields of its form: which courier is called, and what is done while
nobody accepts.
"""

import re
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminDecimalFieldWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from delivery.models import CourierAccount, DeliveryStore
from delivery.services.choosing import Prefer, Rule
from delivery.services.escalating import Do, Step, problems
from delivery.services.rules import MOST_MINUTES, MOST_PERCENT, MOST_YUAN
from stores.text import listed

# Whole names, for the log can translate nothing else.
AFTER = (
    _("Step 1: minutes without a rider"),
    _("Step 2: minutes without a rider"),
    _("Step 3: minutes without a rider"),
    _("Step 4: minutes without a rider"),
)
STEPS = len(AFTER)
# Where the couriers of the same page are posted.
ADDED = re.compile(r"couriers-[0-9]+-account")
PK = re.compile("[0-9]{1,18}")
RULE = (
    "prefer",
    "listed",
    ("ceiling", "ceiling_percent"),
    ("tip", "is_automatic"),
    ("retry_minutes", "margin_minutes"),
)
# Columns of the row itself; an empty one is as usual.
OWN = ("retry_minutes", "margin_minutes")
LIKELY = (("minutes", "likely_percent"),)
LADDER = tuple(
    # Two in a row: four do not fit beside the menu.
    row
    for number in range(1, STEPS + 1)
    for row in (
        (f"step{number}_after", f"step{number}_do"),
        (f"step{number}_most", f"step{number}_fee"),
    )
)


def _amount(label: Any, most: Decimal, **more: Any) -> forms.DecimalField:
    return forms.DecimalField(
        label=label,
        required=False,
        min_value=Decimal(0),
        max_value=most,
        decimal_places=2,
        widget=UnfoldAdminDecimalFieldWidget(),
        **more,
    )


def _count(label: Any, most: int, **more: Any) -> forms.IntegerField:
    return forms.IntegerField(
        label=label,
        required=False,
        min_value=1,
        max_value=most,
        widget=UnfoldAdminIntegerFieldWidget(),
        **more,
    )


def _step_fields(number: int) -> dict[str, forms.Field]:
    name = f"step{number}"
    return {
        f"{name}_after": _count(AFTER[number - 1], 12 * 60),
        f"{name}_do": forms.ChoiceField(
            label=_("what is done"),
            choices=[("", "–"), *Do.choices],
            required=False,
            widget=UnfoldAdminSelectWidget(),
        ),
        f"{name}_most": _amount(_("highest tip (yuan)"), MOST_YUAN),
        f"{name}_fee": _amount(_("cancelling may cost (yuan)"), MOST_YUAN),
    }


class RuleFields(forms.ModelForm[DeliveryStore]):
    """What is left empty is as usual: the cheapest, without a ceiling and without steps."""

    prefer = forms.ChoiceField(
        label=_("Call first"),
        choices=Prefer,
        required=False,
        widget=UnfoldAdminSelectWidget(),
    )
    listed = forms.CharField(
        label=_("Only these couriers, in this order"),
        required=False,
        max_length=400,
        widget=UnfoldAdminTextInputWidget(),
        help_text=_("Their names with commas. Empty: each."),
    )
    ceiling = _amount(
        _("At most (yuan)"), MOST_YUAN, help_text=_("With the tip. Empty: any price.")
    )
    ceiling_percent = _amount(_("At most (% of the goods' value)"), MOST_PERCENT)
    tip = _amount(_("Tip from the beginning (yuan)"), MOST_YUAN)
    minutes = _count(_("Likely to accept within (minutes)"), MOST_MINUTES)
    likely_percent = _amount(_("That likely (%)"), Decimal(100))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in set(OWN) & self.fields.keys():
            self.fields[name].required = False
        if self.instance.pk:
            self.initial = {
                **_of_rule(Rule.from_json(self.instance.rule), names_of(self.instance)),
                **_of_ladder(self.instance),
            } | {**self.initial}

    def clean_listed(self) -> tuple[str, ...]:
        parts = re.split(r"[,，、;；]", self.cleaned_data["listed"])
        known = names_of(self.instance) | self._names_added()
        ids = {name.upper(): each for each, name in known.items()}
        typed = [part.strip().upper() for part in parts if part.strip()]
        named = tuple(dict.fromkeys(ids.get(part, part) for part in typed))
        if not self.instance.pk:
            return named
        strange = [each for each in named if each not in known]
        if strange:
            wrong = _("This store has no courier %(id)s.") % {"id": listed(strange[:3])}
            raise forms.ValidationError(wrong)
        return named

    def _names_added(self) -> dict[str, str]:
        """Returns the couriers that the same page adds to the store: id → name."""
        typed = [str(self.data[key]) for key in self.data if ADDED.fullmatch(key)]
        rows = CourierAccount.objects.filter(
            connection=self.instance.connection_id, pk__in=filter(PK.fullmatch, typed)
        )
        return {row.delivery_id: row.courier for row in rows}

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        for name in OWN:
            if data.get(name) is None and name not in self.errors:
                is_emptied = self.add_prefix(name) in self.data
                data[name] = getattr(DeliveryStore() if is_emptied else self.instance, name)
        for number in range(1, STEPS + 1):
            after, do = (data.get(f"step{number}_{name}") for name in ("after", "do"))
            wrong = f"step{number}_do" if after else f"step{number}_after"
            if bool(after) != bool(do) and wrong not in self.errors:
                self.add_error(wrong, _("A step says when and what is done."))
        if not self.errors:
            ladder = _ladder(data)
            numbers = list(ladder)
            for place, problem in problems(list(ladder.values())):
                self.add_error(f"step{numbers[place]}_after", str(problem))
            self.instance.ladder = [step.as_json() for step in ladder.values()]
            self.instance.rule = _rule(data).as_json()
        return data


for each in range(1, STEPS + 1):
    RuleFields.declared_fields |= _step_fields(each)


def _rule(data: dict[str, Any]) -> Rule:
    usual = Rule()
    return Rule(
        prefer=Prefer(data.get("prefer") or usual.prefer),
        listed=tuple(data.get("listed") or ()),
        ceiling=data.get("ceiling"),
        ceiling_percent=data.get("ceiling_percent"),
        tip=data.get("tip") or usual.tip,
        minutes=data.get("minutes") or usual.minutes,
        likely_percent=data.get("likely_percent") or usual.likely_percent,
    )


def _ladder(data: dict[str, Any]) -> dict[int, Step]:
    """Returns the steps that say when and what, by their number in the form; a row with less is
    none.
    """
    steps = {}
    for number in range(1, STEPS + 1):
        after, do = data.get(f"step{number}_after"), data.get(f"step{number}_do")
        if after and do:
            steps[number] = Step(
                after=timedelta(minutes=after),
                do=Do(do),
                most=data.get(f"step{number}_most") or Decimal(0),
                cancel_fee=data.get(f"step{number}_fee") or Decimal(0),
            )
    return steps


def names_of(place: DeliveryStore) -> dict[str, str]:
    """Returns the store's couriers: id → name as people know it."""
    if not place.pk:
        return {}
    rows = place.couriers.select_related("account")
    return {row.account.delivery_id: row.account.courier for row in rows}


def _of_rule(rule: Rule, known: Mapping[str, str]) -> dict[str, Any]:
    return {
        "prefer": rule.prefer,
        "listed": ", ".join(known.get(each, each) for each in rule.listed),
        "ceiling": rule.ceiling,
        "ceiling_percent": rule.ceiling_percent,
        "tip": rule.tip or None,
        "minutes": rule.minutes,
        "likely_percent": rule.likely_percent,
    }


def _of_ladder(place: DeliveryStore) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for number, row in enumerate(place.ladder[:STEPS], 1):
        step = Step.from_json(row)
        found[f"step{number}_after"] = int(step.after.total_seconds() // 60)
        found[f"step{number}_do"] = step.do
        found[f"step{number}_most"] = step.most or None
        found[f"step{number}_fee"] = step.cancel_fee
    return found
