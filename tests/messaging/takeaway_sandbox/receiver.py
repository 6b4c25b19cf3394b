"""A provider's system on a real socket that takes pushes in and gives the answers of the test."""

import contextlib
import json
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qsl

from tests.messaging.takeaway_sandbox.calling import sha1_sign

EVENTS = (
    "order_new", "order_confirmed", "order_finished", "order_cancelled", "refund", "part_refund",
    "shipping", "remind", "poi_status", "settlement", "privacy", "message", "bind", "unbind",
)  # fmt: skip
ACKNOWLEDGED = b'{"data":"OK"}'
ENVELOPE_ACKNOWLEDGED = b'{"code":0,"message":"success"}'
BOUND = b'{"data":"success"}'


@dataclass(frozen=True)
class Received:
    """One push: its event (the end of the address) and the fields of its form."""

    event: str
    fields: dict[str, str]

    def json(self, name: str) -> Any:
        return json.loads(self.fields[name])

    def is_signed(self, sign_key: str) -> bool:
        return self.fields["sign"] == sha1_sign(sign_key, self.fields)


class Receiver:
    """`answers` maps an event to the bytes of its answers, one after the other; the last stays."""

    def __init__(self) -> None:
        self.answers: dict[str, list[bytes]] = {}
        self.received: list[Received] = []
        self._arrived = threading.Condition()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                given = receiver._take(self.path.rpartition("/")[2], body.decode("ascii"))
                with contextlib.suppress(ConnectionError):
                    self.send_response(200)
                    self.send_header("Content-Length", str(len(given)))
                    self.end_headers()
                    self.wfile.write(given)

            def log_message(self, format: str, *args: Any) -> None:
                """Prints nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self.addresses = {event: f"{self.url}/push/{event}" for event in EVENTS}
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), daemon=True
        )

    def __enter__(self) -> "Receiver":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def events(self) -> list[str]:
        with self._arrived:
            return [row.event for row in self.received]

    def wait(self, event: str, count: int = 1) -> list[Received]:
        """Returns the pushes of this event once there are so many."""

        def found() -> list[Received]:
            return [row for row in self.received if row.event == event]

        with self._arrived:
            assert self._arrived.wait_for(lambda: len(found()) >= count, 30), self.received
            return found()

    def _take(self, event: str, body: str) -> bytes:
        with self._arrived:
            fields = dict(parse_qsl(body, keep_blank_values=True))
            self.received.append(Received(event, fields))
            self._arrived.notify_all()
            answers = self.answers.get(event, [_usual(event)])
            return answers.pop(0) if len(answers) > 1 else answers[0]


def _usual(event: str) -> bytes:
    if event == "message":
        return ENVELOPE_ACKNOWLEDGED
    return BOUND if event in ("bind", "unbind") else ACKNOWLEDGED
