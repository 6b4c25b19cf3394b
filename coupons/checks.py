"""System checks for the coupon gateway."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Tags, register

from stores.checks import fits_request_seconds, not_plain_http


@register
def request_time(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    return fits_request_seconds("UMEMBER_TIMEOUT", id="coupons.E001")


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
