"""The gateway's five calls (团券), its rate limit, tokens, quotas and refusals."""

from __future__ import annotations

import base64
import json
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from stores.sandbox import ControlError, Reply, Request, SandboxPlatform, Subject

from .book import Account, Book, Coupon, Store, change_coupon, change_store
from .settings import Settings

BEIJING = timezone(timedelta(hours=8))
SUCCESS = 10000

ROUTES = {
    "/open/login": ("POST", "login"),
    "/open/user/meituan/store/list": ("GET", "stores"),
    "/open/user/meituan/coupon/list": ("GET", "products"),
    "/open/user/meituan/coupon/detail": ("GET", "detail"),
    "/open/user/meituan/coupon/verify": ("POST", "verify"),
}

# Numbers other than 10000 are not published, nor are the texts of failures: all of these are ours.
MALFORMED, BAD_LOGIN, NO_STORE, NOT_AUTHORISED, LAPSED, QUOTA, REFUSED = (
    10001,
    10002,
    10003,
    10004,
    10005,
    10006,
    10010,
)
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
# Detail knows no more than whether a coupon is spent: what is only early or on the wrong day is unused.
DETAIL_STATUS = {
    "used": ("已使用", 1),
    "expired": ("已过期", 2),
    "refunded": ("已退款", 3),
    "locked": ("已锁定", 4),
}
UNUSED = ("未使用", 0)

BLOCK_PAGE = "<!DOCTYPE html><html><head><title>访问被拦截</title></head><body>请求过于频繁，请稍后再试</body></html>"
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
LONGEST_CODE = 64


class _Failure(Exception):
    def __init__(self, code: int, message: str, outcome: str = "ok", status: int = 200) -> None:
        super().__init__(message)
        self.code, self.message, self.outcome, self.status = code, message, outcome, status


@dataclass
class _Token:
    email: str
    expires: float


class UmemberSandbox(SandboxPlatform):
    prefix = "umember"

    def __init__(self) -> None:
        super().__init__()
        self._calls: dict[str, Callable[[Account, Request], Reply]] = {
            "stores": self._stores,
            "products": self._products,
            "detail": self._detail,
            "verify": self._verify,
        }
        self.reset()

    def reset(self) -> None:
        with self.lock:
            self.settings = Settings()
            self.book = Book()
            self._tokens: dict[str, _Token] = {}
            self._recent: dict[str, list[float]] = {}
            self.touch()

    def snapshot(self) -> dict[str, Any]:
        with self.lock:
            tokens = {token: dict(vars(known)) for token, known in self._tokens.items()}
            return {"settings": dict(vars(self.settings)), "tokens": tokens, **self.book.dump()}

    def restore(self, state: Mapping[str, Any]) -> None:
        try:
            settings = Settings().changed(state["settings"])
            tokens = {str(token): _Token(**known) for token, known in state["tokens"].items()}
        except (KeyError, TypeError, AttributeError) as error:
            raise ControlError(f"not a snapshot of umember: {error}") from error
        book = Book().merged(state, states_too=True)
        with self.lock:
            self.settings, self._tokens, self.book = settings, tokens, book
            self.touch()

    # What the server asks before it lets a request through

    def operation(self, request: Request) -> str:
        return ROUTES.get(request.path, ("", ""))[1]

    def subject(self, request: Request) -> Subject:
        given: Mapping[str, Any] = (
            request.json_object or {} if request.method == "POST" else request.query
        )
        email, store_id, code = (
            given.get("email"),
            _whole(given.get("store_id")),
            given.get("coupon_code"),
        )
        if self.operation(request) != "login":
            token = self._tokens.get(request.headers.get("authorization", ""))
            email = token.email if token else ""
        account = email if isinstance(email, str) else ""
        return Subject(account, store_id, code[-4:] if isinstance(code, str) else "")

    def admit(self, request: Request) -> Reply | None:
        email = self.subject(request).account
        with self.lock:
            limit, window = self.settings.rate_limit, self.settings.rate_window
            if limit is None or email not in self.book.accounts:
                return None
            recent = [at for at in self._recent.get(email, []) if request.at - at < window]
            admitted = len(recent) < limit
            if admitted or self.settings.count_blocked:
                recent.append(request.at)
            self._recent[email] = recent
        return None if admitted else self.blocked(request)

    def blocked(self, request: Request) -> Reply:
        form = self.settings.blocked_as
        if form == "html":
            return Reply.html(BLOCK_PAGE, outcome="blocked")
        status = 200 if form == "code" else int(form)
        return _failed(BLOCKED, "接口限流：请求过于频繁，请稍后再试", status, outcome="blocked")

    def token_expired(self, request: Request) -> Reply:
        status = 401 if self.settings.auth_failure_as == "401" else 200
        return _failed(BAD_TOKEN, "token已过期，请重新登录", status, outcome="unauthorised")

    def wrong_types(self, request: Request) -> Reply:
        data = WRONG_TYPES.get(self.operation(request), 0)
        return Reply.json(
            {"code": SUCCESS, "msg": None, "data": data, "count": "1", "date_time": 1734271704}
        )

    # The five calls

    def handle(self, request: Request) -> Reply:
        method, operation = ROUTES.get(request.path, ("", ""))
        if not operation:
            return _failed(NO_CALL, "接口不存在", 404, outcome="bad_request")
        if request.method != method:
            return _failed(NO_CALL, "请求方法不正确", 405, outcome="bad_request")
        try:
            with self.lock:
                return self._dispatch(operation, request)
        except _Failure as failure:
            return _failed(failure.code, failure.message, failure.status, outcome=failure.outcome)

    def _dispatch(self, operation: str, request: Request) -> Reply:
        if operation == "login":
            return self._login(request)
        token = self._tokens.get(request.headers.get("authorization", ""))
        account = (
            self.book.accounts.get(token.email) if token and token.expires > time.time() else None
        )
        if account is None:
            return self.token_expired(request)
        return self._calls[operation](account, request)

    def _login(self, request: Request) -> Reply:
        given = _given(request)
        email, password = given.get("email"), given.get("password")
        if not isinstance(email, str) or not isinstance(password, str):
            raise _Failure(MALFORMED, "参数错误：email、password", "bad_request")
        account = self.book.accounts.get(email)
        if account is None or account.password != password:
            raise _Failure(BAD_LOGIN, "账号或密码错误", "unauthorised")
        token = self._issue_token(account)
        return _succeeded(
            {"id": account.id, "phone": account.phone, "token": token, "username": account.username}
        )

    def _stores(self, account: Account, request: Request) -> Reply:
        return _succeeded([store.public() for store in account.stores.values()])

    def _products(self, account: Account, request: Request) -> Reply:
        store = self._open_store(account, _query_store(request), "products")
        return _succeeded([dict(vars(product)) for product in store.products.values()])

    def _detail(self, account: Account, request: Request) -> Reply:
        code = _code(request.query.get("coupon_code"))
        store = self._open_store(account, _query_store(request), "detail")
        coupon = self.book.coupons.get(code)
        if coupon is None:
            raise _Failure(REFUSED, NOT_FOUND)
        if not coupon.is_for(store.store_id):
            raise _Failure(REFUSED, WRONG_STORE)
        return _succeeded(self._described(coupon))

    def _described(self, coupon: Coupon) -> dict[str, Any]:
        status, status_code = DETAIL_STATUS.get(coupon.state, UNUSED)
        data: dict[str, Any] = {
            "order_id": coupon.order_id,
            "sku_id": coupon.sku_id,
            "sku_name": coupon.detail_name,
            "status": status,
        }
        if self.settings.edition >= 2:
            data |= {"price": coupon.price, "status_code": status_code}
        return data

    def _verify(self, account: Account, request: Request) -> Reply:
        given = _given(request)
        store_id, code = given.get("store_id"), _code(given.get("coupon_code"))
        if type(store_id) is not int:
            raise _Failure(MALFORMED, "参数错误：store_id", "bad_request")
        coupon = self.book.coupons.get(code)
        refusal = _refusal(coupon, store_id)
        self._open_store(
            account, store_id, "verify", spend=not refusal or self.settings.spend_on_refusal
        )
        if coupon is not None:
            coupon.verifies += 1
            self.touch()
        if coupon is None or refusal:
            return self._refused(refusal)
        coupon.state = "used"
        coupon.applied += 1
        return _succeeded(
            {"verify_message": self.settings.verify_success_message, "verify_success": True},
            applied=True,
        )

    def _refused(self, message: str) -> Reply:
        if self.settings.refuse_in == "envelope":
            return _failed(REFUSED, message)
        return _succeeded({"verify_message": message, "verify_success": False})

    def _open_store(
        self, account: Account, store_id: int, operation: str, spend: bool = True
    ) -> Store:
        """The account's store, if it may make this call now; spends one request where the settings say so."""
        store = account.stores.get(store_id)
        if store is None:
            raise _Failure(NO_STORE, "门店不存在")
        lapse_matters = operation != "verify" or not self.settings.verify_on_lapse
        if store.status == 1:
            raise _Failure(NOT_AUTHORISED, "门店未授权")
        if store.status != 2 and lapse_matters:
            raise _Failure(LAPSED, "门店授权已过期")
        if operation in self.settings.spends:
            if store.request_count <= 0:
                raise _Failure(QUOTA, "调用次数不足")
            if spend:
                store.request_count -= 1
                self.touch()
        return store

    def _issue_token(self, account: Account) -> str:
        now = time.time()
        if len(self._tokens) > 1000:
            self._tokens = {
                token: known for token, known in self._tokens.items() if known.expires > now
            }
        expires = now + self.settings.token_seconds
        claims = {
            "id": account.id,
            "iat": int(now),
            "exp": int(expires),
            "jti": secrets.token_hex(4),
        }
        token = ".".join(
            [_segment({"alg": "HS256", "typ": "JWT"}), _segment(claims), secrets.token_urlsafe(32)]
        )
        self._tokens[token] = _Token(account.email, expires)
        self.touch()
        return token

    # The control API, /_control/umember/...; the same from Python

    def control(self, path: str, body: Any) -> Any:
        name, _, key = path.partition("/")
        with self.lock:
            if name == "stores" and key:
                return self._control_store(key, body)
            if name == "codes" and key:
                return self._control_code(key, body)
            if path == "settings":
                return dict(vars(self.settings)) if body is None else self.configure(**_named(body))
            if path == "seed" and body is not None:
                return self.seed(body)
            if path == "expire_tokens" and body is not None:
                return {"expired": self.expire_tokens()}
        raise ControlError(
            "umember has POST seed, POST expire_tokens, GET/POST settings, stores/<id>, codes/<code>",
            404,
        )

    def seed(self, data: Any) -> dict[str, int]:
        """Merge accounts, stores, products and codes; the state of a known code stays (codes/<code> sets it)."""
        with self.lock:
            self.book = self.book.merged(data)
            self.touch()
            return {"accounts": len(self.book.accounts), "codes": len(self.book.coupons)}

    def configure(self, **changes: Any) -> dict[str, Any]:
        with self.lock:
            self.settings = self.settings.changed(changes)
            self.touch()
            return dict(vars(self.settings))

    def expire_tokens(self) -> int:
        with self.lock:
            for token in self._tokens.values():
                token.expires = 0
            self.touch()
            return len(self._tokens)

    def _control_store(self, key: str, body: Any) -> dict[str, Any]:
        store_id = _whole(key)
        store = None if store_id is None else self.book.find_store(store_id)
        if store is None:
            raise ControlError("no such store", 404)
        if body is not None:
            change_store(store, _named(body))
            self.touch()
        return store.public()

    def _control_code(self, code: str, body: Any) -> dict[str, Any]:
        coupon = self.book.coupons.get(code)
        if coupon is None:
            raise ControlError("no such code", 404)
        if body is not None:
            change_coupon(coupon, _named(body))
            self.touch()
        return dict(vars(coupon))


def _refusal(coupon: Coupon | None, store_id: int) -> str:
    """Why this coupon cannot be used there, "" when it can."""
    if coupon is None:
        return NOT_FOUND
    if not coupon.is_for(store_id):
        return WRONG_STORE
    return REFUSALS.get(coupon.state, "")


def _envelope(code: int, message: str, data: Any, count: int) -> dict[str, Any]:
    now = datetime.now(BEIJING).strftime("%Y-%m-%d %H:%M:%S")
    return {"code": code, "msg": message, "data": data, "count": count, "date_time": now}


def _succeeded(data: Any, *, applied: bool = False) -> Reply:
    count = len(data) if isinstance(data, list) else 1
    return Reply.json(_envelope(SUCCESS, "success", data, count), applied=applied)


def _failed(code: int, message: str, status: int = 200, *, outcome: str = "ok") -> Reply:
    return Reply.json(_envelope(code, message, None, 0), status, outcome=outcome)


def _given(request: Request) -> dict[str, Any]:
    if request.json_object is None:
        raise _Failure(MALFORMED, "参数错误：请求体不是JSON对象", "bad_request", 400)
    return request.json_object


def _query_store(request: Request) -> int:
    store_id = _whole(request.query.get("store_id"))
    if store_id is None:
        raise _Failure(MALFORMED, "参数错误：store_id", "bad_request")
    return store_id


def _code(value: Any) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST_CODE:
        raise _Failure(MALFORMED, "参数错误：coupon_code", "bad_request")
    return value


def _whole(value: Any) -> int | None:
    if type(value) is int:
        return value
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 18:
        return int(value)
    return None


def _named(body: Any) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise ControlError("the body must be a JSON object")
    return body


def _segment(data: Mapping[str, Any]) -> str:
    return (
        base64.urlsafe_b64encode(json.dumps(data, separators=(",", ":")).encode())
        .rstrip(b"=")
        .decode()
    )
