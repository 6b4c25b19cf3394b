"""The operators' search over all merchants: by an order's number, the end of a code, or a phone.

A domain names its Searcher. What is searched for is noted, and never kept whole.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Model, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from stores import audit
from stores.clock import short_moment
from stores.domains import contributed
from stores.models import Merchant
from stores.platforms.reading import MAX_INT64
from stores.tenancy import TenantQuerySet
from stores.text import plain
from stores.web.limits import Limit, take

SEARCHES = Limit("operator-search", 30, 60)
# Hits that are shown, and rows that one condition may find before the newest of them are taken.
MOST, MOST_READ = 50, 1000
# How far back the end of a code is searched.
SEARCHED = timedelta(days=30)
_NUMBER = re.compile("[0-9A-Za-z]{6,40}")
_TAIL = re.compile("[0-9A-Za-z]{4}")
_PHONE = re.compile(r"\+?[0-9]{7,15}")

Condition = Callable[[str], Q]


def _nothing(text: str) -> Q:
    return Q(pk__in=())


@dataclass(frozen=True)
class Searcher:
    """How rows of a domain are found over all merchants.

    `rows` makes the query. `number`, `tail` and `phone` make a condition of the beginning of an
    order's number, the last four characters of a code, and a phone as it was typed; each needs an
    index. `said` is what a hit shows: masked.
    """

    rows: Callable[[], TenantQuerySet[Any]]
    said: Callable[[Any], str]
    number: Condition = _nothing
    tail: Condition = _nothing
    phone: Condition = _nothing
    at: str = "created_at"

    def hits(self, sought: "Sought") -> list["Hit"]:
        """Returns the newest rows, at most one more than is shown."""
        found: dict[int, Hit] = {}
        for condition in self._conditions(sought):
            rows = self.rows()
            # A planner would otherwise read all rows in the order of time.
            some = rows.filter(condition).order_by().values("pk")[:MOST_READ]
            newest = rows.filter(pk__in=some).select_related(rows.merchant_path, "store")
            for row in newest.order_by(f"-{self.at}", "-pk")[: MOST + 1]:
                found[row.pk] = self._hit(row, rows.merchant_path)
        return list(found.values())

    def _conditions(self, sought: "Sought") -> Iterator[Q]:
        if sought.number:
            yield self.number(sought.number)
        if sought.tail:
            since = timezone.now() - SEARCHED
            yield self.tail(sought.tail) & Q(**{f"{self.at}__gte": since})
        if sought.phone:
            yield self.phone(sought.phone)

    def _hit(self, row: Any, merchant_path: str) -> "Hit":
        merchant = row
        for name in merchant_path.split("__"):
            merchant = getattr(merchant, name)
        return Hit(
            merchant=merchant,
            store=str(row.store),
            kind=capfirst(row._meta.verbose_name),
            text=self.said(row),
            at=getattr(row, self.at),
            url=_page_of(row),
        )


@dataclass(frozen=True)
class Hit:
    merchant: Merchant
    store: str
    kind: str
    text: str
    at: datetime
    url: str

    @property
    def moment(self) -> str:
        return short_moment(self.at)


@dataclass(frozen=True)
class Sought:
    """What a typed text may be; an eleven-digit number may be a phone or begin an order's."""

    number: str = ""
    tail: str = ""
    phone: str = ""

    @classmethod
    def read(cls, text: str) -> "Sought":
        term = re.sub(r"[\s\-()]", "", plain(text))
        return cls(
            number=term if _NUMBER.fullmatch(term) else "",
            tail=term if _TAIL.fullmatch(term) else "",
            phone=term if _PHONE.fullmatch(term) else "",
        )

    @property
    def masked(self) -> str:
        """What the audit log keeps."""
        return f"…{(self.number or self.phone or self.tail)[-4:]}"

    def __bool__(self) -> bool:
        return bool(self.number or self.tail or self.phone)


@dataclass(frozen=True)
class Answer:
    """Hits by merchant, that of the newest hit first; or why nothing was searched."""

    groups: list[tuple[Merchant, list[Hit]]]
    count: int = 0
    has_more: bool = False
    refusal: str = ""
    status: int = 200


def search(text: str, *, user: User) -> Answer:
    sought = Sought.read(text)
    if not sought:
        text = _("Type at least six digits of an order's number, four of a code, or a whole phone.")
        return Answer([], refusal=text, status=422)
    taken = take(SEARCHES, str(user.pk))
    if not taken.allowed:
        text = ngettext(
            "Too many searches. Try again in %(seconds)d second.",
            "Too many searches. Try again in %(seconds)d seconds.",
            taken.retry_after,
        )
        return Answer([], refusal=text % {"seconds": taken.retry_after}, status=429)
    hits = [hit for searcher in contributed("searcher") for hit in searcher.hits(sought)]
    hits.sort(key=lambda hit: hit.at, reverse=True)
    shown = hits[:MOST]
    audit.record("searched all merchants", actor=user, target=sought.masked, rows=len(shown))
    return Answer(_by_merchant(shown), len(shown), len(hits) > MOST)


def _by_merchant(hits: list[Hit]) -> list[tuple[Merchant, list[Hit]]]:
    order = {pk: n for n, pk in enumerate(dict.fromkeys(hit.merchant.pk for hit in hits))}
    hits = sorted(hits, key=lambda hit: order[hit.merchant.pk])
    groups = [list(group) for _pk, group in groupby(hits, key=lambda hit: hit.merchant.pk)]
    return [(group[0].merchant, group) for group in groups]


def text_begins(field: str) -> Condition:
    """Finds texts of digits by their beginning, as a range of an ordinary index; others as they
    are.
    """

    def condition(number: str) -> Q:
        if not number.isdecimal():
            return Q(**{field: number})
        kept = number.rstrip("9")
        # The first text of digits after all that begin so; letters follow digits.
        after = f"{kept[:-1]}{int(kept[-1]) + 1}" if kept else "a"
        within = {f"{field}__gte": number, f"{field}__lt": after, f"{field}__startswith": number}
        return Q(**within)

    return condition


def number_begins(field: str) -> Condition:
    """Finds whole numbers by their first digits: one range for each length that a number has."""

    def condition(number: str) -> Q:
        found = _nothing(number)
        first = int(number) if number.isdecimal() and not number.startswith("0") else 0
        while 0 < first <= MAX_INT64:
            last = first + 10 ** (len(str(first)) - len(number)) - 1
            found |= Q(**{f"{field}__gte": first, f"{field}__lte": min(last, MAX_INT64)})
            first *= 10
        return found

    return condition


def _page_of(row: Model) -> str:
    opts = row._meta
    return reverse(f"admin:{opts.app_label}_{opts.model_name}_change", args=[row.pk])
