from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from coupons.management.commands.sync_stores import tell_runs
from coupons.models import GatewayStore
from coupons.services import products_sync
from stores.management.base import USAGE, ExitCodeCommand, find_store
from stores.models import Store


class Command(ExitCodeCommand):
    help = (
        "Read the deals on sale at one store, or at all authorised ones, from the gateway."
        " Exit code: 0 all read, 1 any failed, 3 wrong usage, unknown store or one that the gateway"
        " does not list, 4 no database or key."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "store", nargs="?", metavar="STORE", help="the store's id or its exact name"
        )
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        runs = []
        for store in _stores(options["store"]):
            self.stderr.write(f"{store} …")
            runs.append(products_sync(store=store))
        tell_runs(self, runs, as_json=options["json"])


def _stores(text: str | None) -> list[Store]:
    if text is None:
        listed = GatewayStore.objects.read_regularly()
        return [gateway.store for gateway in listed.select_related("store").order_by("pk")]
    store = find_store(text)
    if not GatewayStore.objects.filter(store=store).exists():
        raise CommandError(
            f"{store} is not listed at the gateway; run sync_stores first.", returncode=USAGE
        )
    return [store]
