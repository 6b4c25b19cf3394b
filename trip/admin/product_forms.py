"""The form of a ticket product, with its price and its refund steps; it names the values that
contradict each other.
"""

import re
from collections.abc import Iterator
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.models import BaseInlineFormSet
from django.utils.crypto import get_random_string
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminTextareaWidget

from stores.backoffice.dependent_fields import DependentFields, Rule, mark_needed
from trip.choices import BookAhead, CredentialType, FeeMode, RefundType, VisitorInfo
from trip.codes import ALPHABET
from trip.models import Offer, Product, RefundStep
from trip.pages.prices import OFFERED, PriceForm

Wrong = Iterator[tuple[str, Any]]
_DEAL_ID = re.compile("[0-9A-Za-z_-]+")
NAMED = (VisitorInfo.ONE, VisitorInfo.EACH, VisitorInfo.GROUP)


class ProductForm(DependentFields, PriceForm, forms.ModelForm[Product]):
    """A product with the one price that it has unless guests choose a day."""

    shown_with = (
        Rule(OFFERED, "by_calendar", (False,)),
        Rule(("valid_days", "book_ahead"), "by_calendar", (True,)),
        Rule(("ahead_minutes",), "book_ahead", (BookAhead.MINUTES,)),
        Rule(("ahead_days", "ahead_time"), "book_ahead", (BookAhead.CLOCK,)),
        Rule(("group_size",), "visitor_info", (VisitorInfo.GROUP,)),
        Rule(("needs_name", "needs_mobile", "credential_types"), "visitor_info", NAMED),
        Rule(("phone_limit", "phone_limit_days"), "needs_mobile", (True,)),
        Rule(
            ("credential_limit", "credential_limit_days"), "credential_types", CredentialType.values
        ),
        Rule(
            ("partial_refund", "refund_review"),
            "refund_type",
            (RefundType.ANY_TIME, RefundType.CONDITIONAL),
        ),
        Rule(("refund_steps",), "refund_type", (RefundType.CONDITIONAL,)),
    )
    credential_types = forms.TypedMultipleChoiceField(
        label=_("Certificates accepted"),
        choices=CredentialType.choices,
        coerce=int,
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget(),
        help_text=_("Choose none when no certificate is needed."),
    )

    class Meta:
        model = Product
        # The form has every field that the admin's fieldsets list.
        exclude: tuple[str, ...] = ()
        widgets = {
            "includes": UnfoldAdminTextareaWidget(attrs={"rows": 3}),
            "note": UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        }
        help_texts = {
            "deal_id": _(
                "How this product is called between you and Meituan (partnerDealId)."
                " Empty: we choose one. It cannot change later."
            ),
            "by_calendar": _(
                "Guests choose a day, and each day has its own price. It cannot change later."
            ),
            "includes": _("One line for each thing that the ticket pays for."),
            "valid_days": _("1: only on the chosen day."),
            "group_size": _("How many tickets one named visitor stands for."),
            "max_per_order": _("0: as many as one likes."),
            "phone_limit_days": _("0: counted for ever."),
            "credential_limit_days": _("0: counted for ever."),
            "issuing": _(
                "With your own ticketing system, Meituan is told “being issued”"
                " until your system or a person enters the codes."
            ),
            "partial_refund": _(
                "Otherwise only whole orders are refunded."
                " Does not count where tickets are never refunded."
            ),
            "refund_review": _(
                "Otherwise tickets that were not used are refunded at once, by the rules above."
            ),
        }
        error_messages = {"deal_id": {"unique": _("This product number is in use already.")}}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "deal_id" in self.fields:
            self.fields["deal_id"].required = False
        mark_needed(self.fields, "ahead_minutes", "ahead_time")
        self.offer = self._offer()
        for name in OFFERED:
            if self.instance.pk and self.instance.by_calendar:
                del self.fields[name]
            elif self.offer:
                self.initial[name] = getattr(self.offer, name)

    def _offer(self) -> Offer | None:
        if not self.instance.pk or self.instance.by_calendar:
            return None
        return self.instance.offers.filter(date=None).first()

    def clean_deal_id(self) -> str:
        return self.cleaned_data["deal_id"] or f"ZG-{get_random_string(8, ALPHABET)}"

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not self.value("by_calendar"):
            self.need_prices()
        for check in (_same_merchant, _number, _dates, _booking, _visitors, _limits, _refunds):
            for name, text in check(self, data):
                if name in self.fields and name not in self.errors:
                    self.add_error(name, text)
        return data

    def save_price(self) -> None:
        """Saves only the changed fields of the price, because orders count tickets in the same row
        at the same time.
        """
        if self.instance.by_calendar:
            # What was typed before a chosen day was ticked: the calendar has the prices.
            return
        offer = self.offer or Offer(product=self.instance)
        for name in OFFERED:
            setattr(offer, name, self.cleaned_data[name])
        if not offer.pk:
            offer.save()
        elif changed := [name for name in OFFERED if name in self.changed_data]:
            offer.save(update_fields=changed)

    def value(self, name: str) -> Any:
        """Returns the entered value, or the product's value if the form has no such field."""
        if name in self.cleaned_data:
            return self.cleaned_data[name]
        return getattr(self.instance, name, None)


def _connection(form: ProductForm) -> Any:
    if "connection" in form.cleaned_data:
        return form.cleaned_data["connection"]
    if not form.instance.connection_id:
        return None
    return form.instance.connection


def _same_merchant(form: ProductForm, data: dict[str, Any]) -> Wrong:
    connection, store = _connection(form), data.get("store")
    if connection and store and connection.merchant_id != store.merchant_id:
        yield "store", _("The store and the connection belong to different merchants.")


def _number(form: ProductForm, data: dict[str, Any]) -> Wrong:
    connection, deal_id = _connection(form), data.get("deal_id")
    if deal_id and not _DEAL_ID.fullmatch(deal_id):
        yield "deal_id", _("Only letters, digits, hyphens and underscores.")
    same = Product.objects.filter(connection=connection, deal_id=deal_id).exclude(
        pk=form.instance.pk
    )
    if connection and deal_id and same.exists():
        yield "deal_id", _("Another product of this connection has this number already.")


def _dates(form: ProductForm, data: dict[str, Any]) -> Wrong:
    first, last = data.get("valid_from"), data.get("valid_until")
    if first and last and last < first:
        yield "valid_until", _("This is before the first day.")


def _booking(form: ProductForm, data: dict[str, Any]) -> Wrong:
    rule = data.get("book_ahead")
    if rule != BookAhead.ANY and rule is not None and not form.value("by_calendar"):
        yield "book_ahead", _("Without a chosen day there is nothing to book ahead of.")
    if rule == BookAhead.MINUTES and not data.get("ahead_minutes"):
        yield "ahead_minutes", _("Say how many minutes.")
    if rule == BookAhead.CLOCK and data.get("ahead_time") is None:
        yield "ahead_time", _("Say until what time of day.")


def _visitors(form: ProductForm, data: dict[str, Any]) -> Wrong:
    if data.get("visitor_info") in (None, VisitorInfo.NONE):
        return
    if not (data.get("needs_name") or data.get("needs_mobile") or data.get("credential_types")):
        yield (
            "visitor_info",
            _("Say what is to be known of visitors: name, mobile or a certificate."),
        )


def _limits(form: ProductForm, data: dict[str, Any]) -> Wrong:
    fewest, most = data.get("min_per_order"), data.get("max_per_order")
    if fewest and most and most < fewest:
        yield "max_per_order", _("This is less than the fewest per order.")
    named = data.get("visitor_info") != VisitorInfo.NONE
    if data.get("phone_limit") and not (named and data.get("needs_mobile")):
        yield "phone_limit", _("Mobiles can only be counted when visitors must give them.")
    if data.get("credential_limit") and not (named and data.get("credential_types")):
        yield "credential_limit", _("Certificates can only be counted when visitors must give one.")


def _refunds(form: ProductForm, data: dict[str, Any]) -> Wrong:
    if data.get("refund_type") == RefundType.NEVER and data.get("refund_review"):
        yield (
            "refund_review",
            _("There is nothing to decide when tickets are never refunded: switch this off."),
        )


class RefundStepForm(forms.ModelForm[RefundStep]):
    class Meta:
        model = RefundStep
        fields = ("minutes_before", "fee_mode", "fee", "note")

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        mode, fee = data.get("fee_mode"), data.get("fee") or 0
        if mode == FeeMode.PERCENT and fee > 100:
            self.add_error("fee", _("More than 100 percent."))
        if mode == FeeMode.NONE and fee:
            self.add_error("fee", _("Choose how the fee is counted, or leave it at 0."))
        return data


class RefundStepFormSet(BaseInlineFormSet[RefundStep, Product, RefundStepForm]):
    def clean(self) -> None:
        super().clean()
        kept = [
            form
            for form in self.forms
            if (form.has_changed() or form.instance.pk) and not _goes(form)
        ]
        conditional = self.instance.refund_type == RefundType.CONDITIONAL
        if conditional and not kept:
            raise ValidationError(_("Refunds “by steps” need at least one step."))
        if not conditional and kept:
            raise ValidationError(
                _("Steps only count when refunds are “by steps, with fees”: remove them.")
            )


def _goes(form: Any) -> bool:
    return bool(getattr(form, "cleaned_data", {}).get("DELETE"))
