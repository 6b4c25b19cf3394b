"""The connection form of the gateway: e-mail and password."""

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminEmailInputWidget

from stores.backoffice.connection_forms import SecretForm, secret_field


class UmemberConnectionForm(SecretForm):
    secret_name, secret_missing = "password", _("A new connection needs a password.")
    # Connections with an equal account share a pace, so the account must be exactly the e-mail of
    # the login.
    account = forms.EmailField(
        label=_("Login e-mail"),
        max_length=200,
        widget=UnfoldAdminEmailInputWidget(attrs={"autocomplete": "off"}),
    )
    password = secret_field(_("Password"))
