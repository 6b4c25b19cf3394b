"""Riders for all deliveries that are ready, with one confirmation: each courier, price, and total.

Prices are asked for in turns of some seconds each, so that the page can say how far it is. Calling
is quick: the calls themselves are made by a worker.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from delivery.models import Delivery
from delivery.pages.board import choice_of, chosen, no_store, stores_that_send
from delivery.pages.board_actions import price_of
from delivery.pages.board_rows import sendable, with_details
from delivery.services import dispatching, quoting
from delivery.services.offering import Offered, offers_of, plan_as_shown
from delivery.services.showing import receiver_of
from stores.audit import Actor
from stores.backoffice.pages import staff_page, staff_user
from stores.conflicts import Conflict
from stores.models import Store
from stores.money import yuan_text
from stores.text import is_id

MOST_AT_ONCE = 50
# A turn of asking lasts so long, and one delivery more; a page goes on by itself so often.
TURN_SECONDS = 6.0
MOST_TURNS = 30


@dataclass(frozen=True)
class Line:
    """One delivery on the confirmation; without `best` it is not called for, `why_not` says it."""

    delivery: Delivery
    best: Offered | None
    why_not: str

    @property
    def receiver(self) -> str:
        known = receiver_of(self.delivery, whole=False)
        return f"{known.get('name', '–')} · {known.get('address', '–')}"

    @property
    def courier(self) -> str:
        return self.best.quote.courier.account.courier if self.best else ""

    @property
    def price(self) -> str:
        return price_of(self.best) if self.best else ""


@dataclass(frozen=True)
class Result:
    delivery: Delivery
    words: str
    is_called: bool


@staff_page
@require_http_methods(["GET", "HEAD", "POST"])
def call_all(request: HttpRequest) -> HttpResponse:
    mine = stores_that_send(request)
    if not mine:
        return no_store(request)
    stores = chosen(request, mine)
    if request.POST.get("store") not in (None, *(str(store.pk) for store in stores)):
        # It calls for all stores only where that was said.
        raise Http404
    if request.method == "POST" and request.POST.get("do") == "call":
        results = _called(stores, _numbers(request, "quote"), staff_user(request))
        context = {"results": results, "called": sum(each.is_called for each in results)}
        return render(request, "delivery/board_called.html", context | choice_of(request, mine))
    asked = _numbers(request, "asked")
    if request.method == "POST":
        asked |= _ask(stores, asked)
    return _confirmation(request, mine, stores, asked)


def _confirmation(
    request: HttpRequest, mine: list[Store], stores: Sequence[Store], asked: set[int]
) -> HttpResponse:
    waiting = list(sendable([store.pk for store in stores]))
    found = {row.pk: row for row in with_details(waiting[:MOST_AT_ONCE])}
    rows = [found[pk] for pk in waiting[:MOST_AT_ONCE] if pk in found]
    offers = offers_of(rows)
    lines = [_line(row, offers.get(row.pk, []), asked) for row in rows]
    prices = [line.best.price for line in lines if line.best]
    left = sum(line.best is None and not line.why_not for line in lines)
    given = request.POST.get("turn", "")[:2]
    turn = int(given or 0) + 1 if request.method == "POST" and is_id(given or "0") else 0
    context = {
        "lines": lines,
        "left_out": len(waiting) - len(rows),
        "left": left,
        "done": len(lines) - left,
        "asked": sorted(asked),
        "turn": turn,
        "goes_on": bool(left and turn and turn < MOST_TURNS),
        "total": yuan_text(sum((price for price in prices if price is not None), Decimal(0))),
        "count": len(prices),
        "without_price": sum(price is None for price in prices),
    }
    return render(request, "delivery/board_all.html", context | choice_of(request, mine))


def _line(delivery: Delivery, offers: Sequence[Offered], asked: set[int]) -> Line:
    if offers and offers[0].is_chosen:
        return Line(delivery, offers[0], "")
    is_known = offers or delivery.pk in asked
    return Line(delivery, None, _("No courier fits the store's rule.") if is_known else "")


def _ask(stores: Sequence[Store], asked: set[int]) -> set[int]:
    """Asks for prices of those that have none, for one turn; returns for which."""
    ends = time.monotonic() + TURN_SECONDS
    waiting = list(sendable([store.pk for store in stores]))[:MOST_AT_ONCE]
    rows = list(with_details([pk for pk in waiting if pk not in asked]))
    offers = offers_of(rows)
    done: set[int] = set()
    for row in sorted(rows, key=lambda row: row.pk):
        if offers.get(row.pk):
            continue
        if done and time.monotonic() >= ends:
            break
        done.add(row.pk)
        try:
            quoting.quotes_ask(delivery=row)
        except Conflict:
            # The page says that nobody can be called.
            continue
    return done


def _called(stores: Sequence[Store], quotes: set[int], actor: Actor) -> list[Result]:
    """Calls one after the other; one that fails does not stop the others."""
    rows = Delivery.objects.filter(quotes__in=quotes, store__in=stores).distinct()
    found = {row.pk: row for row in rows.order_by("created_at", "pk")[:MOST_AT_ONCE]}
    of_quote = Delivery.objects.filter(pk__in=found).values_list("pk", "quotes__pk")
    quote_of = {pk: quote for pk, quote in of_quote if quote in quotes}
    return [_call(row, quote_of[pk], actor) for pk, row in found.items()]


def _call(delivery: Delivery, quote: int, actor: Actor) -> Result:
    try:
        plan = plan_as_shown(delivery=delivery, quote_id=quote, by_rule=True, actor=actor)
        attempt = dispatching.rider_call(plan, actor=actor)
    except Conflict as conflict:
        return Result(delivery, str(conflict.reason), is_called=False)
    name = plan.courier.account.courier if plan.courier else ""
    price = "" if attempt.fee is None else yuan_text(attempt.fee + attempt.tip)
    return Result(delivery, f"{name} {price}".strip(), is_called=True)


def _numbers(request: HttpRequest, name: str) -> set[int]:
    given = request.POST.getlist(name)[:MOST_AT_ONCE]
    return {int(text) for text in given if is_id(text) and len(text) < 19}
