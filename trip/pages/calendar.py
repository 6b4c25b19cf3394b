"""The stock calendar of one product: the price of each day, and its tickets in stock, held and
sold.
"""

import calendar
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.validators import MaxValueValidator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from stores.backoffice.dates import DayInput, read_day
from stores.backoffice.pages import staff_user
from stores.conflicts import Conflict
from stores.text import is_id
from trip import services
from trip.models import Offer, Product
from trip.models.catalogue import LAST_DAY
from trip.pages.prices import OFFERED, PRICES, PriceForm

LONGEST = 366
WEEKDAYS = [
    (0, _("Mon")),
    (1, _("Tue")),
    (2, _("Wed")),
    (3, _("Thu")),
    (4, _("Fri")),
    (5, _("Sat")),
    (6, _("Sun")),
]
SET, OPEN, CLOSE = "set", "open", "close"
FEW = 10


class DaysForm(PriceForm):
    """A period with its prices; `do` is the pressed button: set, open or close."""

    field_order = ("first", "last", "weekdays")
    first = forms.DateField(label=_("From"), widget=DayInput())
    last = forms.DateField(
        label=_("To"), widget=DayInput(), validators=[MaxValueValidator(LAST_DAY)]
    )
    weekdays = forms.TypedMultipleChoiceField(
        label=_("On"),
        choices=WEEKDAYS,
        coerce=int,
        widget=UnfoldAdminCheckboxSelectMultipleWidget(),
    )
    do = forms.ChoiceField(
        choices=[(SET, ""), (OPEN, ""), (CLOSE, "")],
        required=False,
        initial=SET,
        widget=forms.HiddenInput(),
    )
    # How many days somebody agreed to overwrite.
    overwrite = forms.IntegerField(required=False, min_value=0, widget=forms.HiddenInput())

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["stock"].label = _("Tickets a day")

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        first, last = data.get("first"), data.get("last")
        if first and first < timezone.localdate():
            self.add_error("first", _("This day is over."))
        if first and last and last < first:
            self.add_error("last", _("This is before the first day."))
        if first and last and (last - first).days >= LONGEST:
            self.add_error("last", _("At most a year at once."))
        if data.get("do") in ("", SET, None):
            self.need_prices()
        return data


@dataclass(frozen=True)
class Day:
    """One square of the calendar; a day without an offer cannot be bought."""

    date: date
    offer: Offer | None
    is_shown: bool
    is_past: bool
    is_picked: bool

    @property
    def tone(self) -> str:
        """The CSS class: none, closed, sold-out, few or free."""
        offer = self.offer
        if offer is None:
            return "none"
        if not offer.is_open:
            return "closed"
        if offer.left == 0:
            return "sold-out"
        few = offer.stock is not None and (offer.left or 0) * FEW <= offer.stock
        return "few" if few else "free"


def calendar_page(
    request: HttpRequest, product: Product, *, may_change: bool, context: dict[str, Any]
) -> HttpResponse:
    """Shows the month in the address (`month=2026-05`) and the form for the picked days
    (`day=2026-05-01`).

    Raises PermissionDenied when a user without the permission to change posts days.
    """
    day = read_day(request.GET.get("day"))
    month = read_day(f"{request.GET.get('month', '')}-01")
    first = month or (day or timezone.localdate()).replace(day=1)
    form, overwrites = DaysForm(initial=_initial(product, first, day)), 0
    if request.method == "POST":
        if not may_change:
            raise PermissionDenied
        if "undo" in request.POST:
            return _undo(request, product)
        form = DaysForm(request.POST)
        if product.by_calendar and form.is_valid():
            try:
                _save(request, product, form.cleaned_data)
                return redirect(_address(product, form.cleaned_data["first"]))
            except services.Overwrites as asked:
                overwrites = asked.days
    context |= {
        "title": _("Prices and stock by day"),
        "subtitle": str(product),
        "product": product,
        "form": form,
        "may_change": may_change,
        "overwrites": overwrites,
        "undo": services.change_to_undo(product) if may_change else None,
        "picked": day,
        "back": reverse("admin:trip_product_change", args=[product.pk]),
        **_month(product, first, day),
    }
    status = 422 if form.is_bound and not overwrites else 200
    return TemplateResponse(request, "trip/admin/calendar.html", context, status=status)


def _address(product: Product, first: date) -> str:
    return f"{reverse('admin:trip_product_calendar', args=[product.pk])}?month={first:%Y-%m}"


def _month(product: Product, first: date, picked: date | None) -> dict[str, Any]:
    weeks = calendar.Calendar().monthdatescalendar(first.year, first.month)
    offers = {
        offer.date: offer
        for offer in product.offers.filter(date__range=(weeks[0][0], weeks[-1][-1])).order_by(
            "date"
        )
    }
    today = timezone.localdate()
    return {
        "weeks": [
            [
                Day(day, offers.get(day), day.month == first.month, day < today, day == picked)
                for day in week
            ]
            for week in weeks
        ],
        "month": date_format(first, "YEAR_MONTH_FORMAT"),
        "weekdays": [name for _number, name in WEEKDAYS],
        "previous": _address(product, first - timedelta(days=1)),
        "next": _address(product, first + timedelta(days=31)),
        "here": _address(product, first),
        "is_empty": not product.offers.exclude(date=None).exists(),
    }


def _initial(product: Product, first: date, picked: date | None) -> dict[str, Any]:
    """Returns the values of the picked day, or the rest of the month with the prices of the
    product's last day.
    """
    today = timezone.localdate()
    start = picked or max(first, today)
    end = picked or max(start, first.replace(day=calendar.monthrange(first.year, first.month)[1]))
    dated = product.offers.exclude(date=None)
    offer = (dated.filter(date=picked).first() if picked else None) or dated.order_by(
        "-date"
    ).first()
    initial: dict[str, Any] = {
        "first": start,
        "last": end,
        "weekdays": [number for number, _name in WEEKDAYS],
    }
    if offer:
        initial |= {name: getattr(offer, name) for name in (*PRICES, "stock")}
        initial["is_open"] = offer.is_open if picked else True
    return initial


def _save(request: HttpRequest, product: Product, data: dict[str, Any]) -> None:
    span = {
        "product": product,
        "first": data["first"],
        "last": data["last"],
        "weekdays": data["weekdays"],
    }
    if data["do"] in (OPEN, CLOSE):
        count = services.offers_open(**span, is_open=data["do"] == OPEN, actor=staff_user(request))
    else:
        offered = {name: data[name] for name in OFFERED}
        is_bulk = data["first"] != data["last"]
        agreed = (data["overwrite"] or 0) if is_bulk else None
        count = services.offers_set(
            **span, **offered, actor=staff_user(request), may_overwrite=agreed
        )
    if not count:
        messages.info(request, _("No day was changed: they were so already, or have no price."))
        return
    text = ngettext("%(count)d day was changed.", "%(count)d days were changed.", count)
    messages.success(request, text % {"count": count})


def _undo(request: HttpRequest, product: Product) -> HttpResponse:
    """Takes back the change of this product that the form names. Raises Http404 for others'."""
    named = request.POST["undo"]
    change = product.calendar_changes.filter(pk=named).first() if is_id(named) else None
    if change is None:
        raise Http404
    try:
        count = services.days_undo(change=change, actor=staff_user(request))
    except Conflict as conflict:
        messages.error(request, conflict.reason)
    else:
        text = ngettext(
            "%(count)d day is as it was before, and Meituan is told.",
            "%(count)d days are as they were before, and Meituan is told.",
            count,
        )
        messages.success(request, text % {"count": count})
    return redirect(_address(product, date.fromisoformat(min(change.after))))
