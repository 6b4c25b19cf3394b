"""What the back office can do with a connection to one platform."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal, Protocol, runtime_checkable

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from stores import audit
from stores.conflicts import Conflict
from stores.domains import domain_of
from stores.models import Connection, InboundEvent
from stores.platforms import tokens
from stores.platforms.errors import LoginRefused, NoSlot, PlatformError, Refused, Trouble

TROUBLES: dict[Trouble | None, StrOrPromise] = {
    Trouble.NAME: _("No server is known under the platform's address. Check the address."),
    Trouble.REFUSED: _(
        "Nothing listens at the platform's address. Check the address and its port, or try again"
        " later."
    ),
    Trouble.CERTIFICATE: _(
        "The certificate of the platform's address is not valid, so nothing was sent. Check the"
        " address; if it is right, the platform has to renew its certificate."
    ),
    Trouble.NOTHING_THERE: _(
        "The server at the platform's address does not have this interface (404). Check the"
        " address."
    ),
    Trouble.MOVED: _(
        "The server at the platform's address points to another address. Check the address, and"
        " whether it begins with https."
    ),
    Trouble.BROKEN: _("The platform's server reports an error of its own. Try again later."),
    Trouble.NOT_THE_PLATFORM: _(
        "A server answers at the platform's address, but not as the platform does. Check the"
        " address."
    ),
    Trouble.SLOW: _("The platform did not answer in time. Try again later."),
    None: _("The platform cannot be reached. Check the network, and try again later."),
}

TOO_MANY_CALLS = _(
    "The platform limits calls, and too many are on their way. Try again in a minute."
)


@dataclass(frozen=True)
class Finding:
    """One line of what a sync found."""

    level: Literal["info", "warning", "error"]
    text: StrOrPromise


class PlatformTools(Protocol):
    # The message after a test that found nothing wrong; the test may set another one.
    works: StrOrPromise

    def test(self, *, connection: Connection, user: User) -> str:
        """Tries the stored credentials as far as the platform allows; "" or what is wrong.

        The result is noted by `note_test`, or by the login and `audit_test`.
        """


@runtime_checkable
class SyncTools(PlatformTools, Protocol):
    """Tools of a platform that lists its stores, or what else belongs to the account."""

    # What the button says.
    sync_title: StrOrPromise

    def sync(self, *, connection: Connection, user: User) -> list[Finding]:
        """Reads the platform's lists; returns what is new, changed or vanished."""


def trouble_text(error: BaseException | None) -> StrOrPromise:
    """Returns what a person can do about a call that failed for the address or on the way; an
    error that was raised from another has the other's trouble.
    """
    while error is not None:
        if isinstance(error, PlatformError) and error.trouble:
            return TROUBLES[error.trouble]
        error = error.__cause__
    return TROUBLES[None]


def problem_text(problem: PlatformError) -> str:
    """Returns a sentence for people: the platform's words where there are any."""
    if isinstance(problem, Refused):
        return problem.message or problem.code
    if isinstance(problem, LoginRefused):
        return problem.detail
    if isinstance(problem, NoSlot):
        return str(TOO_MANY_CALLS)
    return str(trouble_text(problem))


@contextmanager
def as_conflicts() -> Iterator[None]:
    """Says to people what a platform or the network refuses: raises Conflict for PlatformErrors."""
    try:
        yield
    except PlatformError as problem:
        raise Conflict(problem_text(problem)) from problem


@transaction.atomic
def note_test(connection: Connection, *, actor: audit.Actor, error: str, works: bool) -> None:
    """Notes what a test found where the platform has no login that could tell: `works` says
    whether the platform has accepted the credentials. Tests with a login need only the audit.
    """
    connection.state = Connection.State.WORKING if works else Connection.State.NEW
    connection.last_error, connection.checked_at = error[:300], timezone.now()
    connection.save(update_fields=["state", "last_error", "checked_at"])
    if works:
        tokens.prove(connection)
    audit_test(connection, actor=actor, error=error)


def audit_test(connection: Connection, *, actor: audit.Actor, error: str) -> None:
    audit.record(
        "connection tested",
        actor=actor,
        merchant=connection.merchant,
        target=connection,
        error=error,
    )


def platform_tools(platform: str) -> PlatformTools | None:
    domain = domain_of(platform)
    return import_string(domain.tools)() if domain and domain.tools else None


def connection_form(platform: str) -> Any:
    """Returns the class of a platform's connection form, or None when it has none."""
    domain = domain_of(platform)
    return import_string(domain.connection_form) if domain and domain.connection_form else None


def event_title(event: InboundEvent) -> StrOrPromise:
    domain = domain_of(event.platform)
    return domain.event_titles.get(event.kind, event.kind) if domain else event.kind
