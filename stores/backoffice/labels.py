"""Columns and facts of the admins: coloured badges, moments, actors and sums."""

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.contrib.admin import display
from django.db import models
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from stores import audit
from stores.clock import format_moment, short_moment
from stores.domains import platform_choices
from stores.fields import readable
from stores.money import yuan_text

Colours = Mapping[str, str]


def opened(row: models.Model, name: str) -> Any:
    """Returns an encrypted attribute for people, or a text that says that no key opens it."""
    return readable(row, name, gettext("No key of this installation opens this."))


def labelled(label: Any, text: Any) -> str:
    """Returns "label: text" with the colon of the reader's language."""
    return gettext("%(label)s: %(text)s") % {"label": label, "text": text}


def badge(text: Any, colours: Colours, key: str) -> SafeString:
    """A coloured label; `colours` maps the stored value to info, success, warning or danger."""
    return render_to_string(
        "unfold/helpers/label.html", {"text": text, "type": colours.get(key, "info")}
    )


def badge_column(
    field: str,
    colours: Colours,
    title: StrOrPromise,
    *,
    needs_person: bool = False,
    special: Callable[[Any], tuple[StrOrPromise, str] | None] = lambda row: None,
) -> Callable[[Any, Any], SafeString | str]:
    """A column of an admin that shows the choice stored in `field` in the colour of its value.

    `needs_person`: a row whose `needs_person` is set says so instead. `special` may return another
    text and the key of its colour.
    """

    @display(description=title, ordering=field)
    def column(admin: Any, row: Any) -> SafeString | str:
        if needs_person and row.needs_person:
            return badge(_("needs a person"), {"person": "danger"}, "person")
        stored = getattr(row, field)
        text, key = special(row) or (getattr(row, f"get_{field}_display")(), str(stored))
        return badge(text, colours, key) if text else "–"

    return column


def platform_name(platform: str) -> str:
    """What people call a platform."""
    return str(dict(platform_choices()).get(platform, platform))


@display(description=_("platform"))
def platform_column(admin: Any, row: Any) -> str:
    """A column of an admin that shows the name of the row's platform."""
    return platform_name(row.platform)


@display(description=_("connection"))
def connection_column(admin: Any, row: Any) -> str:
    """A column of an admin that shows the row's connection as text.

    Not everybody who sees the row may open the connection's own page.
    """
    return str(row.connection or "–")


def moment(at: datetime | None) -> SafeString | str:
    """A time in short form, whose hint has it to the second."""
    if at is None:
        return "–"
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        at.isoformat(),
        format_moment(at),
        short_moment(at),
    )


def moment_column(field: str, title: StrOrPromise) -> Callable[[Any, Any], SafeString | str]:
    """A column of an admin that shows a time in short form."""

    @display(description=title, ordering=field)
    def column(admin: Any, row: Any) -> SafeString | str:
        return moment(getattr(row, field))

    return column


def actor_column(field: str, title: StrOrPromise) -> Callable[[Any, Any], str]:
    """A column of an admin that shows the name of a stored actor: a person, an API key, a guest."""

    @display(description=title, ordering=field)
    def column(admin: Any, row: Any) -> str:
        return audit.shown(getattr(row, field))

    return column


def link(url: str, text: Any) -> SafeString:
    return format_html('<a class="text-primary-600" href="{}">{}</a>', url, text)


def money(amount: Decimal) -> SafeString:
    """An amount in yuan; on a phone it stands at the top of its row."""
    return format_html('<span class="zg-sum">{}</span>', yuan_text(amount))


def sum_of(field: str, title: StrOrPromise) -> Callable[[Any, Any], SafeString | str]:
    """A column of an admin that shows a field in yuan."""

    @display(description=title, ordering=field)
    def column(admin: Any, row: Any) -> SafeString | str:
        amount = getattr(row, field)
        return "–" if amount is None else money(amount)

    return column
