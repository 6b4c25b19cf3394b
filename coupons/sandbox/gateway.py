"""The gateway's five calls (团券), with its rate limit, tokens, quotas and refusals."""

from __future__ import annotations

import base64
import json
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from stores.sandbox import (
    ControlError,
    Reply,
    Request,
    SandboxPlatform,
    Subject,
    control,
    given,
)

from .answers import (
    BAD_LOGIN,
    BAD_TOKEN,
    BLOCK_PAGE,
    BLOCKED,
    DETAIL_STATUS,
    LAPSED,
    MALFORMED,
    NO_CALL,
    NO_STORE,
    NOT_AUTHORISED,
    NOT_FOUND,
    QUOTA,
    REFUSED,
    SUCCESS,
    UNUSED,
    WRONG_STORE,
    WRONG_TYPES,
    Failure,
    failed,
    refusal_of,
    succeeded,
)
from .book import Account, Book, Coupon, Store, change_coupon, change_store
from .settings import Settings

ROUTES = {
    "/open/login": ("POST", "login"),
    "/open/user/meituan/store/list": ("GET", "stores"),
    "/open/user/meituan/coupon/list": ("GET", "products"),
    "/open/user/meituan/coupon/detail": ("GET", "detail"),
    "/open/user/meituan/coupon/verify": ("POST", "verify"),
}

LONGEST_CODE = 64


@dataclass
class _Token:
    email: str
    expires: float


class UmemberSandbox(SandboxPlatform[Settings]):
    prefix = "umember"
    settings_class = Settings

    def clear(self) -> None:
        self.book = Book()
        self._tokens: dict[str, _Token] = {}
        self._recent: dict[str, list[float]] = {}

    def dump(self) -> dict[str, Any]:
        tokens = {token: dict(vars(known)) for token, known in self._tokens.items()}
        return {"tokens": tokens, **self.book.dump()}

    def load(self, state: Mapping[str, Any]) -> None:
        try:
            tokens = {str(token): _Token(**known) for token, known in state["tokens"].items()}
        except (KeyError, TypeError, AttributeError) as error:
            raise ControlError(f"not a snapshot of umember: {error}") from error
        self.book = Book().merged(state, states_too=True)
        self._tokens = tokens

    # The server calls these before it accepts a request

    def operation(self, request: Request) -> str:
        return ROUTES.get(request.path, ("", ""))[1]

    def subject(self, request: Request) -> Subject:
        is_post = request.method == "POST"
        sent: Mapping[str, Any] = (request.json_object or {}) if is_post else request.query
        email, code = sent.get("email"), sent.get("coupon_code")
        if self.operation(request) != "login":
            token = self._tokens.get(request.headers.get("authorization", ""))
            email = token.email if token else ""
        account = email if isinstance(email, str) else ""
        tail = code[-4:] if isinstance(code, str) else ""
        return Subject(account, given.whole(sent.get("store_id")), tail)

    def admit(self, request: Request) -> Reply | None:
        email = self.subject(request).account
        with self.lock:
            limit, window = self.settings.rate_limit, self.settings.rate_window
            if limit is None or email not in self.book.accounts:
                return None
            if self.settings.rate_scope == "address":
                email = ""
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
        return failed(BLOCKED, "接口限流：请求过于频繁，请稍后再试", status, outcome="blocked")

    def token_expired(self, request: Request) -> Reply:
        status = 401 if self.settings.auth_failure_as == "401" else 200
        return failed(BAD_TOKEN, "token已过期，请重新登录", status, outcome="unauthorised")

    def wrong_types(self, request: Request) -> Reply:
        data = WRONG_TYPES.get(self.operation(request), 0)
        return Reply.json(
            {"code": SUCCESS, "msg": None, "data": data, "count": "1", "date_time": 1734271704}
        )

    # The five calls

    def handle(self, request: Request) -> Reply:
        method, operation = ROUTES.get(request.path, ("", ""))
        if not operation:
            return failed(NO_CALL, "接口不存在", 404, outcome="bad_request")
        if request.method != method:
            return failed(NO_CALL, "请求方法不正确", 405, outcome="bad_request")
        try:
            with self.lock:
                return self._dispatch(operation, request)
        except Failure as failure:
            return failed(failure.code, failure.message, failure.status, outcome=failure.outcome)

    def _dispatch(self, operation: str, request: Request) -> Reply:
        if operation == "login":
            return self._login(request)
        token = self._tokens.get(request.headers.get("authorization", ""))
        if token is None or token.expires <= time.time():
            return self.token_expired(request)
        account = self.book.accounts.get(token.email)
        if account is None:
            return self.token_expired(request)
        calls: dict[str, Callable[[Account, Request], Reply]] = {
            "stores": self._stores,
            "products": self._products,
            "detail": self._detail,
            "verify": self._verify,
        }
        return calls[operation](account, request)

    def _login(self, request: Request) -> Reply:
        sent = _json_object(request)
        email, password = sent.get("email"), sent.get("password")
        if not isinstance(email, str) or not isinstance(password, str):
            raise Failure(MALFORMED, "参数错误：email、password", "bad_request")
        account = self.book.accounts.get(email)
        if account is None or account.password != password:
            raise Failure(BAD_LOGIN, "账号或密码错误", "unauthorised")
        token = self._issue_token(account)
        return succeeded(
            {"id": account.id, "phone": account.phone, "token": token, "username": account.username}
        )

    def _stores(self, account: Account, request: Request) -> Reply:
        return succeeded([store.public() for store in account.stores.values()])

    def _products(self, account: Account, request: Request) -> Reply:
        store = self._open_store(account, _query_store(request), "products")
        return succeeded([dict(vars(product)) for product in store.products.values()])

    def _detail(self, account: Account, request: Request) -> Reply:
        code = _code(request.query.get("coupon_code"))
        store = self._open_store(account, _query_store(request), "detail")
        coupon = self.book.coupons.get(code)
        if coupon is None:
            raise Failure(REFUSED, NOT_FOUND)
        if not coupon.is_for(store.store_id):
            raise Failure(REFUSED, WRONG_STORE)
        return succeeded(self._described(coupon))

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
        sent = _json_object(request)
        store_id, code = sent.get("store_id"), _code(sent.get("coupon_code"))
        if type(store_id) is not int:
            raise Failure(MALFORMED, "参数错误：store_id", "bad_request")
        coupon = self.book.coupons.get(code)
        refusal = refusal_of(coupon, store_id)
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
        return succeeded(
            {"verify_message": self.settings.verify_success_message, "verify_success": True},
            applied=True,
        )

    def _refused(self, message: str) -> Reply:
        if self.settings.refuse_in == "envelope":
            return failed(REFUSED, message)
        return succeeded({"verify_message": message, "verify_success": False})

    def _open_store(
        self, account: Account, store_id: int, operation: str, spend: bool = True
    ) -> Store:
        """Returns the account's store, if it may make this call now; subtracts one call if the
        settings say so. Raises Failure.
        """
        store = account.stores.get(store_id)
        if store is None:
            raise Failure(NO_STORE, "门店不存在")
        lapse_matters = operation != "verify" or not self.settings.verify_on_lapse
        if store.status == 1:
            raise Failure(NOT_AUTHORISED, "门店未授权")
        if store.status != 2 and lapse_matters:
            raise Failure(LAPSED, "门店授权已过期")
        if operation in self.settings.spends:
            if store.request_count <= 0:
                raise Failure(QUOTA, "调用次数不足")
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

    # Control routes

    @control("POST", "seed")
    def seed(self, body: Any) -> dict[str, int]:
        """Merges accounts, stores, products and codes; a known code keeps its state."""
        with self.lock:
            self.book = self.book.merged(body)
            self.touch()
            return {"accounts": len(self.book.accounts), "codes": len(self.book.coupons)}

    @control("POST", "expire_tokens")
    def expire_tokens(self, body: Any = None) -> dict[str, int]:
        with self.lock:
            for token in self._tokens.values():
                token.expires = 0
            self.touch()
            return {"expired": len(self._tokens)}

    @control("GET", "stores/<store_id>")
    def show_store(self, store_id: str) -> dict[str, Any]:
        with self.lock:
            return self._known_store(store_id).public()

    @control("POST", "stores/<store_id>")
    def set_store(self, store_id: str, body: dict[str, Any]) -> dict[str, Any]:
        with self.lock:
            store = self._known_store(store_id)
            change_store(store, body)
            self.touch()
            return store.public()

    @control("GET", "codes/<path:code>")
    def show_code(self, code: str) -> dict[str, Any]:
        with self.lock:
            return dict(vars(self._known_coupon(code)))

    @control("POST", "codes/<path:code>")
    def set_code(self, code: str, body: dict[str, Any]) -> dict[str, Any]:
        with self.lock:
            coupon = self._known_coupon(code)
            change_coupon(coupon, body)
            self.touch()
            return dict(vars(coupon))

    def _known_store(self, text: str) -> Store:
        store_id = given.whole(text)
        store = None if store_id is None else self.book.find_store(store_id)
        if store is None:
            raise ControlError("no such store", 404)
        return store

    def _known_coupon(self, code: str) -> Coupon:
        if code not in self.book.coupons:
            raise ControlError("no such code", 404)
        return self.book.coupons[code]


def _json_object(request: Request) -> dict[str, Any]:
    if request.json_object is None:
        raise Failure(MALFORMED, "参数错误：请求体不是JSON对象", "bad_request", 400)
    return request.json_object


def _query_store(request: Request) -> int:
    store_id = given.whole(request.query.get("store_id"))
    if store_id is None:
        raise Failure(MALFORMED, "参数错误：store_id", "bad_request")
    return store_id


def _code(value: Any) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST_CODE:
        raise Failure(MALFORMED, "参数错误：coupon_code", "bad_request")
    return value


def _segment(data: Mapping[str, Any]) -> str:
    return (
        base64.urlsafe_b64encode(json.dumps(data, separators=(",", ":")).encode())
        .rstrip(b"=")
        .decode()
    )
