"""The connection form of Meituan's ticket interfaces: the credentials, and the addresses that
Meituan calls.
"""

import re
from typing import Any

from django import forms
from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextInputWidget

from stores.backoffice.connection_forms import ConnectionForm, RotatingSecret, secret_field
from stores.backoffice.widgets import Step
from stores.models import Connection
from stores.text import plain
from trip.addresses import INTERFACES, why_not_called
from trip.dashboard import selling_steps

# What a header carries.
_IN_A_HEADER = re.compile("[!-~]+")


class TripConnectionForm(RotatingSecret):
    secret_name, secret_missing = "client_secret", _("A new connection needs a secret.")
    intro = _(
        "You need what Meituan's contact for ticket suppliers (BD) sent you when the account was"
        " opened: PartnerId, clientId and clientSecret."
    )
    client_id = forms.CharField(
        label=_("Client id"),
        max_length=100,
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}),
        help_text=_("Stands as clientId in what Meituan sent you."),
    )
    client_secret = secret_field(
        _("Client secret"),
        _("Stands as clientSecret beside it: copy it whole, without spaces around it."),
    )
    extra_template = "trip/admin/addresses.html"

    class Meta(ConnectionForm.Meta):
        labels = {"account": _("PartnerId")}
        help_texts = {"account": _("The digits that Meituan gave you as partner id.")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["client_id"].initial = self.stored.get("client_id", "")

    @classmethod
    def credential_fields(cls, connection: Connection | None) -> tuple[str, ...]:
        return ("client_id", *super().credential_fields(connection))

    @classmethod
    def next_steps(cls, connection: Connection) -> list[Step]:
        return [*super().next_steps(connection), *selling_steps(connection)]

    @classmethod
    def extra_context(cls, connection: Connection) -> dict[str, Any]:
        return {
            "needed": _addresses(connection, is_needed=True),
            "welcome": _addresses(connection, is_needed=False),
            "warning": why_not_called(settings.PUBLIC_BASE_URL),
            "announcing": f"{reverse('admin:trip_plannedchange_add')}?connection={connection.pk}",
            "drill": f"{reverse('admin:trip_drillrun_changelist')}?connection={connection.pk}",
        }

    def clean_account(self) -> str:
        account: str = self.cleaned_data["account"].strip()
        if not (
            account.isascii()
            and account.isdecimal()
            and len(account) < 19
            and str(int(account)) == account
        ):
            raise forms.ValidationError(_("A PartnerId has only digits, at most 18."))
        return account

    def clean_client_id(self) -> str:
        client_id = plain(self.cleaned_data["client_id"])
        if ":" in client_id or not _IN_A_HEADER.fullmatch(client_id):
            raise forms.ValidationError(
                _("A client id has Latin letters, digits and marks, no colons or spaces.")
            )
        return client_id

    def clean_client_secret(self) -> str:
        return str(self.cleaned_data["client_secret"]).strip()

    def typed_credentials(self) -> dict[str, str]:
        return {"client_id": self.cleaned_data["client_id"]}


def _addresses(connection: Connection, *, is_needed: bool) -> list[dict[str, Any]]:
    base = settings.PUBLIC_BASE_URL
    return [
        {"title": each.title, "url": base + reverse(f"trip:{each.route}", args=[connection.pk])}
        for each in INTERFACES
        if each.is_needed == is_needed
    ]
