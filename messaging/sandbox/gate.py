"""Who may call: the system parameters of a request, its signature, its token and its prefix."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stores.sandbox import Request, given

from . import answers
from .accounts import PREFIXES, Shop
from .answers import Refused, business_error, missing, unauthorised
from .calls import CHAT, NONE, STORE, Biz, Call, Caller, nested
from .signing import is_signed
from .world import World

FORM = "application/x-www-form-urlencoded"
SYSTEM = ("timestamp", "businessId", "developerId", "charset", "version", "sign")
GRANT_FAILED = "没有该接口的权限"


@dataclass(frozen=True)
class Gate:
    """Checks one request for a call."""

    world: World
    call: Call

    def open(self, request: Request, fields: Mapping[str, str]) -> tuple[Caller, Biz]:
        """Returns who calls, and the business parameters. Raises Refused."""
        if request.method != "POST":
            raise Refused("OP_HTTP_UNSUPPORTED_METHOD_TYPE", "不支持的请求方法")
        if not request.headers.get("content-type", "").startswith(FORM):
            raise Refused("OP_HTTP_UNSUPPORTED_CONTENT_TYPE", "不支持的Content-Type")
        # The old form of requests has no biz, so businessId is not always sent with it.
        required = SYSTEM if fields.get("version") != "1" else ("timestamp", "developerId", "sign")
        for name in required:
            if not fields.get(name):
                raise missing(name)
        developer = self.world.book.developers.get(given.whole(fields["developerId"]) or 0)
        if developer is None or not is_signed(developer.sign_key, fields):
            raise unauthorised(answers.WRONG_SIGN)
        self._check_values(fields)
        shop = self._shop(fields, developer.developer_id)
        business_id = given.whole(fields.get("businessId")) or (shop.business_id if shop else 0)
        self._check_prefix(request.path, business_id, shop)
        return Caller(developer, business_id, shop), _biz(fields)

    def _check_values(self, fields: Mapping[str, str]) -> None:
        stamp, window = fields["timestamp"], self.world.settings.timestamp_window
        if len(stamp) != 10 or not stamp.isdigit():
            raise Refused("OP_SYSTEM_PARAM_ERROR", "timestamp为10位秒级时间戳")
        if window and abs(time.time() - int(stamp)) > window:
            raise Refused("OP_SYSTEM_PARAM_ERROR", "timestamp超出允许范围")
        if fields.get("charset", "UTF-8").upper() != "UTF-8":
            raise Refused("OP_SYSTEM_PARAM_ERROR", "charset必须为UTF-8")
        if fields.get("version", "1") not in ("1", "2"):
            raise Refused("OP_SYSTEM_PARAM_ERROR", "version必须为2")

    def _shop(self, fields: Mapping[str, str], developer_id: int) -> Shop | None:
        token = fields.get("appAuthToken", "")
        needs_token = self.call.token == STORE or (
            self.call.token == CHAT and self.world.settings.im_token_required
        )
        if not token or self.call.token == NONE:
            if needs_token:
                raise missing("appAuthToken")
            return None
        shop = self.world.book.shop_of_token(token)
        if shop is None or shop.developer_id != developer_id or shop.binding == "revoked":
            raise unauthorised(answers.TOKEN_UNKNOWN)
        if shop.binding == "expired":
            raise unauthorised(answers.TOKEN_EXPIRED)
        return shop

    def _check_prefix(self, path: str, business_id: int, shop: Shop | None) -> None:
        """Checks that path, businessId and the store's kind belong together.

        The code is a guess: that this is refused is known, the answer is not published.
        """
        prefix = PREFIXES.get(business_id)
        is_other_shop = shop is not None and shop.business_id != business_id
        if prefix is None or not path.startswith(prefix) or is_other_shop:
            raise Refused("OP_API_GRANT_FAILED", GRANT_FAILED)


def _biz(fields: Mapping[str, str]) -> Biz:
    """Returns the parameters of the business: the JSON of `biz`, in old requests the fields."""
    if fields.get("version") == "1":
        return {name: value for name, value in fields.items() if name not in SYSTEM}
    if not fields.get("biz"):
        return {}
    found: Any = nested(fields["biz"])
    if not isinstance(found, dict):
        raise business_error("biz不是JSON对象")
    return found
