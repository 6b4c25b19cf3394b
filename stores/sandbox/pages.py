"""What the pages for people share on which they play the platform's side."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from urllib.parse import parse_qsl, urlencode

from .messages import Reply, Request


def form(request: Request) -> dict[str, str]:
    """Returns the fields of a form; {} when it is unreadable."""
    try:
        pairs = parse_qsl(request.body.decode("ascii"), keep_blank_values=True, max_num_fields=100)
    except ValueError:
        return {}
    return dict(pairs)


def html(body: str, status: int = 200, *, style: str = "", head: str = "") -> Reply:
    """Returns a page; `head` are further elements of its head."""
    # Else browsers ask for an icon, and tell people that there is none.
    meta = (
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        '<link rel="icon" href="data:,">'
    )
    head = f"{meta}{head}<style>{style}</style>" if style else f"{meta}{head}"
    return Reply.html(f"<!DOCTYPE html><html><head>{head}</head><body>{body}</body></html>", status)


def back(page: str, chosen: Mapping[str, str]) -> Reply:
    """Leads from what a button did to the page, so that loading it again does not do it again."""
    there = escape(f"{page}?{urlencode(chosen)}" if chosen else page)
    return html("", head=f'<meta http-equiv="refresh" content="0;url={there}">')
