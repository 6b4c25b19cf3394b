"""The API for print agents: which printers, what to print next, and what became of it."""

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema_view
from rest_framework.request import Request
from rest_framework.response import Response

from messaging.api import printing_schema as schema
from messaging.api.printing_serializers import (
    FetchBody,
    FetchedReceiptSerializer,
    PrinterFilter,
    PrinterSerializer,
    ReportBody,
    ReportedReceiptSerializer,
)
from messaging.choices import PRINT, PrinterState, PrintResult
from messaging.models import Printer, PrintJob
from messaging.services.printing import leasing
from messaging.services.printing.talking import Trouble
from messaging.services.printing.working import note_trouble
from stores.api.paging import PagesById
from stores.api.views import ApiList, ApiView
from stores.web.limits import if_not_busy


@extend_schema_view(get=schema.LIST_PRINTERS)
class Printers(ApiList):
    scopes = {"GET": (PRINT,)}
    filters = PrinterFilter
    serializer = PrinterSerializer
    pagination_class = PagesById

    def rows(self, given: dict[str, Any]) -> QuerySet[Printer]:
        return leasing.with_agent().filter(store_id__in=self.store_ids(given.get("store")))

    def context(self, rows: Sequence[Printer]) -> dict[str, Any]:
        with if_not_busy():
            leasing.note_seen(rows)
        return {}


class NextReceipt(ApiView):
    scopes = {"POST": (PRINT,)}

    @schema.FETCH_RECEIPT
    def post(self, request: Request, printer: int) -> Response:
        row = self.row(leasing.with_agent().for_staff(self.key).filter(pk=printer))
        body, fetched = self.body(FetchBody), None
        if body["state"] in leasing.READY:
            fetched = leasing.receipt_fetch(
                printer=row, claim=body["claim"], answers=body["state"] == PrinterState.READY
            )
        else:
            note_trouble(row, Trouble(PrinterState(body["state"])))
        return Response({"receipt": fetched and FetchedReceiptSerializer(fetched).data})


class Report(ApiView):
    scopes = {"POST": (PRINT,)}

    @schema.REPORT_RECEIPT
    def post(self, request: Request, receipt: int) -> Response:
        job = self.row(PrintJob.objects.for_staff(self.key).filter(pk=receipt))
        body = self.body(ReportBody)
        result = PrintResult(body["result"])
        trouble = None
        if result != PrintResult.CONFIRMED:
            trouble = Trouble(PrinterState(body["state"]), body.get("detail", ""))
        job = leasing.receipt_report(job=job, claim=body["claim"], result=result, trouble=trouble)
        return Response(ReportedReceiptSerializer(job).data)
