"""The forms of the buttons on an order or a refund."""

import uuid
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminTextareaWidget,
    UnfoldBooleanSwitchWidget,
)

from stores.backoffice.needs_person import reason_field
from stores.idempotency import form_key


def lines_of(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _codes(**options: Any) -> forms.CharField:
    return forms.CharField(
        widget=UnfoldAdminTextareaWidget(
            attrs={"rows": 6, "autocomplete": "off", "spellcheck": "false"}
        ),
        **options,
    )


class IssueForm(forms.Form):
    codes = _codes(
        label=_("Codes"),
        required=False,
        help_text=_("One per line; none for a product without codes."),
    )

    def clean_codes(self) -> list[str]:
        return lines_of(self.cleaned_data["codes"])


class FailForm(forms.Form):
    reason = reason_field(
        _("Why not?"), _("The true reason: Meituan shows it to the buyer and refunds the money.")
    )


class UseForm(forms.Form):
    """Uses some tickets by number, or those of certain codes; the hidden key prevents that a second
    click uses more.
    """

    quantity = forms.IntegerField(
        label=_("How many tickets"),
        required=False,
        min_value=1,
        widget=UnfoldAdminIntegerFieldWidget(),
    )
    codes = _codes(label=_("Or these codes"), required=False, help_text=_("One per line."))
    any_day = forms.BooleanField(
        label=_("Also outside the days of use"), required=False, widget=UnfoldBooleanSwitchWidget()
    )
    request_key = forms.CharField(
        max_length=60,
        required=False,
        initial=lambda: f"admin-{uuid.uuid4().hex}",
        widget=forms.HiddenInput(),
    )

    def clean_codes(self) -> list[str]:
        return lines_of(self.cleaned_data["codes"])

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not data.get("quantity") and not data.get("codes") and "quantity" not in self.errors:
            self.add_error("quantity", _("Say how many tickets, or paste their codes."))
        if key := data.get("request_key"):
            data["request_key"] = form_key(key, data.get("quantity"), *data.get("codes", ()))
        return data


class AgreeForm(forms.Form):
    """A form without fields; the page explains what will happen."""


class RefuseForm(forms.Form):
    reason = reason_field(_("Why not?"), _("The true reason: Meituan shows it to the buyer."))
