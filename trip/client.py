"""Client for the four notices to Meituan (docs/platforms/trip.md §3.13 to §3.16), signed as in §1."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, Self
from urllib.parse import urlsplit

from django.conf import settings
from django.utils import timezone

from stores.platforms.client import Answer, PlatformClient
from stores.platforms.errors import LoginRefused, Throttled, Undecided, Unknown
from stores.text import clean_text
from trip.signatures import signed_headers

TAKEN = (200, 201)
USUAL_PATH = "/rhone/mtp/api"


class Account(Protocol):
    """What a connection knows of the account; `base_url` is empty for the usual address."""

    @property
    def account(self) -> str: ...
    @property
    def base_url(self) -> str: ...
    @property
    def credentials(self) -> Any: ...


class NoticeClient(PlatformClient):
    """One method per notice; each returns Meituan's words. Raises Undecided when Meituan has not taken it, Unknown when
    its answer is none, LoginRefused when there is nothing to sign with.

    There is no final no: which of Meituan's codes would be one is not published, and a notice given up too early leaves
    both sides with different orders. It is offered again until a person is asked.
    """

    def __init__(
        self,
        base_url: str,
        *,
        partner_id: str,
        client_id: str,
        secret: str,
        timeout: tuple[float, float],
        wait_for_slot: Callable[[], None] = lambda: None,
        note: Callable[[str], None] = lambda text: None,
    ) -> None:
        super().__init__(base_url, timeout=timeout, wait_for_slot=wait_for_slot)
        self.note = note
        self.partner_id = partner_id
        self.client_id = client_id
        self.secret = secret

    @classmethod
    def of(
        cls,
        account: Account,
        *,
        wait_for_slot: Callable[[], None] = lambda: None,
        note: Callable[[str], None] = lambda text: None,
    ) -> Self:
        """The client of a connection, which signs with its current secret. A bare host gets Meituan's usual path.
        `note` is told what is sent."""
        base_url = account.base_url or settings.TRIP_NOTICE_BASE_URL
        known = account.credentials or {}
        return cls(
            base_url if urlsplit(base_url).path.strip("/") else base_url.rstrip("/") + USUAL_PATH,
            partner_id=account.account,
            client_id=str(known.get("client_id") or ""),
            secret=str(known.get("client_secret") or ""),
            timeout=settings.TRIP_TIMEOUT,
            wait_for_slot=wait_for_slot,
            note=note,
        )

    def pay(self, *, issue_type: int, describe: str, body: Mapping[str, Any]) -> str:
        """§3.13: tickets are issued (1), or never will be (2) and why."""
        return self._notify(
            "/order/pay/notice", {"issueType": int(issue_type), "describe": describe, "body": body}
        )

    def refund(self, *, code: int, describe: str, body: Mapping[str, Any]) -> str:
        """§3.14: a refund is agreed (200) or refused (6xx) and why."""
        return self._notify(
            "/order/refund/notice", {"code": int(code), "describe": describe, "body": body}
        )

    def consume(self, *, body: Mapping[str, Any]) -> str:
        """§3.15: tickets were used."""
        return self._notify("/order/consume/notice", {"body": body})

    def product(self, *, body: Sequence[Mapping[str, Any]]) -> str:
        """§3.16: products or their prices changed."""
        return self._notify("/deal/change/notice", {"body": body})

    def _notify(self, path: str, message: Mapping[str, Any]) -> str:
        if not (self.partner_id.isdecimal() and self.client_id and self.secret):
            raise LoginRefused("PartnerId, client id or client secret is missing")
        whole = {"partnerId": int(self.partner_id), **message}
        body = json.dumps(whole, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        self.note(body)
        answer = self.request("POST", path, headers=self._headers(path), body=body.encode())
        return _taken(answer)

    def _headers(self, path: str) -> dict[str, str]:
        signed_path = urlsplit(self.base_url).path + path
        return {
            "Content-Type": "application/json; charset=utf-8",
            "PartnerId": self.partner_id,
            **signed_headers(
                method="POST",
                path=signed_path,
                client_id=self.client_id,
                secret=self.secret,
                at=timezone.now(),
            ),
        }


def _taken(answer: Answer) -> str:
    """Meituan's words for "taken". The envelope is read loosely: `code` is a number or the same as a string."""
    if answer.status == 429:
        raise Throttled(f"HTTP 429: {answer.excerpt}", after=5.0)
    if answer.status != 200:
        raise Unknown(f"HTTP {answer.status}: {answer.excerpt}")
    data = answer.json_object()
    code, describe = _code(data.get("code")), clean_text(str(data.get("describe") or ""), 300)
    if code is None:
        raise Unknown(f"no code in the answer: {answer.excerpt}")
    if code not in TAKEN:
        raise Undecided(f"{code}: {describe}")
    return f"{code} {describe}".strip()


def _code(value: Any) -> int | None:
    if isinstance(value, str) and value.strip().isdecimal() and len(value) < 10:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
