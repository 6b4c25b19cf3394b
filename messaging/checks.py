"""System checks for the takeaway platform."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Tags, register

from stores.checks import fits_request_seconds, not_plain_http


@register
def request_time(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    return fits_request_seconds("TAKEAWAY_TIMEOUT", id="messaging.E001")


@register(Tags.security, deploy=True)
def platform_address(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    return not_plain_http(
        "TAKEAWAY_BASE_URL",
        sends="the stores' tokens and customers' messages",
        advice="Use Meituan's https address",
        id="messaging.W001",
    )
