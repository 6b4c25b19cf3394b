"""What the back office can do with a mini-program, or with a service provider's account: test it,
and read the accounts at couriers.
"""

from django.contrib.auth.models import User
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from delivery.choices import Audit
from delivery.models import CourierAccount
from delivery.reasons import words_of
from delivery.services.accounts import Changes, accounts_sync
from delivery.services.wechat import Provider, is_provider
from stores.backoffice.plain_errors import plain_text
from stores.models import Connection
from stores.platforms import tokens
from stores.platforms.errors import NoSlot, PlatformError, Refused, Throttled
from stores.platforms.tools import TOO_MANY_CALLS, Finding, audit_test, trouble_text
from stores.text import listed

NO_ACCOUNTS = gettext_lazy(
    "WeChat lists no account at a courier yet. Bind one in its console (功能 → 即时配送) and read"
    " the accounts again."
)


class WechatTools:
    """Implements stores.platforms.tools.SyncTools for instant delivery."""

    works: StrOrPromise = gettext_lazy("WeChat accepts the service provider's account.")
    sync_title = gettext_lazy("Read courier accounts")

    def test(self, *, connection: Connection, user: User) -> str:
        tokens.forget(connection)
        error = ""
        try:
            if is_provider(connection):
                Provider(connection).call(lambda client, token: None)
            else:
                accounts_sync(connection=connection)
                self.works = _found(connection)
        except PlatformError as problem:
            error = _said(problem)
            _note(connection, error)
        audit_test(connection, actor=user, error=error)
        return error

    def sync(self, *, connection: Connection, user: User) -> list[Finding]:
        if is_provider(connection):
            text = _("A service provider has no accounts itself: open the connection of a shop.")
            return [Finding("warning", text)]
        try:
            changes = accounts_sync(connection=connection, actor=user)
        except PlatformError as problem:
            text = _("The list could not be read: %(error)s")
            return [Finding("error", text % {"error": plain_text(_said(problem))})]
        return _findings(connection, changes)


def _note(connection: Connection, error: str) -> None:
    """Notes why a test failed; why a login was refused is noted already."""
    rows = Connection.objects.filter(pk=connection.pk).exclude(state=Connection.State.REFUSED)
    rows.update(last_error=error[:300], checked_at=timezone.now())


def _found(connection: Connection) -> str:
    """Says what a test has found at WeChat."""
    accounts = CourierAccount.objects.filter(connection=connection, vanished_at=None)
    if not accounts:
        return _("WeChat accepts the AppSecret. %(more)s") % {"more": NO_ACCOUNTS}
    names = [
        account.courier if account.audit == Audit.PASSED else _not_passed(account)
        for account in accounts
    ]
    text = _("WeChat accepts the AppSecret. Accounts at couriers: %(names)s.")
    return text % {"names": listed(names)}


def _not_passed(account: CourierAccount) -> str:
    audit = account.get_audit_display() if account.audit is not None else _("unknown")
    return _("%(courier)s (audit: %(audit)s)") % {"courier": account.courier, "audit": audit}


def _findings(connection: Connection, changes: Changes) -> list[Finding]:
    parts = [
        (_("New: %(names)s"), changes.added),
        (_("Changed: %(names)s"), changes.changed),
        (_("No longer listed: %(names)s"), changes.vanished),
    ]
    lines = [Finding("info", text % {"names": listed(names)}) for text, names in parts if names]
    if not CourierAccount.objects.filter(connection=connection, vanished_at=None).exists():
        lines.append(Finding("warning", NO_ACCOUNTS))
    return lines or [Finding("info", _("Nothing has changed."))]


def _said(problem: PlatformError) -> str:
    """Returns an error as it is noted: in WeChat's own text where we know words for it."""
    if words_of(problem.detail):
        return problem.detail
    if isinstance(problem, NoSlot | Throttled):
        return str(TOO_MANY_CALLS)
    if isinstance(problem, Refused):
        return problem.detail
    return str(trouble_text(problem))
