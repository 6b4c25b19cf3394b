"""System checks for the coupon gateway."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register

from stores.checks import fits_request_seconds, not_plain_http


@register
def request_time(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    return fits_request_seconds("UMEMBER_TIMEOUT", id="coupons.E001")


@register
def pace_scope(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    scope = settings.PACE_SCOPE["umember"]
    if scope in ("account", "address"):
        return []
    text = f"UMEMBER_PACE_SCOPE is {scope!r}; it is account or address."
    return [Error(text, id="coupons.E002")]


@register(Tags.security, deploy=True)
def gateway_address(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Warns of plain http, because the gateway's published address is one and the operator must
    decide about it.
    """
    return not_plain_http(
        "UMEMBER_BASE_URL",
        sends="the gateway's password and the coupon codes",
        advice="Ask the gateway for an https address",
        id="coupons.W001",
    )
