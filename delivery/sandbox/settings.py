"""Switches for what WeChat and its couriers leave open, and for what goes wrong
(docs/platforms/wechat_delivery.md). Those of calls and riders may be another for one courier.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from stores.sandbox import ControlError
from stores.sandbox.switches import WEEK, Check, Switches, count, flag, number, one_of, pauses


@dataclass
class Settings(Switches):
    """Times are in seconds; 0 means never, or no limit."""

    # Tokens. An old one lives on for this time, and a forced new one may come this often.
    token_seconds: float = 7200.0
    old_token_seconds: float = 300.0
    force_pause_seconds: float = 30.0

    # Providers get a new ticket this often; 0 is silence.
    ticket_seconds: float = 600.0

    # All calls for tokens, and all about couriers, are refused with this code: 40164 when our
    # address is not on the white list, 930566 when instant delivery is not opened; 0 is none.
    refuses_tokens_with: int = 0
    refuses_calls_with: int = 0

    # Calls
    calls_a_day: int = 500
    # Bodies with \uXXXX in the classes of goods are refused.
    refuses_escapes: bool = True
    # A courier does at once what it is asked for, and answers so much later.
    answer_seconds: float = 0.0
    # The answer of add has no waybill number, but that of get has one; add's order_status is a
    # courier's own.
    add_without_waybill: bool = False
    add_own_status: int = 101
    # What precancel answers has no fee.
    precancel_without_fee: bool = False
    # order/get fails at the courier, with the last rider in the answer.
    get_fails: bool = False
    # An order that has ended shows the rider's phone masked.
    masks_ended_riders: bool = False
    # A cancellation is answered so much later.
    cancel_seconds: float = 0.0

    # Riders. Each step comes by itself after so long.
    accept_seconds: float = 0.0
    arrive_seconds: float = 0.0
    pick_up_seconds: float = 0.0
    leave_seconds: float = 0.0
    deliver_seconds: float = 0.0
    # Nobody accepts: 502 after so long.
    give_up_seconds: float = 0.0
    # A rider takes an order after it was given up (502), or cancelled.
    accepts_after_end_seconds: float = 0.0
    # Picked up is told twice.
    repeats_pick_up: bool = False
    # Of a booked order nothing is heard any more: it does not move by itself, and is not pushed.
    silent_bookings: bool = False

    # Pushes
    push_retry_seconds: list[float] = field(default_factory=lambda: [5, 5, 5])
    push_timeout: float = 5.0
    # "lose" drops them, "hold" keeps them until this is "send" again.
    pushes: str = "send"
    # Until this moment (Unix time) they are dropped.
    pushes_lost_until: float = 0.0
    push_copies: int = 0
    push_shuffle_seconds: float = 0.0
    # The next n tries have a wrong signature.
    wrong_sign_next: int = 0

    checks: ClassVar[Mapping[str, Check]] = {
        "token_seconds": number(0, WEEK),
        "old_token_seconds": number(0, WEEK),
        "force_pause_seconds": number(0, WEEK),
        "ticket_seconds": number(0, WEEK),
        "refuses_tokens_with": count,
        "refuses_calls_with": count,
        "calls_a_day": count,
        "refuses_escapes": flag,
        "answer_seconds": number(0, 60),
        "add_without_waybill": flag,
        "add_own_status": count,
        "precancel_without_fee": flag,
        "get_fails": flag,
        "masks_ended_riders": flag,
        "cancel_seconds": number(0, 60),
        "accept_seconds": number(0, WEEK),
        "arrive_seconds": number(0, WEEK),
        "pick_up_seconds": number(0, WEEK),
        "leave_seconds": number(0, WEEK),
        "deliver_seconds": number(0, WEEK),
        "give_up_seconds": number(0, WEEK),
        "accepts_after_end_seconds": number(0, WEEK),
        "repeats_pick_up": flag,
        "silent_bookings": flag,
        "push_retry_seconds": pauses,
        "push_timeout": number(0.01, 60),
        "pushes": one_of("send", "lose", "hold"),
        "pushes_lost_until": number(0, 1e11),
        "push_copies": count,
        "push_shuffle_seconds": number(0, 3600),
        "wrong_sign_next": count,
    }

    def of(self, own: Mapping[str, Any]) -> Settings:
        """Returns the switches for a courier that has these of its own."""
        return replace(self, **own) if own else self

    def check_own(self, own: Mapping[str, Any]) -> None:
        """Raises ControlError for what a single courier cannot have."""
        if foreign := sorted(own.keys() - OF_COURIERS):
            raise ControlError(f"no switch of a single courier: {', '.join(foreign)}")
        self.changed(dict(own))


OF_COURIERS = {
    "answer_seconds", "add_without_waybill", "add_own_status", "precancel_without_fee", "get_fails",
    "masks_ended_riders", "cancel_seconds", "accept_seconds", "arrive_seconds", "pick_up_seconds",
    "leave_seconds", "deliver_seconds", "give_up_seconds", "accepts_after_end_seconds",
    "repeats_pick_up", "silent_bookings",
}  # fmt: skip
