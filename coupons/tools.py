"""What the back office can do with an account at the gateway: test it, fetch its stores."""

from collections import Counter

from django.contrib.auth.models import User
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from coupons.models import SyncRun
from coupons.services import connection_test, stores_sync
from stores.backoffice.plain_errors import plain_text
from stores.models import Connection
from stores.platforms.tools import Finding
from stores.text import listed


class UmemberTools:
    """Implements stores.platforms.tools.SyncTools for the gateway."""

    works = gettext_lazy("The connection works.")
    sync_title = gettext_lazy("Sync stores")

    def test(self, *, connection: Connection, user: User) -> str:
        return connection_test(connection=connection, actor=user)

    def sync(self, *, connection: Connection, user: User) -> list[Finding]:
        return sync_messages(stores_sync(connection=connection, actor=user))


def sync_messages(run: SyncRun) -> list[Finding]:
    """Returns the changes that a sync found, as messages for the user who started it."""
    if run.error:
        text = _("The list could not be read: %(error)s")
        return [Finding("error", text % {"error": plain_text(run.message)})]
    parts = [
        (_("New: %(names)s"), run.added),
        (_("Changed: %(names)s"), run.changed),
        (_("No longer listed: %(names)s"), run.vanished),
    ]
    lines = [Finding("info", text % {"names": _names(names)}) for text, names in parts if names]
    if count := run.stores_without_products:
        being_read = ngettext(
            "The products of %(count)d store are being read for the first time.",
            "The products of %(count)d stores are being read for the first time.",
            count,
        )
        lines.append(Finding("info", being_read % {"count": count}))
    return lines or [Finding("info", _("Nothing has changed."))]


def _names(names: list[str]) -> str:
    counted = Counter(names)
    text = listed(list(counted)[:10])
    if len(counted) > 10:
        text += f" … ({len(names)})"
    return text
