"""What the platform's pages for people share."""

from __future__ import annotations

from stores.sandbox import Reply


def html(body: str, status: int = 200, *, style: str = "", head: str = "") -> Reply:
    """Returns a page; `head` are further elements of its head."""
    meta = '<meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    head = f"{meta}{head}<style>{style}</style>" if style else f"{meta}{head}"
    return Reply.html(f"<!DOCTYPE html><html><head>{head}</head><body>{body}</body></html>", status)
