"""Guessing is stopped before it costs the merchant's quota. Guests share addresses (shop WiFi, mobile carriers), so
successes are nearly free and only failures lock."""

from coupons.reasons import Reason
from stores.web.limits import Limit, Taken, peek, take

FAILURES_PER_ADDRESS = Limit("guest-failures", 10, 600)
FAILURES_PER_STORE = Limit("guest-store-failures", 60, 600)
# What a guessed number meets. A used or expired coupon is somebody's real one.
GUESSES = frozenset({Reason.NOT_FOUND, Reason.WRONG_STORE, Reason.REFUSED_OTHER})


def locked(store_id: int, address: str) -> int:
    """Seconds until this address may look a coupon up again; 0 when it may now. Counts nothing."""
    return _longest(peek(FAILURES_PER_ADDRESS, address), peek(FAILURES_PER_STORE, str(store_id)))


def note(store_id: int, address: str) -> None:
    """Counts one look-up that went like a guess."""
    counted(store_id, address, FAILURES_PER_ADDRESS, FAILURES_PER_STORE)


def counted(store_id: int, address: str, per_address: Limit, per_store: Limit) -> int:
    """Counts one try; the seconds to wait when it is one too many, else 0."""
    # What one address tries beyond its own limit must not use up the store's, or one phone could close the page.
    mine = take(per_address, address)
    return _longest(take(per_store, str(store_id)) if mine.allowed else mine)


def _longest(*tries: Taken) -> int:
    return max((taken.retry_after for taken in tries if not taken.allowed), default=0)
