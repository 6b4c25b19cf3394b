"""Limits on a guest's look-ups: on their number, and on the number of failures.

Guests share addresses (shop WiFi, mobile carriers), so successes are almost free and only failures
lock. Addresses are keyed hashes that differ for each merchant (coupons/pages/guest.py).
"""

from coupons.reasons import Reason
from stores.web.limits import Limit, Taken, peek, take

LOOKUPS_PER_ADDRESS = Limit("guest-lookups", 60, 300)
LOOKUPS_PER_STORE = Limit("guest-store-lookups", 300, 300)
FAILURES_PER_ADDRESS = Limit("guest-failures", 10, 600)
FAILURES_PER_STORE = Limit("guest-store-failures", 60, 600)
# The reasons that a guessed number gets; a used or expired coupon is a real one.
GUESSES = frozenset({Reason.NOT_FOUND, Reason.WRONG_STORE, Reason.REFUSED_OTHER})


def locked(store_id: int, address: str) -> int:
    """Returns the seconds until this address may look a coupon up again; 0 when it may now.

    Counts nothing.
    """
    return _longest(peek(FAILURES_PER_ADDRESS, address), peek(FAILURES_PER_STORE, str(store_id)))


def record_failure(store_id: int, address: str) -> None:
    """Counts one look-up with a reason that a guessed number gets."""
    _count(store_id, address, FAILURES_PER_ADDRESS, FAILURES_PER_STORE)


def count(store_id: int, address: str) -> int:
    """Counts one look-up before it is requested.

    Returns the seconds to wait when it is above the limit, else 0.
    """
    return _count(store_id, address, LOOKUPS_PER_ADDRESS, LOOKUPS_PER_STORE)


def _count(store_id: int, address: str, per_address: Limit, per_store: Limit) -> int:
    # Tries above the address's own limit do not count for the store: one phone could otherwise lock
    # the page for all guests.
    mine = take(per_address, address)
    return _longest(take(per_store, str(store_id)) if mine.allowed else mine)


def _longest(*tries: Taken) -> int:
    return max((taken.retry_after for taken in tries if not taken.allowed), default=0)
