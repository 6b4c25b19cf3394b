"""The connection form of the gateway: e-mail and password."""

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminEmailInputWidget

from stores.backoffice.connection_forms import SecretForm, secret_field


class UmemberConnectionForm(SecretForm):
    secret_name, secret_missing = "password", _("A new connection needs a password.")
    # Connections of the same account share its pace, so the account is what the login goes to and nothing else.
    account = forms.EmailField(
        label=_("Login e-mail"),
        max_length=200,
        widget=UnfoldAdminEmailInputWidget(attrs={"autocomplete": "off"}),
    )
    password = secret_field(_("Password"))
