"""Endpoints for Meituan's calls, one class per interface; the answer is always HTTP 200 with the
envelope.

To add an interface: a subclass with `other_code` (its "other" failure, x99), `read` (parses the
envelope's `body` for `answer`; raises Malformed) and `answer`, which calls a service and may raise
Refusal; then a line in addresses.py and one in urls.py. An interface that changes data derives from
OnceEndpoint and also has `kind`, `key` and, if the body names visitors, `kept`.
"""

import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from stores.models import Connection
from stores.platforms.inbound.endpoint import CallEndpoint, Rejected
from stores.platforms.inbound.once import AnswerAndRollback, StoredAnswer, answer_once
from stores.platforms.reading import Malformed
from stores.text import is_id
from stores.web.addresses import client_network
from stores.web.limits import Limit, take
from trip import signatures
from trip.choices import PLATFORM, Code, Refusal
from trip.wire.problems import TripProblem, describe

# Only calls without a valid signature are counted; Meituan's own calls are never limited.
STRANGERS = Limit("trip-strangers", 60, 60)
NEEDED_HEADERS = ("Authorization", "Date", "PartnerId")
# The shared template's reasons, for Meituan's staff.
REASONS = {
    "unknown connection": "连接不存在或已停用，请检查地址中的连接编号",
    "bad request": "请求无法识别：请检查Host和请求行",
    "body too large": "请求体过大",
    "the body ended early": "请求体不完整",
    "not JSON": "请求体不是有效的JSON",
    "not a JSON object": "请求体不是JSON对象",
}


@dataclass(frozen=True)
class Answer:
    """One answer: `body` is left out when it is None; `extra` has further fields of the envelope
    (totalSize).

    `final` and `subject_id` are passed to once.StoredAnswer.
    """

    body: Any = None
    code: int = Code.SUCCESS
    describe: str = "success"
    extra: Mapping[str, Any] = field(default_factory=dict)
    final: bool = True
    subject_id: int | None = None


def credentials_of(connection: Connection) -> tuple[str, list[str]]:
    """Returns (client id, accepted secrets); after a rotation the previous secret is accepted
    too.
    """
    known = connection.credentials or {}
    secrets = [str(known.get(name) or "") for name in ("client_secret", "previous_secret")]
    return str(known.get("client_id") or ""), [secret for secret in secrets if secret]


def partner_id(request: HttpRequest) -> int:
    """Returns the caller's PartnerId header; 0 when it is no number."""
    text = request.headers.get("PartnerId", "")
    return int(text) if is_id(text) else 0


def envelope(request: HttpRequest, answer: Answer) -> str:
    """Returns the answer as compact JSON in UTF-8; order numbers are JSON numbers."""
    data = {
        "code": int(answer.code),
        "describe": answer.describe,
        "partnerId": partner_id(request),
        **answer.extra,
    }
    if answer.body is not None:
        data["body"] = answer.body
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def response(text: str) -> HttpResponse:
    return HttpResponse(text, content_type="application/json; charset=utf-8")


class TripEndpoint(CallEndpoint):
    """An interface that only reads; its calls are not stored."""

    platform = PLATFORM
    other_code: ClassVar[int] = Code.OTHER
    # The answer code for a body that cannot be parsed; `other_code` when the interface has none.
    invalid_code: ClassVar[int | None] = None
    body_is: ClassVar[type] = dict
    is_signed = False

    def read(self, body: Any) -> Any:
        """Parses the envelope's body. Raises Malformed."""
        return body

    def answer(self, connection: Connection, asked: Any) -> Answer:
        """Answers the parsed body that `read` returned. Raises Refusal."""
        raise NotImplementedError

    def text(self, connection: Connection, asked: Any, body: Any) -> str:
        """Returns the whole envelope of the answer. Raises Refusal."""
        return envelope(self.request, self.answer(connection, asked))

    def respond(self, connection: Connection, data: dict[str, Any]) -> HttpResponse:
        if not _is_partner(data.get("partnerId"), connection):
            raise Rejected("请求体中的partnerId与本连接的商家编号不一致")
        try:
            asked = self.read(self._body(data))
        except Malformed as malformed:
            code = self.invalid_code
            return self._no(self.other_code if code is None else code, describe(malformed))
        try:
            return response(self.text(connection, asked, data.get("body")))
        except Refusal as refusal:
            return self._no(refusal.code, refusal.reason)

    def reject(self, rejected: Rejected) -> HttpResponse:
        if rejected.status == 405:
            return self._no(self.other_code, "只接受POST请求")
        describe = REASONS.get(rejected.reason, rejected.reason)
        if not self.is_signed:
            tries = take(STRANGERS, client_network(self.request))
            if not tries.allowed:
                describe = f"认证失败次数过多，请{tries.retry_after}秒后再试"
        return self._no(self.other_code, describe)

    def fail(self) -> HttpResponse:
        return self._no(self.other_code, "系统繁忙，请稍后重试")

    def authenticate(self, request: HttpRequest, connection: Connection) -> None:
        """Checks BA authentication. Raises Rejected with every detail of the error, but never a
        secret.
        """
        if missing := [name for name in NEEDED_HEADERS if not request.headers.get(name)]:
            raise Rejected(f"缺少请求头：{'、'.join(missing)}")
        given = signatures.parse_authorization(request.headers["Authorization"])
        if given is None:
            raise Rejected("Authorization格式应为：MWS clientId:signature")
        signed = {"method": "POST", "path": request.path, "date": request.headers["Date"]}
        client_id, secrets = credentials_of(connection)
        is_signed = signatures.is_signed(given.signature, **signed, secrets=secrets)
        if not hmac.compare_digest(given.client_id.encode(), client_id.encode()):
            raise Rejected("clientId与本连接不一致")
        if not is_signed:
            text = json.dumps(signatures.string_to_sign(**signed), ensure_ascii=False)
            raise Rejected(f"签名不匹配，待签名字符串为：{text}")
        self.is_signed = True
        self._check_date(signed["date"])
        if not _is_partner(request.headers["PartnerId"], connection):
            raise Rejected("请求头PartnerId与本连接的商家编号不一致")

    @staticmethod
    def _check_date(text: str) -> None:
        date, now = signatures.parse_date(text), timezone.now()
        if date is None:
            raise Rejected("Date应为RFC 1123格式的GMT时间，例如：Fri, 17 Feb 2012 23:34:53 GMT")
        if not signatures.is_fresh(date, now=now, window=settings.TRIP_DATE_WINDOW):
            seconds = round((date - now).total_seconds())
            direction = "快" if seconds > 0 else "慢"
            raise Rejected(
                f"Date比我方时钟{direction}{abs(seconds)}秒，允许相差{settings.TRIP_DATE_WINDOW:g}秒"
            )

    def _body(self, data: dict[str, Any]) -> Any:
        body = data.get("body")
        if not isinstance(body, self.body_is):
            raise Malformed("body", TripProblem.NO_BODY)
        return body

    def _no(self, code: int, describe: str) -> HttpResponse:
        return response(envelope(self.request, Answer(code=code, describe=describe)))


class OnceEndpoint(TripEndpoint):
    """An interface that changes data: once per key, even if it is called repeatedly
    (stores/platforms/inbound/once.py).
    """

    kind: ClassVar[str]

    def key(self, asked: Any) -> str:
        """Returns the key that is equal for repetitions of a call; at most 200 characters."""
        raise NotImplementedError

    def kept(self, asked: Any, body: Any) -> dict[str, Any]:
        """Returns the part of the body that the ledger stores, without visitors."""
        return dict(body)

    def is_drill(self, connection: Connection, asked: Any) -> bool:
        """Returns whether a drill asks, whose messages the ledger shows only on request."""
        return False

    def text(self, connection: Connection, asked: Any, body: Any) -> str:
        return answer_once(
            connection=connection,
            kind=self.kind,
            key=self.key(asked),
            body=self.kept(asked, body),
            handle=lambda: self._judged(connection, asked),
        )

    def _judged(self, connection: Connection, asked: Any) -> StoredAnswer:
        """Answers the call; a Refusal rolls the services' changes back and is stored, as final only
        if it is lasting.
        """
        try:
            answer = self.answer(connection, asked)
        except Refusal as refusal:
            no = envelope(self.request, Answer(code=refusal.code, describe=refusal.reason))
            raise AnswerAndRollback(
                StoredAnswer(no, final=refusal.lasting, is_drill=self.is_drill(connection, asked))
            ) from refusal
        return StoredAnswer(
            envelope(self.request, answer),
            answer.final,
            answer.subject_id,
            self.is_drill(connection, asked),
        )


def _is_partner(value: Any, connection: Connection) -> bool:
    """Whether the value is the connection's PartnerId, as a number or as a string."""
    return (
        isinstance(value, int | str)
        and not isinstance(value, bool)
        and str(value) == connection.account
    )


@csrf_exempt
def unknown_interface(request: HttpRequest) -> HttpResponse:
    """Answers every other path below /trip/."""
    return response(
        envelope(request, Answer(code=Code.OTHER, describe=f"没有这个接口：{request.path}"))
    )


unknown_interface.is_in_own_form = True  # type: ignore[attr-defined]
