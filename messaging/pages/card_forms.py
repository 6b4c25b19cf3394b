"""The forms of the safety card: one person of the day, and what the card always says."""

import re
from collections.abc import Iterable
from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from messaging.choices import Measure
from messaging.models import SafetyCard
from messaging.models.cards import LONGEST_NOTE, LONGEST_TIPS
from messaging.services.cards.setting_up import FIELDS
from messaging.wire.cards import CardRow
from stores.text import plain

MOST_ROWS, LONGEST_NAME = 20, 20
# Degrees Celsius; what is outside was mistyped.
LOWEST, HIGHEST = 34.0, 42.0
# With a fever nobody prepares food.
FEVER = 37.3
_TEMPERATURE = re.compile(r"\d{2}(\.\d)?", re.ASCII)
# The jobs of the first card of a store.
JOBS = ("厨师", "打包员")


class RowForm(forms.Form):
    """One person. Meituan wants all three, the temperature with one decimal."""

    job = forms.CharField(
        label=pgettext_lazy("safety card", "job"),
        max_length=LONGEST_NAME,
        widget=forms.TextInput(attrs={"list": "card-jobs", "autocomplete": "off"}),
    )
    name = forms.CharField(
        label=pgettext_lazy("safety card", "name"),
        max_length=LONGEST_NAME,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    temperature = forms.CharField(
        label=_("temperature in ℃"),
        max_length=6,
        widget=forms.TextInput(
            attrs={"inputmode": "decimal", "autocomplete": "off", "placeholder": "36.5"}
        ),
    )
    use_required_attribute = False

    def clean_job(self) -> str:
        return self._said("job")

    def clean_name(self) -> str:
        return self._said("name")

    def clean_temperature(self) -> str:
        text = plain(self.cleaned_data["temperature"]).replace(",", ".").replace("。", ".")
        if not _TEMPERATURE.fullmatch(text):
            raise forms.ValidationError(_("With one decimal, for example 36.5."))
        if not LOWEST <= float(text) <= HIGHEST:
            raise forms.ValidationError(
                _("Between %(low)s and %(high)s ℃.") % {"low": LOWEST, "high": HIGHEST}
            )
        if float(text) >= FEVER:
            words = _(
                "Nobody with %(fever)s ℃ or more may be on the card: correct the figure, or take "
                "this person off the card."
            )
            raise forms.ValidationError(words % {"fever": FEVER})
        return f"{float(text):.1f}"

    def _said(self, name: str) -> str:
        """Returns a text without marks of writing direction, which turn the temperature round."""
        if text := plain(self.cleaned_data[name]):
            return text
        raise forms.ValidationError(self.fields[name].error_messages["required"])

    def row(self) -> CardRow:
        return CardRow(**self.cleaned_data)


class RowForms:
    """The rows of the form of a day. A row without name and temperature is left out."""

    def __init__(self, rows: Iterable[dict[str, str]], *, is_typed: bool) -> None:
        given = list(rows)[:MOST_ROWS]
        self.forms = [_row_form(number, row, is_typed) for number, row in enumerate(given)]
        self.is_typed = is_typed

    @classmethod
    def of(cls, rows: Iterable[CardRow]) -> "RowForms":
        """The form as it is opened: with the values of the last card."""
        known = [vars(row) for row in rows]
        return cls(known or [{"job": job} for job in JOBS], is_typed=False)

    @classmethod
    def typed(cls, data: Any) -> "RowForms":
        columns = (data.getlist(name) for name in ("job", "name", "temperature"))
        rows = ({"job": j, "name": n, "temperature": t} for j, n, t in zip(*columns, strict=False))
        return cls(rows, is_typed=True)

    def with_one_more(self) -> "RowForms":
        return RowForms([*self._values(), {}], is_typed=False)

    def without(self, number: int) -> "RowForms":
        return RowForms(
            [row for position, row in enumerate(self._values()) if position != number],
            is_typed=False,
        )

    def is_valid(self) -> bool:
        return all(_is_blank(form) or form.is_valid() for form in self.forms)

    def rows(self) -> tuple[CardRow, ...]:
        """Returns the people who are entered rightly."""
        if not self.is_typed:
            return tuple(
                CardRow(*(str(form.initial[name]) for name in ("job", "name", "temperature")))
                for form in self.forms
                if form.initial.get("name") and form.initial.get("temperature")
            )
        return tuple(form.row() for form in self.forms if not _is_blank(form) and form.is_valid())

    def has_room(self) -> bool:
        return len(self.forms) < MOST_ROWS

    def _values(self) -> list[dict[str, Any]]:
        return [dict(form.data if self.is_typed else form.initial) for form in self.forms]


def _row_form(number: int, row: dict[str, Any], is_typed: bool) -> RowForm:
    names = f"row{number}-%s"
    if not is_typed:
        return RowForm(initial=row, auto_id=names)
    form = RowForm(row, auto_id=names)
    # A row that is left out is not marked as wrong.
    return RowForm(initial=row, auto_id=names) if _is_blank(form) else form


def _is_blank(form: RowForm) -> bool:
    values: Any = form.data if form.is_bound else form.initial
    return not any(str(values.get(name) or "").strip() for name in ("name", "temperature"))


class SetUpForm(forms.ModelForm[SafetyCard]):
    class Meta:
        model = SafetyCard
        fields = FIELDS
        widgets = {
            "kind": forms.RadioSelect,
            "im_by": forms.RadioSelect,
            "tips": forms.Textarea(attrs={"rows": 2, "maxlength": LONGEST_TIPS}),
        }

    def clean_kind(self) -> int:
        return int(self.cleaned_data["kind"])


class MeasureForm(forms.Form):
    """Whether one measure is shown, and a note about it."""

    is_shown = forms.BooleanField(required=False)
    note = forms.CharField(required=False, max_length=LONGEST_NOTE)
    use_required_attribute = False


class TestForm(forms.Form):
    """The day of a test, and a note about it."""

    day = forms.DateField()
    note = forms.CharField(required=False, max_length=LONGEST_NOTE)

    def given(self) -> tuple[date, str]:
        return self.cleaned_data["day"], self.cleaned_data["note"]


def measure_forms(data: Any, card: SafetyCard) -> dict[Measure, MeasureForm]:
    """Returns the form of each measure, with what is typed or known."""
    known = {row.kind: row for row in card.measures.all()} if card.pk else {}
    found = {}
    for kind in Measure:
        row = known.get(kind)
        initial = {"is_shown": bool(row and row.is_shown), "note": row.note if row else ""}
        found[kind] = MeasureForm(data, initial=initial, prefix=f"measure{int(kind)}")
    return found
