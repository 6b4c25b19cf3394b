"""What commands about choices of couriers share."""

from __future__ import annotations

import argparse
import json
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from rest_framework.utils.encoders import JSONEncoder

from delivery.models import DeliveryStore
from stores.management.base import USAGE, find_store

MOST_DAYS = 400


def days(text: str) -> timedelta:
    """Parses a number of days for argparse."""
    if not (text.isascii() and text.isdigit() and len(text) <= 3 and 1 <= int(text) <= MOST_DAYS):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of days from 1 to {MOST_DAYS}")
    return timedelta(days=int(text))


def add_days(parser: CommandParser) -> None:
    parser.add_argument(
        "--days", type=days, default="30", metavar="N", help="how far back (default: %(default)s)"
    )


def find_place(text: str) -> DeliveryStore:
    """Returns from where a store sends. Raises CommandError with exit code 3."""
    store = find_store(text)
    place = DeliveryStore.objects.filter(store=store).select_related("store").first()
    if place is None:
        raise CommandError(f"{store} does not send by WeChat's couriers.", returncode=USAGE)
    return place


def print_json(command: BaseCommand, data: Any) -> None:
    command.stdout.write(json.dumps(data, ensure_ascii=False, cls=JSONEncoder))


def moment_text(at: Any) -> str:
    return timezone.localtime(at).isoformat(timespec="seconds")
