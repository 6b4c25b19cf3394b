from __future__ import annotations

import argparse
import re
from datetime import date
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from delivery.management.base import print_json
from delivery.services.saving import (
    NO_ORDERS,
    NO_QUOTES,
    NO_USUAL,
    NOT_QUOTED,
    Saving,
    month_of,
    savings,
)
from stores.backoffice.dates import FIRST_YEAR, LAST_YEAR
from stores.management.base import ExitCodeCommand, find_store
from stores.money import yuan_json

WHY = {
    NO_ORDERS: "no courier has delivered anything",
    NO_QUOTES: "nobody was asked for other prices",
    NO_USUAL: "no courier was called in the month before",
    NOT_QUOTED: "the usual courier named no price for these orders",
}


def month(text: str) -> date:
    """Parses a month for argparse."""
    found = re.fullmatch(r"([0-9]{4})-([0-9]{2})", text, re.ASCII)
    year, number = (int(found[1]), int(found[2])) if found else (0, 0)
    if not FIRST_YEAR <= year < LAST_YEAR or not 1 <= number <= 12:
        raise argparse.ArgumentTypeError(f"{text!r} is no month; write 2026-11")
    return date(year, number, 1)


class Command(ExitCodeCommand):
    help = (
        "Reckon again what the choice of couriers has saved a store in a month: against the dearest"
        " courier that would have taken each order, and against always the usual one, which was"
        " called most in the month before. Exit code: 0 reckoned, 3 wrong usage or unknown store,"
        " 4 no database or key."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("store", metavar="STORE", help="the store's id or its exact name")
        parser.add_argument(
            "--month", type=month, metavar="MONTH", help="as 2026-11 (default: this month)"
        )
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        store = find_store(options["store"])
        found = savings(store, options["month"] or month_of(timezone.localdate()))
        name = f"{found.month:%Y-%m}"
        if options["json"]:
            data = {
                "store": store.pk,
                "month": name,
                "orders": found.orders,
                "quoted": found.quoted,
                "usual_courier": found.usual or None,
                "against_dearest": _shown(found.against_dearest),
                "against_usual": _shown(found.against_usual),
            }
            print_json(self, data)
            return
        counts = f"{found.orders} orders at a known price, {found.quoted} of them quoted"
        self.stdout.write(f"{store}, {name}: {counts}")
        self.stdout.write(f"against the dearest: {_text(found.against_dearest)}")
        usual = found.usual or "the usual courier"
        self.stdout.write(f"against always {usual}: {_text(found.against_usual)}")


def _shown(saving: Saving) -> dict[str, Any]:
    known = not saving.why
    return {
        "orders": saving.orders,
        "paid": yuan_json(saving.paid) if known else None,
        "instead": yuan_json(saving.instead) if known else None,
        "saved": yuan_json(saving.saved) if known else None,
        "why": WHY.get(saving.why),
    }


def _text(saving: Saving) -> str:
    if saving.why:
        return f"nothing can be said: {WHY[saving.why]}"
    paid = f"paid ¥{saving.paid:.2f}, would have paid ¥{saving.instead:.2f}"
    return f"saved ¥{saving.saved:.2f} on {saving.orders} orders ({paid})"
