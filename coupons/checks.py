"""System checks for the coupon gateway."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register

from stores.checks import is_plain_http


@register
def request_time(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """The lease is computed from REQUEST_SECONDS, so no request may take longer."""
    longest = sum(settings.UMEMBER_TIMEOUT)
    if longest <= settings.REQUEST_SECONDS:
        return []
    text = f"UMEMBER_TIMEOUT adds up to {longest:g} s, more than REQUEST_SECONDS ({settings.REQUEST_SECONDS:g} s)."
    return [Error(text, id="coupons.E001")]


@register(Tags.security, deploy=True)
def gateway_address(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """The gateway's published address is plain http, so whoever runs us has to know and decide."""
    if not is_plain_http(settings.UMEMBER_BASE_URL):
        return []
    return [
        Warning(
            f"UMEMBER_BASE_URL is {settings.UMEMBER_BASE_URL}: the gateway's password and the coupon codes travel in "
            "the clear.",
            hint="Ask the gateway for an https address, or accept it with SILENCED_SYSTEM_CHECKS=coupons.W001.",
            id="coupons.W001",
        )
    ]
