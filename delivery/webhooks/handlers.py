"""What is done about each push. Each runs in the transaction that settles the event."""

from delivery.choices import PLATFORM, Told
from delivery.services import hearing, providing
from delivery.services.samples import TEST_SHOP
from delivery.wire.events import UPDATE, parse_event
from delivery.wire.providers import ProviderNotice, parse_notice
from stores.fields import decrypt
from stores.models import InboundEvent
from stores.platforms.inbound.inbox import handles


@handles(PLATFORM, UPDATE)
def waybill(event: InboundEvent) -> None:
    told = parse_event(event.body["said"])
    if told.shopid == TEST_SHOP:
        # Nobody's order: the set-up check's or the drill's.
        event.is_drill = True
        event.save(update_fields=["is_drill"])
    attempt = hearing.waybill_told(connection=event.connection, event=told, at=event.received_at)
    if attempt is not None:
        event.subject_id = attempt
        event.save(update_fields=["subject_id"])


@handles(PLATFORM, Told.TICKET)
def ticket(event: InboundEvent) -> None:
    notice = _notice(event)
    at = providing.now_or(notice.at, event.received_at)
    providing.ticket_told(provider=event.connection, ticket=_secret(event, "ticket"), at=at)


def authorised(event: InboundEvent) -> None:
    notice = _notice(event)
    row = providing.authorised(
        provider=event.connection,
        appid=notice.appid,
        code=_secret(event, "code"),
        at=providing.now_or(notice.at, event.received_at),
    )
    _concerns(event, row.pk)


for kind in (Told.AUTHORISED, Told.CHANGED):
    handles(PLATFORM, kind)(authorised)


@handles(PLATFORM, Told.WITHDRAWN)
def withdrawn(event: InboundEvent) -> None:
    notice = _notice(event)
    at = providing.now_or(notice.at, event.received_at)
    row = providing.withdrawn(provider=event.connection, appid=notice.appid, at=at)
    _concerns(event, row.pk)


def _notice(event: InboundEvent) -> ProviderNotice:
    return parse_notice(event.body["said"])


def _secret(event: InboundEvent, name: str) -> str:
    sealed = event.body.get(name)
    return decrypt(sealed) if sealed else ""


def _concerns(event: InboundEvent, pk: int) -> None:
    event.subject_id = pk
    event.save(update_fields=["subject_id"])
