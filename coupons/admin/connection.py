"""What the gateway wants to know: e-mail and password."""

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminEmailInputWidget

from stores.admin.connection_forms import ConnectionForm, secret_field
from stores.models import Connection


class UmemberConnectionForm(ConnectionForm):
    email = forms.EmailField(
        label=_("Login e-mail"),
        required=False,
        widget=UnfoldAdminEmailInputWidget(attrs={"autocomplete": "off"}),
        help_text=_("Leave empty when it is the account above."),
    )
    password = secret_field(
        _("Password"), _("Stored encrypted and never shown again. Leave empty to keep the stored one.")
    )

    @classmethod
    def credential_fields(cls, connection: Connection | None) -> tuple[str, ...]:
        return ("email", "password")

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        if not password and not self.instance.pk:
            raise forms.ValidationError(_("A new connection needs a password."))
        return password

    def new_credentials(self) -> dict[str, str] | None:
        typed = {name: self.cleaned_data[name] for name in ("email", "password") if self.cleaned_data[name]}
        return {**(self.instance.credentials or {}), **typed} if typed else None
