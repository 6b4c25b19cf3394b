from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from delivery.management.base import add_days, moment_text, print_json
from delivery.services.replaying import Difference, Replay, replay
from stores.management.base import ExitCodeCommand, find_store

DIFFERENT = 1


class Command(ExitCodeCommand):
    help = (
        "Make each stored choice of a courier again, by the rule, the quotes and the history that"
        " are stored with it, at one store or all, and print those that come out otherwise. Exit"
        " code: 0 all come out the same, 1 any does not, 3 wrong usage or unknown store, 4 no"
        " database or key."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "store", nargs="?", metavar="STORE", help="the store's id or its exact name"
        )
        add_days(parser)
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        store = find_store(options["store"]) if options["store"] is not None else None
        found = replay(store, timezone.now() - options["days"])
        if options["json"]:
            print_json(self, _shown(found))
        else:
            for each in found.differences:
                self.stdout.write(_line(each))
            counts = f"{found.same} the same, {len(found.differences)} different"
            self.stdout.write(f"{counts}, {found.by_hand} chosen by hand")
        if found.differences:
            sys.exit(DIFFERENT)


def _shown(found: Replay) -> dict[str, Any]:
    return {
        "same": found.same,
        "by_hand": found.by_hand,
        "differences": [
            {
                "decision": each.decision,
                "delivery": each.delivery,
                "at": moment_text(each.at),
                "stored": each.stored,
                "now": each.now,
                "problem": each.problem,
            }
            for each in found.differences
        ],
    }


def _line(each: Difference) -> str:
    chosen = f"{each.stored or 'nobody'} stored, {each.now or 'nobody'} now"
    where = f"decision {each.decision} of delivery {each.delivery}, {moment_text(each.at)}"
    return f"{where}: {each.problem}: {chosen}"
