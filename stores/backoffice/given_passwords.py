"""Passwords that we make: shown once to who asked for one, kept as a hash only, and changed by
their owner at the first sign-in.
"""

from typing import Any

from django import forms
from django.contrib.auth.models import User
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.crypto import get_random_string
from django.utils.translation import gettext_lazy as _

from stores.backoffice.buttons import Button, ButtonsAdmin
from stores.conflicts import Conflict
from stores.text import LEGIBLE


def new_password() -> str:
    """Returns "k7mq-2vxd-9hrt", of 59 bits: it can be read out on the telephone."""
    return "-".join(get_random_string(4, LEGIBLE) for _group in range(3))


def renewal(permission: str) -> Button:
    """The button that makes a new password for somebody who has forgotten the old one."""
    return Button(
        title=_("Reset password"),
        icon="key",
        permission=permission,
        form=forms.Form,
        text=_(
            "The old password ends at once, also where this person is signed in. The new one is"
            " shown once, and has to be changed at the first sign-in."
        ),
    )


class GivesPasswords(ButtonsAdmin):
    """Admins whose rows stand for people who sign in."""

    def account_of(self, row: Any) -> User:
        raise NotImplementedError

    def make_password(self, request: HttpRequest) -> str:
        """Returns a password for the account that is being added; `response_add` shows it."""
        request.new_password = new_password()  # type: ignore[attr-defined]
        return request.new_password  # type: ignore[attr-defined,no-any-return]

    def response_add(
        self, request: HttpRequest, obj: Any, post_url_continue: str | None = None
    ) -> HttpResponse:
        return self.show_password(request, obj, request.new_password)  # type: ignore[attr-defined]

    def renew(self, request: HttpRequest, row: Any) -> HttpResponse:
        """Makes a new password, notes that it was made, and shows it.

        Raises Conflict for the person's own.
        """
        user, password = self.account_of(row), new_password()
        if user == request.user:
            raise Conflict(_("Your own password is changed on the page “Me”."))
        with transaction.atomic():
            user.set_password(password)
            user.save(update_fields=["password"])
            user.memberships.update(password_is_given=True)
            self.log_change(request, row, [{"changed": {"fields": ["Password"]}}])
        return self.show_password(request, row, password)

    def show_password(self, request: HttpRequest, row: Any, password: str) -> HttpResponse:
        """Shows the password in this very answer, so that it is stored nowhere."""
        user = self.account_of(row)
        context = self.admin_site.each_context(request) | {
            "title": _("Password of %(name)s") % {"name": user.get_full_name() or user.username},
            "text": _(
                "Copy this password now and give it to nobody but this person: it is never shown"
                " again, and has to be changed at the first sign-in."
            ),
            "sign_in": user.username,
            "secret": password,
            "opts": self.opts,
            "back": self.page_of(row),
        }
        return TemplateResponse(request, "stores/backoffice/secret.html", context)
