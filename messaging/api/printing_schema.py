"""The OpenAPI description of the routes for print agents; shapes are in printing_serializers.py."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema

from messaging.api.printing_serializers import (
    FetchBody,
    NextReceiptSerializer,
    PrinterFilter,
    PrinterSerializer,
    ReportBody,
    ReportedReceiptSerializer,
)
from messaging.choices import PRINT
from messaging.services.printing.leasing import OTHER_CLAIM
from stores.api.schema import (
    IN_BODIES,
    JSON,
    NO_SUCH_PARAMETER,
    example,
    problems,
    sent,
    without,
)

CLAIM = "6f9d2c1e-4a57-4a8e-9d0b-2f6b1c3d5e7f"
RECEIPT: dict[str, Any] = {
    "id": 4711,
    "order_id": "27060130000000001",
    "copy": "kitchen",
    "content": "G0AcJh0hEbS/wLQKGxIE",
    "seconds": 60.0,
}
LIST_PRINTERS = extend_schema(
    operation_id="takeaway_printers_list",
    tags=["takeaway"],
    summary=_("Receipt printers that a machine in the shop reaches"),
    description=_(
        "Those of all stores that the key reaches: limit the key to the shop, or give `store`. Ask "
        "every few seconds; when nobody has asked for two minutes, the printer counts as out of "
        "reach. The key needs the scope `print`. `manage.py print_agent` does all this."
    ),
    parameters=[PrinterFilter],
    responses={
        (200, JSON): PrinterSerializer(many=True),
        **problems("not_found", scopes=(PRINT,), invalid=NO_SUCH_PARAMETER),
    },
)
FETCH_RECEIPT = extend_schema(
    operation_id="takeaway_printers_next_receipt",
    tags=["takeaway"],
    summary=_("Say how a printer is, and fetch what it is to print next"),
    description=_(
        "A receipt is given to one caller only, one at a time for each printer, and counts as sent "
        "from then on. Without a report within `seconds` it may be printed or not: a person "
        "decides, and nobody gets it again by itself."
    ),
    request=FetchBody,
    responses={
        (200, JSON): NextReceiptSerializer,
        **problems(*IN_BODIES, scopes=(PRINT,), invalid=without("claim")),
    },
    examples=[
        sent("ready", _("The printer is ready"), {"claim": CLAIM, "state": "ready"}),
        sent("paper", _("It has no paper"), {"claim": CLAIM, "state": "paper"}),
        example("receipt", _("A receipt"), {"receipt": RECEIPT}),
        example("nothing", _("Nothing to print"), {"receipt": None}),
    ],
)
REPORT_RECEIPT = extend_schema(
    operation_id="takeaway_receipts_report",
    tags=["takeaway"],
    summary=_("Report what became of a fetched receipt"),
    description=_(
        "The same report again changes nothing. A receipt that may be printed is never given out "
        "again; one that surely is not waits again, also for other printers of the store."
    ),
    request=ReportBody,
    responses={
        (200, JSON): ReportedReceiptSerializer,
        **problems(
            *IN_BODIES,
            scopes=(PRINT,),
            invalid=without("result"),
            takeaway_conflict={"detail": OTHER_CLAIM},
        ),
    },
    examples=[
        sent("confirmed", _("Printed"), {"claim": CLAIM, "result": "confirmed"}),
        sent(
            "sent",
            _("The paper ended in the middle"),
            {"claim": CLAIM, "result": "sent", "state": "paper"},
        ),
        sent(
            "failed",
            _("The printer fell silent before"),
            {"claim": CLAIM, "result": "failed", "state": "away"},
        ),
        example("printed", _("Printed"), {"id": 4711, "state": "confirmed"}),
    ],
)
