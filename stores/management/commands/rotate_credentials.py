from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandParser

from stores.management.base import ExitCodeCommand
from stores.platforms.rotation import STEPS, Rotation, next_step, rotate_all


class Command(ExitCodeCommand):
    help = (
        "Re-encrypt every stored secret under the first key of CREDENTIAL_KEYS. "
        "Changes nothing if any value cannot be read, and says which step is next. "
        "Exit code: 0 done, 1 a value cannot be read, 3 wrong usage, 4 no database. "
        + " ".join(STEPS)
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        result = rotate_all(self.stderr.write if options["verbosity"] else lambda line: None)
        if options["json"]:
            self.stdout.write(json.dumps(asdict(result) | {"next": next_step(result)}))
        else:
            self._tell(result)
        if result.unreadable:
            sys.exit(1)

    def _tell(self, result: Rotation) -> None:
        if result.unreadable:
            self.stderr.write("Nothing was changed. No key in CREDENTIAL_KEYS opens these values:")
            for place in result.unreadable:
                self.stderr.write(f"  {place}")
            self.stderr.write(f"Next: {next_step(result)}")
            return
        self.stdout.write(
            f"{result.rotated} re-encrypted, {result.current} already under the first key, "
            f"{result.changed_meanwhile} changed meanwhile."
        )
        self.stdout.write(f"Next: {next_step(result)}")
