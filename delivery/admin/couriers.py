"""The couriers of a store inside its form."""

from typing import Any

from django import forms
from django.contrib.admin import display
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminPasswordWidget, UnfoldAdminSelectWidget

from delivery.choices import Audit
from delivery.models import CourierAccount, StoreCourier
from delivery.services.places import distance_text
from delivery.wire.couriers import Courier, Service, courier_of
from stores.backoffice.inlines import ScopedInline
from stores.clock import short_moment

# More accounts than there are couriers.
MOST_COURIERS = 30
USUAL = _("the courier's usual one")
STORED = _("stored; empty keeps it")


class AccountField(forms.ModelChoiceField[CourierAccount]):
    def label_from_instance(self, row: Any) -> str:
        if row.vanished_at:
            return f"{row} ({_('no longer listed')})"
        passed = row.audit == Audit.PASSED
        return str(row) if passed else f"{row} ({audit_words(row)})"


class AccountText(forms.Widget):
    """Shows the account of a stored row, which stays."""

    def __init__(self, account: CourierAccount) -> None:
        super().__init__()
        self.account = account

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        return format_html(
            '<span class="block font-medium py-2">{}<br><small>{}</small></span>',
            self.account.courier,
            self.account.shopid,
        )


class StoreCourierForm(forms.ModelForm[StoreCourier]):
    account = AccountField(
        label=_("courier account"),
        queryset=CourierAccount.objects.none(),
        widget=UnfoldAdminSelectWidget(),
    )
    # Beside the column, which is not read: a key that opens it may be lost.
    new_secret = forms.CharField(
        label=_("AppSecret at the courier"),
        required=False,
        max_length=200,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}),
    )
    service_code = forms.ChoiceField(
        label=_("service"), required=False, widget=UnfoldAdminSelectWidget()
    )

    class Meta:
        model = StoreCourier
        fields = ("account", "shop_no", "service_code", "is_active")

    def __init__(self, *args: Any, accounts: QuerySet[CourierAccount], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = self.instance
        account: Any = self.fields.get("account")
        # Who may only look has no fields.
        if account is None:
            return
        account.queryset = accounts
        if known.pk:
            # A secret belongs to its account.
            account.disabled = True
            account.widget = AccountText(known.account)
        if known.has_secret:
            self.fields["new_secret"].widget.attrs["placeholder"] = STORED
        couriers = [known.account] if known.pk else list(accounts)
        self.fields["service_code"].choices = _services(couriers, known.service_code)  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        account, code = data.get("account"), data.get("service_code")
        if account and code and code != self.instance.service_code:
            offered = [each.code for each in courier_of(account.delivery_id).services]
            if code not in offered:
                self.add_error("service_code", _("This service is another courier's."))
        if account and courier_of(account.delivery_id).needs_shop_no and not data.get("shop_no"):
            self.add_error("shop_no", _("This courier wants its number of the store."))
        return data

    def save(self, commit: bool = True) -> StoreCourier:
        """Keeps the stored secret while its field is left empty."""
        if secret := self.cleaned_data["new_secret"]:
            self.instance.secret = secret
        made: StoreCourier = super().save(commit)
        return made


class StoreCourierFormSet(forms.BaseInlineFormSet):  # type: ignore[type-arg]
    def get_form_kwargs(self, index: int | None) -> dict[str, Any]:
        accounts = CourierAccount.objects.filter(connection=self.instance.connection_id)
        return {**super().get_form_kwargs(index), "accounts": accounts}

    def clean(self) -> None:
        super().clean()
        accounts = [
            form.cleaned_data["account"]
            for form in self.forms
            if form.cleaned_data.get("account") and not form.cleaned_data.get("DELETE")
        ]
        if len(accounts) != len(set(accounts)):
            raise ValidationError(_("An account stands here twice."))


class StoreCourierInline(ScopedInline):
    model = StoreCourier
    form, formset = StoreCourierForm, StoreCourierFormSet
    fields = ("account", "new_secret", "shop_no", "service_code", "is_active", "state")
    readonly_fields = ("state",)
    verbose_name_plural = _("Couriers")
    hide_title = True
    extra = 0
    max_num = MOST_COURIERS

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows.select_related("account", "place")

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        bounds = {"validate_max": True, "absolute_max": MOST_COURIERS}
        return super().get_formset(request, obj, **(kwargs | bounds))

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Leaves out the secret for those who only look."""
        may_change = self.has_change_permission(request, obj)
        return [name for name in self.fields if may_change or name != "new_secret"]

    @display(description=_("state"))
    def state(self, row: StoreCourier) -> str:
        if not row.pk:
            return "–"
        if row.is_paused:
            text = gettext("paused until %(moment)s: %(reason)s")
            moment, reason = short_moment(row.paused_until), gettext(row.pause_reason)
            return text % {"moment": moment, "reason": reason}
        if row.account.vanished_at:
            return gettext("WeChat no longer lists the account")
        if row.account.audit != Audit.PASSED:
            return audit_words(row.account)
        return gettext("can be called") if row.has_secret else gettext("AppSecret missing")


def audit_words(account: CourierAccount) -> str:
    return account.get_audit_display() if account.audit is not None else str(_("unknown"))


def service_text(service: Service) -> str:
    text = _("%(minutes)d minutes, %(distance)s (%(code)s)")
    return text % {
        "code": service.code,
        "minutes": service.minutes,
        "distance": distance_text(service.reach),
    }


def _services(accounts: list[CourierAccount], present: str) -> list[tuple[str, Any]]:
    """Returns the services to choose from, in a group for each courier that has some."""
    couriers: dict[str, Courier] = {
        account.delivery_id: courier_of(account.delivery_id, account.name) for account in accounts
    }
    groups: list[tuple[str, Any]] = [
        (str(courier.name), [(each.code, service_text(each)) for each in courier.services])
        for courier in couriers.values()
        if courier.services
    ]
    listed = {code for _courier, services in groups for code, _text in services}
    kept = [(present, present)] if present and present not in listed else []
    return [("", USUAL), *kept, *groups]
