"""The server as a print agent in a shop sees it: JSON over HTTP, with the standard library.

Each request may be repeated: its claim says that it is the same one. So a request that was not
answered is repeated until it is, or until the agent is to end.
"""

import http.client
import json
import logging
import threading
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from django.utils.translation import get_language

from messaging.choices import PrinterState, PrintResult
from messaging.services.printing.talking import Trouble

log = logging.getLogger(__name__)
LOCAL = ("localhost", "127.0.0.1", "::1")
TIMEOUT = 20.0
LARGEST_ANSWER = 1024 * 1024
# Seconds between two tries of a request.
PAUSES = (1.0, 2.0, 5.0, 10.0, 30.0)
# Answers after which the same request may succeed.
LATER = (408, 429, 500, 502, 503, 504)


class BadAddress(Exception):
    """What was given as the server's address is not one."""


class Refused(Exception):
    """The server has refused a request."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(f"{status} {words}")
        self.status = status

    @property
    def is_about_key(self) -> bool:
        return self.status in (401, 403)


class Stopped(Exception):
    """The agent is to end, and a request has no answer."""


class _NoAnswer(Exception):
    """Nothing usable came back."""


@dataclass(frozen=True)
class AgentPrinter:
    """A printer in the shop; `to_be_asked` says whether to connect to it now, `answers` whether it
    answers questions, None when that is not known.
    """

    pk: int
    name: str
    store: int
    address: str
    answers: bool | None
    to_be_asked: bool


@dataclass(frozen=True)
class AgentReceipt:
    """A fetched receipt: `seconds` is how long the agent has from the answer on."""

    pk: int
    claim: str
    content: str
    seconds: float


class Server:
    """Raises Refused, and Stopped once `stop` is set and a try has failed.

    `url` is where the server's pages are, for example https://shop.example. Plain http is taken
    for this machine only, unless `plain_http`: the key would be readable on its way.
    """

    def __init__(
        self,
        url: str,
        key: str,
        stop: threading.Event,
        *,
        store: int | None = None,
        plain_http: bool = False,
    ) -> None:
        try:
            parts = urlsplit(url)
            self._host, self._port = parts.hostname or "", parts.port
        except ValueError as error:
            raise BadAddress(f"{url} is no address") from error
        if parts.scheme not in ("http", "https") or not self._host:
            raise BadAddress("the address begins with https://")
        if parts.scheme == "http" and not plain_http and self._host not in LOCAL:
            raise BadAddress("over http anybody on the way reads the key: use https")
        self._is_safe = parts.scheme == "https"
        self._path = f"{parts.path.rstrip('/')}/api/v1/takeaway/"
        self._headers = {
            "Authorization": f"Bearer {key}",
            "Content-Type": "application/json",
            "Accept-Language": get_language() or "en",
        }
        self._query = f"?store={store}" if store else ""
        self._stop = stop

    def printers(self) -> list[AgentPrinter]:
        rows = self._ask("GET", f"printers/{self._query}")["results"]
        return [
            AgentPrinter(
                pk=int(row["id"]),
                name=str(row["name"]),
                store=int(row["store"]),
                address=str(row["address"]),
                answers=None if row.get("answers") is None else row["answers"] is True,
                to_be_asked=row["to_be_asked"] is True,
            )
            for row in rows
        ]

    def next_receipt(self, printer: AgentPrinter, *, answers: bool) -> AgentReceipt | None:
        """Says that a printer takes receipts, and fetches what it is to print."""
        claim = str(uuid4())
        state = PrinterState.READY if answers else PrinterState.MUTE
        found = self._tell(printer, claim, state)["receipt"]
        if found is None:
            return None
        return AgentReceipt(int(found["id"]), claim, str(found["content"]), float(found["seconds"]))

    def note_trouble(self, printer: AgentPrinter, trouble: Trouble) -> None:
        self._tell(printer, str(uuid4()), trouble.state)

    def report(
        self, receipt: AgentReceipt, result: PrintResult, trouble: Trouble | None = None
    ) -> None:
        why = {"state": trouble.state.value, "detail": trouble.detail} if trouble else {}
        body = {"claim": receipt.claim, "result": result.value, **why}
        self._ask("POST", f"receipts/{receipt.pk}/report/", body)

    def _tell(self, printer: AgentPrinter, claim: str, state: PrinterState) -> Any:
        body = {"claim": claim, "state": state.value}
        return self._ask("POST", f"printers/{printer.pk}/next-receipt/", body)

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        tries = 0
        while True:
            try:
                return self._try(method, path, body)
            except _NoAnswer as error:
                pause = PAUSES[min(tries, len(PAUSES) - 1)]
                log.warning("the server does not answer (%s); again in %g s", error, pause)
                if self._stop.wait(pause):
                    raise Stopped from error
                tries += 1

    def _try(self, method: str, path: str, body: Any) -> Any:
        kind = http.client.HTTPSConnection if self._is_safe else http.client.HTTPConnection
        connection = kind(self._host, self._port, timeout=TIMEOUT)
        content = None if body is None else json.dumps(body).encode()
        try:
            connection.request(method, self._path + path, content, self._headers)
            answer = connection.getresponse()
            read = answer.read(LARGEST_ANSWER)
        except (OSError, http.client.HTTPException) as error:
            raise _NoAnswer(str(error) or type(error).__name__) from error
        finally:
            connection.close()
        if answer.status in LATER:
            raise _NoAnswer(f"status {answer.status}")
        try:
            found = json.loads(read)
        except ValueError as error:
            # Some router's own page, for instance.
            raise _NoAnswer(f"status {answer.status} without JSON") from error
        if answer.status != 200:
            words = found.get("detail") if isinstance(found, dict) else None
            raise Refused(answer.status, str(words or answer.reason)[:200])
        return found
