"""What a service provider asks a shop's administrator for, by messages of WeChat."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from delivery.models import Authorisation
from delivery.services.wechat import Wechat
from stores import audit
from stores.audit import Actor
from stores.conflicts import Conflict
from stores.models import Connection

State = Authorisation.State
# WeChat sends the administrator a message each time.
ASK_AGAIN = timedelta(minutes=10)


def shop_open(*, connection: Connection, actor: Actor) -> Authorisation:
    """Asks the shop's administrator, by a message of WeChat, to open instant delivery.

    Raises Conflict for a mini-program without a provider and within ten minutes, and PlatformError.
    """
    row = _granted(connection)
    _refuse_so_soon(row.opening_asked_at)
    Wechat(connection).call(lambda client, token: client.ask_to_open(token))
    row.opening_asked_at = timezone.now()
    row.save(update_fields=["opening_asked_at"])
    audit.record(
        "wechat.opening.asked", actor=actor, merchant=connection.merchant, target=connection
    )
    return row


def courier_bind(*, connection: Connection, delivery_id: str, actor: Actor) -> Authorisation:
    """Asks the shop's administrator, by a message of WeChat, to bind an account at a courier. That
    it is bound, the list of accounts says.

    Raises Conflict for a mini-program without a provider and within ten minutes, and PlatformError.
    """
    asked_at = _granted(connection).couriers_asked.get(delivery_id)
    _refuse_so_soon(asked_at and datetime.fromisoformat(asked_at))
    Wechat(connection).call(lambda client, token: client.ask_to_bind(token, delivery_id))
    with transaction.atomic():
        row = Authorisation.objects.select_for_update().get(connection=connection)
        row.couriers_asked |= {delivery_id: timezone.now().isoformat()}
        row.save(update_fields=["couriers_asked"])
        audit.record(
            "wechat.courier.asked",
            actor=actor,
            merchant=connection.merchant,
            target=connection,
            courier=delivery_id,
        )
    return row


def _granted(connection: Connection) -> Authorisation:
    row = Authorisation.objects.filter(connection=connection).first()
    if row is None or row.state == State.WITHDRAWN:
        raise Conflict(_("Only a service provider that the shop has authorised can ask for this."))
    return row


def _refuse_so_soon(asked_at: datetime | None) -> None:
    if asked_at and asked_at > timezone.now() - ASK_AGAIN:
        raise Conflict(
            _("The administrator was asked a moment ago. Ask again in ten minutes at the earliest.")
        )
