"""Signing in: guesses are stopped after a few wrong passwords per name and address."""

from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.forms import AuthenticationForm

from stores.web.addresses import client_network
from stores.web.limits import Limit, Taken, peek, take

WRONG_PASSWORDS = Limit("sign-in", 8, 600)
# A whole shop may share one address; many different names from one address are an attack.
WRONG_NAMES = Limit("sign-in-address", 60, 600)


class SignInForm(AuthenticationForm):
    """Counts only failures, so that people who sign in often are never locked out."""

    error_messages = AuthenticationForm.error_messages | {
        "invalid_login": _(
            "The name or the password is not right. Both distinguish capital letters."
        ),
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].label = _("Name to sign in with")

    def clean(self) -> dict[str, Any]:
        for limit, who in self._limits():
            self._refuse_if_over(peek(limit, who))
        try:
            cleaned: dict[str, Any] = super().clean()
        except ValidationError:
            for limit, who in self._limits():
                take(limit, who)
            raise
        return cleaned

    def _limits(self) -> list[tuple[Limit, str]]:
        network = client_network(self.request)
        name = str(self.cleaned_data.get("username", "")).casefold()
        return [(WRONG_PASSWORDS, f"{name}\n{network}"), (WRONG_NAMES, network)]

    @staticmethod
    def _refuse_if_over(taken: Taken) -> None:
        if taken.allowed:
            return
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
