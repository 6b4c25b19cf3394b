"""Signing in and changing one's password: guesses are limited, and stand in the audit log.

Every try is counted before its password is looked at, and given back when it was right: many tries
at the same moment get no more guesses than the limit.
"""

import re
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.forms import AdminOwnPasswordChangeForm, AuthenticationForm

from stores import audit
from stores.models import Merchant, Staff
from stores.web.addresses import client_network
from stores.web.limits import Limit, Taken, give_back, take

WRONG_PASSWORDS = Limit("sign-in", 8, 600)
# A whole shop may share one address; many different names from one address are an attack.
WRONG_NAMES = Limit("sign-in-address", 60, 600)
# Over all addresses: wide, because whoever has many addresses keeps the true owner out with it.
WRONG_ANYWHERE = Limit("sign-in-name", 100, 3600)
WRONG_OLD_PASSWORDS = Limit("old-password", 8, 600)
# A password that was typed into the field of the name must not stand in the log.
NAME_SHOWN = 2


class SignInForm(AuthenticationForm):
    """Counts only failures, so that people who sign in often are never locked out."""

    error_messages = AuthenticationForm.error_messages | {
        "invalid_login": _(
            "The name or the password is not right. Both distinguish capital letters."
        ),
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        name = self.fields["username"]
        name.label = _("Name to sign in with")
        # Django says how long a name may be, and looks for longer ones all the same.
        name.validators.append(MaxLengthValidator(User._meta.get_field("username").max_length))

    def clean(self) -> dict[str, Any]:
        if not {"username", "password"} <= self.cleaned_data.keys():
            # The fields say what is missing; nothing can be guessed so.
            return dict(super().clean())
        name = str(self.cleaned_data["username"])
        taken = [_take_or_refuse(limit, who) for limit, who in self._limits(name)]
        try:
            cleaned: dict[str, Any] = super().clean()
        except ValidationError:
            _record_failure(name)
            raise
        give_back(*taken)
        user = self.get_user()
        assert user, "no error means that somebody was found"
        _record_at_merchants("signed in", user, actor=user, target=user.get_username())
        return cleaned

    def _limits(self, name: str) -> list[tuple[Limit, str]]:
        """Returns the narrow limit first: what it refuses does not use up the wide ones."""
        network, name = client_network(self.request), name.casefold()
        return [
            (WRONG_PASSWORDS, f"{name}\n{network}"),
            (WRONG_NAMES, network),
            (WRONG_ANYWHERE, name),
        ]


def _unspelled(password: str) -> str:
    """Whoever gave a password knows it in capitals and without its hyphens too."""
    return re.sub(r"[\s-]", "", password).casefold()


class OwnPasswordForm(AdminOwnPasswordChangeForm):
    """Changing the own password; an open page of somebody else is no place to guess it."""

    user: User

    def clean_old_password(self) -> str:
        taken = _take_or_refuse(WRONG_OLD_PASSWORDS, str(self.user.pk))
        try:
            old: str = super().clean_old_password()
        except ValidationError:
            _record_at_merchants("old password wrong", self.user, actor=self.user)
            raise
        give_back(taken)
        return old

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean()
        new, old = cleaned.get("new_password1"), cleaned.get("old_password")
        if new and old and _unspelled(new) == _unspelled(old):
            self.add_error("new_password1", _("This is the old password."))
        return cleaned

    def save(self, commit: bool = True) -> User:
        user: User = super().save(commit)
        user.memberships.update(password_is_given=False)
        _record_at_merchants("password changed", user, actor=user)
        return user


def _take_or_refuse(limit: Limit, who: str) -> Taken:
    """Counts one try. Raises ValidationError over the limit."""
    taken = take(limit, who)
    if taken.allowed:
        return taken
    minutes = -(-taken.retry_after // 60)
    raise ValidationError(
        ngettext(
            "Too many wrong passwords. Please try again in %(minutes)d minute.",
            "Too many wrong passwords. Please try again in %(minutes)d minutes.",
            minutes,
        )
        % {"minutes": minutes},
        code="too_many_tries",
    )


def _record_failure(name: str) -> None:
    """Notes a failure where the named person works; a name that nobody has, for the operator."""
    user = User.objects.filter(username__iexact=name).first()
    shown = f"{name[:NAME_SHOWN]}…"
    _record_at_merchants("sign-in failed", user, actor=audit.STRANGER, target=shown)


def _record_at_merchants(verb: str, user: User | None, *, actor: Any, target: str = "") -> None:
    """Writes the entry at each merchant where the person works, else one that operators see."""
    works = Staff.objects.filter(user=user, is_active=True).select_related("merchant")
    merchants: list[Merchant | None] = [staff.merchant for staff in works] if user else []
    for merchant in merchants or [None]:
        audit.record(verb, actor=actor, merchant=merchant, target=target)
