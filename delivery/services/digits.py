"""The last four digits of the receiver's phone, which open what only the receiver may see.

Of one page an address has five tries in ten minutes, and all addresses together have thirty a
day: four digits are soon guessed.
"""

from dataclasses import dataclass

from django.utils.crypto import constant_time_compare

from delivery.models import Delivery
from stores.fields import keyed_hash
from stores.text import plain
from stores.web.limits import Limit, give_back, peek, take

TRIES = Limit("track-digits", 5, 600)
TRIES_OF_PAGE = Limit("track-page-digits", 30, 86_400)
LENGTH = 4


@dataclass(frozen=True)
class Tried:
    """Whether the digits were right; `wait` are the seconds until the next try, 0 for now.

    `is_a_try` is False for what are not four digits, which is not counted.
    """

    is_right: bool
    wait: int = 0
    is_a_try: bool = True


def digits_try(*, delivery: Delivery, typed: str, network: str) -> Tried:
    """Compares what somebody from this network has typed. A try is counted before it is compared,
    so that tries at the same moment gain nothing.
    """
    digits = plain(typed[:40])
    if not (len(digits) == LENGTH and digits.isascii() and digits.isdigit()):
        return Tried(is_right=False, is_a_try=False)
    who = f"{delivery.pk}:{network}"
    own = take(TRIES, who)
    if not own.allowed:
        return Tried(is_right=False, wait=own.retry_after)
    page = take(TRIES_OF_PAGE, str(delivery.pk))
    if not page.allowed:
        return Tried(is_right=False, wait=page.retry_after)
    # The delivery of a shop that knows no phone opens to nobody.
    if constant_time_compare(digits, delivery.phone_tail):
        give_back(own, page)
        return Tried(is_right=True)
    left = peek(TRIES, who)
    return Tried(is_right=False, wait=0 if left.allowed else left.retry_after)


def proof_of(delivery: Delivery) -> str:
    """Returns what a browser keeps that has given the digits; those of another phone do not fit."""
    return keyed_hash(f"track:{delivery.pk}:{delivery.phone_tail}")


def is_proof(delivery: Delivery, given: str) -> bool:
    return bool(delivery.phone_tail) and constant_time_compare(given, proof_of(delivery))
