"""What the page about the API says of deliveries."""

from django.utils.translation import gettext_lazy as _

from stores.api.docs import Caller, CurlStep


def quick_start(caller: Caller) -> list[CurlStep]:
    return [
        CurlStep(
            _("Deliveries that nobody rides for yet"), caller.curl("deliveries/?state=waiting")
        )
    ]
