from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from delivery.management.base import add_days, find_place, moment_text, print_json
from delivery.services.choosing import Rule
from delivery.services.replaying import Change, Sides, WhatIf, what_if
from delivery.services.rules import BrokenRule, read_rule
from stores.management.base import USAGE, ExitCodeCommand
from stores.money import yuan_json


class Command(ExitCodeCommand):
    help = (
        "Run another rule over the choices that a store's rule made lately: for which orders it"
        " would have called another courier, what that would have cost, and how long receivers"
        " would have waited, as couriers quoted and as their riders usually accept. Nothing is"
        " changed. Exit code: 0 compared, 3 wrong usage, unknown store or broken rule, 4 no"
        " database or key."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("store", metavar="STORE", help="the store's id or its exact name")
        parser.add_argument(
            "--rule",
            required=True,
            metavar="JSON",
            help="""the rule, as '{"prefer": "fastest", "ceiling": "20"}';"""
            " what it does not say is as in the store's rule",
        )
        add_days(parser)
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        place = find_place(options["store"])
        try:
            rule = read_rule(options["rule"], Rule.from_json(place.rule))
        except BrokenRule as error:
            raise CommandError(str(error), returncode=USAGE) from error
        found = what_if(place, rule, timezone.now() - options["days"])
        if options["json"]:
            print_json(self, _shown(rule, found))
            return
        for change in found.changes:
            self.stdout.write(_line(change))
        changed = f"{len(found.changes)} of {found.decisions} choices would be others"
        self.stdout.write(f"{changed}, {found.nobody} of them nobody")
        if found.unreadable:
            self.stdout.write(f"{found.unreadable} stored choices cannot be read")
        self.stdout.write(_sides("fees", found.fees, "¥{:.2f}"))
        self.stdout.write(_sides("seconds as quoted, on average", found.seconds, "{}"))
        self.stdout.write(_sides("seconds until a rider accepts, usually", found.acceptance, "{}"))


def _shown(rule: Rule, found: WhatIf) -> dict[str, Any]:
    return {
        "rule": rule.as_json(),
        "decisions": found.decisions,
        "unreadable": found.unreadable,
        "nobody": found.nobody,
        "changes": [
            {
                "delivery": each.delivery,
                "at": moment_text(each.at),
                "before": each.before,
                "after": each.after,
                "fee_before": yuan_json(each.fees[0]),
                "fee_after": yuan_json(each.fees[1]),
                "seconds_before": each.seconds[0],
                "seconds_after": each.seconds[1],
            }
            for each in found.changes
        ],
        "fees": {
            "orders": found.fees.orders,
            "before": yuan_json(found.fees.before),
            "after": yuan_json(found.fees.after),
        },
        "seconds": _seconds(found.seconds),
        "acceptance": _seconds(found.acceptance),
    }


def _seconds(sides: Sides) -> dict[str, int | None]:
    known = bool(sides.orders)
    return {
        "orders": sides.orders,
        "before": int(sides.before) if known else None,
        "after": int(sides.after) if known else None,
    }


def _line(change: Change) -> str:
    fees = " → ".join("no price" if fee is None else f"¥{fee:.2f}" for fee in change.fees)
    couriers = f"{change.before} → {change.after or 'nobody'}"
    return f"delivery {change.delivery}, {moment_text(change.at)}: {couriers}, {fees}"


def _sides(title: str, sides: Sides, form: str) -> str:
    if not sides.orders:
        return f"{title}: not known"
    before, after = form.format(sides.before), form.format(sides.after)
    return f"{title}: {before} → {after} ({sides.orders} orders)"
