"""What is said to an ESC/POS printer on a socket: how are you (DLE EOT), and the job
(docs/platforms/takeaway.md §7).

A printer answers DLE EOT at once with one byte, also while it prints.
"""

import socket
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from django.conf import settings

from messaging.choices import PrinterState
from messaging.services.printing.addresses import Place

ASK = b"\x10\x04"
# Bits of the answers to DLE EOT 1 (the printer), 2 (why it is off-line) and 4 (its paper).
PRINTER, CAUSE, PAPER = 1, 2, 4
OFF_LINE, COVER_OPEN, PAPER_OUT = 0x08, 0x04, 0x60
STOPPED_WITHOUT_PAPER = 0x20
# They are 0 in each answer; makers differ in the bits that should be 1.
NEVER_SET = 0x81


class Trouble(Exception):
    """The printer cannot print now; `state` says why, `detail` adds what was observed."""

    def __init__(self, state: PrinterState, detail: str = "") -> None:
        super().__init__(state, detail)
        self.state = state
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.state.value}: {self.detail}" if self.detail else self.state.value


class NoAnswer(Trouble):
    """The printer has taken the connection and answers nothing."""

    def __init__(self) -> None:
        super().__init__(PrinterState.AWAY, "timed out")


class PrinterLine:
    """A connection to a printer; a context manager. All methods raise Trouble.

    `before_each` is called before each question and each job: whoever has a lease renews it there.
    """

    def __init__(self, place: Place, before_each: Callable[[], object] = bool) -> None:
        self._place = place
        self._before_each = before_each

    def __enter__(self) -> Self:
        try:
            self._socket = socket.create_connection(
                (self._place.host, self._place.port), timeout=settings.PRINTING.connect
            )
        except OSError as error:
            raise _away(error) from error
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._socket.close()

    def require_ready(self, *, patience: float) -> None:
        """Asks how the printer is; each answer may take `patience` seconds."""
        if self._ask(PRINTER, patience) & OFF_LINE:
            self._explain(patience)
        if self._ask(PAPER, patience) & PAPER_OUT:
            raise Trouble(PrinterState.PAPER)

    def is_answering(self, known: bool | None, *, patience: float) -> bool:
        """Asks how the printer is. False for one that answers nothing and never has: `known` says
        whether it did, None when that is not known. Such a printer is sent to all the same.
        """
        if known is False:
            return False
        try:
            self.require_ready(patience=patience)
        except NoAnswer:
            if known:
                raise
            return False
        return True

    def send(self, job: bytes) -> None:
        self._before_each()
        self._socket.settimeout(settings.PRINTING.send)
        try:
            self._socket.sendall(job)
        except OSError as error:
            raise _away(error) from error

    def require_printed(self) -> None:
        """Asks how the printer is after a job: at once, and when the paper should be out, because
        the first answer may overtake the printing.
        """
        self.require_ready(patience=settings.PRINTING.after)
        time.sleep(settings.PRINTING.paper)
        self.require_ready(patience=settings.PRINTING.after)

    def _explain(self, patience: float) -> None:
        cause = self._ask(CAUSE, patience)
        if cause & STOPPED_WITHOUT_PAPER or self._ask(PAPER, patience) & PAPER_OUT:
            raise Trouble(PrinterState.PAPER)
        raise Trouble(PrinterState.HALTED, "cover open" if cause & COVER_OPEN else "off-line")

    def _ask(self, what: int, patience: float) -> int:
        self._before_each()
        self._socket.settimeout(patience)
        try:
            self._socket.sendall(ASK + bytes([what]))
            answer = self._socket.recv(1)
        except TimeoutError as error:
            raise NoAnswer from error
        except OSError as error:
            raise _away(error) from error
        if not answer:
            raise Trouble(PrinterState.AWAY, "the connection was closed")
        if answer[0] & NEVER_SET:
            raise Trouble(PrinterState.AWAY, "what answers there is no printer")
        return answer[0]


def _away(error: OSError) -> Trouble:
    words = "timed out" if isinstance(error, TimeoutError) else error.strerror or str(error)
    return Trouble(PrinterState.AWAY, words[:100])
