"""The connection form of a mini-program and of a service provider, and the addresses that WeChat
pushes to.
"""

import re
from typing import Any

from django import forms
from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise
from unfold.widgets import UnfoldBooleanSwitchWidget

from delivery.admin.steps import next_steps
from delivery.services.wechat import is_provider
from delivery.signatures import key_of
from stores.backoffice.connection_forms import KEPT, ConnectionForm, SecretForm, secret_field
from stores.backoffice.widgets import Step
from stores.fields import readable
from stores.models import Connection
from stores.text import plain

APPID = re.compile("wx[0-9A-Za-z]{8,40}")
ORIGINAL_ID = "gh_"
TOKEN = re.compile("[0-9A-Za-z]{3,32}")
# What WeChat signs and seals its pushes with. The one before is kept as previous_<name>.
PUSH_SECRETS = ("push_token", "aes_key")


class WechatConnectionForm(SecretForm):
    secret_name, secret_missing = "secret", _("A new connection needs the AppSecret.")
    for_operator = True
    intro = _(
        "You need a mini-program of your own, and instant delivery (即时配送) opened for it in"
        " WeChat's console (mp.weixin.qq.com). What is asked for here stands there under 开发管理 →"
        " 开发设置. For operators: without a merchant it is the account of a service provider"
        " (服务商) at the open platform, for the mini-programs of many merchants."
    )
    secret = secret_field(
        _("AppSecret"),
        _("Stands beside the AppID. WeChat shows it once: reset it there if nobody has kept it."),
    )
    push_token = secret_field(
        _("Token"),
        _("For pushes: 3 to 32 letters and digits that you make up and enter at WeChat, too."),
    )
    aes_key = secret_field(
        _("EncodingAESKey"),
        _("For pushes: 43 letters and digits. Press 随机生成 in WeChat's console and copy them."),
    )
    forget_previous = forms.BooleanField(
        label=_("The old Token and EncodingAESKey are no longer used"),
        required=False,
        widget=UnfoldBooleanSwitchWidget(),
        help_text=_("Until you tick this, pushes that are signed with the old ones are taken too."),
    )
    extra_template = "delivery/admin/addresses.html"

    class Meta(ConnectionForm.Meta):
        labels = {"account": _("AppID")}
        help_texts = {"account": _("Begins with wx. The original id (gh_…) is another one.")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.parent_id:
            self.fields["account"].disabled = True
            for name in (self.secret_name, *PUSH_SECRETS, "forget_previous"):
                self.fields.pop(name, None)
        for name in PUSH_SECRETS:
            if self.stored.get(name) and name in self.fields:
                self.fields[name].help_text = f"{self.fields[name].help_text} {KEPT}"

    @classmethod
    def credential_fields(cls, connection: Connection | None) -> tuple[str, ...]:
        """A shop that has authorised a service provider has no secrets of its own."""
        if connection and connection.parent_id:
            return ()
        known = (readable(connection, "credentials", {}) or {}) if connection else {}
        is_rotating = any(_previous(name) in known for name in PUSH_SECRETS)
        more = ("forget_previous",) if is_rotating else ()
        return (cls.secret_name, *PUSH_SECRETS, *more)

    @classmethod
    def next_steps(cls, connection: Connection) -> list[Step]:
        return next_steps(connection)

    @classmethod
    def extra_context(cls, connection: Connection) -> dict[str, Any]:
        if connection.parent_id:
            return {"addresses": []}
        routes: dict[str, tuple[StrOrPromise, list[str]]] = {"push": (_("Pushes"), [])}
        if is_provider(connection):
            # WeChat puts the shop's AppID in place of the last word.
            routes = {
                "tickets": (_("Tickets and authorisations"), []),
                "push-of": (_("Pushes of shops"), ["$APPID$"]),
            }
        addresses = [
            {
                "title": title,
                "id": f"address-{route}",
                "url": settings.PUBLIC_BASE_URL
                + reverse(f"delivery:{route}", args=[connection.pk, *more]),
            }
            for route, (title, more) in routes.items()
        ]
        return {"addresses": addresses, "is_provider": is_provider(connection)}

    def clean_account(self) -> str:
        account = plain(self.cleaned_data["account"])
        if account.startswith(ORIGINAL_ID):
            raise forms.ValidationError(
                _("This is the original id of the account. The AppID begins with wx.")
            )
        if not APPID.fullmatch(account):
            raise forms.ValidationError(
                _("An AppID begins with wx and has only letters and digits after it.")
            )
        known = self.instance
        if known.pk and account != known.account and known.courier_accounts.exists():
            raise forms.ValidationError(
                _("Accounts at couriers were read for %(account)s: add a connection for another.")
                % {"account": known.account}
            )
        return account

    def clean_secret(self) -> str:
        return plain(self.cleaned_data["secret"])

    def clean_push_token(self) -> str:
        token = plain(self.cleaned_data["push_token"])
        if token and not TOKEN.fullmatch(token):
            raise forms.ValidationError(_("A Token has 3 to 32 letters and digits."))
        return token

    def clean_aes_key(self) -> str:
        key = plain(self.cleaned_data["aes_key"])
        try:
            if key:
                key_of(key)
        except ValueError as error:
            raise forms.ValidationError(
                _("An EncodingAESKey has 43 letters and digits; this has %(count)d characters.")
                % {"count": len(key)}
            ) from error
        return key

    def clean(self) -> dict[str, Any]:
        if self.instance.parent_id:
            return ConnectionForm.clean(self)
        data = super().clean()
        has = {name: bool(data.get(name) or self.stored.get(name)) for name in PUSH_SECRETS}
        merchant = self.instance.merchant if self.instance.pk else data.get("merchant")
        for name in PUSH_SECRETS:
            if merchant is None and not has[name] and not self.errors:
                self.add_error(name, _("WeChat seals all that it pushes to a service provider."))
        if has["aes_key"] and not has["push_token"] and "push_token" not in self.errors:
            self.add_error("push_token", _("WeChat signs with the Token: enter it, too."))
        return data

    def new_credentials(self) -> dict[str, str] | None:
        known = self.stored
        typed = {
            name: text
            for name in (self.secret_name, *PUSH_SECRETS)
            if (text := self.cleaned_data.get(name))
        }
        wanted = known | typed
        for name in PUSH_SECRETS:
            if self.cleaned_data.get("forget_previous"):
                wanted.pop(_previous(name), None)
            if known.get(name) and known[name] != wanted[name]:
                wanted[_previous(name)] = known[name]
        return wanted if wanted != known else None


def _previous(name: str) -> str:
    return f"previous_{name}"
