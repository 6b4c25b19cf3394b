from __future__ import annotations

import asyncio
import signal
from typing import Any

from django.core.management.base import BaseCommand

from messaging.webhooks.listener import Listener
from stores.management.ready import expect_migrated


class Command(BaseCommand):
    help = (
        "Listen to the chat of all stores that are bound to Meituan's takeaway platform, on "
        "WebSockets. One process is enough; a second one on another machine does no harm. Ends on "
        "SIGTERM and SIGINT, once what has come is stored."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        expect_migrated()
        asyncio.run(_listen())


async def _listen() -> None:
    listener = Listener()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, listener.stop.set)
    await listener.run()
