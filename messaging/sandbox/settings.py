"""Switches for behaviour that Meituan has not published (docs/platforms/takeaway.md), and for its
pushes going wrong; each default is our guess.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from stores.sandbox.switches import WEEK, Check, Switches, count, flag, number, one_of, pauses, text


@dataclass
class Settings(Switches):
    """Times are in seconds; 0 means never, or no limit."""

    # How far a request's timestamp may be off. Only platform B publishes a window.
    timestamp_window: float = 600.0
    # The SDK's metadata says that these IM calls need no store token, but nothing else names the
    # store.
    im_token_required: bool = True

    # Orders. The platform cancels what nobody paid or confirmed.
    unpaid_seconds: float = 900.0
    confirm_seconds: float = 300.0
    # The text of a second confirmation; that it is an error is known, its words are not.
    already_confirmed: str = "该订单已经确认过了，请勿重复确认"
    # Fields that only come when they are subscribed to in the console.
    fields_subscribed: bool = True
    # Whether the customer's hidden and masked numbers follow their words in `caution`.
    numbers_in_caution: bool = True
    # Addresses of finished orders read "hidden" after this time.
    hide_address_seconds: float = 10_800.0
    # The time for the meal after confirmation, which poiMealAssessmentTime names.
    meal_seconds: float = 1200.0
    # Whether "delivered" by the shop's own courier also finishes the order.
    delivered_finishes: bool = False
    # An order counts as abnormal when its push was not acknowledged for so long.
    abnormal_seconds: float = 60.0
    # Whether providers that take no orders (businessId 16) get the pushes of orders.
    push_orders_to_readers: bool = False
    # /wmoper/ng/order/queryOrders: the pause between two calls of a store.
    query_orders_seconds: float = 60.0

    # Refunds. Agreed by the platform when the shop does not decide.
    refund_seconds: float = 10_800.0
    # Whether an order that was wholly refunded is also pushed as cancelled.
    cancel_push_after_refund: bool = False
    # Whether the dishes of a part refund are pushed as JSON inside the JSON.
    part_refund_food_as_text: bool = True

    # Pushes. Intervals and number of repetitions are not published.
    push_retry_seconds: list[float] = field(default_factory=lambda: [1, 5, 30, 120, 600, 1800])
    push_timeout: float = 5.0
    # What counts as acknowledged: the exact bytes, the same JSON, or also in lower case.
    acknowledgement: str = "exact"
    # Whether a classic push has a timestamp.
    push_timestamp: bool = False
    # The field of the privacy push; "" sends none.
    privacy_field: str = ""
    # "lose" drops new pushes for good, "hold" keeps them until this is "send" again.
    pushes: str = "send"
    # Event names, separated by commas, to which "lose" and "hold" apply; "" means all.
    pushes_affected: str = ""
    # After so long they are sent again, and held ones go out.
    pushes_seconds: float = 0.0
    # Further copies of every push.
    push_copies: int = 0
    # Every push is delayed by a random time up to this.
    push_shuffle_seconds: float = 0.0
    # The next n tries carry a wrong signature.
    wrong_sign_next: int = 0

    # Chat
    chat_seconds: float = 172_800.0
    # Whether the HTTP push of messages needs subscribeImByEpoi.
    im_needs_subscription: bool = True
    # Whether a token that a store asked for hears of that store only; else of all stores of the
    # developer. Which of them it is, is not published.
    im_tokens_of_store: bool = True
    # "refuse" opens no socket.
    sockets: str = "open"
    # Whether the sign of life is answered.
    socket_answers_beat: bool = True
    # A client that is silent for so long is cut.
    socket_silence_seconds: float = 30.0
    # Whether frames are percent-encoded, as Meituan's own client expects.
    socket_percent_encoded: bool = False
    # Further copies of every frame.
    socket_copies: int = 0
    # Whether frames that follow each other within half a second come the last first.
    socket_reordered: bool = False
    # The field of a frame that names its store; "" names none.
    socket_store_field: str = ""
    # Whether what a provider sent is pushed to it too.
    im_echo: bool = True
    # A sent msg_id that was used before: "send" again, or "refuse".
    im_repeated_id: str = "send"
    reply_seconds: float = 300.0
    urgent_reply_seconds: float = 60.0
    reply_target: int = 90
    # The reply rate in percent; -1 counts it from the messages.
    reply_rate: int = -1

    # The shop's receipt printer. "off" refuses connections, "mute" answers no question, "slow"
    # answers after `printer_seconds`; "paper_ends" and "dies" happen with the row `printer_rows`.
    printer: str = "ready"
    printer_seconds: float = 3.0
    printer_rows: int = 5
    # Its port when the sandbox starts; 0 for any free one.
    printer_port: int = 0

    # The path of the picture upload for providers that take orders is not in today's SDK.
    card_upload_path: str = "/waimai/ng/card/uploadCardImage"

    checks: ClassVar[Mapping[str, Check]] = {
        "timestamp_window": number(0, WEEK),
        "im_token_required": flag,
        "unpaid_seconds": number(0, WEEK),
        "confirm_seconds": number(0, WEEK),
        "already_confirmed": text,
        "fields_subscribed": flag,
        "numbers_in_caution": flag,
        "hide_address_seconds": number(0, WEEK),
        "meal_seconds": number(0, WEEK),
        "delivered_finishes": flag,
        "abnormal_seconds": number(0, WEEK),
        "push_orders_to_readers": flag,
        "query_orders_seconds": number(0, WEEK),
        "refund_seconds": number(0, WEEK),
        "cancel_push_after_refund": flag,
        "part_refund_food_as_text": flag,
        "push_retry_seconds": pauses,
        "push_timeout": number(0.01, 60),
        "acknowledgement": one_of("exact", "json", "any_case"),
        "push_timestamp": flag,
        "privacy_field": text,
        "pushes": one_of("send", "lose", "hold"),
        "pushes_affected": text,
        "pushes_seconds": number(0, WEEK),
        "push_copies": count,
        "push_shuffle_seconds": number(0, 3600),
        "wrong_sign_next": count,
        "chat_seconds": number(0, WEEK),
        "im_needs_subscription": flag,
        "im_tokens_of_store": flag,
        "sockets": one_of("open", "refuse"),
        "socket_answers_beat": flag,
        "socket_silence_seconds": number(0.1, 3600),
        "socket_percent_encoded": flag,
        "socket_copies": count,
        "socket_reordered": flag,
        "socket_store_field": text,
        "im_echo": flag,
        "im_repeated_id": one_of("send", "refuse"),
        "reply_seconds": number(0, WEEK),
        "urgent_reply_seconds": number(0, WEEK),
        "reply_target": number(0, 100),
        "reply_rate": number(-1, 100),
        "printer": one_of("ready", "off", "no_paper", "open", "mute", "slow", "paper_ends", "dies"),
        "printer_seconds": number(0, 3600),
        "printer_rows": count,
        "printer_port": number(0, 65535),
        "card_upload_path": text,
    }
