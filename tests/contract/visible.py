"""What a person reads on a page: its text, and the attributes that browsers show or read out.

The language switch is left out: it calls each language by its own name.
"""

import re
from html.parser import HTMLParser

from django.urls import reverse

from tests.contract.collected import sets

SHOWN = ("placeholder", "title", "aria-label", "alt")
UNSEEN = ("script", "style")
VOID = {
    "area",
    "base",
    "br",
    "col",
    "embed",
    "hr",
    "img",
    "input",
    "link",
    "meta",
    "source",
    "track",
    "wbr",
}
# Words that stand in Chinese texts as they are.
ALLOWED = sets("ENGLISH")
_LATIN = re.compile(r"[A-Za-z][A-Za-z'’]+")
_CHINESE = re.compile(r"[\u3000-\u303f\u3400-\u9fff\uff00-\uffef]+")
# What tests/contract/two_merchants.py calls its rows, keys, dotted names of functions, addresses.
_DATA = re.compile(
    r"(?<![A-Za-z])(?:alpha|omega)(?![A-Za-z])[\w@.\-]*(?: changed it)?|\bzg_[\w\-]+|https?://\S+"
    r"|\b\w+(?:\.\w+)+\b|\boperator\b|\bOrmQ object\b|\bZG-\d+\b"
    # AppIDs of WeChat.
    r"|\bwx[a-z0-9]{10,}\b"
    # Voucher codes and order numbers of ours, names of settings, names of Meituan's fields.
    r"|(?-i:\b[A-Z\d]{12,}\b|…[A-Z\d]{4}\b|\b[A-Z]+(?:_[A-Z]+)+\b|\b[a-z]+(?:[A-Z][a-z]+)+\b)",
    re.ASCII | re.IGNORECASE,
)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self._open: list[tuple[str, bool]] = []

    @property
    def _hidden(self) -> bool:
        return any(hidden for _, hidden in self._open)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        icon = "material-symbols" in (given.get("class") or "")
        switch = tag == "form" and given.get("action") == reverse("set_language")
        # Messages as they went over the line, which a click unfolds.
        message = tag == "pre" and any(name == "details" for name, _ in self._open)
        # What says its own language: a mail to Meituan's staff.
        spoken = tag != "html" and "lang" in given
        if tag not in VOID:
            self._open.append((tag, tag in UNSEEN or icon or switch or message or spoken))
        if not self._hidden:
            self.words += [given[name] or "" for name in SHOWN if name in given]
            if tag == "input" and given.get("type") in ("submit", "button"):
                self.words.append(given.get("value") or "")

    def handle_endtag(self, tag: str) -> None:
        while any(name == tag for name, _ in self._open) and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if not self._hidden and data.strip():
            self.words.append(data.strip())


def visible(html: str) -> list[str]:
    """The texts of a page, one for each element or attribute."""
    reader = _Reader()
    reader.feed(html)
    return reader.words


def english_in(html: str) -> list[str]:
    """Texts with English words that are neither data nor allowed."""
    return [text for text in visible(html) if set(_LATIN.findall(_DATA.sub(" ", text))) - ALLOWED]


# A mark between Chinese characters, behind one, or behind a value in a Chinese text.
_HALF_WIDTH = re.compile(
    r"[\u3400-\u9fff\uff09\u201d] ?[,;:!?](?=\s|$|[\u3400-\u9fff])|[,;:!?] ?[\u3400-\u9fff]"
)


def half_width_in(html: str) -> list[str]:
    """Texts whose Chinese is followed by a mark of English."""
    return [text for text in visible(html) if _HALF_WIDTH.search(text)]


def chinese_in(html: str) -> list[str]:
    """Texts with Chinese characters."""
    return [text for text in visible(html) if _CHINESE.search(text)]
