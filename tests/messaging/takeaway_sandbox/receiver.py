"""A provider's system on a real socket that takes pushes in and gives the answers of the test."""

import json
import threading
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from tests.messaging.takeaway_sandbox.calling import sha1_sign
from tests.posts import PostServer

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


class Receiver(PostServer):
    """`answers` maps an event to the bytes of its answers, one after the other; the last stays."""

    def __init__(self) -> None:
        self.answers: dict[str, list[bytes]] = {}
        self.received: list[Received] = []
        self._arrived = threading.Condition()
        super().__init__(self._take)
        self.addresses = {event: f"{self.url}/push/{event}" for event in EVENTS}

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

    def _take(self, event: str, headers: dict[str, str], body: bytes) -> bytes:
        with self._arrived:
            fields = dict(parse_qsl(body.decode("ascii"), keep_blank_values=True))
            self.received.append(Received(event, fields))
            self._arrived.notify_all()
            answers = self.answers.get(event, [_usual(event)])
            return answers.pop(0) if len(answers) > 1 else answers[0]


def _usual(event: str) -> bytes:
    if event == "message":
        return ENVELOPE_ACKNOWLEDGED
    return BOUND if event in ("bind", "unbind") else ACKNOWLEDGED
