"""Whether a connection has all that signing takes, and whether Meituan has called on it."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from stores import audit
from stores.audit import Actor
from stores.models import Connection, InboundEvent


def connection_check(*, connection: Connection, actor: Actor) -> str:
    """ "" when the credentials are complete, else what is missing. It counts as working once Meituan's signed calls
    have been answered: nothing else can be tried from here."""
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
    """What calls and notices cannot be signed without; "" when it is all there."""
    known = connection.credentials or {}
    if not connection.account.isdecimal():
        return _("The PartnerId is missing or has something else than digits.")
    if not known.get("client_id"):
        return _("The client id is missing.")
    if not known.get("client_secret"):
        return _("The client secret is missing.")
    return ""
