"""The kinds of code that the counter's one box understands, and the result of a scan."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Literal, Protocol

from django.contrib.auth.models import User
from django.utils import timezone
from django.utils.module_loading import import_string
from django_stubs_ext import StrOrPromise

from stores.domains import domains
from stores.models import Store
from stores.platforms.outbox.place import PlaceInLine

AMOUNT_BUTTONS = 10
# How far back results are searched by their last four digits.
SEARCHED = timedelta(days=30)


@dataclass(frozen=True)
class Found:
    """What one kind finds in a scanned text.

    Without codes, `title` and `next_step` say what was read instead. `offered` are codes that the
    user may mean, alone or beside `codes`; `seen` shows the text, shortened and masked.
    """

    codes: Sequence[str] = ()
    offered: Sequence[str] = ()
    title: StrOrPromise = ""
    next_step: StrOrPromise = ""
    seen: str = ""
    # Cards of what the text names without being its code; nothing is redeemed yet.
    results: Sequence["ScanResult"] = ()


@dataclass(frozen=True)
class ScanResult:
    """The card that the counter shows for one scan.

    `key` finds it again while it is `waiting`; `code` is masked. With state `ask` nothing is
    redeemed yet: the code stands for several, and the card asks how many, `most` at most; or the
    text holds `choices`, codes of which the user redeems one or all. `repeated` means redeemed, but
    by an earlier scan that had its own card. `found` lists earlier results, `earlier`.
    """

    kind: str
    key: str
    state: Literal["ok", "refused", "waiting", "unknown", "ask", "repeated", "found"]
    title: StrOrPromise
    lines: Sequence[StrOrPromise] = ()
    next_step: StrOrPromise = ""
    place: PlaceInLine | None = None
    code: str = ""
    at: datetime | None = None
    most: int = 0
    choices: Sequence[str] = ()
    # Whether each of the choices is a code for certain.
    are_sure: bool = False
    # Numbers beside sure choices that may be codes too.
    unsure: Sequence[str] = ()
    # Whether the code is one of several of an order: all `most` tickets are used, or this one.
    is_group: bool = False
    earlier: Sequence["ScanResult"] = ()
    # Whether the same code can be tried again.
    can_retry: bool = False
    # Whether it waits, and may be taken back before it is sent.
    can_withdraw: bool = False
    # Whether a guest did it without staff.
    is_self_service: bool = False

    @property
    def is_unread(self) -> bool:
        """Whether nothing came of the text, so that the user corrects it or scans again."""
        return not self.key and not self.are_sure and self.state != "found"

    @property
    def day(self) -> date | None:
        return timezone.localtime(self.at).date() if self.at else None

    @property
    def is_of_today(self) -> bool:
        return self.day in (None, timezone.localdate())

    @property
    def amounts(self) -> range:
        """The quantities that the card has a button for; a larger one is typed."""
        return range(1, min(self.most, AMOUNT_BUTTONS) + 1)

    @property
    def has_more(self) -> bool:
        return self.most > AMOUNT_BUTTONS


@dataclass(frozen=True)
class Sum:
    """How many coupons or tickets were redeemed; `worth` is yuan."""

    count: int = 0
    worth: Decimal = Decimal(0)


class CounterKind(Protocol):
    """A kind of code that the counter's one box understands."""

    name: str

    def blocked_reason(self, store: Store) -> StrOrPromise:
        """Returns why this store cannot redeem codes of this kind at the moment; "" when it can."""

    def find(self, text: str, store: Store) -> Found:
        """Returns the codes of this kind in a scanned or pasted text at this store."""

    def may_be_code(self, code: str) -> bool:
        """Whether this can be a code of this kind: the user chose it."""

    def redeem(
        self,
        *,
        user: User,
        store: Store,
        code: str,
        request_key: str,
        patience: float | None = None,
    ) -> ScanResult:
        """Redeems the code, or joins or queues it.

        A slow platform keeps the user `patience` seconds at most (None: as long as usual). Never
        raises for anything that a guest may bring.
        """

    def redeem_quantity(
        self, *, user: User, store: Store, key: str, amount: int, request_key: str
    ) -> ScanResult | None:
        """Redeems a quantity that an earlier scan asked for.

        None when it asked nothing. 0 is no number.
        """
        return None

    def retry(self, *, user: User, store: Store, key: str, request_key: str) -> ScanResult | None:
        """Redeems the code of an earlier scan as a new try; None when that scan is none of the
        store's or cannot be tried again.
        """
        return None

    def withdraw(self, *, user: User, store: Store, key: str) -> ScanResult | None:
        """Takes back an earlier scan that waits, if it is not too late, and returns its state; None
        when that scan is none of the store's.
        """
        return None

    def result(self, *, user: User, key: str) -> ScanResult | None:
        """Returns the present state of an earlier scan; None when this user may not see it."""

    def recent(
        self, *, user: User, store: Store, limit: int, since: datetime | None = None
    ) -> list[ScanResult]:
        """Returns the store's last results, newest first; `since` leaves out what began before."""

    def with_tail(self, *, user: User, store: Store, tail: str, limit: int) -> list[ScanResult]:
        """Returns the store's results within SEARCHED whose code ends with these four digits, the
        newest first.
        """
        return []

    def redeemed_since(self, *, store: Store, moment: datetime) -> Sum:
        """Counts what was redeemed at the store since this moment, in whatever way."""


def counter_kinds() -> list[CounterKind]:
    """Returns one of each kind, in the order in which they are asked about a scanned text."""
    having = [domain for domain in domains() if domain.counter_kind]
    having.sort(key=lambda domain: -domain.counter_priority)
    return [import_string(domain.counter_kind)() for domain in having]
