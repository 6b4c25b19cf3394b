"""Parsers of the umember gateway's answers: frozen dataclasses, and the gateway's texts as our
reasons.

Source: docs/platforms/umember.md §1 to §5.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NoReturn

from coupons.choices import Authorisation
from coupons.reasons import ABOUT_THE_COUPON, Reason
from stores.platforms.client import Answer
from stores.platforms.errors import AuthExpired, LoginRefused, Refused, Throttled, TimedOut, Unknown
from stores.platforms.reading import MAX_INT64, any_text, any_whole, any_yuan

SUCCESS = 10000
AUTHORISATION = {
    1: Authorisation.NOT_AUTHORISED,
    2: Authorisation.AUTHORISED,
    3: Authorisation.EXPIRED,
}
UNUSED_TEXT = "未使用"
THROTTLE_WORDS = ("频繁", "限流", "too many", "rate limit", "qps")
# Answers of a failing gateway; they do not tell whether the call was executed.
TROUBLE_WORDS = (
    *("系统异常", "系统错误", "系统繁忙", "服务异常", "服务繁忙", "网络异常"),
    *("超时", "稍后再试", "稍后重试", "请重试", "开小差"),
)
AUTH_WORDS = ("token", "未登录", "重新登录", "登录失效", "登录已过期", "登录过期", "unauthorized")
# A login that is refused with other words may succeed later, so no person is asked.
CREDENTIAL_WORDS = (
    "401",
    "密码",
    "账号",
    "帐号",
    "账户",
    "用户",
    "邮箱",
    "password",
    "account",
    "email",
    "user",
)

# §5: the texts are not published. The first match wins, so special texts come before general ones.
REASON_WORDS: tuple[tuple[tuple[str, ...], Reason], ...] = (
    (("授权已过期", "授权过期", "授权失效"), Reason.AUTHORISATION_EXPIRED),
    (("未授权", "没有授权", "解绑"), Reason.STORE_UNAUTHORISED),
    (("次数不足", "次数已用", "额度", "余额不足"), Reason.QUOTA_EXHAUSTED),
    (
        ("其他门店", "其它门店", "非本店", "非本门店", "不适用", "不属于", "门店不匹配"),
        Reason.WRONG_STORE,
    ),
    (("已使用", "已核销", "已消费", "已验证", "重复核销", "重复验"), Reason.ALREADY_USED),
    (("已退款", "退款"), Reason.REFUNDED),
    (("未到", "未开始", "尚未生效"), Reason.NOT_YET_VALID),
    (("今日不可用", "当天不可用", "不可用日期", "节假日", "该日期"), Reason.NOT_ON_THIS_DAY),
    (("过期", "失效"), Reason.EXPIRED),
    (("不存在", "无效", "未找到", "查询不到", "找不到", "错误的券"), Reason.NOT_FOUND),
)


@dataclass(frozen=True)
class RemoteStore:
    remote_id: int
    name: str
    address: str
    authorisation: str
    request_count: int | None


@dataclass(frozen=True)
class RemoteProduct:
    """One deal on sale; `price` and `list_price` are yuan."""

    sku_id: str
    name: str
    sku_name: str
    price: Decimal | None
    list_price: Decimal | None


@dataclass(frozen=True)
class CouponDetail:
    """The gateway's `detail` of a code; `refusal` is None for an unused code, else the reason why
    it cannot be spent.
    """

    order_id: str
    sku_id: str
    sku_name: str
    refusal: Reason | None
    status_text: str
    price: Decimal | None

    def __str__(self) -> str:
        """Returns the text for the ledger, in the gateway's words."""
        price = "" if self.price is None else f"¥{self.price}"
        return " · ".join(word for word in (self.status_text, self.sku_name, price) if word)


@dataclass(frozen=True)
class VerifyAnswer:
    success: bool
    message: str

    def __str__(self) -> str:
        """Returns the text for the ledger; the gateway's first edition had no message on success,
        the later one has this.
        """
        return self.message or ("验证成功" if self.success else "")


def reason_of(message: str) -> Reason:
    """Returns our reason for the gateway's text; an unknown text is REFUSED_OTHER and is stored as
    it is.
    """
    for words, reason in REASON_WORDS:
        if _has(message, words):
            return reason
    return Reason.REFUSED_OTHER


def open_envelope(answer: Answer) -> Any:
    """Returns `data` of a successful answer.

    Raises Throttled, AuthExpired, Refused, or Unknown for an answer that cannot be understood.
    """
    if answer.status in (403, 429):
        raise Throttled(f"HTTP {answer.status}: {answer.excerpt}")
    if answer.status == 401:
        raise AuthExpired(f"HTTP 401: {answer.excerpt}")
    if answer.status == 504:
        raise TimedOut(f"HTTP 504: {answer.excerpt}")
    if answer.status >= 500:
        raise answer.strange()
    # An HTML page that names the limit; other HTML does not tell whether the call was executed.
    page = answer.content[:4000].decode("utf-8", "replace").lower()
    if page.lstrip().startswith("<") and _has(page, THROTTLE_WORDS):
        raise Throttled(f"HTML: {answer.excerpt}")

    body = answer.json_object()
    code, message = any_whole(body, "code"), any_text(body, "msg", most=300)
    if code is None:
        raise answer.strange("without a code")
    if code != SUCCESS:
        _raise_failure(code, message)
    return body.get("data")


def _raise_failure(code: int, message: str) -> NoReturn:
    lowered = message.lower()
    if code == 429 or _has(lowered, THROTTLE_WORDS):
        raise Throttled(f"{code}: {message}")
    if code == 401 or _has(lowered, AUTH_WORDS):
        raise AuthExpired(f"{code}: {message}")
    if _has(message, TROUBLE_WORDS):
        raise Unknown(f"{code}: {message}")
    raise Refused(str(code), message)


def _has(text: str, words: tuple[str, ...]) -> bool:
    return any(word in text for word in words)


def open_login(answer: Answer) -> str:
    """Returns the token.

    Raises LoginRefused when the answer clearly blames the credentials; Refused or Unknown for other
    failures, which may be temporary.
    """
    try:
        return parse_token(open_envelope(answer))
    except (AuthExpired, Refused) as error:
        words = error.detail.lower()
        if _has(words, CREDENTIAL_WORDS) and not _has(words, TROUBLE_WORDS):
            raise LoginRefused(error.detail) from error
        if isinstance(error, Refused):
            raise
        raise Unknown(error.detail) from error


def parse_token(data: Any) -> str:
    token = data.get("token") if isinstance(data, dict) else None
    if not isinstance(token, str) or not token or not token.isascii() or not token.isprintable():
        raise Unknown("the login answer holds no token")
    return token


def parse_stores(data: Any) -> list[RemoteStore]:
    return [_store(row) for row in _rows(data)]


def _store(row: dict[str, Any]) -> RemoteStore:
    remote_id = any_whole(row, "store_id", most=MAX_INT64)
    if remote_id is None:
        raise Unknown("a store without store_id")
    status = any_whole(row, "status")
    return RemoteStore(
        remote_id=remote_id,
        name=any_text(row, "store_name") or str(remote_id),
        address=any_text(row, "address"),
        authorisation=AUTHORISATION.get(status or 0, Authorisation.UNKNOWN),
        request_count=any_whole(row, "request_count", most=2**31 - 1),
    )


def parse_products(data: Any) -> list[RemoteProduct]:
    return [_product(row) for row in _rows(data)]


def _product(row: dict[str, Any]) -> RemoteProduct:
    sku_id = any_text(row, "sku_id", most=40)
    if not sku_id:
        raise Unknown("a product without sku_id")
    sku_name = any_text(row, "sku_name")
    return RemoteProduct(
        sku_id=sku_id,
        name=any_text(row, "product_name") or sku_name or sku_id,
        sku_name=sku_name,
        price=any_yuan(row, "actual_amount"),
        list_price=any_yuan(row, "origin_amount"),
    )


def _rows(data: Any) -> list[dict[str, Any]]:
    if data is None:
        return []
    if not isinstance(data, list) or not all(isinstance(row, dict) for row in data):
        raise Unknown("the list is not a list of objects")
    return data


def parse_detail(data: Any) -> CouponDetail:
    """Parses both editions: the later one has `price` and `status_code` (0 unused, 1 used), which
    has priority over the text.
    """
    if not isinstance(data, dict):
        raise Unknown("the detail is not an object")
    status, status_code = data.get("status"), any_whole(data, "status_code")
    if status_code is None and not isinstance(status, str):
        raise Unknown("the detail holds no status")
    text = any_text(data, "status", most=100)
    return CouponDetail(
        order_id=any_text(data, "order_id", most=40),
        sku_id=any_text(data, "sku_id", most=40),
        sku_name=any_text(data, "sku_name"),
        refusal=_refusal(status_code, text.strip()),
        status_text=text,
        price=any_yuan(data, "price"),
    )


def _refusal(status_code: int | None, text: str) -> Reason | None:
    if status_code == 0 or (status_code is None and text == UNUSED_TEXT):
        return None
    if status_code == 1:
        return Reason.ALREADY_USED
    # Words like those for a store's quota mean something else in the state of a coupon.
    reason = reason_of(text)
    return reason if reason in ABOUT_THE_COUPON else Reason.REFUSED_OTHER


def parse_verify(data: Any) -> VerifyAnswer:
    """Parses `verify_success`, which alone decides; the message on success was first empty, later
    验证成功.
    """
    success = data.get("verify_success") if isinstance(data, dict) else None
    if not isinstance(success, bool):
        raise Unknown("the answer holds no verify_success")
    message = any_text(data, "verify_message", most=300)
    if not success and _has(message.lower(), THROTTLE_WORDS):
        raise Throttled(message)
    return VerifyAnswer(success=success, message=message)
