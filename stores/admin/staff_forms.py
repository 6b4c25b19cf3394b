"""Forms for staff: a new member gets a sign-in; the last owner cannot be removed."""

from typing import Any

from django import forms
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextInputWidget

from stores.backoffice.dependent_fields import DependentFields, Rule, mark_needed
from stores.models import Merchant, Staff
from stores.roles import Role

NAME_MAX = 150


class StaffForm(DependentFields, forms.ModelForm[Staff]):
    shown_with = (Rule(("stores",), "role", (Role.MANAGER, Role.CLERK)),)

    class Meta:
        model = Staff
        fields: tuple[str, ...] = ("merchant", "role", "stores", "is_active")
        help_texts = {
            "role": _(
                "Clerks verify coupons. Managers also export, settle and change their stores. "
                "Owners do everything in all stores."
            ),
            "stores": _("Where a manager or clerk works; owners reach all stores anyway."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        mark_needed(self.fields, "stores")

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        merchant = data.get("merchant") or (self.instance.merchant if self.instance.pk else None)
        stores = list(data.get("stores") or ())
        if merchant and any(store.merchant_id != merchant.pk for store in stores):
            self.add_error("stores", _("These stores do not all belong to the merchant."))
        if data.get("role") != Role.OWNER and not stores and "stores" not in self.errors:
            self.add_error(
                "stores", _("Choose at least one store, or this person will see nothing.")
            )
        if merchant and self._loses_last_owner(merchant, data):
            raise ValidationError(_("A merchant needs at least one active owner."))
        return data

    def _loses_last_owner(self, merchant: Merchant, data: dict[str, Any]) -> bool:
        stays = data.get("role") == Role.OWNER and data.get("is_active", True)
        was = (
            self.instance.pk
            and Staff.objects.filter(pk=self.instance.pk, role=Role.OWNER, is_active=True).exists()
        )
        others = merchant.staff.filter(role=Role.OWNER, is_active=True).exclude(pk=self.instance.pk)
        return bool(was and not stays and not others.exists())


class StaffAddForm(StaffForm):
    """A member and the account to sign in with; we make its password."""

    username = forms.CharField(
        label=_("Name to sign in with"),
        max_length=NAME_MAX,
        validators=[User.username_validator],
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}),
    )
    full_name = forms.CharField(
        label=_("Full name"),
        max_length=NAME_MAX,
        required=False,
        widget=UnfoldAdminTextInputWidget(),
    )

    class Meta(StaffForm.Meta):
        fields = ("merchant", "role", "stores")

    def clean_username(self) -> str:
        username: str = User.normalize_username(self.cleaned_data["username"])
        if User.objects.filter(username__iexact=username).exists():
            raise ValidationError(_("This name is taken; please choose another."))
        return username
