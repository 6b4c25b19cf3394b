"""Service providers: their ticket, their tokens, and the apps that have authorised them."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from .answers import PlatformRefused
from .book import App, Authorisation, Book, Provider

if TYPE_CHECKING:
    from .settings import Settings

ROOT = "/cgi-bin/component/"
# Permission sets; 51 and 71 are for instant delivery.
PERMISSIONS = (17, 18, 51, 71)
CODE_SECONDS, TICKET_SECONDS = 600, 12 * 3600
START_TICKETS = "api_start_push_ticket"
Given = Mapping[str, Any]


def component_token(book: Book, settings: Settings, body: Given) -> dict[str, Any]:
    provider = _provider(book, body)
    if body.get("component_appsecret") != provider.secret:
        raise PlatformRefused(40125)
    if not provider.ticket or body.get("component_verify_ticket") != provider.ticket:
        raise PlatformRefused(61006)
    if time.time() - provider.ticket_at > TICKET_SECONDS:
        raise PlatformRefused(61005)
    provider.token = f"c-{secrets.token_urlsafe(60)}"
    provider.token_ends = time.time() + settings.token_seconds
    return {"component_access_token": provider.token, "expires_in": int(settings.token_seconds)}


def start_tickets(book: Book, settings: Settings, body: Given) -> tuple[Provider, bool]:
    """Returns the provider who wants tickets, and whether they are being sent anyway."""
    provider = _provider(book, body)
    if body.get("component_secret") != provider.secret:
        raise PlatformRefused(40125)
    every = settings.ticket_seconds
    return provider, bool(every and time.time() - provider.ticket_at < every)


def pre_auth_code(book: Book, settings: Settings, body: Given) -> dict[str, Any]:
    provider, code = _provider(book, body), f"preauth-{secrets.token_urlsafe(12)}"
    provider.pre_auth_codes[code] = time.time() + CODE_SECONDS
    return {"pre_auth_code": code, "expires_in": CODE_SECONDS}


def query_auth(book: Book, settings: Settings, body: Given) -> dict[str, Any]:
    provider = _provider(book, body)
    code = body.get("authorization_code")
    rows = book.authorisations.values()
    found = next((row for row in rows if row.code and row.code == code), None)
    if found is None or found.provider != provider.appid or found.code_ends < time.time():
        raise PlatformRefused(61010)
    found.code = ""
    _renew(found, settings)
    info = {
        "authorizer_appid": found.appid,
        "authorizer_access_token": found.token,
        "expires_in": int(settings.token_seconds),
        "authorizer_refresh_token": found.refresh,
        "func_info": [{"funcscope_category": {"id": number}} for number in PERMISSIONS],
    }
    return {"authorization_info": info}


def authorizer_token(book: Book, settings: Settings, body: Given) -> dict[str, Any]:
    provider = _provider(book, body)
    found = book.authorisations.get(str(body.get("authorizer_appid")))
    if found is None or found.provider != provider.appid:
        raise PlatformRefused(61003)
    if body.get("authorizer_refresh_token") != found.refresh:
        raise PlatformRefused(61023)
    _renew(found, settings)
    return {
        "authorizer_access_token": found.token,
        "expires_in": int(settings.token_seconds),
        "authorizer_refresh_token": found.refresh,
    }


CALLS: dict[str, Callable[[Book, Settings, Given], dict[str, Any]]] = {
    "api_component_token": component_token,
    "api_create_preauthcode": pre_auth_code,
    "api_query_auth": query_auth,
    "api_authorizer_token": authorizer_token,
}
# The token that these calls need in their query.
NEED_TOKEN = {"api_create_preauthcode", "api_query_auth", "api_authorizer_token"}


def let_in(book: Book, token: str) -> Provider:
    """Returns the provider of a component token. Raises PlatformRefused."""
    found = next((row for row in book.providers.values() if token and row.token == token), None)
    if found is None:
        raise PlatformRefused(40001 if token else 41001)
    if found.token_ends < time.time():
        raise PlatformRefused(42001)
    return found


def authorisation_of(book: Book, token: str) -> Authorisation | None:
    """Returns the authorisation whose token this is, whether it has ended or not."""
    return next((row for row in book.authorisations.values() if row.token == token), None)


def new_ticket(provider: Provider) -> dict[str, Any]:
    """Makes the next ticket; returns the fields of its push."""
    provider.ticket, provider.ticket_at = f"ticket@@@{secrets.token_urlsafe(40)}", time.time()
    return _push(provider, "component_verify_ticket", ComponentVerifyTicket=provider.ticket)


def authorise(book: Book, app: App, provider: Provider) -> dict[str, Any]:
    """Authorises a provider as the shop's administrator; returns the fields of the push."""
    known = app.appid in book.authorisations
    found = book.authorisations.setdefault(app.appid, Authorisation(app.appid, provider.appid))
    found.provider = provider.appid
    found.code, found.code_ends = f"code@@@{secrets.token_urlsafe(20)}", time.time() + CODE_SECONDS
    return _push(
        provider,
        "updateauthorized" if known else "authorized",
        AuthorizerAppid=app.appid,
        AuthorizationCode=found.code,
        AuthorizationCodeExpiredTime=int(found.code_ends),
        PreAuthCode=next(iter(provider.pre_auth_codes), ""),
    )


def withdraw(book: Book, app: App) -> tuple[Provider, dict[str, Any]] | None:
    """Ends the authorisation; returns the provider and the fields of the push."""
    found = book.authorisations.pop(app.appid, None)
    if found is None:
        return None
    provider = book.providers[found.provider]
    return provider, _push(provider, "unauthorized", AuthorizerAppid=app.appid)


def _renew(found: Authorisation, settings: Settings) -> None:
    found.token = f"a-{secrets.token_urlsafe(60)}"
    found.token_ends = time.time() + settings.token_seconds
    found.refresh = f"refreshtoken@@@{secrets.token_urlsafe(20)}"


def _provider(book: Book, body: Given) -> Provider:
    found = book.providers.get(str(body.get("component_appid")))
    if found is None:
        raise PlatformRefused(40013)
    return found


def _push(provider: Provider, kind: str, **more: Any) -> dict[str, Any]:
    return {"AppId": provider.appid, "CreateTime": int(time.time()), "InfoType": kind, **more}
