"""A service provider's shops: what WeChat tells of them, and who they belong to here."""

import hashlib
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from delivery.choices import PLATFORM
from delivery.models import Authorisation, CourierAccount
from stores import audit
from stores.audit import Actor
from stores.conflicts import Conflict
from stores.models import Connection, Merchant
from stores.platforms import tokens
from stores.platforms.workers import queue
from stores.transitions import move

State = Authorisation.State
EXCHANGE = "delivery.tasks.exchange"
WITHDRAWN = "the shop has withdrawn its authorisation"


def appid_of_account(provider_id: int, shopid: str) -> str:
    """Returns the mini-program below a provider that alone has this account at a courier; "" when
    there is none, or several: WeChat's own test account is everybody's.
    """
    rows = CourierAccount.objects.filter(shopid=shopid, connection__parent=provider_id)
    found = set(rows.values_list("connection__account", flat=True).order_by()[:2])
    return found.pop() if len(found) == 1 else ""


def ticket_told(*, provider: Connection, ticket: str, at: datetime) -> None:
    """Keeps the ticket with which the provider asks for tokens; the newest counts."""
    with transaction.atomic():
        row = Connection.objects.select_for_update(no_key=True).get(pk=provider.pk)
        seconds = int(at.timestamp())
        if ticket and seconds >= int(row.credentials.get("ticket_at", 0)):
            row.credentials |= {"ticket": ticket, "ticket_at": seconds}
            row.save(update_fields=["credentials"])


def authorised(*, provider: Connection, appid: str, code: str, at: datetime) -> Authorisation:
    """Notes the code of an authorisation, which is exchanged soon; one that the redirect has
    brought already changes nothing. `at` is when WeChat says that it happened.
    """
    with transaction.atomic():
        row = locked(provider, appid, at)
        is_known = row.code_digest == digest_of(code)
        if not code or is_known or at < row.told_at:
            return row
        changes = {"code": code, "code_digest": digest_of(code), "told_at": at, "problem": ""}
        turn(row, State.OWED, lease_until=None, **changes)
        transaction.on_commit(lambda: queue.wake_worker(EXCHANGE, row.pk), robust=True)
    return row


def withdrawn(*, provider: Connection, appid: str, at: datetime) -> Authorisation:
    """Forgets the tokens of a shop. Nothing is sent for it until it authorises again; its orders
    stay, and are told of still.
    """
    with transaction.atomic():
        row = locked(provider, appid, at)
        if at < row.told_at or row.state == State.WITHDRAWN:
            return row
        turn(row, State.WITHDRAWN, told_at=at, code="", refresh_token="", problem="")
        if row.connection:
            _close(row.connection)
            audit.record("wechat.withdrawn", actor=None, merchant=row.merchant, target=row.appid)
    return row


def _close(connection: Connection) -> None:
    """Drops tokens and marks the connection. A login without a refresh token asks nobody, so that
    its calls rest without a storm.
    """
    child = Connection.objects.select_for_update(no_key=True).get(pk=connection.pk)
    child.credentials.pop("refresh_token", None)
    child.save(update_fields=["credentials"])
    tokens.forget(child)
    tokens.note_refused(child, WITHDRAWN)


def claim(row: Authorisation, merchant: Merchant, *, actor: Actor) -> None:
    """Says whose mini-program it is. Raises Conflict when it is another merchant's, or when the
    merchant has connected it by its own AppSecret.
    """
    with transaction.atomic():
        row = locked(row.provider, row.appid, row.told_at)
        if row.merchant_id not in (None, merchant.pk):
            raise Conflict(_("This mini-program belongs to another merchant here."))
        give_to(row, merchant, actor=actor)
        if row.state == State.GRANTED and row.connection is None:
            put_below(row, refresh_token=row.refresh_token)


def give_to(row: Authorisation, merchant: Merchant, *, actor: Actor) -> None:
    """Notes the merchant of a mini-program that is nobody's; the row is locked."""
    if row.merchant_id is None:
        row.merchant = merchant
        row.save(update_fields=["merchant"])
        audit.record("wechat.claimed", actor=actor, merchant=merchant, target=row.appid)


def put_below(row: Authorisation, *, refresh_token: str) -> Connection:
    """Makes the connection of a claimed mini-program below its provider. Raises Conflict."""
    mine = Connection.objects.filter(
        platform=PLATFORM, account=row.appid, merchant=row.merchant
    ).exclude(parent=row.provider)
    if mine.exists():
        raise Conflict(_("This mini-program is connected by its own AppSecret already."))
    named: dict[str, Any] = {"parent": row.provider, "account": row.appid, "platform": PLATFORM}
    child, _is_new = Connection.objects.get_or_create(**named, merchant=row.merchant)
    child.credentials |= {"refresh_token": refresh_token}
    child.save(update_fields=["credentials"])
    tokens.forget(child)
    row.connection, row.refresh_token = child, ""
    row.save(update_fields=["connection", "refresh_token"])
    audit.record("wechat.authorised", actor=None, merchant=row.merchant, target=row.appid)
    return child


def locked(provider: Connection, appid: str, at: datetime) -> Authorisation:
    """Returns the row of a mini-program, made if there is none, and locks it."""
    Authorisation.objects.get_or_create(
        provider=provider, appid=appid, defaults={"told_at": at, "state": State.FAILED}
    )
    rows = Authorisation.objects.select_for_update(of=("self",))
    rows = rows.select_related("provider", "merchant", "connection")
    return rows.get(provider=provider, appid=appid)


def turn(row: Authorisation, to: State, **changes: Any) -> None:
    """Changes the state; one that is told again brings a newer code or newer tokens."""
    if row.state != to:
        move(row, to, **changes)
        return
    for name, value in changes.items():
        setattr(row, name, value)
    row.save(update_fields=list(changes))


def digest_of(code: str) -> str:
    return hashlib.sha256(code.encode("utf-8", "surrogatepass")).hexdigest()


def waiting_couriers(row: Authorisation) -> list[str]:
    """Returns the couriers at which the shop was asked to bind an account, and has none yet."""
    known = row.connection.courier_accounts.all() if row.connection else []
    bound = {each.delivery_id for each in known if each.vanished_at is None}
    return sorted(set(row.couriers_asked) - bound)


def now_or(at: datetime | None, received_at: datetime) -> datetime:
    """Returns when WeChat says that something happened, in whole seconds, but no time after we
    heard of it.
    """
    return min(at or received_at, received_at, timezone.now()).replace(microsecond=0)
