"""Checks whether a connection has all that signing needs, and whether Meituan has called it."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from stores import audit
from stores.audit import Actor
from stores.fields import readable
from stores.models import Connection, InboundEvent


def connection_check(*, connection: Connection, actor: Actor) -> str:
    """Returns "" when the credentials are complete, else the text that names the missing one.

    The connection counts as working once signed calls of Meituan were answered; there is no other
    way to test it from here.
    """
    error = missing(connection)
    heard = not error and InboundEvent.objects.filter(connection=connection).exists()
    connection.state = Connection.State.WORKING if heard else Connection.State.NEW
    connection.last_error, connection.checked_at = error, timezone.now()
    with transaction.atomic():
        connection.save(update_fields=["state", "last_error", "checked_at"])
        audit.record(
            "connection tested",
            actor=actor,
            merchant=connection.tenant,
            target=connection,
            error=error,
        )
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
