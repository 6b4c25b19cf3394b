"""A receipt printer on a TCP port of its own: it prints on a page and says how it is.

The settings that begin with `printer` choose its port, and let it be off, out of paper, open, slow,
or die in the middle (settings.py).
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable
from html import escape
from typing import Any

from stores.sandbox import Reply, SandboxPlatform, control
from stores.sandbox.pages import html

from .paper import Reader, Sheet
from .settings import Settings

PAGE = "/printer"
HOST = "127.0.0.1"
KEPT = 200
CHUNK = 4096
TICK = 0.05
# Answers to DLE EOT: the bits that are always set, and what else may be.
FINE = 0x12
OFF_LINE, COVER_OPEN, STOPPED_WITHOUT_PAPER, PAPER_OUT = 0x08, 0x04, 0x20, 0x60


class Printer:
    """Listens between `start` and `stop`, unless its setting is "off"."""

    def __init__(self, settings: Callable[[], Settings]) -> None:
        self.port = 0
        self.sheets: list[Sheet] = []
        self.is_out_of_paper = False
        self._settings = settings
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._connections: set[socket.socket] = set()
        self._thread: threading.Thread | None = None
        self._printed = 0
        self._rows = 0

    @property
    def address(self) -> str:
        return f"{HOST}:{self.port}"

    def start(self) -> None:
        self._stopping.clear()
        self.port = self._settings().printer_port or self.port
        listener = self._listener()
        self._thread = threading.Thread(
            target=self._listen, args=(listener,), name="printer", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._cut()
        if self._thread:
            self._thread.join()
            self._thread = None

    def clear(self) -> None:
        """New paper, and nothing printed."""
        with self._lock:
            self.sheets.clear()
            self._rows = 0
        self.is_out_of_paper = False

    def load_paper(self) -> None:
        self.is_out_of_paper = False
        self._rows = 0

    def shown(self) -> dict[str, Any]:
        with self._lock:
            sheets = [sheet.as_json() for sheet in self.sheets]
        return {
            "address": self.address,
            "state": self._settings().printer,
            "out_of_paper": self.is_out_of_paper,
            "sheets": sheets,
        }

    def page(self) -> Reply:
        shown = self.shown()
        papers = "".join(
            f"<h2>#{sheet['number']} {'' if sheet['is_cut'] else '（未切纸）'}</h2>"
            f"<pre>{escape(sheet['text'])}</pre>"
            for sheet in reversed(shown["sheets"])
        )
        title = f"<h1>打印机 {escape(shown['address'])}</h1><p>{escape(shown['state'])}</p>"
        body = title + (papers or "<p>还没有打印</p>")
        return html(body, style="pre{border:1px dashed;display:inline-block;padding:1em}")

    # Sockets

    def _listener(self) -> socket.socket | None:
        """Returns None while the printer is off: connections are refused."""
        if self._settings().printer == "off" and self.port:
            return None
        listener = socket.create_server((HOST, self.port), backlog=5)
        self.port = listener.getsockname()[1]
        listener.settimeout(TICK)
        return listener

    def _listen(self, listener: socket.socket | None) -> None:
        while not self._stopping.is_set():
            if listener is None:
                self._stopping.wait(TICK)
                with contextlib.suppress(OSError):
                    listener = self._listener()
                continue
            if self._settings().printer == "off":
                listener.close()
                listener = None
                self._cut()
                continue
            with contextlib.suppress(TimeoutError):
                connection, _address = listener.accept()
                thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
                thread.start()
        if listener:
            listener.close()

    def _cut(self) -> None:
        for connection in list(self._connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _serve(self, connection: socket.socket) -> None:
        self._connections.add(connection)
        reader = Reader(Sheet(time.time()))
        try:
            with connection, contextlib.suppress(OSError):
                while data := connection.recv(CHUNK):
                    reader.add(data)
                    self._obey(reader, connection)
        finally:
            self._connections.discard(connection)
            reader.tear()
            self._keep(reader)

    def _obey(self, reader: Reader, connection: socket.socket) -> None:
        """Works off what has arrived. Raises OSError when the printer dies."""
        while (done := reader.step()) is not None:
            if isinstance(done, int):
                self._answer(done, connection)
            elif done == "row":
                self._print_row(reader.sheet)
            elif done == "cut":
                self._keep(reader)
                reader.sheet = Sheet(time.time())

    def _answer(self, asked: int, connection: socket.socket) -> None:
        settings = self._settings()
        if settings.printer == "mute":
            return
        if settings.printer == "slow":
            self._stopping.wait(settings.printer_seconds)
        connection.sendall(bytes([self._status(asked)]))

    def _status(self, asked: int) -> int:
        is_out, is_open = self._has_no_paper(), self._settings().printer == "open"
        if asked == 1:
            return FINE | OFF_LINE * (is_out or is_open)
        if asked == 2:
            return FINE | STOPPED_WITHOUT_PAPER * is_out | COVER_OPEN * is_open
        return FINE | (PAPER_OUT * is_out if asked == 4 else 0)

    def _print_row(self, sheet: Sheet) -> None:
        """Raises OSError when the printer dies with this row. Without paper the row is lost."""
        settings = self._settings()
        if self._has_no_paper():
            sheet.rows.pop()
            return
        self._rows += 1
        if settings.printer == "dies" and self._rows >= settings.printer_rows:
            self._rows = 0
            raise OSError("the printer has died")
        if settings.printer == "paper_ends" and self._rows >= settings.printer_rows:
            self.is_out_of_paper = True

    def _has_no_paper(self) -> bool:
        return self.is_out_of_paper or self._settings().printer == "no_paper"

    def _keep(self, reader: Reader) -> None:
        if reader.is_blank:
            return
        with self._lock:
            self._printed += 1
            reader.sheet.number = self._printed
            self.sheets.append(reader.sheet)
            del self.sheets[:-KEPT]


class PrinterRoutes(SandboxPlatform[Settings]):
    """The control routes of the printer."""

    printer: Printer

    @control("GET", "printer")
    def show_printer(self) -> Any:
        return self.printer.shown()

    @control("POST", "printer/paper")
    def load_paper(self, body: dict[str, Any]) -> Any:
        self.printer.load_paper()
        return self.printer.shown()

    @control("POST", "printer/clear")
    def clear_printer(self, body: dict[str, Any]) -> Any:
        self.printer.clear()
        return self.printer.shown()
