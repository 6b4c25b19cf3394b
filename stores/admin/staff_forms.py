"""Forms for staff: a new member gets a sign-in; the last owner cannot be removed."""

from typing import Any

from django import forms
from django.contrib.auth.models import User
from django.contrib.auth.password_validation import (
    password_validators_help_text_html,
    validate_password,
)
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminPasswordWidget, UnfoldAdminTextInputWidget

from stores.models import Merchant, Staff
from stores.roles import Role

NAME_MAX = 150


class StaffForm(forms.ModelForm[Staff]):
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


class StaffChangeForm(StaffForm):
    """A member's role and stores, and a new password for a member who has forgotten the old one."""

    new_password = forms.CharField(
        label=_("New password"),
        required=False,
        strip=False,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}),
        help_text=_("Leave empty to keep the present one."),
    )

    def clean_new_password(self) -> str:
        password: str = self.cleaned_data["new_password"]
        user = self.instance.user
        if password and (
            user.is_superuser or user.memberships.exclude(pk=self.instance.pk).exists()
        ):
            # A person who sets a password can sign in as that member, also at other merchants.
            raise ValidationError(_("This person also works elsewhere; ask the platform operator."))
        if password:
            validate_password(password, user)
        return password


class StaffAddForm(StaffForm):
    """A member and the account to sign in with; the password is set here once and never shown."""

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
    password = forms.CharField(
        label=_("Password"),
        strip=False,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}),
        help_text=password_validators_help_text_html(),
    )

    class Meta(StaffForm.Meta):
        fields = ("merchant", "role", "stores")

    def clean_username(self) -> str:
        username: str = User.normalize_username(self.cleaned_data["username"])
        if User.objects.filter(username__iexact=username).exists():
            raise ValidationError(_("This name is taken; please choose another."))
        return username

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        validate_password(password, User(username=str(self.cleaned_data.get("username", ""))))
        return password
