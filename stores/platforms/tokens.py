"""One token per connection, encrypted in the database and shared by all processes; never two logins at once."""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

from django.db.models import F, Q
from django.utils import timezone

from stores.models import Connection
from stores.platforms.errors import AuthExpired, LoginRefused, NoSlot, NotSent, Refused, Unknown

LOGIN_LEASE = timedelta(seconds=30)
# Refused credentials are tried again only this often, unless a person changes or tests them.
TRY_REFUSED_EVERY = timedelta(minutes=10)
LOGIN_PATIENCE = 10.0
T = TypeVar("T")


def with_token(connection: Connection, login: Callable[[], str], request: Callable[[str], T]) -> T:
    """Calls `request` with the shared token; on an auth failure logs in once more and tries once more.

    Raises NotSent when no token can be had, LoginRefused when the platform rejects the credentials.
    """
    token, serial = connection.token, connection.token_serial
    if not token:
        token, serial = _renewed(connection, serial, login)
    try:
        return request(token)
    except AuthExpired:
        token, serial = _renewed(connection, serial, login)
    try:
        return request(token)
    except AuthExpired as error:
        raise NotSent(f"the token is rejected right after login: {error.detail}") from error


def _renewed(
    connection: Connection, stale_serial: int, login: Callable[[], str]
) -> tuple[str, int]:
    """A token newer than `stale_serial`: by logging in, or by waiting for whoever is logging in already."""
    until = time.monotonic() + LOGIN_PATIENCE
    while time.monotonic() < until:
        row = Connection.objects.only("token", "token_serial", "state", "checked_at").get(
            pk=connection.pk
        )
        if row.token and row.token_serial > stale_serial:
            return row.token, row.token_serial
        if _refused_lately(row):
            raise LoginRefused("the login was refused; a person has to correct the credentials")
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
    rows = Connection.objects.filter(free, pk=connection.pk, token_serial=serial)
    return bool(rows.update(login_lease_until=now + LOGIN_LEASE))


def _login(connection: Connection, serial: int, login: Callable[[], str]) -> tuple[str, int]:
    # Whoever comes back after the lease has run out or after new credentials finds another serial, and changes nothing.
    row = Connection.objects.filter(pk=connection.pk, token_serial=serial)
    state = Connection.State
    try:
        token = login()
    except (AuthExpired, LoginRefused) as error:
        row.update(
            login_lease_until=None,
            state=state.REFUSED,
            last_error=error.detail[:300],
            checked_at=timezone.now(),
            token="",
        )
        raise LoginRefused(error.detail) from error
    except (Refused, Unknown) as error:
        # Nobody is blamed for what may pass by itself.
        row.update(login_lease_until=None, last_error=error.detail[:300])
        raise NotSent(f"login: {error.detail}") from error
    except BaseException:
        row.update(login_lease_until=None)
        raise
    kept = row.update(
        token=token,
        token_serial=serial + 1,
        login_lease_until=None,
        state=state.WORKING,
        last_error="",
        checked_at=timezone.now(),
    )
    if not kept:
        raise NoSlot("the credentials were changed during the login, or it took too long")
    return token, serial + 1


def forget(connection: Connection) -> None:
    """Drops the token, for new credentials, and lets the connection try at once. A login under way with the old ones
    changes nothing any more. Belongs into the transaction that writes the credentials."""
    Connection.objects.filter(pk=connection.pk).update(
        token="",
        token_serial=F("token_serial") + 1,
        login_lease_until=None,
        state=Connection.State.NEW,
        last_error="",
    )
    connection.refresh_from_db(
        fields=["token", "token_serial", "login_lease_until", "state", "last_error"]
    )
