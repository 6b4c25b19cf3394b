"""System checks for WeChat's instant delivery."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Tags, register

from stores.checks import fits_request_seconds, not_plain_http


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
