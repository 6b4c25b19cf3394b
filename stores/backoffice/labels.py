"""How admin lists and details show states, times and sums."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.contrib.admin import display
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.safestring import SafeString
from django_stubs_ext import StrOrPromise

from stores.domains import platform_choices


def badge(text: Any, colours: dict[str, str], key: str) -> SafeString:
    """A coloured label; `colours` maps the stored value to info, success, warning or danger."""
    return render_to_string(
        "unfold/helpers/label.html", {"text": text, "type": colours.get(key, "info")}
    )


def platform_name(platform: str) -> str:
    """What people call a platform."""
    return str(dict(platform_choices()).get(platform, platform))


def format_moment(at: datetime | None) -> str:
    """Local time to the second, in the same short form in every language."""
    return date_format(timezone.localtime(at), "Y-m-d H:i:s") if at else "–"


def sum_of(field: str, title: StrOrPromise) -> Callable[[Any, Any], str]:
    """A column or fact of an admin: a field in yuan."""

    @display(description=title, ordering=field)
    def shown(admin: Any, row: Any) -> str:
        amount = getattr(row, field)
        return "–" if amount is None else f"¥{amount}"

    return shown
