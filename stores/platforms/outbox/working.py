"""Delivering due calls: in a worker, for all accounts, or in the thread of a caller that waits for
one.
"""

import logging
import random
import threading
import time
from collections.abc import Callable
from datetime import timedelta

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, connections
from django.utils import timezone

from stores.fields import SecretUnreadable
from stores.models import OutboundCall, Pace
from stores.platforms import pace
from stores.platforms.outbox.claims import (
    claim,
    claim_next,
    due,
    first_in_line,
    free_expired,
    sweep,
)
from stores.platforms.outbox.delivering import deliver
from stores.platforms.outbox.enqueuing import notify

log = logging.getLogger(__name__)
# A worker stays for calls that fall due this soon: a person may be waiting for them.
LINGER = timedelta(seconds=5)
# Seconds for which an account is postponed whose calls fail in our own code before they are tried.
UNSERVED_SECONDS = 30.0
# Accounts whose secret no key of this process opens → until when (monotonic seconds) it leaves them
# alone. The account itself is not postponed: other machines may have the key.
_unreadable: dict[int, float] = {}
_senders = threading.BoundedSemaphore(settings.WEB_SENDERS)


def work(*, seconds: float, meanwhile: Callable[[], None] = lambda: None) -> int:
    """Delivers due calls of all accounts for about `seconds`, one at a time, each in its account's
    slot.

    A worker never waits on one account while another has a free slot. `meanwhile` is called every
    few seconds. Returns the number of tries; wakes a worker again when time ran out before the work
    did.
    """
    until = time.monotonic() + seconds
    tries, swept = 0, 0.0
    while time.monotonic() < until:
        try:
            if time.monotonic() - swept > 2.0:
                meanwhile()
                sweep()
                swept = time.monotonic()
            if _one_try():
                tries += 1
            elif _nothing_near():
                return tries
        except (OperationalError, InterfaceError) as error:
            log.warning("database not available: %s", error)
            connection.close()
            time.sleep(0.5)
    _ring_again()
    return tries


def _accounts_with_due_calls() -> list[Pace]:
    waiting = due(timezone.now()).order_by().values("pace_id")
    accounts = Pace.objects.filter(pk__in=waiting).exclude(pk__in=_left_alone())
    return list(accounts.order_by("next_at"))


def _left_alone() -> list[int]:
    now = time.monotonic()
    return [pk for pk, until in _unreadable.items() if until > now]


def _one_try() -> bool:
    """Delivers the first call of the first account with a free slot; else sleeps a moment and
    returns False.
    """
    accounts = _accounts_with_due_calls()
    for account in accounts:
        try:
            if _served(account):
                return True
        except (OperationalError, InterfaceError):
            raise
        except SecretUnreadable as error:
            log.error("account %s is left to others: %s", account.pk, error)
            _unreadable[account.pk] = time.monotonic() + UNSERVED_SECONDS
            # Counted, so that people read of an account that nobody serves; a success ends it.
            pace.postpone(account.pk, 0.0, failed=True)
        except Exception:
            # A kind of call that this version does not know: others go on.
            log.exception("account %s cannot be served", account.pk)
            pace.postpone(account.pk, UNSERVED_SECONDS, failed=True)
    soonest = LINGER.total_seconds()
    if accounts:
        soonest = pace.seconds_until_free(accounts[0].pk, accounts[0].platform)
    if soonest < LINGER.total_seconds():
        time.sleep(min(0.5, max(0.005, soonest - pace.NEAR)) + random.uniform(0.0, 0.02))
    return False


def _served(account: Pace) -> bool:
    return _tried(account, pace.NEAR, lambda: claim_next(account.pk))


def _tried(account: Pace, patience: float, take: Callable[[], OutboundCall | None]) -> bool:
    """Makes one try at the call that `take` claims, once the account has a slot within `patience`
    seconds.
    """
    slot = pace.reserve(account, patience=patience)
    if slot is None:
        return False
    try:
        call = take()
    except Exception:
        pace.release(slot, account.platform)
        raise
    if call is None:
        pace.release(slot, account.platform)
        return False
    deliver(call, slot)
    return True


def _near() -> OutboundCall | None:
    """Returns a call that can be served within the next moments.

    Accounts that wait longer (their platform is down) are left to the sweeper, so that their
    backlog does not occupy every worker.
    """
    soon = due(timezone.now() + LINGER).exclude(pace__in=_left_alone())
    call = soon.order_by("pace__next_at").first()
    return (
        call
        if call and pace.seconds_until_free(call.pace_id, call.platform) <= LINGER.total_seconds()
        else None
    )


def _nothing_near() -> bool:
    """Returns whether no call can be served within the next moments; otherwise waits a little for
    it.
    """
    if _near() is None:
        return True
    time.sleep(0.05)
    return False


def _ring_again() -> None:
    if left := _near():
        notify(left.pk)


def run_in_thread(sending: Callable[[], object], *, until: float) -> bool:
    """Runs `sending` in a thread of its own and waits for it until `until` (time.monotonic()
    seconds).

    After that the thread goes on without the caller. Returns False when nothing was begun: only
    some threads of a process may send at once.
    """
    if connection.in_atomic_block:
        raise RuntimeError("no other thread sees what is not committed")
    if not _senders.acquire(blocking=False):
        return False
    if "pool" in connection.settings_dict["OPTIONS"]:
        # The waiting thread needs no connection; the sending thread takes one.
        connection.close()
    # Not a daemon: a process that is told to end lets the try come to its end. One that is killed
    # leaves its lease.
    thread = threading.Thread(target=_send_beside, args=(sending,), name="sender", daemon=False)
    try:
        thread.start()
    except RuntimeError:
        # The machine has no thread left.
        _senders.release()
        return False
    thread.join(max(0.0, until - time.monotonic()))
    return True


def _send_beside(sending: Callable[[], object]) -> None:
    try:
        sending()
    except (OperationalError, InterfaceError) as error:
        log.warning("database not available: %s", error)
    except Exception:
        log.exception("a sender failed")
    finally:
        connections.close_all()
        _senders.release()


def attempt_now(call: OutboundCall, *, patience: float) -> bool:
    """Delivers this call in the caller's thread if it is first in line and its slot comes within
    `patience` seconds.

    Returns False when another process has it, others are first, or the slot is far away.
    """
    try:
        return _attempt(call, patience)
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        log.exception("call %s cannot be attempted now", call.pk)
        return False


def _attempt(call: OutboundCall, patience: float) -> bool:
    if call.state == OutboundCall.State.SENDING:
        free_expired(call.pk)
    if first_in_line(call.pace_id) != call.pk:
        return False
    return _tried(Pace(pk=call.pace_id, platform=call.platform), patience, lambda: claim(call.pk))
