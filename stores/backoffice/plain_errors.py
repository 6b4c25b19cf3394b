"""What went wrong between us and a platform, in a sentence; the original is one click away."""

import re

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from stores.domains import contributed
from stores.platforms.errors import Trouble
from stores.platforms.tools import TOO_MANY_CALLS, TROUBLES
from stores.text import mask_codes

_UNREACHABLE = _("The platform could not be reached.")
_SILENT = _("The platform did not answer in time.")
_BUSY = _("The platform asked us to slow down.")
_FAULT = _("The platform's server has a fault.")
_LOGIN = _("The platform refused the login. Check the credentials.")
_INCOMPLETE = _("The connection has no complete credentials. Enter them in its form.")
_UNREADABLE = _("The platform's answer could not be understood.")
_OTHER = _("The platform answered with an error.")

# The first pattern that is found decides.
SENTENCES: tuple[tuple[str, StrOrPromise], ...] = (
    (r"^SSLError.*certificate", TROUBLES[Trouble.CERTIFICATE]),
    (
        r"^no password stored$|^(The )?(PartnerId|client id|client secret)\b.* is missing",
        _INCOMPLETE,
    ),
    (r"^HTTP 404", TROUBLES[Trouble.NOTHING_THERE]),
    (r"connect timed out|ConnectTimeout|NewConnection|NameResolution", _UNREACHABLE),
    (r"HTTP 429|^HTML", _BUSY),
    (r"HTTP 504|timed out|ReadTimeout|not complete in time|TimeoutError", _SILENT),
    (r"HTTP 5\d\d", _FAULT),
    (r"HTTP 40[13]|login|password|token|[Uu]nauthor", _LOGIN),
    (r"not JSON|JSON object|without a|holds no|is not a|answer over", _UNREADABLE),
    (r"ConnectionError|ProtocolError|SSLError|Connection|Max retries", _UNREACHABLE),
)
_CHINESE = re.compile("[\u4e00-\u9fff]")


def in_words(original: str) -> str:
    """Returns a sentence for a technical text; "" for one that people understand as it is."""
    if original in map(str, (*TROUBLES.values(), TOO_MANY_CALLS)):
        return ""
    for words_of in contributed("error_words"):
        if words := words_of(original):
            return str(words)
    for pattern, sentence in SENTENCES:
        if re.search(pattern, original):
            return str(sentence)
    return "" if _CHINESE.search(original) else str(_OTHER)


def plain_text(original: str) -> str:
    """Returns the sentence, or the text where it needs none."""
    return in_words(original) or original


def explained(original: str, sentence: StrOrPromise = "") -> SafeString | str:
    """Shows a platform's error to people: the sentence, which opens the original without codes.

    `sentence` is used instead of the one that fits the text.
    """
    text = mask_codes(original.strip())
    if not text:
        return "–"
    said = sentence or in_words(text)
    if not said:
        return text
    return format_html(
        '<details class="zg-original"><summary>{}</summary><span>{}</span></details>', said, text
    )
