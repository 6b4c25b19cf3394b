"""Alerts about service providers, their shops, and tokens that another server takes."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from django.contrib.auth.models import User
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext_lazy

from delivery.choices import PLATFORM
from delivery.models import Authorisation
from delivery.models.uses import uses_delivery
from delivery.services.losses import taken_by_others
from stores.backoffice import actions
from stores.backoffice.widgets import Alert
from stores.fields import readable
from stores.models import Connection
from stores.roles import Permission
from stores.tenancy import has_permission

State = Authorisation.State
# WeChat pushes a ticket every ten minutes, and takes one for twelve hours.
SILENT_AFTER = timedelta(minutes=40)
MOST = 10


def provider_alerts(user: User) -> Iterator[Alert]:
    """Says which mini-programs have withdrawn, and whose tokens another server takes."""
    if not has_permission(user, Permission.MANAGE_CONNECTIONS) or not uses_delivery(user):
        return
    rows = Authorisation.objects.for_staff(user).exclude(merchant=None)
    for row in rows.filter(state__in=(State.WITHDRAWN, State.FAILED))[:MOST]:
        url = reverse("delivery:authorise")
        if row.state == State.WITHDRAWN:
            text = _(
                "The mini-program %(appid)s no longer lets us call riders for it. Authorise it"
                " again; until then nothing is sent for it."
            )
        else:
            text = _("The mini-program %(appid)s was not authorised. Authorise it again.")
        yield Alert("error", text % {"appid": row.appid}, url, actions.BIND)
    lost = taken_by_others().for_staff(user).select_related("connection")
    for each in lost[:MOST]:
        text = _(
            "%(connection)s: another server asks WeChat for tokens as well, so that ours end"
            " before their time (%(count)d times lately). Let only one server do so."
        )
        yield Alert("warning", text % {"connection": each.connection, "count": each.count})


def operator_alerts() -> Iterator[Alert]:
    """Says which mini-programs nobody has claimed, and which provider gets no tickets."""
    text = ngettext_lazy(
        "%(count)d mini-program has authorised us, and nobody has said whose it is.",
        "%(count)d mini-programs have authorised us, and nobody has said whose they are.",
        "count",
    )
    unclaimed = Authorisation.objects.unclaimed().count()
    yield from Alert.counted(
        "warning", text, unclaimed, reverse("delivery:authorise"), actions.LOOK
    )
    for provider in Connection.objects.filter(
        platform=PLATFORM, merchant=None, parent=None, is_active=True
    )[:MOST]:
        if _is_silent(provider):
            words = _(
                "%(connection)s: WeChat sends no tickets, without which no shop can be served."
                " Check the address for tickets at WeChat's open platform."
            )
            yield Alert("error", words % {"connection": provider})


def _is_silent(provider: Connection) -> bool:
    known = readable(provider, "credentials", {}) or {}
    at = datetime.fromtimestamp(int(known.get("ticket_at") or 0), UTC)
    return max(at, provider.created_at) < timezone.now() - SILENT_AFTER
