"""What the gateway wants to know: e-mail and password."""

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminEmailInputWidget

from stores.backoffice.connection_forms import ConnectionForm, secret_field
from stores.models import Connection


class UmemberConnectionForm(ConnectionForm):
    # Connections of the same account share its pace, so the account is what the login goes to and nothing else.
    account = forms.EmailField(
        label=_("Login e-mail"),
        max_length=200,
        widget=UnfoldAdminEmailInputWidget(attrs={"autocomplete": "off"}),
    )
    password = secret_field(
        _("Password"),
        _("Stored encrypted and never shown again. Leave empty to keep the stored one."),
    )

    @classmethod
    def credential_fields(cls, connection: Connection | None) -> tuple[str, ...]:
        return ("password",)

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        if not password and not self.instance.pk:
            raise forms.ValidationError(_("A new connection needs a password."))
        return password

    def new_credentials(self) -> dict[str, str] | None:
        password = self.cleaned_data["password"]
        return {"password": password} if password else None
