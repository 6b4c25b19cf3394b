from __future__ import annotations

import json
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from stores.platforms.workers import queue


class Command(BaseCommand):
    help = (
        "Say whether a worker cluster has run something lately: exit code 0 if so, 1 if not. For "
        "container checks."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            age = queue.last_beat_age()
        except DatabaseError as error:
            raise CommandError(f"The database cannot be asked: {error}") from error
        limit = settings.HEARTBEAT_STALE.total_seconds()
        seconds = None if age is None else round(age.total_seconds(), 1)
        alive = seconds is not None and seconds < limit
        if options["json"]:
            self.stdout.write(
                json.dumps({"alive": alive, "heartbeat_age": seconds, "stale_after": limit})
            )
        else:
            seen = "never seen" if seconds is None else f"seen {seconds} s ago"
            self.stdout.write(
                f"{'alive' if alive else 'not alive'}: a worker was {seen} (limit {limit:g} s)"
            )
        if not alive:
            sys.exit(1)
