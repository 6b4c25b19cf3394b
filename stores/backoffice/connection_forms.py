"""The common part of all platforms' connection forms; each app adds its credentials."""

from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise
from unfold.widgets import UnfoldAdminPasswordWidget, UnfoldBooleanSwitchWidget

from stores.backoffice.widgets import Step
from stores.fields import readable
from stores.models import Connection

# The name of a secret's predecessor in the credentials.
PREVIOUS = "previous_secret"
NEW = _("Stored encrypted and never shown again.")
KEPT = _("Stored encrypted and never shown again. Leave empty to keep the stored one.")


def secret_field(label: StrOrPromise, where: StrOrPromise) -> forms.CharField:
    """Write-only: the stored value is never rendered. `where` says where people find it."""
    return forms.CharField(
        label=label,
        required=False,
        strip=False,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}),
        help_text=where,
    )


def _stored_in(connection: Connection) -> dict[str, str]:
    return readable(connection, "credentials", {}) or {}


class ConnectionForm(forms.ModelForm[Connection]):
    """Subclasses add the fields of their credentials and return what is stored of them.

    They say what one needs before (`intro`), at each field where its value is found (help texts),
    and what comes after saving (`next_steps`).
    """

    intro: ClassVar[StrOrPromise] = ""
    # A template below the form of an existing connection; `extra_context` returns its context.
    extra_template: ClassVar[str] = ""
    # Whether an operator may add an account without a merchant: a developer account for all.
    for_operator: ClassVar[bool] = False

    class Meta:
        model = Connection
        fields = ("merchant", "platform", "name", "account", "is_active")

    @classmethod
    def credential_fields(cls, connection: Connection | None) -> tuple[str, ...]:
        """The names of the credentials' fields; `connection` is None for a new one."""
        return ()

    @classmethod
    def extra_context(cls, connection: Connection) -> dict[str, Any]:
        return {}

    @classmethod
    def next_steps(cls, connection: Connection) -> list[Step]:
        """What makes the connection useful, in order; every platform's can be tested."""
        is_tested = bool(connection.checked_at) and not connection.last_error
        return [
            Step(_("Test the connection"), _("Press “Test connection” on this page."), is_tested)
        ]

    def new_credentials(self) -> dict[str, str] | None:
        """The credentials to store: the stored ones with the typed ones; None for no change."""
        return None

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        merchant = data.get("merchant") or (self.instance.merchant if self.instance.pk else None)
        platform = self.instance.platform if self.instance.pk else data.get("platform")
        same = Connection.objects.filter(
            merchant=merchant, platform=platform, account__iexact=data.get("account")
        )
        if merchant and same.exclude(pk=self.instance.pk).exists():
            self.add_error("account", _("There is a connection with this account already."))
        return data


class SecretForm(ConnectionForm):
    """Credentials with one secret; the stored one is kept while its field is left empty."""

    # The name of the secret in the credentials, and of its field.
    secret_name: ClassVar[str]
    secret_missing: ClassVar[StrOrPromise]

    @classmethod
    def credential_fields(cls, connection: Connection | None) -> tuple[str, ...]:
        return (cls.secret_name,)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if secret := self.fields.get(self.secret_name):
            is_stored = bool(self.stored.get(self.secret_name))
            secret.help_text = f"{secret.help_text} {KEPT if is_stored else NEW}"
            secret.required = not is_stored
            secret.error_messages["required"] = self.secret_missing

    @property
    def stored(self) -> dict[str, str]:
        """A copy of the stored credentials; empty when no key opens them any more."""
        return dict(_stored_in(self.instance))

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        has_secret = data.get(self.secret_name) or self.stored.get(self.secret_name)
        if not has_secret and self.secret_name not in self.errors:
            self.add_error(self.secret_name, self.secret_missing)
        return data

    def typed_credentials(self) -> dict[str, str]:
        """The credentials beside the secret as they were typed."""
        return {}

    def new_credentials(self) -> dict[str, str] | None:
        typed = self.typed_credentials()
        if secret := self.cleaned_data[self.secret_name]:
            typed |= {self.secret_name: secret}
        return self.stored | typed if typed else None


class RotatingSecret(SecretForm):
    """A new secret does not end the old one: platforms change over at a time of their own.

    The old one is kept as PREVIOUS among the credentials until a person forgets it.
    """

    forget_previous = forms.BooleanField(
        label=_("The old secret is no longer used"),
        required=False,
        widget=UnfoldBooleanSwitchWidget(),
        help_text=_("Until you tick this, calls signed with the previous secret are accepted too."),
    )

    @classmethod
    def credential_fields(cls, connection: Connection | None) -> tuple[str, ...]:
        fields = super().credential_fields(connection)
        is_rotating = connection is not None and PREVIOUS in _stored_in(connection)
        return (*fields, "forget_previous") if is_rotating else fields

    def new_credentials(self) -> dict[str, str] | None:
        known = self.stored
        wanted = super().new_credentials() or known
        replaced = known.get(self.secret_name)
        if self.cleaned_data.get("forget_previous"):
            wanted.pop(PREVIOUS, None)
        if replaced and replaced != wanted[self.secret_name]:
            wanted[PREVIOUS] = replaced
        return wanted if wanted != self.stored else None
