"""What the page about the API says of takeaway."""

from django.utils.translation import gettext_lazy as _

from messaging.reasons import OFFERED
from stores.api.docs import Caller, CodeLine, CodeTable, CurlStep


def code_tables() -> list[CodeTable]:
    lines = [CodeLine(code, text) for code, text in OFFERED.items()]
    return [
        CodeTable("cancellations", _("Why a takeaway order is cancelled"), "reason_code", lines)
    ]


def quick_start(caller: Caller) -> list[CurlStep]:
    return [
        CurlStep(
            _("Takeaway orders that wait to be accepted"),
            caller.curl("takeaway/orders/?state=new"),
        )
    ]
