"""Access tokens of mini-programs: who gets one, and whom one lets in."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from . import providers
from .answers import PlatformRefused
from .book import App, Book

if TYPE_CHECKING:
    from .settings import Settings

# A shorter text is no token of anybody's.
SHORTEST = 20


def stable_token(book: Book, settings: Settings, body: Mapping[str, Any]) -> dict[str, Any]:
    """Answers with the present token, or with a new one when it is nearly over or wanted."""
    app = book.apps.get(str(body.get("appid")))
    if app is None:
        raise PlatformRefused(40013)
    if body.get("secret") != app.secret:
        raise PlatformRefused(40125)
    now = time.time()
    is_forced = body.get("force_refresh") is True
    if is_forced and now - app.forced_at >= settings.force_pause_seconds:
        app.forced_at, app.token, app.old_token = now, "", ""
    if not app.token or app.token_ends - now < settings.old_token_seconds:
        renew(app, settings, now)
    return {"access_token": app.token, "expires_in": int(app.token_ends - now)}


def renew(app: App, settings: Settings, now: float) -> None:
    """Gives an app a new token; the old one lives on for a while."""
    lives_until = min(app.token_ends, now + settings.old_token_seconds)
    app.old_token, app.old_token_ends = app.token, lives_until
    app.token = f"{secrets.token_urlsafe(100)}_{app.appid}"
    app.token_ends = now + settings.token_seconds


def let_in(book: Book, token: str) -> App:
    """Returns the app of a token. Raises PlatformRefused."""
    if not token:
        raise PlatformRefused(41001)
    if granted := providers.authorisation_of(book, token):
        app, ends = book.apps[granted.appid], granted.token_ends
    elif found := book.app_of(token):
        app, ends = found, found.token_ends if token == found.token else found.old_token_ends
    else:
        raise PlatformRefused(40001 if len(token) > SHORTEST else 40014)
    if ends < time.time():
        raise PlatformRefused(42001)
    return app
