"""System checks for the ticket interfaces."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register

from stores.checks import fits_request_seconds, not_plain_http


@register
def request_time(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    return fits_request_seconds("TRIP_TIMEOUT", id="trip.E001")


@register
def date_window(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Requires a window of at most an hour: the body of a call is not signed, so only the window
    limits how long a recorded signature can be used again.
    """
    if 0 < settings.TRIP_DATE_WINDOW <= 3600:
        return []
    text = (
        f"TRIP_DATE_WINDOW is {settings.TRIP_DATE_WINDOW:g} s"
        " but must be above 0 and at most an hour."
    )
    return [Error(text, id="trip.E002")]


@register(Tags.security, deploy=True)
def notice_address(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    return not_plain_http(
        "TRIP_NOTICE_BASE_URL",
        sends="voucher codes",
        advice="Use Meituan's https address",
        id="trip.W001",
    )
