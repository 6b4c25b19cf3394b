"""What couriers do with orders: each step by itself after a time, or as a person says."""

from __future__ import annotations

import random
import time

from .book import ENDED, Book, Courier, Push, Waybill
from .events import event_of
from .settings import Settings

NAMES = ("我是小哥", "王师傅", "李师傅", "赵师傅")
# The rider of WeChat's own test courier.
TEST_RIDER = {"name": "我是小哥", "phone": "13712345678"}
FROM_SHOP = {101, 102, 201}
# Nobody rides, and the goods never left.
UNPAID = {103, 203, 204, 205, 501, 502}


class Riders:
    """Works on the book; a caller holds the platform's lock."""

    def __init__(self, book: Book, settings: Settings, dice: random.Random) -> None:
        self.book, self.settings, self._dice = book, settings, dice

    def tick(self, now: float) -> bool:
        """Moves what is due; whether anything changed."""
        moved = [self._move(waybill, now) for waybill in list(self.book.waybills.values())]
        return any(moved)

    def report(
        self,
        waybill: Waybill,
        status: int,
        *,
        at: float | None = None,
        message: str = "",
        is_pushed: bool = True,
    ) -> None:
        """Gives an order a state, and pushes it."""
        at = time.time() if at is None else at
        settings = self.settings_of(waybill)
        if status == 102:
            waybill.rider, waybill.accepted_at = self._rider(waybill), at
        self._settle(waybill, status)
        waybill.status, waybill.changed_at = status, time.time()
        waybill.history.append([status, at])
        if is_pushed and not (waybill.is_booked and settings.silent_bookings):
            self.push(waybill, status, at, message)
            if status == 202 and settings.repeats_pick_up:
                self.push(waybill, status, at, message)

    def push(self, waybill: Waybill, status: int, at: float, message: str = "") -> None:
        """Has a state pushed, whatever the order's own is."""
        app, settings, now = self.book.apps[waybill.appid], self.settings, time.time()
        state = {"send": "waiting", "hold": "held", "lose": "lost"}[settings.pushes]
        state = "lost" if now < settings.pushes_lost_until else state
        has_address = bool(app.callback or self.book.provider_of(app))
        for _ in range(1 + settings.push_copies):
            push = Push(
                number=self.book.pushes.next_number(),
                subject=waybill.name,
                created_at=now,
                due=now + self._dice.uniform(0, settings.push_shuffle_seconds),
                state=state if has_address else "no_address",
                appid=app.appid,
                event=event_of(app, waybill, status, at, message),
            )
            self.book.pushes.add(push)

    def settings_of(self, waybill: Waybill) -> Settings:
        """Returns the switches as they are for the order's courier."""
        return self.settings.of(self.book.couriers[waybill.delivery_id].switches)

    def _rider(self, waybill: Waybill) -> dict[str, str]:
        if waybill.delivery_id == "TEST":
            return dict(TEST_RIDER)
        phone = f"137{self._dice.randrange(10**8):08}"
        return {"name": self._dice.choice(NAMES), "phone": phone}

    def _settle(self, waybill: Waybill, status: int) -> None:
        """Gives the shop the fee of an order back that nobody rides for, and takes it again."""
        was, will_be = waybill.status in UNPAID, status in UNPAID
        account = self.book.accounts[waybill.shopid]
        account.balance += waybill.fee * (will_be - was)

    def _move(self, waybill: Waybill, now: float) -> bool:
        status = self._next(waybill, now - waybill.changed_at)
        if status:
            self.report(waybill, status)
        return bool(status)

    def _next(self, waybill: Waybill, waited: float) -> int:
        """Returns the state that is due; 0 when none is."""
        settings, courier = self.settings_of(waybill), self.book.couriers[waybill.delivery_id]
        if waybill.is_booked and settings.silent_bookings:
            return 0
        after = settings.accepts_after_end_seconds
        if waybill.status in (103, 501, 502) and _is_due(after, waited) and not waybill.accepted_at:
            return 102
        if waybill.status in ENDED or courier.mood == "silent":
            return 0
        if waybill.status == 101 and _is_due(settings.give_up_seconds, waited):
            return 502
        steps = {
            101: (settings.accept_seconds, 102),
            102: (settings.arrive_seconds, 201),
            201: (settings.pick_up_seconds, 202),
            202: (settings.leave_seconds, 301),
            301: (settings.deliver_seconds, 302),
        }
        seconds, following = steps.get(waybill.status, (0.0, 0))
        return following if _is_due(seconds, waited) else 0


def cancel_fee(courier: Courier, waybill: Waybill, now: float) -> float:
    """Returns what a cancellation costs now in yuan."""
    if not waybill.accepted_at or now - waybill.accepted_at < courier.free_seconds:
        return 0.0
    return courier.cancel_fee


def _is_due(seconds: float, waited: float) -> bool:
    return bool(seconds) and waited >= seconds
