"""The forms of the buttons on a takeaway order or a refund."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from messaging.choices import ReceiptCopy
from messaging.reasons import OFFERED
from messaging.services.deciding import REASON_LENGTH
from stores.backoffice.needs_person import reason_field


class CancelForm(forms.Form):
    code = forms.ChoiceField(
        label=pgettext_lazy("takeaway order", "Why"),
        choices=list(OFFERED.items()),
        widget=UnfoldAdminSelectWidget(),
    )
    reason = forms.CharField(
        label=_("In your own words"),
        required=False,
        max_length=REASON_LENGTH,
        widget=UnfoldAdminTextInputWidget(),
        help_text=_("The customer reads it."),
    )


class ReprintForm(forms.Form):
    copy = forms.ChoiceField(
        label=_("Copy for"), choices=ReceiptCopy.choices, widget=UnfoldAdminSelectWidget()
    )

    def clean_copy(self) -> ReceiptCopy:
        return ReceiptCopy(self.cleaned_data["copy"])


class RefuseForm(forms.Form):
    reason = reason_field(pgettext_lazy("takeaway refund", "Why not?"), _("The customer reads it."))

    def clean_reason(self) -> str:
        return str(self.cleaned_data["reason"])[:REASON_LENGTH]


class CourierForm(forms.Form):
    courier = forms.CharField(
        label=_("Courier"), max_length=30, required=False, widget=UnfoldAdminTextInputWidget()
    )
    phone = forms.CharField(
        label=_("Courier's phone"),
        max_length=30,
        required=False,
        widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "tel"}),
        help_text=_("The customer sees it."),
    )

    def given(self) -> dict[str, Any]:
        return dict(self.cleaned_data)
