"""The connection form of the gateway: e-mail and password."""

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminEmailInputWidget

from coupons.dashboard import first_steps
from stores.backoffice.connection_forms import SecretForm, secret_field
from stores.backoffice.widgets import Step
from stores.models import Connection


class UmemberConnectionForm(SecretForm):
    intro = _(
        "You need the e-mail and the password with which you sign in to the coupon gateway"
        " (umember). The stores must be authorised at Meituan there, and have calls left."
    )
    secret_name, secret_missing = "password", _("A new connection needs a password.")
    # Connections with an equal account share a pace, so the account must be exactly the e-mail of
    # the login.
    account = forms.EmailField(
        label=_("Login e-mail"),
        max_length=200,
        widget=UnfoldAdminEmailInputWidget(attrs={"autocomplete": "off"}),
        help_text=_("The e-mail with which you sign in to the gateway's own pages."),
    )
    password = secret_field(
        _("Password"), _("The password with which you sign in to the gateway's own pages.")
    )

    @classmethod
    def next_steps(cls, connection: Connection) -> list[Step]:
        return [*super().next_steps(connection), *first_steps(connection)]
