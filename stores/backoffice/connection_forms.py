"""What the connection forms of all platforms have in common; each app adds its credentials."""

from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminPasswordWidget

from stores.models import Connection


def secret_field(label: Any, help_text: Any) -> forms.CharField:
    """Goes in and never comes out again."""
    return forms.CharField(
        label=label,
        required=False,
        strip=False,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}),
        help_text=help_text,
    )


class ConnectionForm(forms.ModelForm[Connection]):
    """Subclasses add the fields of their credentials, and say what shall be stored of them."""

    # A template below the form of a connection that is there, with what `extra_context` returns.
    extra_template: ClassVar[str] = ""

    class Meta:
        model = Connection
        fields = ("merchant", "platform", "name", "account", "is_active")

    @classmethod
    def credential_fields(cls, connection: Connection | None) -> tuple[str, ...]:
        """The names of the fields for credentials, of a new connection (None) or one that is there."""
        return ()

    @classmethod
    def extra_context(cls, connection: Connection) -> dict[str, Any]:
        return {}

    def new_credentials(self) -> dict[str, str] | None:
        """The stored credentials with what was typed; None when nothing changes."""
        return None

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        merchant = data.get("merchant") or (self.instance.merchant if self.instance.pk else None)
        platform = self.instance.platform if self.instance.pk else data.get("platform")
        same = Connection.objects.filter(
            merchant=merchant, platform=platform, account=data.get("account")
        )
        if merchant and same.exclude(pk=self.instance.pk).exists():
            self.add_error("account", _("There is a connection with this account already."))
        return data
