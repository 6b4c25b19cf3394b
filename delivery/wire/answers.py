"""Answers of WeChat in their two layers: the data, or the error that a code means
(docs/platforms/wechat_delivery.md §1.1 and §3).
"""

import re
from collections.abc import Mapping
from typing import Any

from stores.platforms.client import Answer
from stores.platforms.errors import (
    AuthExpired,
    LoginRefused,
    NotSent,
    PlatformError,
    Refused,
    Throttled,
    Unknown,
)
from stores.platforms.reading import any_text, any_whole

TOKEN_IS_OVER = {40001, 40014, 42001, 41001}
# A person has to correct something with the account before any call can succeed.
NOT_LET_IN = {40013, 40125, 40164, 50002, 61003, 61004, 61023}
# Of these, what only the shop's administrator can put right below a service provider.
NOT_AUTHORISED = {61003, 61023}
# The component's ticket is missing or over: WeChat pushes a new one within ten minutes.
NO_TICKET = {61005, 61006, 61011}
TOO_MANY = {45009, 45011, 930564}
EXISTS, NO_SUCH_ORDER, HAS_ENDED = "930562", "930563", "930565"
# Surely not executed. Every other code leaves it open.
REFUSED = {
    40002, 40090, 43016, 44002, 47001, 48001, 48006, 61007, 61010, 86000,
    930559, 930560, 930561, 930562, 930563, 930565, 930566, 930567, 930568, 930569, 930570, 930571,
    9300535,
}  # fmt: skip
# Words of couriers that say that a system failed, not that the order is wrong.
SYSTEM_WORDS = ("系统错误", "系统异常", "系统繁忙", "超时", "system error", "timeout")
_RID = re.compile(r"\s*(?:rid|hint): ?\[?[0-9A-Za-z-]+\]?\s*$")


class CourierRefused(Refused):
    """The courier refused. Its code means something only together with the courier and its text."""


def open_platform(answer: Answer) -> dict[str, Any]:
    """Returns the answer of WeChat itself, as of tokens. Raises a PlatformError."""
    if answer.status == 429:
        raise Throttled(f"HTTP 429: {answer.excerpt}")
    if answer.status != 200:
        raise answer.strange()
    content = answer.json_object()
    if content.get("errcode") not in (None, 0, "0", ""):
        raise _platform_error(content)
    return content


def open_courier(answer: Answer) -> dict[str, Any]:
    """Returns the answer of a courier that WeChat passed on. Raises a PlatformError: CourierRefused
    when the courier refused, Unknown when its system failed or the answer says nothing.
    """
    content = open_platform(answer)
    code = any_whole(content, "resultcode")
    if code is None:
        raise answer.strange("no resultcode")
    if code == 0:
        return content
    message = any_text(content, "resultmsg", most=500)
    if any(words in message.lower() for words in SYSTEM_WORDS):
        raise Unknown(f"{code}: {message}")
    raise CourierRefused(str(code), message)


def is_about_provider(error: PlatformError) -> bool:
    """Whether the login of a shop below a service provider failed because of the provider's own
    account, not because the shop has withdrawn.
    """
    code = error.detail.partition(":")[0]
    if isinstance(error, LoginRefused):
        return code not in map(str, NOT_AUTHORISED)
    return code in map(str, NO_TICKET)


def rid_of(message: str) -> str:
    """Returns the number under which WeChat explains an error; "" without one."""
    found = _RID.search(message)
    return found[0].partition(":")[2].strip(" []") if found and "rid" in found[0] else ""


def _platform_error(content: Mapping[str, Any]) -> PlatformError:
    code = any_whole(content, "errcode")
    message = any_text(content, "errmsg", most=500)
    words = f"{code}: {message}"
    if code in TOKEN_IS_OVER:
        return AuthExpired(words)
    if code in NOT_LET_IN:
        return LoginRefused(words)
    if code in NO_TICKET:
        return NotSent(words)
    if code in TOO_MANY:
        return Throttled(words)
    if code in REFUSED:
        return Refused(str(code), _RID.sub("", message))
    return Unknown(words)
