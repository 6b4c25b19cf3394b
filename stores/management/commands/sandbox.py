from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from stores.domains import contributed
from stores.sandbox import SandboxServer


class Command(BaseCommand):
    help = "Serve the sandbox: every remote platform's side on one port, each under its own prefix."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--host", default="127.0.0.1", help="address to listen on (default: %(default)s)"
        )
        parser.add_argument(
            "--port", type=int, default=8100, help="port, 0 for any free one (default: %(default)s)"
        )
        parser.add_argument(
            "--state", type=Path, metavar="FILE", help="keep the platforms' state in this file"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        server = self._server(options["host"], options["port"], options["state"])
        with _signals(signal.default_int_handler):
            try:
                server.start()
                self.stdout.write(
                    f"Sandbox listening on {server.url} ({', '.join(server.prefixes)})"
                )
                self.stdout.flush()
                server.serve_forever()
            except KeyboardInterrupt:
                pass
            finally:
                # A second signal must not turn a clean end into a traceback.
                with _signals(signal.SIG_IGN):
                    server.close()

    def _server(self, host: str, port: int, state: Path | None) -> SandboxServer:
        try:
            return SandboxServer(
                [sandbox() for sandbox in contributed("sandbox")],
                host=host,
                port=port,
                state_file=state,
            )
        except OverflowError as error:
            raise CommandError(f"{port} is not a port; give one from 0 to 65535") from error
        except OSError as error:
            raise CommandError(f"Cannot serve on {host}:{port}: {error.strerror}") from error
        except ValueError as error:
            raise CommandError(f"{error}. Remove the file to start afresh.") from error


@contextmanager
def _signals(handler: Any) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, handler) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, previous in before.items():
            signal.signal(number, previous)
