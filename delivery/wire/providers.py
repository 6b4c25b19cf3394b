"""What WeChat tells a service provider, and the tokens that it gives him
(docs/platforms/wechat_delivery.md §1.2).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from delivery.choices import Told
from delivery.wire.events import any_moment
from stores.platforms.errors import Unknown
from stores.platforms.reading import any_text, any_whole, dicts, text

LONGEST = 512
# Seconds that a token lives when WeChat does not say it.
USUAL_LIFE = 7200
# Permission sets of instant delivery: one of them is needed.
DELIVERY = frozenset({51, 71})


@dataclass(frozen=True)
class ProviderNotice:
    """A push to a provider. `told` is None for a kind that is not known; `appid` is the shop's,
    `code` is exchanged once for its tokens.
    """

    kind: str
    told: Told | None
    provider: str
    ticket: str
    appid: str
    code: str
    at: datetime | None


@dataclass(frozen=True)
class RemoteToken:
    """A token and how long it lives; `refresh` is "" where the next one needs none."""

    text: str
    lives: timedelta
    refresh: str = ""


@dataclass(frozen=True)
class Granted:
    """What a provider may do for a shop, and the tokens with which."""

    appid: str
    token: RemoteToken
    permissions: frozenset[int]

    @property
    def may_deliver(self) -> bool:
        return bool(self.permissions & DELIVERY)


def parse_notice(data: Mapping[str, Any]) -> ProviderNotice:
    """Reads a push to a provider. Raises Malformed without its kind or its own appid."""
    kind = text(data, "InfoType", most=60)
    return ProviderNotice(
        kind=kind,
        told=Told(kind) if kind in Told.values else None,
        provider=text(data, "AppId", most=60),
        ticket=any_text(data, "ComponentVerifyTicket", most=LONGEST),
        appid=any_text(data, "AuthorizerAppid", most=60),
        code=any_text(data, "AuthorizationCode", most=LONGEST),
        at=any_moment(data, "CreateTime"),
    )


def parse_granted(data: Mapping[str, Any]) -> Granted:
    """Reads the answer to a code. Raises Unknown when it grants nothing."""
    info = data.get("authorization_info")
    given = info if isinstance(info, dict) else {}
    appid = any_text(given, "authorizer_appid", most=60)
    if not appid:
        raise Unknown("no authorization in the answer")
    token = parse_token(given, "authorizer_access_token")
    if not token.refresh:
        raise Unknown("no refresh token in the answer")
    return Granted(appid, token, _permissions(given))


def parse_token(data: Mapping[str, Any], name: str) -> RemoteToken:
    """Reads the token of this name. Raises Unknown without one."""
    found = any_text(data, name, most=2000)
    if not found:
        raise Unknown(f"no {name} in the answer")
    seconds = any_whole(data, "expires_in", most=30 * 86400) or USUAL_LIFE
    refresh = any_text(data, "authorizer_refresh_token", most=LONGEST)
    return RemoteToken(found, timedelta(seconds=max(seconds, 60)), refresh)


def _permissions(given: Mapping[str, Any]) -> frozenset[int]:
    sets = dicts([row.get("funcscope_category") for row in dicts(given.get("func_info"))])
    found = (any_whole(each, "id") for each in sets)
    return frozenset(number for number in found if number)
