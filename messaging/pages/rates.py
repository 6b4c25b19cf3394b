"""The reply rate of a day as we count it, message by message, beside Meituan's own figure."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods
from django_stubs_ext import StrOrPromise

from messaging.models import ChatStore, Message, TakeawayStore
from messaging.pages.board import stores_of
from messaging.pages.talks import chosen_store, message_url, no_store, sees_phones
from messaging.services.chat import asking, rating, texts
from messaging.services.deadlines import span_text
from stores.backoffice.dates import read_day
from stores.backoffice.pages import staff_page, staff_user
from stores.conflicts import Conflict
from stores.models import Store
from stores.platforms.tools import as_conflicts

# Messages of a page.
ON_A_PAGE = 100
USUAL, URGENT = "usual", "urgent"


@dataclass(frozen=True)
class Part:
    """How a question can stand; its rows fulfil `condition`, which takes the moment."""

    name: str
    title: StrOrPromise
    condition: Callable[[datetime], Q]


PARTS = (
    Part("in_time", _("answered in time"), lambda now: rating.in_time()),
    Part("late", _("late or not answered"), rating.late),
    Part("waiting", _("still in time to answer"), rating.waiting),
)


@dataclass(frozen=True)
class Question:
    """One counted message."""

    row: Message
    text: str

    @property
    def url(self) -> str:
        return message_url(self.row)

    @property
    def took(self) -> str:
        """How long the answer took; "" without one."""
        answered_at = self.row.answered_at
        return span_text(answered_at - self.row.at) if answered_at else ""

    @property
    def is_late(self) -> bool:
        until = self.row.reply_until
        return until is not None and (self.row.answered_at or timezone.now()) > until


@staff_page
@require_http_methods(["GET", "HEAD", "POST"])
def rate(request: HttpRequest) -> HttpResponse:
    """A POST asks Meituan for its figure."""
    mine = stores_of(staff_user(request))
    if request.method == "POST":
        # A form that names no store is none of ours.
        store = chosen_store(mine, request.POST.get("store", ""))
        try:
            _ask(store)
        except Conflict as conflict:
            return _page(request, mine, store, trouble=conflict.reason, status=409)
        return redirect(f"{request.path}?{urlencode({'store': store.pk})}")
    if not mine:
        return no_store(request)
    return _page(request, mine, chosen_store(mine, request.GET.get("store")))


def _ask(store: Store) -> None:
    bound = TakeawayStore.objects.filter(store=store, state=TakeawayStore.State.BOUND)
    for binding in bound.select_related("connection__parent", "connection__pace", "store"):
        with as_conflicts():
            asking.rate_read(binding=binding)


def _page(
    request: HttpRequest, mine: list[Store], store: Store, *, trouble: Any = "", status: int = 200
) -> HttpResponse:
    today = timezone.localdate()
    day = min(read_day(request.GET.get("day")) or today, today)
    is_urgent = request.GET.get("kind") == URGENT
    part = next((each for each in PARTS if each.name == request.GET.get("part")), None)
    rows = rating.questions(store.pk, day, urgent=is_urgent)
    if part:
        rows = rows.filter(part.condition(timezone.now()))
    # What is encrypted of the orders would be opened for each row.
    rows = rows.select_related("order").defer("order__customer", "order__content")
    page = Paginator(rows, ON_A_PAGE).get_page(request.GET.get("page"))
    sees = sees_phones(staff_user(request), store)
    address = {"store": store.pk, "day": day.isoformat()}
    chosen = {"kind": URGENT if is_urgent else USUAL, **({"part": part.name} if part else {})}
    context = {
        "mine": mine,
        "store": store,
        "day": day,
        "today": today,
        "earlier": urlencode(address | {"day": _day_before(day).isoformat()}),
        "kinds": [_kind(store, day, address, urgent=urgent) for urgent in (False, True)],
        "chosen": chosen,
        "questions": [Question(row, texts.line_of(row, whole=sees)) for row in page],
        "page": page,
        "address": urlencode(address | chosen),
        "automatic": rating.automatic_replies(store.pk, day),
        "figures": _figures(store),
        "trouble": trouble,
    }
    return render(request, "messaging/chat_rate.html", context, status=status)


def _day_before(day: date) -> date:
    return day - timedelta(days=1)


def _kind(store: Store, day: date, address: dict[str, Any], *, urgent: bool) -> dict[str, Any]:
    """The counts of usual or urgent questions, each with the address of its messages."""
    name = URGENT if urgent else USUAL
    found = rating.rate_of(store.pk, day, urgent=urgent)
    return {
        "name": name,
        "percent": found.percent,
        "url": urlencode(address | {"kind": name}),
        "parts": [
            {
                "name": part.name,
                "title": part.title,
                "count": getattr(found, part.name),
                "url": urlencode(address | {"kind": name, "part": part.name}),
            }
            for part in PARTS
        ],
    }


def _figures(store: Store) -> list[dict[str, Any]]:
    """What Meituan said last of the store; one for each kind of provider that it is bound with."""
    rows = ChatStore.objects.filter(binding__store=store).select_related("binding__store")
    return [{"chat": chat, "may_ask_for_review": asking.may_ask_for_review(chat)} for chat in rows]
