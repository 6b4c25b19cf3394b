from __future__ import annotations

import signal
from typing import Any

from django.core.management.base import BaseCommand

from stores.management.ready import expect_migrated
from stores.platforms.workers.watchdog import Watchdog


class Command(BaseCommand):
    help = (
        "Run a worker cluster and watch over it: a cluster that stops working is replaced. "
        "Ends on SIGTERM and SIGINT, after the tasks at hand or 15 seconds."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        expect_migrated()
        watchdog = Watchdog()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: watchdog.stop.set())
        watchdog.run()
