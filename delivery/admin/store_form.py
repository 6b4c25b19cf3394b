"""The form of a store that delivers: its address, which may be pasted, and its coordinates."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from delivery.admin.rule_form import RuleFields
from delivery.models import DeliveryStore
from delivery.services import places
from delivery.services.pasting import LONGEST, read_pasted
from stores.models import Connection

CITIES = ("市", "自治州", "地区", "盟", "县", "区")
# Fields of the form → parts of a pasted address.
FROM_PASTED = {
    "contact": "name",
    "phone": "phone",
    "city": "city",
    "address": "address",
    "detail": "detail",
}
MEANT = _("%(wrong)s Probably meant: %(lng)s, %(lat)s. They stand here now; check them, and save.")


class CoordinateField(forms.DecimalField):
    """Degrees, rounded to six decimals: maps show more."""

    def __init__(self, **kwargs: Any) -> None:
        widget = UnfoldAdminTextInputWidget(attrs={"inputmode": "decimal"})
        super().__init__(min_value=-180, max_value=180, widget=widget, **kwargs)

    def clean(self, value: Any) -> Decimal | None:
        found: Decimal | None = super().clean(value)
        return None if found is None else found.quantize(places.PLACES, ROUND_HALF_UP)


class DeliveryStoreForm(RuleFields):
    """What was pasted, or is wrong with coordinates, is put into the fields and shown once more:
    nothing that a person has not seen is saved. Subclasses name the connections to choose from.
    """

    connections: ClassVar[QuerySet[Connection]] = Connection.objects.none()
    connection = forms.ModelChoiceField(
        label=_("mini-program"),
        queryset=Connection.objects.none(),
        widget=UnfoldAdminSelectWidget(),
        help_text=_("Its accounts at couriers are those that this store can use."),
    )
    pasted = forms.CharField(
        label=_("Paste the address"),
        required=False,
        max_length=LONGEST,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}),
        help_text=_(
            "With name and phone, in any order: it is taken apart into the fields below when you"
            " save, and you check it."
        ),
    )
    lng = CoordinateField(label=_("longitude"), help_text=_("As 120.131441."))
    lat = CoordinateField(
        label=_("latitude"),
        help_text=_("As 30.279383. Both from Tencent's map or Amap."),
    )
    is_baidu = forms.BooleanField(
        label=_("The coordinates are from Baidu's map"),
        required=False,
        widget=UnfoldBooleanSwitchWidget(),
        help_text=_("They are off by some hundred metres elsewhere, and are converted."),
    )

    class Meta:
        model = DeliveryStore
        fields = (
            "store",
            "connection",
            *FROM_PASTED,
            "lng",
            "lat",
            "is_automatic",
            "retry_minutes",
            "margin_minutes",
        )
        help_texts = {"city": _("With its ending, as it stands on a map.")}
        error_messages = {
            "store": {"unique": _("This store was added already; open it in the list.")}
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if field := self.fields.get("connection"):
            field.queryset = self.connections  # type: ignore[attr-defined]
        self._read_pasted()

    def clean_city(self) -> str:
        city = str(self.cleaned_data["city"]).strip()
        if not city.endswith(CITIES):
            raise ValidationError(_("Write the city with its ending, as 杭州市."))
        return city

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        store = self.instance.store if self.instance.pk else data.get("store")
        connection = data.get("connection")
        if store and connection and connection.merchant_id != store.merchant_id:
            self.add_error("connection", _("This mini-program is another merchant's."))
        if data.get("lng") is not None and data.get("lat") is not None:
            self._examine(data["lng"], data["lat"], is_baidu=bool(data.get("is_baidu")))
        return data

    def _examine(self, lng: Decimal, lat: Decimal, *, is_baidu: bool) -> None:
        found = places.examine(lng, lat, shop=places.Place.of(lng, lat), is_baidu=is_baidu)
        if found is None:
            return
        text: StrOrPromise = found.wrong.label
        if found.meant:
            meant = {"lng": str(found.meant.lng), "lat": str(found.meant.lat)}
            text = MEANT % {"wrong": text, **meant}
            self._put(**meant, is_baidu="")
            # A longitude would be complained about as a latitude, too.
            self.cleaned_data["lat"] = found.meant.lat
        self.add_error("lng", text)

    def _read_pasted(self) -> None:
        """Puts the parts of a pasted address into the fields, before they are checked."""
        typed = str(self.data.get(self.add_prefix("pasted"), "")).strip() if self.is_bound else ""
        if not typed:
            return
        found = read_pasted(typed)
        parts = {name: getattr(found, part) for name, part in FROM_PASTED.items()}
        self._put(**{name: part for name, part in parts.items() if part})

    def clean_pasted(self) -> str:
        if self.cleaned_data["pasted"]:
            self._put(pasted="")
            raise ValidationError(_("Taken apart into the fields below. Check them, and save."))
        return ""

    def _put(self, **values: str) -> None:
        """Writes into fields as if a person had typed it."""
        data: Any = self.data
        self.data = data = data.copy()
        for name, value in values.items():
            data[self.add_prefix(name)] = value
