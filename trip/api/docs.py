"""What the page about the API says of tickets."""

from django.utils.translation import gettext_lazy as _

from stores.api.docs import Caller, CodeLine, CodeTable, CurlStep
from trip.choices import Trouble


def code_tables() -> list[CodeTable]:
    lines = [CodeLine(trouble.value, trouble.label) for trouble in Trouble]
    return [CodeTable("troubles", _("Orders that need a person"), "needs_person", lines)]


def quick_start(caller: Caller) -> list[CurlStep]:
    return [
        CurlStep(
            _("Ticket orders that wait for your codes"),
            caller.curl("trip/orders/?needs_issue=true"),
        )
    ]
