"""The connection form of a developer account, and the addresses that Meituan's console wants."""

from typing import Any

from django import forms
from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from messaging.addresses import ADDRESSES
from messaging.models import TakeawayStore
from stores.backoffice.connection_forms import ConnectionForm, RotatingSecret, secret_field
from stores.backoffice.widgets import Step
from stores.models import Connection
from stores.text import is_id


class TakeawayConnectionForm(RotatingSecret):
    secret_name, secret_missing = "sign_key", _("A new connection needs the sign key.")
    for_operator = True
    intro = _(
        "You need a developer account at Meituan's open platform for catering"
        " (developer.meituan.com). One account serves all stores that are bound below it."
    )
    sign_key = secret_field(
        _("Sign key"), _("Stands as SignKey in the developer's centre, beside the developerId.")
    )
    extra_template = "messaging/admin/addresses.html"

    class Meta(ConnectionForm.Meta):
        labels = {"account": _("developerId")}
        help_texts = {"account": _("The digits that Meituan gave you as developerId.")}

    @classmethod
    def next_steps(cls, connection: Connection) -> list[Step]:
        bound = TakeawayStore.objects.filter(
            connection__parent=connection, state=TakeawayStore.State.BOUND
        )
        return [
            *super().next_steps(connection),
            Step(
                _("Register the addresses"),
                _("Copy the addresses on this page into Meituan's console."),
                connection.inbound.exists() or bound.exists(),
            ),
            Step(
                _("Bind a store"),
                _("Add it under Stores → Takeaway stores and bind it at Meituan."),
                bound.exists(),
            ),
        ]

    @classmethod
    def extra_context(cls, connection: Connection) -> dict[str, Any]:
        base = settings.PUBLIC_BASE_URL
        return {
            "addresses": [
                {
                    "title": each.title,
                    "url": base + reverse(f"takeaway:{each.route}", args=[connection.pk]),
                }
                for each in ADDRESSES
            ],
            "stores": reverse("admin:messaging_takeawaystore_changelist"),
        }

    def clean_account(self) -> str:
        account: str = self.cleaned_data["account"].strip()
        if not is_id(account):
            raise forms.ValidationError(_("A developerId has only digits, at most 18."))
        return account

    def typed_credentials(self) -> dict[str, str]:
        return {}
