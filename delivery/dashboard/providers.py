"""Alerts about service providers, their shops, and tokens that another server takes."""

from collections.abc import Iterator

from django.contrib.auth.models import User
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext_lazy

from delivery.models import Authorisation
from delivery.models.uses import uses_delivery
from delivery.services import tickets
from delivery.services.losses import taken_by_others
from delivery.services.wechat import providers
from stores.backoffice import actions
from stores.backoffice.plain_errors import plain_text
from stores.backoffice.widgets import Alert
from stores.clock import format_moment
from stores.roles import Permission
from stores.tenancy import has_permission

State = Authorisation.State
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
    for provider in providers()[:MOST]:
        if silence := tickets.silence_of(provider):
            words = _(
                "%(connection)s: WeChat sends no tickets, without which no shop can be served."
                " Check the address for tickets at WeChat's open platform."
            )
            said = f"{words % {'connection': provider}} {asked_text(silence)}".strip()
            url = reverse("admin:stores_connection_change", args=[provider.pk])
            yield Alert("error", said, url, actions.LOOK)


def asked_text(silence: tickets.Silence) -> str:
    """Says when WeChat was asked for tickets, and what it answered; "" before."""
    if silence.asked_at is None:
        return ""
    values = {"at": format_moment(silence.asked_at), "words": plain_text(silence.problem)}
    if silence.problem:
        return _("It was asked for them at %(at)s, without success: %(words)s") % values
    return _("It was asked for them at %(at)s.") % values
