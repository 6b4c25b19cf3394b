"""Limits on a guest's look-ups: on their number, and on the number of wrong numbers.

The phone (the flow that a cookie keeps) is stopped first. Guests share addresses (shop WiFi, mobile
carriers), so many wrong numbers of one address or at one store only slow the others down. A look-up
counts as wrong from the moment it is asked for, until its answer says otherwise; so those that wait
in line count too. What holds no code never comes here. Addresses are keyed hashes that differ for
each merchant (coupons/pages/guest.py).
"""

from dataclasses import dataclass

from coupons.models import Lookup
from coupons.reasons import Reason
from stores import audit
from stores.models import Store
from stores.web.limits import Limit, Taken, give_back, give_back_all, peek, take, take_all

FAILURES_PER_PHONE = Limit("guest-phone-failures", 10, 600)
LOOKUPS_PER_PHONE = Limit("guest-phone-lookups", 30, 300)
FAILURES_PER_ADDRESS = Limit("guest-failures", 100, 600)
LOOKUPS_PER_ADDRESS = Limit("guest-lookups", 200, 300)
FAILURES_PER_STORE = Limit("guest-store-failures", 200, 600)
LOOKUPS_PER_STORE = Limit("guest-store-lookups", 300, 300)
# The look-ups that are still let through once a limit above is reached.
SLOW_ADDRESS = Limit("guest-slow", 1, 10)
SLOW_STORE = Limit("guest-store-slow", 1, 3)
# The reasons that a guessed number gets; a used or expired coupon is a real one.
GUESSES = frozenset({Reason.NOT_FOUND, Reason.WRONG_STORE, Reason.REFUSED_OTHER})
LOCKED = "guest page locked"


@dataclass(frozen=True)
class Guest:
    """Who looks a coupon up: `phone` is the flow, `address` a keyed hash."""

    store: Store
    phone: str
    address: str


@dataclass(frozen=True)
class Hold:
    """The seconds until this guest may look a coupon up; `is_locked` is about this phone, otherwise
    all guests of the address or store are slowed down.
    """

    seconds: int
    is_locked: bool = True


def locked(guest: Guest) -> Hold | None:
    """Returns whether this phone has entered too many wrong numbers. Counts nothing."""
    taken = peek(FAILURES_PER_PHONE, guest.phone)
    return None if taken.allowed else Hold(taken.retry_after)


def admit(guest: Guest) -> Hold | None:
    """Counts one look-up before it is requested, as wrong until `forgive`."""
    phone = take_all([(FAILURES_PER_PHONE, guest.phone), (LOOKUPS_PER_PHONE, guest.phone)])
    over = [taken for taken in phone if not taken.allowed]
    if over:
        # Tries above the phone's own limit do not count for others.
        if any(taken.is_first_over for taken in over):
            audit.record(LOCKED, actor=None, store=guest.store)
        return Hold(max(taken.retry_after for taken in over))
    return _slowed(guest, phone)


def _slowed(guest: Guest, phone: list[Taken]) -> Hold | None:
    store = str(guest.store.pk)
    address = [(FAILURES_PER_ADDRESS, guest.address), (LOOKUPS_PER_ADDRESS, guest.address)]
    everyone = [(FAILURES_PER_STORE, store), (LOOKUPS_PER_STORE, store)]
    others = take_all([*address, *everyone])
    slow = None
    if not all(taken.allowed for taken in others[: len(address)]):
        slow = take(SLOW_ADDRESS, guest.address)
    elif not all(taken.allowed for taken in others):
        slow = take(SLOW_STORE, store)
    if slow is None or slow.allowed:
        return None
    give_back(*phone, *others)
    return Hold(slow.retry_after, is_locked=False)


def forgive(lookup: Lookup) -> None:
    """Counts a guest's look-up no longer as wrong, because its answer is none that a guess gets."""
    wrong = [
        (FAILURES_PER_PHONE, lookup.flow),
        (FAILURES_PER_ADDRESS, lookup.address_hash),
        (FAILURES_PER_STORE, str(lookup.store_id)),
    ]
    give_back_all(wrong, lookup.created_at)
