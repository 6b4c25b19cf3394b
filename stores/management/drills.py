"""Base of the commands that run a drill."""

from __future__ import annotations

import json
import socket
import sys
from typing import Any, ClassVar
from urllib.parse import urlsplit

from django.core.management.base import CommandError, CommandParser
from django.db import connection as database
from django.utils import translation

from stores.conflicts import Conflict
from stores.demo.environment import running_at
from stores.drills import runner
from stores.drills.checklist import Checklist
from stores.drills.drill import Drill
from stores.drills.results import Exchange, Outcome, Result
from stores.management.base import USAGE, ExitCodeCommand, get_single
from stores.models import Connection
from stores.text import is_id

FAILED = 1
# Characters of a message that are printed unless all are asked for.
SHOWN = 300
MARKS = {Outcome.PASSED: "pass", Outcome.FAILED: "FAIL", Outcome.LEFT_OUT: "left out"}


class DrillCommand(ExitCodeCommand):
    """Runs all checks, or some, and prints a checklist or JSON.

    `account` is the platform's word for an account's id.
    """

    drill: ClassVar[type[Drill]]
    platform: ClassVar[str]
    connection_title: ClassVar[str]
    account: ClassVar[str]
    # What the command is given: a connection, or what leads to one.
    named: ClassVar[str] = "CONNECTION"

    def add_arguments(self, parser: CommandParser) -> None:
        of = self.named.lower()
        parser.add_argument(
            "connection", metavar=self.named, help=f"the {of}'s id or its {self.account}"
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
        checklist = self.drill.checklist
        only = chosen(checklist, options["only"])
        base_url = options["base_url"] or running_at()
        self.stderr.write(f"Server {base_url}, database {database_name()}")
        connection = self.find_connection(options["connection"])
        expect_server(base_url)
        try:
            run = runner.start(checklist, connection=connection, base_url=base_url, only=only)
        except Conflict as conflict:
            raise CommandError(str(conflict.reason), returncode=USAGE) from conflict

        def progress(result: Result) -> None:
            if not options["json"]:
                self.print_result(result, options["verbosity"])

        with translation.override("en"):
            runner.run(self.drill(run), progress=progress)
        if options["json"]:
            self.stdout.write(json.dumps(run.results, ensure_ascii=False))
        else:
            counts = [f"{run.count(outcome)} {MARKS[outcome]}" for outcome in Outcome]
            self.stdout.write(", ".join(counts))
        if run.count(Outcome.FAILED):
            sys.exit(FAILED)

    def find_connection(self, text: str) -> Connection:
        """An active connection by id or account; the id wins.

        Raises CommandError with exit code 3.
        """
        known = Connection.objects.filter(
            platform=self.platform, is_active=True, merchant__is_active=True
        )
        by_id = known.filter(pk=int(text)) if is_id(text) else known.none()
        found = by_id or known.filter(account=text)
        return get_single(found[:2], asked=text, kind=self.connection_title)

    def print_result(self, result: Result, verbosity: int) -> None:
        self.stdout.write(f"{MARKS[result.outcome]:<8}  {result.name:<28} {result.title}")
        if result.detail:
            self.stdout.write(f"{'':<10}{result.detail}")
        if verbosity:
            for exchange in result.exchanges:
                self.print_exchange(exchange, verbosity)
        self.stdout.flush()

    def print_exchange(self, exchange: Exchange, verbosity: int) -> None:
        request, answer = exchange.request, exchange.answer
        if verbosity < 2:
            request, answer = cut(request), cut(answer)
        self.stdout.write(f"{'':<10}→ {exchange.operation} {request}")
        self.stdout.write(f"{'':<10}← {exchange.error or answer} ({exchange.ms} ms)")


def cut(text: str) -> str:
    return text if len(text) <= SHOWN else f"{text[:SHOWN]} … ({len(text)} characters)"


def database_name() -> str:
    """Without user and password."""
    known = database.settings_dict
    host = f"{known['HOST']}:{known['PORT']}/" if known["HOST"] else ""
    return f"{database.vendor} {host}{known['NAME']}"


def expect_server(base_url: str) -> None:
    """Raises CommandError with exit code 3 when nothing listens there: every check would only say
    the same.
    """
    parts = urlsplit(base_url)
    try:
        port = parts.port or (443 if parts.scheme == "https" else 80)
        socket.create_connection((parts.hostname or "", port), timeout=5).close()
    except (OSError, ValueError) as error:
        raise CommandError(
            f"Nobody answers at {base_url} ({error}). "
            "Start the server, or say where it is with --base-url.",
            returncode=USAGE,
        ) from error


def chosen(checklist: Checklist[Any], wishes: list[str]) -> list[str]:
    """The names of checks, from names and groups. Raises CommandError with exit code 3."""
    try:
        return checklist.chosen(wishes)
    except KeyError as unknown:
        known = ", ".join(checklist.names())
        text = f"No check is called {unknown.args[0]}; there are {known}."
        raise CommandError(text, returncode=USAGE) from unknown
