"""One token per connection, encrypted in the database and shared by all processes.

Never two logins at once: a login takes a lease by one conditional UPDATE. A token whose end is
known is renewed before it ends, by whichever process sees it first; the others use the old one.
"""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeVar

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from stores.models import Connection, OutboundCall
from stores.platforms import pace
from stores.platforms.errors import AuthExpired, LoginRefused, NoSlot, NotSent, Refused, Unknown

log = logging.getLogger(__name__)
LOGIN_LEASE = timedelta(seconds=30)
# Refused credentials are tried again only this often, unless a person changes or tests them.
TRY_REFUSED_EVERY = timedelta(minutes=10)
LOGIN_PATIENCE = 10.0
# A token is renewed so long before its end, or in the last quarter of a short life.
AHEAD = timedelta(minutes=5)
T = TypeVar("T")


@dataclass(frozen=True)
class Token:
    """What a login returns when it says more than the token.

    `lives` is how long the token is valid; None when the platform does not say. `secrets` are
    stored with the credentials, as the refresh token for the next login.
    """

    text: str
    lives: timedelta | None = None
    secrets: Mapping[str, str] = field(default_factory=dict)


Login = Callable[[], str | Token]


def with_token(connection: Connection, login: Login, request: Callable[[str], T]) -> T:
    """Calls `request` with the shared token; on an auth failure logs in and tries once more.

    Raises NotSent when no token can be had, LoginRefused when the platform rejects the credentials.
    """
    token, serial = connection.token, connection.token_serial
    if not token or _is_past(connection.token_ends_at):
        token, serial = _renewed(connection, serial, login)
    elif _is_past(connection.token_renew_at):
        token, serial = _renewed_ahead(connection, login) or (token, serial)
    try:
        return request(token)
    except AuthExpired:
        token, serial = _renewed(connection, serial, login)
    try:
        return request(token)
    except AuthExpired as error:
        raise NotSent(f"the token is rejected right after login: {error.detail}") from error


def nearly_over(platform: str) -> QuerySet[Connection]:
    """Returns the active connections whose token should be renewed, for a platform's schedule."""
    return Connection.objects.filter(
        platform=platform, is_active=True, token_renew_at__lte=timezone.now()
    ).exclude(token="")


def renew_ahead(connection: Connection, login: Login) -> bool:
    """Renews a token that is nearly over.

    Returns False when another process does, or when it failed for now.
    """
    return _is_past(connection.token_renew_at) and _renewed_ahead(connection, login) is not None


def _is_past(moment: Any) -> bool:
    return moment is not None and moment <= timezone.now()


def _renewed_ahead(connection: Connection, login: Login) -> tuple[str, int] | None:
    """Returns a new token, or None: another process has the lease, or the login failed.

    After a failure the old token stays in use and the lease runs out before the next try.
    """
    if not _lease(connection, connection.token_serial):
        return None
    try:
        return _store(connection, connection.token_serial, login())
    except (NotSent, Refused, Unknown) as error:
        detail = error.detail
    log.warning("the token of connection %s was not renewed: %s", connection.pk, detail)
    _unchanged(connection, connection.token_serial).update(last_error=detail[:300])
    return None


def _renewed(connection: Connection, stale_serial: int, login: Login) -> tuple[str, int]:
    """Returns a token newer than `stale_serial`, by a login or from another process's login."""
    until = time.monotonic() + LOGIN_PATIENCE
    while time.monotonic() < until:
        row = Connection.objects.only(
            "token", "token_serial", "state", "checked_at", "last_error"
        ).get(pk=connection.pk)
        if row.token and row.token_serial > stale_serial:
            return row.token, row.token_serial
        if _refused_lately(row):
            # In the words of the refusal, which people read here too.
            raise LoginRefused(row.last_error or "the login was refused")
        if row.token_serial != stale_serial:
            # `login` knows only the credentials that were read with the stale serial.
            raise NoSlot("the credentials were changed meanwhile")
        if _lease(connection, stale_serial):
            return _login(connection, stale_serial, login)
        time.sleep(0.1)
    raise NoSlot("another process is logging in and has not finished")


def _refused_lately(row: Connection) -> bool:
    if row.state != Connection.State.REFUSED or row.checked_at is None:
        return False
    return row.checked_at > timezone.now() - TRY_REFUSED_EVERY


def _lease(connection: Connection, serial: int) -> bool:
    now = timezone.now()
    free = Q(login_lease_until=None) | Q(login_lease_until__lt=now)
    rows = _unchanged(connection, serial).filter(free)
    return bool(rows.update(login_lease_until=now + LOGIN_LEASE))


def _unchanged(connection: Connection, serial: int) -> QuerySet[Connection]:
    """The row, unless there is a newer token or new credentials: then an UPDATE changes nothing."""
    return Connection.objects.filter(pk=connection.pk, token_serial=serial)


def _login(connection: Connection, serial: int, login: Login) -> tuple[str, int]:
    row = _unchanged(connection, serial)
    try:
        token = login()
    except (AuthExpired, LoginRefused) as error:
        row.update(
            login_lease_until=None,
            state=Connection.State.REFUSED,
            last_error=error.detail[:300],
            checked_at=timezone.now(),
            token="",
        )
        raise LoginRefused(error.detail) from error
    except (Refused, Unknown) as error:
        # Keep the connection's state: the error may be temporary.
        row.update(login_lease_until=None, last_error=error.detail[:300])
        raise NotSent(f"login: {error.detail}") from error
    except BaseException:
        row.update(login_lease_until=None)
        raise
    return _store(connection, serial, token)


def _store(connection: Connection, serial: int, token: str | Token) -> tuple[str, int]:
    """Stores a new token and frees the lease. Raises NoSlot when the login came too late."""
    new = Token(token) if isinstance(token, str) else token
    changes: dict[str, Any] = {
        "token": new.text,
        "token_serial": serial + 1,
        "login_lease_until": None,
        "state": Connection.State.WORKING,
        "last_error": "",
        "checked_at": timezone.now(),
        **_times(new),
    }
    with transaction.atomic():
        row = _unchanged(connection, serial).select_for_update().first() if new.secrets else None
        if row:
            changes["credentials"] = row.credentials | dict(new.secrets)
        kept = _unchanged(connection, serial).update(**changes)
    if not kept:
        raise NoSlot("the credentials were changed during the login, or it took too long")
    prove(connection)
    return new.text, serial + 1


def _times(token: Token) -> dict[str, Any]:
    if token.lives is None:
        return {"token_renew_at": None, "token_ends_at": None}
    end = timezone.now() + token.lives
    return {"token_renew_at": end - min(AHEAD, token.lives / 4), "token_ends_at": end}


def note_refused(connection: Connection, detail: str) -> None:
    """Notes that the platform does not accept the credentials, so that the connection's calls rest.

    A login notes this itself; this is for platforms without logins. New credentials are not noted.
    """
    now = timezone.now()
    known = Q(state=Connection.State.REFUSED, checked_at__gt=now - TRY_REFUSED_EVERY)
    _unchanged(connection, connection.token_serial).exclude(known).update(
        state=Connection.State.REFUSED, last_error=detail[:300], checked_at=now
    )


def prove(connection: Connection) -> None:
    """Notes that the platform accepted the account: from now on it shares the pace of its name, and
    so do its calls that wait.
    """
    if connection.is_proved:
        return
    with transaction.atomic():
        row = Connection.objects.select_for_update().get(pk=connection.pk)
        if row.account != connection.account:
            return
        own, row.proved_account = row.pace, row.account
        row.save(update_fields=["proved_account", "pace"])
        pace.merge(own, row.pace)
        OutboundCall.objects.live().filter(connection=row).update(pace=row.pace)
    connection.proved_account, connection.pace = row.proved_account, row.pace


def note_accepted(connection: Connection) -> None:
    """Notes that the platform accepts credentials that it had refused."""
    refused = _unchanged(connection, connection.token_serial).filter(state=Connection.State.REFUSED)
    refused.update(state=Connection.State.WORKING, last_error="", checked_at=timezone.now())


def given(connection: Connection, new: Token) -> None:
    """Stores a token that the platform gave without a login. A login under way changes nothing any
    more.
    """
    with transaction.atomic():
        row = Connection.objects.select_for_update().get(pk=connection.pk)
        changes: dict[str, Any] = {
            "token": new.text,
            "token_serial": row.token_serial + 1,
            "login_lease_until": None,
            "state": Connection.State.WORKING,
            "last_error": "",
            "checked_at": timezone.now(),
            "credentials": row.credentials | dict(new.secrets),
            **_times(new),
        }
        Connection.objects.filter(pk=row.pk).update(**changes)
        connection.refresh_from_db()
        prove(connection)


def remember(connection: Connection, **secrets: str) -> None:
    """Adds secrets that the platform sent by itself to the credentials, as a ticket for logins."""
    with transaction.atomic():
        row = Connection.objects.select_for_update().get(pk=connection.pk)
        row.credentials |= secrets
        row.save(update_fields=["credentials"])


def forget(connection: Connection) -> None:
    """Drops the token, for new credentials, and lets the connection try at once.

    A login under way with the old credentials changes nothing any more. Belongs into the
    transaction that writes the credentials.
    """
    changes: dict[str, Any] = {
        "token": "",
        "token_serial": F("token_serial") + 1,
        "token_renew_at": None,
        "token_ends_at": None,
        "login_lease_until": None,
        "state": Connection.State.NEW,
        "last_error": "",
        "checked_at": None,
    }
    Connection.objects.filter(pk=connection.pk).update(**changes)
    connection.refresh_from_db(fields=list(changes))
