"""What a ticket costs and how many there are: the fields that a product and its calendar share."""

from typing import Any

from django import forms
from django.core.validators import MinValueValidator
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminDecimalFieldWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldBooleanSwitchWidget,
)

from stores.backoffice.dependent_fields import mark_needed
from trip.services.products import wrong_prices

PRICES = ("sale_price", "market_price", "settlement_price")
OFFERED = (*PRICES, "stock", "is_open")


def _yuan(label: Any) -> forms.DecimalField:
    return forms.DecimalField(
        label=label,
        required=False,
        max_digits=10,
        decimal_places=2,
        validators=[MinValueValidator(0)],
        widget=UnfoldAdminDecimalFieldWidget(attrs={"step": "0.01", "inputmode": "decimal"}),
    )


class PriceForm(forms.Form):
    """Prices in yuan and the number of tickets, as an Offer has them."""

    sale_price = _yuan(_("Meituan price (yuan)"))
    market_price = _yuan(_("Market price (yuan)"))
    settlement_price = _yuan(_("Settlement price (yuan)"))
    stock = forms.IntegerField(
        label=_("Tickets in stock"),
        required=False,
        min_value=0,
        max_value=1_000_000,
        widget=UnfoldAdminIntegerFieldWidget(),
        help_text=_("Empty: unlimited. Tickets sold already count too."),
    )
    is_open = forms.BooleanField(
        label=_("Open for sale"), required=False, initial=True, widget=UnfoldBooleanSwitchWidget()
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        mark_needed(self.fields, *PRICES)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        for name, text in wrong_prices(data):
            self.add_error(name, text)
        return data

    def need_prices(self) -> None:
        """Adds an error to each price that is missing."""
        for name in PRICES:
            if self.cleaned_data.get(name) is None and name not in self.errors:
                self.add_error(name, _("Enter a price."))
