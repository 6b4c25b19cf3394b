"""Reads a mini-program's accounts at couriers, and notes what is new, changed or vanished."""

from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from delivery.models import CourierAccount
from delivery.services.wechat import Wechat
from delivery.wire.bindings import RemoteAccount
from stores import audit
from stores.audit import Actor
from stores.models import Connection


@dataclass(frozen=True)
class Changes:
    """What a reading has found, as people name accounts."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    vanished: tuple[str, ...]


def accounts_sync(*, connection: Connection, actor: Actor = None) -> Changes:
    """Reads the accounts. Nothing is deleted: what WeChat no longer lists has vanished.

    Raises PlatformError, and then changes nothing.
    """
    found = Wechat(connection).call(lambda client, token: client.accounts(token))
    return accounts_note(connection=connection, found=found, actor=actor)


def accounts_note(
    *, connection: Connection, found: list[RemoteAccount], actor: Actor = None
) -> Changes:
    """Notes what WeChat has listed."""
    with transaction.atomic():
        # Two readings at once would both insert a new account.
        Connection.objects.select_for_update(no_key=True).only("pk").get(pk=connection.pk)
        changes = _apply(connection, found)
        if actor:
            audit.record(
                "wechat.accounts.synced",
                actor=actor,
                merchant=connection.merchant,
                target=connection.account,
                added=list(changes.added),
                vanished=list(changes.vanished),
            )
    return changes


def _apply(connection: Connection, found: list[RemoteAccount]) -> Changes:
    rows = CourierAccount.objects.filter(connection=connection)
    known = {(row.delivery_id, row.shopid): row for row in rows}
    added, changed = [], []
    # One list may name an account twice.
    for remote in {(each.delivery_id, each.shopid): each for each in found}.values():
        row = known.pop((remote.delivery_id, remote.shopid), None)
        if row is None:
            added.append(str(_create(connection, remote)))
        elif _update(row, remote):
            changed.append(str(row))
    gone = [row for row in known.values() if row.vanished_at is None]
    CourierAccount.objects.filter(pk__in=[row.pk for row in gone]).update(
        vanished_at=timezone.now()
    )
    return Changes(tuple(added), tuple(changed), tuple(str(row) for row in gone))


def _create(connection: Connection, remote: RemoteAccount) -> CourierAccount:
    return CourierAccount.objects.create(
        connection=connection,
        delivery_id=remote.delivery_id,
        shopid=remote.shopid,
        name=remote.name,
        audit=remote.audit,
    )


def _update(row: CourierAccount, remote: RemoteAccount) -> bool:
    """Whether something is otherwise now; a name that is not said any more stays."""
    before = (row.name, row.audit, row.vanished_at)
    row.name, row.audit, row.vanished_at = remote.name or row.name, remote.audit, None
    is_changed = before != (row.name, row.audit, row.vanished_at)
    if is_changed:
        row.save(update_fields=["name", "audit", "vanished_at"])
    return is_changed
