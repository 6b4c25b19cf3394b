"""The gateway's answers: envelope, numbers and texts.

The gateway publishes no number but 10000 and no texts of failures: all others are invented here.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

from stores.sandbox import Reply

from .book import Coupon

BEIJING = timezone(timedelta(hours=8))
SUCCESS = 10000
MALFORMED, BAD_LOGIN, NO_STORE, NOT_AUTHORISED, LAPSED, QUOTA = (
    10001,
    10002,
    10003,
    10004,
    10005,
    10006,
)
REFUSED = 10010
NO_CALL, BAD_TOKEN, BLOCKED = 404, 401, 429

REFUSALS = {
    "used": "该券码已使用",
    "expired": "该券码已过期",
    "refunded": "该券码已退款",
    "not_yet_valid": "该券码未到使用时间",
    "not_on_this_day": "该券码今日不可用",
    "locked": "该券码已锁定",
}
NOT_FOUND = "券码不存在"
WRONG_STORE = "该券码非本门店可用"
# Detail tells only whether a coupon is spent: one that is too early or on the wrong day counts as
# unused.
DETAIL_STATUS = {
    "used": ("已使用", 1),
    "expired": ("已过期", 2),
    "refunded": ("已退款", 3),
    "locked": ("已锁定", 4),
}
UNUSED = ("未使用", 0)

BLOCK_PAGE = (
    "<!DOCTYPE html><html><head><title>访问被拦截</title></head>"
    "<body>请求过于频繁，请稍后再试</body></html>"
)
# `data` of the fault "wrong_types", by operation.
WRONG_TYPES: dict[str, Any] = {
    "login": {"id": "one", "phone": 13800000000, "token": 10000, "username": None},
    "stores": {"store_id": "1", "status": "2"},
    "products": "[]",
    "detail": {
        "order_id": 4.9e18,
        "sku_id": None,
        "sku_name": [],
        "status": 0,
        "price": {},
        "status_code": "unused",
    },
    "verify": {"verify_message": 0, "verify_success": "false"},
}


class Failure(Exception):
    """An answer without success; `outcome` is for the arrivals log, `status` is the HTTP status."""

    def __init__(self, code: int, message: str, outcome: str = "ok", status: int = 200) -> None:
        super().__init__(message)
        self.code, self.message, self.outcome, self.status = code, message, outcome, status


def succeeded(data: Any, *, applied: bool = False) -> Reply:
    count = len(data) if isinstance(data, list) else 1
    return Reply.json(_envelope(SUCCESS, "success", data, count), applied=applied)


def failed(code: int, message: str, status: int = 200, *, outcome: str = "ok") -> Reply:
    return Reply.json(_envelope(code, message, None, 0), status, outcome=outcome)


def _envelope(code: int, message: str, data: Any, count: int) -> dict[str, Any]:
    now = datetime.now(BEIJING).strftime("%Y-%m-%d %H:%M:%S")
    return {"code": code, "msg": message, "data": data, "count": count, "date_time": now}


def refusal_of(coupon: Coupon | None, store_id: int) -> str:
    """Returns why this coupon cannot be used at this store; "" when it can."""
    if coupon is None:
        return NOT_FOUND
    if not coupon.is_for(store_id):
        return WRONG_STORE
    return REFUSALS.get(coupon.state, "")
