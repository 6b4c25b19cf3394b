from __future__ import annotations

import json
import socket
import sys
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from django.core.management.base import CommandError, CommandParser
from django.db import connection as database
from django.utils import translation

from stores.conflicts import Conflict
from stores.demo.environment import running_at
from stores.management.base import USAGE, ExitCodeCommand, get_single
from stores.models import Connection
from stores.text import is_id
from trip.drill import Outcome, Result, drill_run, drill_start, names

PASSED, FAILED = 0, 1
# Characters of a message that are printed unless all are asked for.
SHOWN = 300
MARKS = {Outcome.PASSED: "pass", Outcome.FAILED: "FAIL", Outcome.LEFT_OUT: "left out"}


class Command(ExitCodeCommand):
    help = (
        "Run Meituan's acceptance table against the running server, as Meituan would call it, and"
        " print a checklist with the messages exchanged (-v 0 without them, -v 2 in full). It"
        " orders tickets of the merchant's products and gives them all back. The server must use"
        " the same database. Exit code: 0 nothing failed, 1 a check failed, 3 wrong usage, unknown"
        " connection or no server."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "connection", metavar="CONNECTION", help="the connection's id or its PartnerId"
        )
        parser.add_argument(
            "--base-url",
            metavar="URL",
            help="address of the server (default: PUBLIC_BASE_URL, or the demo's)",
        )
        parser.add_argument(
            "--only",
            action="append",
            default=[],
            metavar="NAME",
            help="run one check, or all of one group; repeatable",
        )
        parser.add_argument("--json", action="store_true", help="print JSON with all messages")

    def handle(self, *args: Any, **options: Any) -> None:
        only = chosen(options["only"])
        base_url = options["base_url"] or running_at()
        report = partial(self._report, verbosity=options["verbosity"])
        if options["json"]:
            report = partial(self._report, verbosity=None)
        self.stderr.write(f"Server {base_url}, database {database_name()}")
        connection = find_connection(options["connection"])
        expect_server(base_url)
        try:
            run = drill_start(connection=connection, base_url=base_url, only=only)
        except Conflict as conflict:
            raise CommandError(str(conflict.reason), returncode=USAGE) from conflict
        with translation.override("en"):
            drill_run(run=run, progress=report)
        if options["json"]:
            self.stdout.write(json.dumps(run.results, ensure_ascii=False))
        else:
            self.stdout.write(
                ", ".join(f"{run.count(outcome)} {MARKS[outcome]}" for outcome in Outcome)
            )
        if run.count(Outcome.FAILED):
            sys.exit(FAILED)

    def _report(self, result: Result, *, verbosity: int | None) -> None:
        """Prints one result; None prints nothing, 0 no messages, 2 whole messages."""
        if verbosity is None:
            return
        self.stdout.write(f"{MARKS[result.outcome]:<8}  {result.name:<28} {result.title}")
        if result.detail:
            self.stdout.write(f"{'':<10}{result.detail}")
        for exchange in result.exchanges if verbosity else ():
            request, answer = exchange.request, exchange.answer
            if verbosity < 2:
                request, answer = cut(request), cut(answer)
            self.stdout.write(f"{'':<10}→ {exchange.operation} {request}")
            self.stdout.write(f"{'':<10}← {exchange.error or answer} ({exchange.ms} ms)")
        self.stdout.flush()


def cut(text: str) -> str:
    if len(text) <= SHOWN:
        return text
    return f"{text[:SHOWN]} … ({len(text)} characters)"


def database_name() -> str:
    """Returns the database without user and password."""
    known = database.settings_dict
    host = f"{known['HOST']}:{known['PORT']}/" if known["HOST"] else ""
    return f"{database.vendor} {host}{known['NAME']}"


def expect_server(base_url: str) -> None:
    """Raises CommandError with exit code 3 when no server listens at the address, because every
    check would fail.
    """
    parts = urlsplit(base_url)
    try:
        port = parts.port or (443 if parts.scheme == "https" else 80)
        socket.create_connection((parts.hostname or "", port), timeout=5).close()
    except (OSError, ValueError) as error:
        raise CommandError(
            f"Nobody answers at {base_url} ({error})."
            " Start the server, or say where it is with --base-url.",
            returncode=USAGE,
        ) from error


def find_connection(text: str) -> Connection:
    """Returns an active ticket connection by id or PartnerId; the id has priority. Raises
    CommandError with exit code 3.
    """
    known = Connection.objects.filter(platform="trip", is_active=True, merchant__is_active=True)
    by_id = known.filter(pk=int(text)) if is_id(text) else known.none()
    return get_single(
        (by_id or known.filter(account=text))[:2], asked=text, kind="ticket connection"
    )


def chosen(only: list[str]) -> list[str]:
    """Returns the names of checks, from names and groups ("refund" for all of refund.…). Raises
    CommandError.
    """
    found = [
        name for name in names() for wish in only if name == wish or name.startswith(f"{wish}.")
    ]
    unknown = [
        wish
        for wish in only
        if not any(name == wish or name.startswith(f"{wish}.") for name in names())
    ]
    if unknown:
        raise CommandError(
            f"No check is called {', '.join(unknown)}; there are {', '.join(names())}.",
            returncode=USAGE,
        )
    return list(dict.fromkeys(found))
