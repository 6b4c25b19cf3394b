"""Guessing is stopped before it costs the merchant's quota. Guests share addresses (shop WiFi, mobile carriers), so
successes are nearly free and only failures lock."""

from django.http import HttpRequest

from coupons.models import Lookup
from coupons.reasons import Reason
from stores.limits import Limit, Taken, client_network, peek, take
from stores.models import Store

LOOKUPS_PER_ADDRESS = Limit("guest-lookups", 60, 300)
LOOKUPS_PER_STORE = Limit("guest-store-lookups", 300, 300)
FAILURES_PER_ADDRESS = Limit("guest-failures", 10, 600)
FAILURES_PER_STORE = Limit("guest-store-failures", 60, 600)
_ONCE = Limit("guest-failure-counted", 1, 86_400)
# What a guessed number meets. A used or expired coupon is somebody's real one.
GUESSES = frozenset({Reason.NOT_FOUND, Reason.WRONG_STORE, Reason.REFUSED_OTHER})


def locked(request: HttpRequest, store: Store) -> int:
    """Seconds until the next try is allowed; 0 when it is allowed now. Counts nothing."""
    return _longest(
        peek(FAILURES_PER_ADDRESS, _address(request, store)),
        peek(FAILURES_PER_STORE, str(store.pk)),
    )


def refused(request: HttpRequest, store: Store) -> int:
    """Counts one look-up that is about to be asked; the seconds to wait when it is one too many, else 0."""
    return _counted(request, store, LOOKUPS_PER_ADDRESS, LOOKUPS_PER_STORE)


def note(request: HttpRequest, lookup: Lookup) -> None:
    """Counts a look-up that went like a guess, once, however often its page is shown."""
    if lookup.reason in GUESSES and take(_ONCE, str(lookup.pk)).allowed:
        _counted(request, lookup.store, FAILURES_PER_ADDRESS, FAILURES_PER_STORE)


def _counted(request: HttpRequest, store: Store, per_address: Limit, per_store: Limit) -> int:
    """Counts one try; the seconds to wait when it is one too many, else 0."""
    # What one address tries beyond its own limit must not use up the store's, or one phone could close the page.
    mine = take(per_address, _address(request, store))
    return _longest(take(per_store, str(store.pk)) if mine.allowed else mine)


def _address(request: HttpRequest, store: Store) -> str:
    """Counted per merchant, so that nobody's guessing at one shop closes another's page to the same mobile carrier."""
    return f"{store.merchant_id}:{client_network(request)}"


def _longest(*tries: Taken) -> int:
    return max((taken.retry_after for taken in tries if not taken.allowed), default=0)
