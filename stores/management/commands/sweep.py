from __future__ import annotations

import json
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from stores.management.base import ExitCodeCommand, seconds
from stores.platforms import outbox
from stores.platforms.inbound import inbox
from stores.platforms.outbox.claims import due


class Command(ExitCodeCommand):
    help = (
        "Do by hand what the worker does each minute: free what dead processes left behind, handle "
        "waiting events, "
        "and work off due calls for a while. Exit code: 0 swept, 3 wrong usage, 4 no database."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--seconds",
            type=seconds,
            default=30.0,
            help="work off calls for about this long (default: %(default)s)",
        )
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        result = self._sweep(options["seconds"])
        if options["json"]:
            self.stdout.write(json.dumps(result))
            return
        self.stdout.write(
            f"{result['freed']} freed, {result['events']} events handled, {result['tries']} tries, "
            f"{result['still_due']} calls still due"
        )

    @staticmethod
    def _sweep(budget: float) -> dict[str, int]:
        freed, events = outbox.sweep(), inbox.sweep()
        tries = outbox.work(seconds=budget)
        still_due = due(timezone.now()).count()
        return {"freed": freed, "events": events, "tries": tries, "still_due": still_due}
