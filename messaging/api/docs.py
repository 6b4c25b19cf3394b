"""What the page about the API says of takeaway."""

from django.utils.translation import gettext_lazy as _

from stores.api.docs import Caller, CurlStep


def quick_start(caller: Caller) -> list[CurlStep]:
    return [
        CurlStep(
            _("Takeaway orders that wait to be accepted"),
            caller.curl("takeaway/orders/?state=new"),
        )
    ]
