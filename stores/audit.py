"""The audit log: who did what. Called by services, inside the transaction that does it."""

from contextvars import ContextVar
from ipaddress import ip_address
from typing import Any

from django.contrib.auth.models import User
from django.utils.translation import gettext, gettext_noop

from stores.models import ApiKey, AuditEntry, Merchant, Store
from stores.text import clean_text

# A name is of who has no account: a guest, or somebody who has not signed in.
Actor = User | ApiKey | str | None
# The address that the present request came from (stores.web.middleware); empty outside of requests.
caller_ip: ContextVar[str] = ContextVar("caller_ip", default="")
SYSTEM, GUEST, STRANGER = gettext_noop("system"), gettext_noop("guest"), gettext_noop("stranger")


def name_of(actor: Actor) -> str:
    """How lists show an actor: a person's name, a key's name, or the system."""
    if actor is None:
        return SYSTEM
    if isinstance(actor, str):
        return actor
    if isinstance(actor, ApiKey):
        return f"API {actor.name}"[:150]
    return (actor.get_full_name() or actor.username)[:150]


def shown(name: str) -> str:
    """A stored actor in the reader's language: people and keys keep their names."""
    return gettext(name) if name in (SYSTEM, GUEST, STRANGER) else name


def record(
    verb: str,
    *,
    actor: Actor,
    merchant: Merchant | None = None,
    store: Store | None = None,
    target: object = "",
    **data: Any,
) -> AuditEntry:
    """Writes one entry; `data` must hold no secrets and no full coupon codes."""
    return AuditEntry.objects.create(
        merchant=merchant or (store.merchant if store else None),
        store=store,
        user=actor if isinstance(actor, User) else None,
        actor=name_of(actor),
        verb=verb,
        target=clean_text(str(target), 200),
        ip=_address(caller_ip.get()),
        data=data,
    )


def _address(ip: str) -> str | None:
    """Returns a valid IP address or None: a proxy may send anything, and the log must not fail over
    it.
    """
    try:
        return str(ip_address(ip.partition("%")[0]))
    except ValueError:
        return None
