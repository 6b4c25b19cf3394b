from __future__ import annotations

import fcntl
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from stores.demo import environment
from stores.demo.environment import DemoError, Places, Ports
from stores.demo.preparing import info, prepare
from stores.demo.running import run
from stores.demo.world import World


class Command(BaseCommand):
    help = (
        "Run a whole installation on this machine, with two merchants, four weeks of business and "
        "a sandbox in place "
        "of the platforms. Ctrl-C ends it. PORT, SANDBOX_PORT, DATABASE_URL, UMEMBER_BASE_URL, "
        "TRIP_NOTICE_BASE_URL, TAKEAWAY_BASE_URL, TAKEAWAY_WS_URL, TAKEAWAY_PRINTER and "
        "WECHAT_BASE_URL are honoured."
    )
    # The demo brings its own secrets: the settings of this first process may still have none.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--info",
            action="store_true",
            help="print addresses, passwords and codes as JSON, and end",
        )
        parser.add_argument(
            "--reset", action="store_true", help="remove the demo's data and start over"
        )
        parser.add_argument(
            "--prepare", action="store_true", help="prepare everything, start nothing"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        place = environment.places()
        try:
            if options["info"]:
                self.stdout.write(json.dumps(info(place), ensure_ascii=False, indent=2))
            elif os.environ.get(environment.MARK):
                self._demo(place, environment.ports(), options)
            else:
                self._again(place)
        except DemoError as error:
            raise CommandError(str(error)) from error

    @staticmethod
    def _again(place: Places) -> None:
        """Restarts the process once it knows its secrets: settings are read once per process."""
        environment.ensure_secrets(place)
        env = environment.for_the_demo(place, environment.ports())
        os.execve(sys.executable, [sys.executable, *sys.argv], env)  # noqa: S606

    def _demo(self, place: Places, found: Ports, options: dict[str, Any]) -> None:
        self.check()
        with _only_one(place):
            if not options["prepare"]:
                environment.require_free(found)
            world = World.load(place, found)
            prepare(world, reset=options["reset"], tell=self._tell)
            if options["prepare"]:
                self._tell("Prepared.")
                return
            self._tell("Starting …")
            run(
                place,
                found,
                variables=world.variables,
                ready=lambda: self._welcome(info(place)),
            )
            self._tell("The demo has ended. Its data is kept for the next time.")

    def _tell(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()

    def _welcome(self, told: dict[str, Any]) -> None:
        people = [f"    {who['username']:<12} {who['password']}" for who in told["users"].values()]
        codes = told.get("coupons", {}).get("unused", [])[:3]
        store = told["stores"][0]
        takeaway, wechat = told.get("takeaway", {}), told.get("wechat", {})
        self._tell(
            "\n".join(
                [
                    "",
                    f"  Zhanggui 掌柜 is running at {told['web']}/admin/",
                    "",
                    "  Sign in with         password",
                    *people,
                    "",
                    f"  Store         {store['name']} (id {store['id']})",
                    f"  Guest page    {store.get('guest_page', '')}",
                    f"  Codes to try  {'  '.join(codes)}",
                    f"  Play customer {takeaway.get('customer_page', '')}",
                    f"  Its receipts  {takeaway.get('printer_page', '')}",
                    f"  Play riders   {wechat.get('riders_page', '')}",
                    f"  API key       {told['api_key']}",
                    f"  API docs      {told['web']}/api/docs/",
                    f"  Sandbox       {told['sandbox']}",
                    f"  Logs          {environment.places().folder}/",
                    "",
                    "  More: manage.py demo --info    End: Ctrl-C    Start over: make demo RESET=1",
                    "",
                ]
            )
        )


@contextmanager
def _only_one(place: Places) -> Iterator[None]:
    """Allows one demo per checkout at a time; the lock ends with the process."""
    place.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (place.folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise DemoError("The demo of this folder is running already.") from error
        yield
