"""Buttons on a row's page: each is a POST, after a form where a reason or a confirmation is
needed.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.utils import (
    display_for_field,
    label_for_field,
    lookup_field,
    quote,
    unquote,
)
from django.core.exceptions import PermissionDenied
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseNotAllowed,
    HttpResponseRedirect,
)
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from stores.backoffice.base import Headed, ScopedAdmin
from stores.backoffice.scoping import Required
from stores.conflicts import Conflict

DONE = _("Done. The state below shows what came of it.")
_NO_LONGER = _("This can no longer be done. The page shows the present state.")


@dataclass(frozen=True)
class Button:
    """A button. `form`, if any, is filled in first.

    `text` says what is about to happen, `busy` that it happens, `done` that it did.
    """

    title: StrOrPromise
    icon: str
    permission: Required
    form: type[forms.Form] | None = None
    text: StrOrPromise = ""
    busy: StrOrPromise = ""
    done: StrOrPromise = ""
    shown: Callable[[Any], bool] = lambda row: True
    name: str = ""
    url: str = ""


def button(wanted: Button) -> Callable[[Any], Any]:
    """Makes an admin's method `(request, row, cleaned_data)` a button; its name goes into
    `buttons`.

    The method may raise Conflict: its reason is shown, above the form where there is one with
    fields. A page that it returns is shown instead of the row's.
    """

    def mark(method: Any) -> Any:
        method.button = replace(wanted, name=method.__name__)
        return method

    return mark


class ButtonsAdmin(ScopedAdmin):
    """Admins with buttons. A button needs its own permission, and the row must be visible."""

    buttons: tuple[str, ...] = ()
    # The row's facts beside a button's form: names as in `list_display`.
    asked_about: tuple[str, ...] = ()
    change_form_outer_before_template = "stores/backoffice/buttons.html"

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.button_view)
        return [
            path("<path:object_id>/do/<slug:name>/", view, name=self._button_url_name()),
            *super().get_urls(),
        ]

    def _button_url_name(self) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_do"

    def _buttons_for(self, request: HttpRequest, row: Any) -> list[Button]:
        found = [getattr(self, name).button for name in self.buttons]
        url = f"{self.admin_site.name}:{self._button_url_name()}"
        return [
            replace(
                each,
                title=self.title_of(row, each),
                url=reverse(url, args=[quote(row.pk), each.name]),
            )
            for each in found
            if each.shown(row) and self.permits(request, each.permission, row)
        ]

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        row = kwargs.get("obj")
        context["buttons"] = self._buttons_for(request, row) if row else []
        return super().render_change_form(request, context, *args, **kwargs)

    def button_view(self, request: HttpRequest, object_id: str, name: str) -> HttpResponse:
        if name not in self.buttons:
            raise Http404
        row = self.get_object(request, unquote(object_id))
        wanted: Button = getattr(self, name).button
        if not self.permits(request, wanted.permission, row):
            raise PermissionDenied
        if wanted.form:
            return self._ask_and_do(request, row, wanted, wanted.form)
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        try:
            return self._do(request, row, wanted, {})
        except Conflict as conflict:
            return self._back_to(request, row, conflict.reason)

    def _ask_and_do(
        self, request: HttpRequest, row: Any, wanted: Button, kind: type[forms.Form]
    ) -> HttpResponse:
        if request.method != "POST" and not wanted.shown(row):
            return self._back_to(request, row, _NO_LONGER)
        form = kind(request.POST if request.method == "POST" else None)
        if not form.is_valid():
            return self._ask(request, row, wanted, form)
        try:
            return self._do(request, row, wanted, form.cleaned_data)
        except Conflict as conflict:
            if not form.fields:
                return self._back_to(request, row, conflict.reason)
            # The typed text must not be lost.
            form.add_error(None, str(conflict.reason))
            return self._ask(request, row, wanted, form)

    def _back_to(self, request: HttpRequest, row: Any, why_not: StrOrPromise) -> HttpResponse:
        messages.error(request, why_not)
        return HttpResponseRedirect(self.page_of(row))

    def _do(
        self, request: HttpRequest, row: Any, wanted: Button, cleaned_data: dict[str, Any]
    ) -> HttpResponse:
        answer = getattr(self, wanted.name)(request, row, cleaned_data)
        if isinstance(answer, HttpResponse):
            return answer
        if done := self.done_text(request, row, wanted):
            messages.success(request, done)
        return HttpResponseRedirect(self.after(request, row))

    def title_of(self, row: Any, wanted: Button) -> StrOrPromise:
        """Returns what a button says."""
        return wanted.title

    def text_of(self, row: Any, wanted: Button) -> StrOrPromise:
        """Returns what stands above a button's form."""
        return wanted.text

    def done_text(self, request: HttpRequest, row: Any, wanted: Button) -> StrOrPromise:
        """Returns what is said after a button did its work."""
        return wanted.done

    def after(self, request: HttpRequest, row: Any) -> str:
        """Returns the address that follows a button's work: the row's page, or the list when the
        row is gone.
        """
        name = f"{self.admin_site.name}:{self.opts.app_label}_{self.opts.model_name}_changelist"
        return reverse(name) if row.pk is None else self.page_of(row)

    def before(self, request: HttpRequest, row: Any) -> str:
        """Returns the address to which a button's form leads back."""
        return self.page_of(row)

    def page_of(self, row: Any) -> str:
        return reverse(
            f"{self.admin_site.name}:{self.opts.app_label}_{self.opts.model_name}_change",
            args=[row.pk],
        )

    def _fact(self, name: str, row: Any) -> tuple[str, Any]:
        field, _attribute, value = lookup_field(name, row, self)
        label = str(label_for_field(name, self.model, self))
        return label, display_for_field(value, field, "–") if field else value

    def _ask(
        self, request: HttpRequest, row: Any, wanted: Button, form: forms.Form
    ) -> HttpResponse:
        heading = self.heading(row)
        context = self.admin_site.each_context(request) | {
            "title": wanted.title,
            "subtitle": heading,
            "text": self.text_of(row, wanted),
            "facts": [
                fact for name in self.asked_about if (fact := self._fact(name, row))[1] != "–"
            ],
            "form": form,
            "opts": self.opts,
            "original": Headed(row, heading),
            "back": self.before(request, row),
            "media": self.media + form.media,
        }
        return TemplateResponse(request, "stores/backoffice/ask.html", context)
