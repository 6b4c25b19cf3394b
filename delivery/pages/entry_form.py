"""The form of an order that is entered by hand."""

import secrets
from collections.abc import Collection, Mapping
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from delivery.pages.typed_orders import KINDS, TOGETHER, kind_text
from delivery.services.pasting import FOUND, LONGEST, read_pasted
from delivery.services.places import Finding
from delivery.services.wished_times import dated
from delivery.wire.categories import CATEGORIES
from stores.text import one_line, plain


def _line(label: Any, length: int, help_text: Any = "", **attrs: str) -> forms.CharField:
    widget = forms.TextInput(attrs={"autocomplete": "off", **attrs})
    return forms.CharField(
        label=label, max_length=length, required=False, help_text=help_text, widget=widget
    )


def _number(label: Any, help_text: Any = "") -> forms.CharField:
    return _line(label, 20, help_text, inputmode="decimal")


class EntryForm(forms.Form):
    """Texts as a person types them; what they mean, typed_orders reads. Nothing is required here,
    so that each field is complained about once, in the words of the API.
    """

    pasted = forms.CharField(
        label=_("Paste the address"),
        required=False,
        max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("With name and phone, in any order."),
    )
    name = _line(pgettext_lazy("receiver", "name"), 256)
    phone = _line(_("phone"), 64, _("An extension stays: 13800138000-1234."), inputmode="tel")
    city = _line(_("city"), 64, _("In Chinese, as 杭州市."))
    address = _line(_("street and number"), 256)
    detail = _line(_("house, floor, door"), 256)
    lng = _line(
        _("longitude"),
        60,
        _("As 120.131441. Both numbers at once may be pasted here."),
        inputmode="decimal",
    )
    lat = _number(_("latitude"), _("As 30.279383."))
    is_baidu = forms.BooleanField(label=_("The coordinates are from Baidu's map"), required=False)
    openid = _line(
        _("receiver's openid"),
        64,
        _(
            "WeChat takes no order without it: the receiver is told of the rider there. It stands"
            " with the customer's order in the back end of your mini-program."
        ),
    )
    goods = _line(_("goods"), 200, _("As riders and the receiver read it."))
    count = _line(_("number of things"), 9, inputmode="numeric")
    value = _number(_("value in yuan"), _("Up to 5,000."))
    weight = _number(_("weight in kg"), _("Up to 50."))
    kind = forms.ChoiceField(label=_("kind of goods"), required=False)
    note = _line(_("note for the rider"), 200)
    wanted = forms.CharField(
        label=_("to arrive by"),
        required=False,
        max_length=40,
        widget=forms.TextInput(attrs={"type": "datetime-local"}),
        help_text=_("Empty: at once."),
    )
    pickup_code = forms.BooleanField(label=_("with a pick-up code"), required=False)
    finish_code = forms.BooleanField(label=_("with a hand-over code"), required=False)
    reference = _line(
        _("your order number"),
        64,
        _("The same number again is the same order: nothing is sent twice."),
    )
    is_ready = forms.BooleanField(label=_("The goods are ready; a rider may come"), required=False)
    page = _line(_("page of your mini-program"), 256, _("The receiver's notice opens it."))
    picture = _line(_("picture for the notice"), 1000, _("Its address, with https://."))
    use_required_attribute = False

    def __init__(
        self, *args: Any, last: Mapping[str, str], without: Collection[str] = (), **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.without = without
        for name in without:
            del self.fields[name]
        kinds = [
            (first, [(f"{first}{TOGETHER}{second}", second) for second in seconds])
            for first, seconds in CATEGORIES.items()
        ]
        self.fields["kind"].choices = [("", "—"), *kinds]  # type: ignore[attr-defined]
        self.last = last

    @classmethod
    def empty(cls, last: Mapping[str, str]) -> "EntryForm":
        """The form as it is opened: with what the store entered last, and a number of its own, so
        that a form that is sent twice is one order.
        """
        kind = kind_text(last)
        number = f"{timezone.localtime():%m%d-%H%M}-{secrets.token_hex(2).upper()}"
        initial = {
            "count": "1",
            "reference": number,
            "is_ready": True,
            "kind": kind if kind in KINDS else "",
            "page": last.get("page", ""),
            "picture": last.get("picture", ""),
        }
        return cls(initial=initial, last=last)

    def typed(self) -> dict[str, str]:
        """Returns what was typed, before it is validated: "" for what was not."""
        found = {name: str(self.data.get(name, "")) for name in self.fields}
        # Both numbers in the field of the first one.
        both = plain(found["lng"]).replace("，", ",").split(",")
        if len(both) == 2 and not found["lat"].strip():
            found["lng"], found["lat"] = (part.strip() for part in both)
        if "wanted" in found:
            found["wanted"] = dated(found["wanted"])
        return {name: one_line(text) if name != "pasted" else text for name, text in found.items()}

    def shown(self) -> dict[str, str]:
        """Returns what stands in the fields: what was typed, or what a form that only shows has."""
        if self.is_bound:
            return self.typed()
        return {name: str(self.initial.get(name) or "") for name in self.fields}

    def with_values(self, **values: str) -> "EntryForm":
        """The same form with other values in some fields, not validated."""
        return EntryForm(initial=self.typed() | values, last=self.last, without=self.without)

    def with_pasted(self) -> "EntryForm":
        """The form with the pasted address taken apart; what belongs to nothing stays there."""
        found = read_pasted(self.typed()["pasted"])
        parts = {name: getattr(found, name) for name in FOUND}
        known = {name: part for name, part in parts.items() if part and name in self.fields}
        return self.with_values(**known, pasted=found.rest)

    def with_place(self, finding: Finding | None) -> "EntryForm":
        """The form with the coordinates that are meant."""
        if finding is None or finding.meant is None:
            return self.with_values()
        return self.with_values(lng=str(finding.meant.lng), lat=str(finding.meant.lat), is_baidu="")

    def complain(self, errors: Mapping[str, list[str]]) -> None:
        """Says at the fields what is wrong, and what belongs to none above them."""
        # What the fields themselves would say is said by the API's words.
        self.full_clean()
        self.errors.clear()
        for name, texts in errors.items():
            for text in texts:
                self.add_error(name if name in self.fields else None, text)
