"""System checks for the takeaway platform."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register

from messaging.addresses import read_network
from stores.checks import fits_request_seconds, not_plain_http


@register
def request_time(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    return fits_request_seconds("TAKEAWAY_TIMEOUT", id="messaging.E001")


@register
def printer_networks(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    found: list[CheckMessage] = []
    for listed in settings.TAKEAWAY_PRINTER_NETWORKS:
        try:
            read_network(listed)
        except ValueError:
            text = f"TAKEAWAY_PRINTER_NETWORKS names {listed!r}, which is no network."
            hint = "Write networks as 192.168.8.0/24, or one printer as 192.168.8.50:9100."
            found.append(Error(text, hint=hint, id="messaging.E002"))
    return found


@register(Tags.security, deploy=True)
def platform_address(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    return not_plain_http(
        "TAKEAWAY_BASE_URL",
        sends="the stores' tokens and customers' messages",
        advice="Use Meituan's https address",
        id="messaging.W001",
    )
