"""Checks whether a connection has all that signing needs, and whether Meituan has called it."""

from django.utils.translation import gettext as _

from stores.audit import Actor
from stores.fields import readable
from stores.models import Connection, InboundEvent
from stores.platforms.tools import note_test


def connection_check(*, connection: Connection, actor: Actor) -> str:
    """Returns "" when the credentials are complete, else the text that names the missing one.

    The connection counts as working once signed calls of Meituan were answered; there is no other
    way to test it from here.
    """
    error = missing(connection)
    heard = not error and InboundEvent.objects.filter(connection=connection).exists()
    note_test(connection, actor=actor, error=error, works=heard)
    return error


def missing(connection: Connection) -> str:
    """Returns the text that names the missing credential; "" when calls and notices can be
    signed.
    """
    known = readable(connection, "credentials", {}) or {}
    if not connection.account.isdecimal():
        return _("The PartnerId is missing or has something else than digits.")
    if not known.get("client_id"):
        return _("The client id is missing.")
    if not known.get("client_secret"):
        return _("The client secret is missing.")
    return ""
