"""How couriers do: figures of seven or thirty days, and what choosing has saved."""

from collections.abc import Mapping

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe
from django_stubs_ext import StrOrPromise

from delivery.pages.money import chosen_store, stores_with_money
from delivery.pages.what_if import form_for, tried
from delivery.services import saving
from delivery.services.dispatching import OURSELVES
from delivery.services.figures import Figures, figures
from delivery.wire.couriers import courier_of
from stores.backoffice.days import first_of
from stores.backoffice.pages import staff_page, staff_user
from stores.models import Store

PERIODS = (7, 30)
FIRST_DAYS = 7
WHY: Mapping[str, StrOrPromise] = {
    saving.NO_ORDERS: _("No courier has delivered anything in that month."),
    saving.NO_QUOTES: _("Nobody was asked for other prices in that month."),
    saving.NO_USUAL: _("No courier was called in the month before: none is the usual one."),
    saving.NOT_QUOTED: _("The usual courier named no price for the orders of that month."),
}


@staff_page
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    stores = stores_with_money(staff_user(request))
    only = stores[0] if len(stores) == 1 else None
    store = chosen_store(stores, request.GET.get("store")) or only
    days = next((each for each in PERIODS if str(each) == request.GET.get("days")), PERIODS[0])
    among = [store.pk] if store else [each.pk for each in stores]
    place = store.delivery_store if store else None
    form = form_for(place, request.GET) if place else None
    context = {
        "rule_form": form,
        "tried": tried(place, form) if place and form else None,
        "stores": stores,
        "store": store,
        "days": days,
        "periods": PERIODS,
        "rows": [
            {"title": _title(each), "figures": each}
            for each in figures(among, first_of(days), timezone.now())
        ],
        "months": _months(store) if store else [],
    }
    return render(request, "delivery/figures.html", context)


def _title(each: Figures) -> StrOrPromise:
    if each.courier == OURSELVES:
        return _("Our own people")
    return each.name or courier_of(each.courier).name


def _months(store: Store) -> list[dict[str, object]]:
    """What choosing saved this month; on its first days, when that is little, also last month."""
    today = timezone.localdate()
    months = [(_("Saved this month"), saving.month_of(today))]
    if today.day <= FIRST_DAYS:
        months.append((_("Saved last month"), saving.month_before(saving.month_of(today))))
    return [_month(title, saving.savings(store, month)) for title, month in months]


def _month(title: StrOrPromise, saved: saving.Savings) -> dict[str, object]:
    return {
        "title": title,
        "saved": saved,
        "usual": courier_of(saved.usual).name if saved.usual else "",
        "comparisons": _comparisons(saved),
    }


def _comparisons(saved: saving.Savings) -> list[dict[str, object]]:
    return [
        {"name": name, "saving": each, "why": WHY.get(each.why, "")}
        for name, each in (
            ("dearest", saved.against_dearest),
            ("usual", saved.against_usual),
        )
    ]
