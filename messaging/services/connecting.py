"""Setting up: the developer account, and a store that is to be bound below it."""

import secrets
import time
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from messaging import signatures
from messaging.choices import PLATFORM, Provider
from messaging.client import TakeawayClient
from messaging.models import TakeawayStore
from messaging.services.at_once import client_at_once, take_slot
from stores.audit import Actor
from stores.conflicts import Conflict
from stores.fields import readable
from stores.models import Connection, Store
from stores.platforms.errors import PlatformError, Refused
from stores.platforms.tools import note_test, problem_text


def developers_for(store: Store) -> QuerySet[Connection]:
    """Returns the developer accounts below which a store may be bound: its merchant's own and the
    operator's.
    """
    owner = Q(merchant=None) | Q(merchant=store.merchant_id)
    return Connection.objects.filter(owner, platform=PLATFORM, parent=None, is_active=True)


def is_added(store: Store, developer: Connection, provider: Any) -> bool:
    rows = TakeawayStore.objects.filter(store=store, connection__parent=developer)
    return rows.filter(provider=provider).exists()


def store_connection(*, store: Store, developer: Connection) -> Connection:
    """Makes the connection of a store that is to be bound below a developer account."""
    return Connection.objects.create(
        merchant=store.merchant,
        parent=developer,
        platform=PLATFORM,
        name=store.name[:60],
        account=f"zg{store.pk}-{secrets.token_hex(4)}",
    )


def binding_url(row: TakeawayStore) -> str:
    """Returns Meituan's page on which the owner binds the store (docs/platforms/takeaway.md §2).

    The sign key signs it and does not stand in it.
    """
    developer = _developer(row)
    return _signed_page(
        "storemap",
        developer,
        developerId=developer.account,
        businessId=str(row.provider),
        ePoiId=row.connection.account,
        ePoiName=row.store.name,
    )


def unbinding_url(row: TakeawayStore) -> str:
    """Returns the page of Meituan on which the owner unbinds the store. It holds the store's token:
    for a redirect, not for a page.
    """
    return _signed_page(
        "releasebinding",
        _developer(row),
        businessId=str(row.provider),
        appAuthToken=row.connection.token,
    )


def developer_check(*, connection: Connection, actor: Actor) -> str:
    """Asks Meituan something about the whole account; "" or what is wrong."""
    error = _missing(connection) or _tried(connection)
    note_test(connection, actor=actor, error=error, works=not error)
    return error


def store_check(*, row: TakeawayStore, actor: Actor) -> str:
    """Asks Meituan whether the store's chat is on, which every bound store may; "" or what is
    wrong.
    """
    if row.state != TakeawayStore.State.BOUND:
        return _("The store is not bound yet.")
    error = ""
    try:
        client_at_once(row.connection).is_chat_on()
    except PlatformError as problem:
        error = problem_text(problem)
    note_test(row.connection, actor=actor, error=error, works=not error)
    return error


def _missing(connection: Connection) -> str:
    known = readable(connection, "credentials", {}) or {}
    return "" if known.get("sign_key") else _("The sign key is missing.")


def _tried(connection: Connection) -> str:
    """Calls as each kind of provider that the account may be."""
    error = ""
    for provider in Provider:
        client = TakeawayClient.of(
            connection, provider=provider, wait_for_slot=lambda: take_slot(connection)
        )
        try:
            client.socket_token()
        except Refused as refused:
            # The account may be of the other kind.
            error = error or problem_text(refused)
        except PlatformError as problem:
            return problem_text(problem)
        else:
            return ""
    return error


def _developer(row: TakeawayStore) -> Connection:
    developer = row.connection.parent
    if developer is None or _missing(developer):
        raise Conflict(_("The developer account has no sign key."))
    return developer


def _signed_page(name: str, developer: Connection, **fields: str) -> str:
    fields["timestamp"] = str(int(time.time()))
    fields["sign"] = signatures.sign(fields, key=developer.credentials["sign_key"])
    return f"{settings.TAKEAWAY_BINDING_URL.rstrip('/')}/{name}?{urlencode(fields)}"
