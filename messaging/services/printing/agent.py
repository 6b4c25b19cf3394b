"""The agent that prints in a shop: it asks the server what waits, and talks with the printers of
its own network. It needs no database.

A receipt is fetched once its printer is ready. Whatever goes wrong from the first byte on is
reported as "may be printed".
"""

import binascii
import logging
import threading
import time
from base64 import b64decode

from django.conf import settings

from messaging.choices import PrinterState, PrintResult
from messaging.services.printing.addresses import Place, PrinterConflict, split_address
from messaging.services.printing.agent_server import (
    AgentPrinter,
    AgentReceipt,
    Refused,
    Server,
    Stopped,
)
from messaging.services.printing.talking import PrinterLine, Trouble

log = logging.getLogger(__name__)


class PrintAgent:
    """Serves the printers of a key until `stop` is set; asks every `every` seconds."""

    def __init__(self, server: Server, stop: threading.Event, *, every: float) -> None:
        self._server = server
        self._stop = stop
        self._every = every
        self._known: dict[int, AgentPrinter] = {}

    def run(self) -> None:
        """Returns once it is to end. Raises Refused when the server does not accept the key."""
        while not self._stop.is_set():
            try:
                for printer in self._listed():
                    if printer.to_be_asked and not self._stop.is_set():
                        self._serve(printer)
            except Stopped:
                return
            self._stop.wait(self._every)

    def _listed(self) -> list[AgentPrinter]:
        """Returns the printers, and logs those that are new or were changed."""
        found = self._server.printers()
        for printer in found:
            known = self._known.get(printer.pk)
            if known is None or known.address != printer.address:
                log.info(
                    "printer %s of store %s at %s", printer.name, printer.store, printer.address
                )
        self._known = {printer.pk: printer for printer in found}
        return found

    def _serve(self, printer: AgentPrinter) -> None:
        """Prints what waits for a printer, while it can."""
        try:
            try:
                self._print_all(printer)
            except Trouble as trouble:
                log.info("printer %s: %s", printer.name, trouble)
                self._server.note_trouble(printer, trouble)
        except Refused as refused:
            if refused.is_about_key:
                raise
            # It was removed or switched off meanwhile, or its receipt was given up.
            log.info("printer %s: the server says %s", printer.name, refused)

    def _print_all(self, printer: AgentPrinter) -> None:
        """Raises Trouble that the server does not know yet."""
        with PrinterLine(_place_of(printer)) as line:
            answers = line.is_answering(printer.answers, patience=settings.PRINTING.before)
            while not self._stop.is_set():
                asked_at = time.monotonic()
                receipt = self._server.next_receipt(printer, answers=answers)
                if receipt is None or not self._print(receipt, line, asked_at, answers):
                    return

    def _print(
        self, receipt: AgentReceipt, line: PrinterLine, asked_at: float, answers: bool
    ) -> bool:
        """Prints and reports one receipt; whether the printer can take another one."""
        try:
            content = b64decode(receipt.content, validate=True)
            line.is_answering(answers, patience=settings.PRINTING.before)
        except binascii.Error:
            trouble = Trouble(PrinterState.AWAY, "unreadable content")
            self._server.report(receipt, PrintResult.FAILED, trouble)
            return False
        except Trouble as trouble:
            self._server.report(receipt, PrintResult.FAILED, trouble)
            return False
        if time.monotonic() - asked_at > receipt.seconds:
            # This process stood still: the receipt counts as given up, and a person may have had
            # it printed again.
            return False
        try:
            line.send(content)
            if answers:
                line.require_printed()
        except Trouble as trouble:
            self._server.report(receipt, PrintResult.SENT, trouble)
            return False
        if not answers:
            self._server.report(receipt, PrintResult.SENT, Trouble(PrinterState.MUTE))
            return True
        self._server.report(receipt, PrintResult.CONFIRMED)
        log.info("receipt %s printed", receipt.pk)
        return True


def _place_of(printer: AgentPrinter) -> Place:
    """Raises Trouble when the address is none."""
    try:
        return Place(*split_address(printer.address))
    except PrinterConflict as conflict:
        raise Trouble(PrinterState.AWAY, "unreadable address") from conflict
