"""What Meituan's ticket interfaces need: who we are to Meituan, and the addresses that it calls."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.models import User
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextInputWidget, UnfoldBooleanSwitchWidget

from stores.backoffice.connection_forms import ConnectionForm, secret_field
from stores.models import Connection
from trip import services
from trip.addresses import INTERFACES, why_not_called


class TripConnectionForm(ConnectionForm):
    """A new secret does not end the old one: Meituan changes over at a time of its own."""

    client_id = forms.CharField(
        label=_("Client id"),
        max_length=100,
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}),
    )
    client_secret = secret_field(
        _("Client secret"),
        _("Stored encrypted and never shown again. Leave empty to keep the stored one."),
    )
    forget_previous = forms.BooleanField(
        label=_("The old secret is no longer used"),
        required=False,
        widget=UnfoldBooleanSwitchWidget(),
        help_text=_("Until you tick this, calls signed with the previous secret are accepted too."),
    )
    extra_template = "trip/admin/addresses.html"

    class Meta(ConnectionForm.Meta):
        labels = {"account": _("PartnerId")}
        help_texts = {"account": _("The digits that Meituan gave you as partner id.")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["client_id"].initial = (self.instance.credentials or {}).get("client_id", "")

    @classmethod
    def credential_fields(cls, connection: Connection | None) -> tuple[str, ...]:
        rotating = connection is not None and (connection.credentials or {}).get("previous_secret")
        return ("client_id", "client_secret", *(("forget_previous",) if rotating else ()))

    @classmethod
    def extra_context(cls, connection: Connection) -> dict[str, Any]:
        return {
            "needed": _addresses(connection, is_needed=True),
            "welcome": _addresses(connection, is_needed=False),
            "warning": why_not_called(settings.PUBLIC_BASE_URL),
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
        client_id: str = self.cleaned_data["client_id"].strip()
        if ":" in client_id or not client_id.isprintable() or " " in client_id:
            raise forms.ValidationError(_("A client id has no colons or spaces."))
        return client_id

    def clean_client_secret(self) -> str:
        secret: str = self.cleaned_data["client_secret"].strip()
        if not secret and not (self.instance.credentials or {}).get("client_secret"):
            raise forms.ValidationError(_("A new connection needs a secret."))
        return secret

    def new_credentials(self) -> dict[str, str] | None:
        known = dict(self.instance.credentials or {})
        wanted = known | {"client_id": self.cleaned_data["client_id"]}
        secret = self.cleaned_data["client_secret"]
        if self.cleaned_data.get("forget_previous"):
            wanted.pop("previous_secret", None)
        if secret and secret != known.get("client_secret"):
            wanted["client_secret"] = secret
            if known.get("client_secret"):
                wanted["previous_secret"] = known["client_secret"]
        return wanted if wanted != known else None


def _addresses(connection: Connection, *, is_needed: bool) -> list[dict[str, Any]]:
    base = settings.PUBLIC_BASE_URL
    return [
        {"title": each.title, "url": base + reverse(f"trip:{each.route}", args=[connection.pk])}
        for each in INTERFACES
        if each.is_needed == is_needed
    ]


class TripTools:
    """stores.platforms.tools.PlatformTools for the ticket interfaces."""

    works = _(
        "The credentials are complete. Whether they are right, Meituan's first call will show."
    )

    def test(self, *, connection: Connection, user: User) -> str:
        return services.connection_check(connection=connection, actor=user)
