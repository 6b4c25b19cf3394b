from __future__ import annotations

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from coupons.choices import PLATFORM
from coupons.models import SyncRun
from coupons.services import stores_sync
from stores.management.base import USAGE, ExitCodeCommand
from stores.models import Connection


class Command(ExitCodeCommand):
    help = (
        "Read the stores of one connection, or of all active ones, from the gateway. "
        "Exit code: 0 all read, 1 any failed, 3 wrong usage or unknown connection, 4 no"
        " database or key."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "connection", nargs="?", type=int, metavar="CONNECTION", help="the connection's id"
        )
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        runs = []
        for connection in _connections(options["connection"]):
            self.stderr.write(f"{connection} …")
            runs.append(stores_sync(connection=connection))
        tell_runs(self, runs, as_json=options["json"])


def _connections(pk: int | None) -> list[Connection]:
    rows = Connection.objects.filter(platform=PLATFORM).select_related("merchant", "pace")
    if pk is None:
        return list(rows.filter(is_active=True, merchant__is_active=True).order_by("pk"))
    found = list(rows.filter(pk=pk))
    if not found:
        raise CommandError(f"There is no coupon connection {pk}.", returncode=USAGE)
    return found


def tell_runs(command: BaseCommand, runs: list[SyncRun], *, as_json: bool) -> None:
    """Prints the changes, one line or JSON object per run; ends with exit code 1 when any run
    failed.
    """
    rows = [run_shown(run) for run in runs]
    if as_json:
        command.stdout.write(json.dumps(rows, ensure_ascii=False))
    else:
        for row in rows:
            command.stdout.write(_line(row))
        command.stdout.write(f"{len(runs)} read, {sum(bool(run.error) for run in runs)} failed")
    if any(run.error for run in runs):
        sys.exit(1)


def run_shown(run: SyncRun) -> dict[str, Any]:
    return {
        "id": run.pk,
        "kind": run.kind,
        "connection": run.connection_id,
        "store": run.store_id,
        "added": run.added,
        "changed": run.changed,
        "vanished": run.vanished,
        "error": run.error,
    }


def _line(row: dict[str, Any]) -> str:
    whose = f"connection {row['connection']}"
    if row["store"]:
        whose = f"store {row['store']}"
    if row["error"]:
        return f"{whose}: failed: {row['error']}"
    counts = ", ".join(f"{len(row[name])} {name}" for name in ("added", "changed", "vanished"))
    return f"{whose}: {counts}"
