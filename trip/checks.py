"""System checks for the ticket interfaces."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register

from stores.checks import is_plain_http


@register
def request_time(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """The lease is computed from REQUEST_SECONDS, so no notice may take longer."""
    longest = sum(settings.TRIP_TIMEOUT)
    if longest <= settings.REQUEST_SECONDS:
        return []
    text = f"TRIP_TIMEOUT adds up to {longest:g} s, more than REQUEST_SECONDS ({settings.REQUEST_SECONDS:g} s)."
    return [Error(text, id="trip.E001")]


@register
def date_window(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """The body of a call is not signed: the window is all that keeps a recorded signature from being used for ever."""
    if 0 < settings.TRIP_DATE_WINDOW <= 3600:
        return []
    text = f"TRIP_DATE_WINDOW is {settings.TRIP_DATE_WINDOW:g} s but must be above 0 and at most an hour."
    return [Error(text, id="trip.E002")]


@register(Tags.security, deploy=True)
def notice_address(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Notices carry voucher codes."""
    if not is_plain_http(settings.TRIP_NOTICE_BASE_URL):
        return []
    return [
        Warning(
            f"TRIP_NOTICE_BASE_URL is {settings.TRIP_NOTICE_BASE_URL}: voucher codes travel in the clear.",
            hint="Use Meituan's https address, or accept it with SILENCED_SYSTEM_CHECKS=trip.W001.",
            id="trip.W001",
        )
    ]
