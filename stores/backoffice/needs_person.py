"""Rows that only a person can settle: how they are found, announced and settled.

Such a model has a field `needs_person`, and its queryset a method `needing_person()`.
"""

from collections.abc import Callable
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise
from unfold.widgets import UnfoldAdminTextareaWidget

from stores.backoffice import actions
from stores.backoffice.buttons import DONE, Button
from stores.backoffice.filters import ChoiceFilter
from stores.backoffice.scoping import Required
from stores.backoffice.widgets import Alert
from stores.roles import Permission

# Characters of a reason or a note.
REASON = 300


class NeedsPersonFilter(ChoiceFilter):
    title = _("needs a person")
    parameter_name = "person"
    options = (("yes", _("yes")),)

    def narrowed(self, rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        found: QuerySet[Any] = rows.needing_person()  # type: ignore[attr-defined]
        return found


def reason_field(label: StrOrPromise, help_text: StrOrPromise) -> forms.CharField:
    return forms.CharField(
        label=label,
        max_length=REASON,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text=help_text,
    )


class NoteForm(forms.Form):
    """The form of a button that settles a row: a note for the audit log is required."""

    note = reason_field(_("How was it settled?"), _("This note is kept in the audit log."))


def needs_person_alert(rows: QuerySet[Any], text: StrOrPromise) -> list[Alert]:
    """The alert about the rows that need a person, with a link to the list of just those."""
    opts = rows.model._meta
    url = reverse(f"admin:{opts.app_label}_{opts.model_name}_changelist")
    waiting = rows.needing_person().order_by().count()  # type: ignore[attr-defined]
    url = f"{url}?{NeedsPersonFilter.parameter_name}=yes"
    return Alert.counted("error", text, waiting, url, actions.DECIDE)


def settle_button(
    title: StrOrPromise,
    text: StrOrPromise,
    *,
    shown: Callable[[Any], bool],
    form: type[NoteForm] = NoteForm,
    permission: Required = Permission.SETTLE,
) -> Button:
    """The button of a row that a person settles; `shown` decides which rows have it."""
    return Button(
        title=title,
        icon="gavel",
        permission=permission,
        form=form,
        text=text,
        done=DONE,
        shown=shown,
    )
