from __future__ import annotations

import json
import sys
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import translation

from delivery.models import DeliveryStore
from delivery.services import doctor
from stores.conflicts import Conflict
from stores.management.base import USAGE, ExitCodeCommand, get_single
from stores.text import is_id

WRONG = 1
MARKS = {doctor.Verdict.OK: "ok", doctor.Verdict.WRONG: "WRONG", doctor.Verdict.SKIPPED: "skipped"}


class Command(ExitCodeCommand):
    help = (
        "Check the set-up of a store that sends by WeChat instant delivery: ten questions in twenty"
        " seconds, each with what to do. It costs nothing; with --order one of WeChat's 500 test"
        " orders of a day. Exit code: 0 nothing is wrong, 1 something is, 3 wrong usage or unknown"
        " store, 4 no database or key."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("store", metavar="STORE", help="the store's id or name")
        parser.add_argument("--order", action="store_true", help="with a test order")
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        place = find_place(options["store"])
        try:
            run = doctor.start(place=place, with_order=options["order"], actor=None)
        except Conflict as conflict:
            raise CommandError(str(conflict.reason), returncode=USAGE) from conflict
        with translation.override("en"):
            doctor.carry_out(run)
            if options["json"]:
                self.stdout.write(json.dumps(run.results, ensure_ascii=False))
            else:
                for row in run.results:
                    self.print_row(row)
        if not run.is_clean:
            sys.exit(WRONG)

    def print_row(self, row: dict[str, Any]) -> None:
        mark = MARKS[doctor.Verdict(row["verdict"])]
        self.stdout.write(f"{mark:<8}  {row['name']:<10} {doctor.TITLES[row['name']]}")
        for text in (*row["said"], *row["todo"]):
            self.stdout.write(f"{'':<10}{text['en']}")
        if row["copy"]:
            self.stdout.write(f"{'':<10}{row['copy']}")


def find_place(text: str) -> DeliveryStore:
    """Returns the delivery store of a store by its id or name; the id wins.

    Raises CommandError with exit code 3.
    """
    known = DeliveryStore.objects.select_related("store__merchant", "connection")
    by_id = known.filter(store=int(text)) if is_id(text) else known.none()
    found = by_id or known.filter(store__name=text)
    return get_single(found[:2], asked=text, kind="store that delivers")
