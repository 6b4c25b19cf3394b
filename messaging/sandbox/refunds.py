"""Refunds of an order: what the customer, the shop, the service and the clock may do with one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

PART, WHOLE = 1, 2
# res_type
OPEN, SHOP_REFUSED, SHOP_AGREED, SERVICE_REFUSED, SERVICE_AGREED = 0, 1, 2, 3, 4
TIMED_OUT, BY_SYSTEM, WITHDRAWN, APPEAL_WITHDRAWN = 5, 6, 7, 8
AGREED = (SHOP_AGREED, SERVICE_AGREED, TIMED_OUT, BY_SYSTEM)


@dataclass(frozen=True)
class Step:
    """What an action needs (`is_appeal` None: either), what it leads to, and its notifyType."""

    needs: tuple[int, ...]
    leads_to: int
    notify: str
    is_appeal: bool | None = False
    starts_appeal: bool = False


STEPS: dict[str, Step] = {
    "withdraw": Step((OPEN,), WITHDRAWN, "cancelRefund"),
    "agree": Step((OPEN,), SHOP_AGREED, "agree"),
    "reject": Step((OPEN,), SHOP_REFUSED, "reject"),
    "time_out": Step((OPEN,), TIMED_OUT, "agree"),
    "system_agree": Step((OPEN,), BY_SYSTEM, "agree", is_appeal=None),
    "appeal": Step((SHOP_REFUSED,), OPEN, "apply", starts_appeal=True),
    "withdraw_appeal": Step((OPEN,), APPEAL_WITHDRAWN, "cancelRefundComplaint", is_appeal=True),
    "service_agree": Step((OPEN,), SERVICE_AGREED, "agree", is_appeal=None),
    "service_reject": Step((OPEN,), SERVICE_REFUSED, "reject", is_appeal=None),
}


@dataclass
class Refund:
    """One application. `money` in fen; `foods` maps the number of a line to pieces."""

    refund_id: int
    kind: int
    money: int
    reason: str
    applied_at: int
    foods: dict[str, int] = field(default_factory=dict)
    pictures: list[str] = field(default_factory=list)
    res_type: int = OPEN
    is_appeal: bool = False
    opened_at: float = 0.0
    answer: str = ""
    history: list[str] = field(default_factory=list)

    @property
    def is_open(self) -> bool:
        return self.res_type == OPEN

    @property
    def is_agreed(self) -> bool:
        return self.res_type in AGREED

    def allows(self, action: str) -> bool:
        step = STEPS[action]
        return self.res_type in step.needs and step.is_appeal in (None, self.is_appeal)

    def take(self, action: str, reason: str, at: float) -> str:
        """Carries out an allowed action; returns the notifyType of its push."""
        step = STEPS[action]
        self.res_type = step.leads_to
        self.answer = reason
        self.history.append(action)
        if step.starts_appeal:
            self.is_appeal = True
            self.opened_at = at
        if step.notify == "apply":
            return self.applied
        return step.notify

    @property
    def applied(self) -> str:
        """Returns the notifyType of an application."""
        return "part" if self.kind == PART else "apply"

    def as_info(self, order_id: int) -> dict[str, Any]:
        """Returns the row of getBatchOrderRefundInfo; `money` is in yuan, absent when whole."""
        info: dict[str, Any] = {
            "order_id": order_id,
            "refund_id": self.refund_id,
            "refund_type": str(self.kind),
            "res_type": self.res_type,
            "is_appeal": int(self.is_appeal),
            "reason": self.reason,
            "res_reason": self.answer,
            "pictures": self.pictures,
            "refund_apply_time": self.applied_at,
        }
        if self.kind == PART:
            info["money"] = self.money / 100
        return info
