from __future__ import annotations

import os
import signal
import threading
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from messaging.services.printing.agent import PrintAgent
from messaging.services.printing.agent_server import BadAddress, Refused, Server

KEY_VARIABLE = "PRINT_AGENT_KEY"


class Command(BaseCommand):
    help = (
        "Print the receipts of a shop whose printers only machines of the shop reach. Fetches them "
        "from the server with an API key that has the scope `print` and is limited to the store; "
        "needs neither database nor settings. Ends on SIGTERM and SIGINT, once the receipt at the "
        "printer is reported."
    )
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--url", required=True, help="the server, e.g. https://shop.example")
        parser.add_argument(
            "--key-file", type=Path, help=f"file with the key; else it is in ${KEY_VARIABLE}"
        )
        parser.add_argument("--store", type=int, help="only the printers of this store")
        parser.add_argument(
            "--every", type=float, default=2.0, help="seconds between two questions (default 2)"
        )
        parser.add_argument(
            "--plain-http", action="store_true", help="allow http to another machine"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        stop = threading.Event()
        try:
            server = Server(
                options["url"],
                _key(options["key_file"]),
                stop,
                store=options["store"],
                plain_http=options["plain_http"],
            )
        except BadAddress as error:
            raise CommandError(f"--url: {error}.") from error
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        try:
            PrintAgent(server, stop, every=max(options["every"], 0.05)).run()
        except Refused as error:
            raise CommandError(f"The server refuses this agent: {error}.") from error


def _key(path: Path | None) -> str:
    try:
        text = path.read_text(encoding="ascii") if path else os.environ.get(KEY_VARIABLE, "")
    except (OSError, ValueError) as error:
        raise CommandError(f"The file with the key cannot be read: {error}.") from error
    key = text.strip()
    if not key.isascii() or not key.isprintable() or not key or " " in key:
        raise CommandError(f"Give an API key: --key-file or ${KEY_VARIABLE}.")
    return key
