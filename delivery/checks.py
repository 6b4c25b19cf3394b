"""System checks for WeChat's instant delivery."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register

from delivery.choices import TileSystem
from stores.checks import fits_request_seconds, is_plain_http, not_plain_http

# What stands in a content security policy, and in an address.
_ORIGIN = r"https?://[0-9A-Za-z.-]+(?::[0-9]{1,5})?"
_TILES = re.compile(_ORIGIN + r"""/(?:[^\s{}"'<>\\;,]|\{(?:z|x|-?y)\})*""")


@register
def request_time(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    return fits_request_seconds("WECHAT_TIMEOUT", id="delivery.E001")


@register(Tags.security, deploy=True)
def platform_address(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    return not_plain_http(
        "WECHAT_BASE_URL",
        sends="AppSecrets, tokens and receivers' addresses",
        advice="Use WeChat's https address",
        id="delivery.W001",
    )


@register
def tiles(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Checks what is set of the map on the receiver's page."""
    if not settings.TRACKING_TILES_URL:
        return []
    return [Error(text, hint=hint, id="delivery.E002") for text, hint in _wrong_tiles()]


@register(Tags.security, deploy=True)
def tiles_address(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    url = settings.TRACKING_TILES_URL
    if not url or not is_plain_http(url):
        return []
    text = "TRACKING_TILES_URL is plain http: browsers show no such tiles on a page with https."
    return [Warning(text, hint="Use the https address of the tiles.", id="delivery.W002")]


def _wrong_tiles() -> Iterator[tuple[str, str]]:
    url = settings.TRACKING_TILES_URL
    names = set(re.findall(r"\{(-?\w+)\}", url))
    if not _TILES.fullmatch(url) or names not in ({"z", "x", "y"}, {"z", "x", "-y"}):
        yield (
            "TRACKING_TILES_URL is no address of tiles.",
            "Name one host and {z}, {x} and {y}: https://tiles.example.com/{z}/{x}/{y}.png",
        )
    if settings.TRACKING_TILES_SYSTEM not in TileSystem.values:
        known = ", ".join(TileSystem.values)
        yield f"TRACKING_TILES_SYSTEM is none of {known}.", "Ask whoever draws the tiles."
    if not settings.TRACKING_TILES_CREDIT.strip():
        yield (
            "TRACKING_TILES_CREDIT is empty.",
            "Say whose tiles they are, as their licence wants it.",
        )
