"""A chat message, and its form in pushes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .signing import encrypt

FROM_SHOP, FROM_CUSTOMER = 1, 2
TEXT, PICTURE, OTHER = 1, 2, 3
# 两方会话
TWO_PARTIES = 1
NO_SCENE = -1
URGENT_SCENE = 9003
SCENES = {
    URGENT_SCENE: "用户投诉商家",
    3002: "餐品质量投诉",
    3001: "餐品错送/少送",
    9001: "用户已尝试联系客服",
    2203: "补充备注",
}


@dataclass
class Message:
    """One message. `msg_id` is Meituan's, `sender_id` that of the provider which sent it.

    `text` is in the clear; `content`, if given, is sent in place of its encryption. `at` is the
    arrival in Unix seconds, `cts` what the sender says. `origin` is customer, provider, app (the
    shop in Meituan's own app) or platform. `was_delivered`: the provider's system has it.
    """

    msg_id: int
    e_poi_id: str
    open_user_id: int
    text: str
    cts: int
    at: float
    source: int = FROM_CUSTOMER
    kind: int = TEXT
    order_id: int = 0
    scene_tag: int = NO_SCENE
    scene_name: str = ""
    sender_id: int = 0
    origin: str = "customer"
    content: str = ""
    was_read: bool = False
    was_delivered: bool = False

    def as_envelope(self, secret: str) -> dict[str, Any]:
        """Returns the message as pushes and sockets carry it."""
        content: dict[str, Any] = {
            "msg_id": self.msg_id,
            "msg_content": self.content or encrypt(secret, self.text),
            "msg_type": self.kind,
            "msg_source": self.source,
            "cts": self.cts,
            "order_id": self.order_id,
            "open_user_id": self.open_user_id,
            "scene_tag": self.scene_tag,
            "scene_name": self.scene_name,
            "has_reply": 1 if self.source == FROM_CUSTOMER else 0,
        }
        return {"biz_type": TWO_PARTIES, "push_content": content}
