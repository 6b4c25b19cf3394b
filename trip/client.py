"""Client for the four notices to Meituan (docs/platforms/trip.md §3.13–3.16), signed as in §1."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self
from urllib.parse import urlsplit

from django.conf import settings
from django.utils import timezone

from stores.platforms.client import Account, Answer, PlatformClient
from stores.platforms.errors import LoginRefused, Throttled, Undecided, Unknown
from stores.text import clean_text
from trip.signatures import signed_headers

TAKEN = (200, 201)
USUAL_PATH = "/rhone/mtp/api"


class NoticeClient(PlatformClient):
    """One method per notice; each returns the text of Meituan's answer.

    Raises Undecided when Meituan did not accept the notice, Unknown when the answer cannot be read,
    LoginRefused when the credentials for signing are missing.

    There is no final refusal: Meituan does not publish which of its codes is one, and a notice that
    is given up too early leaves both sides with different orders. The notice is sent again until a
    person has to decide.
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
        """Returns the client of a connection; it signs with the connection's current secret.

        A base URL without a path gets Meituan's usual path. `note` is called with each body before
        it is sent.
        """
        base_url = account.base_url or settings.TRIP_NOTICE_BASE_URL
        if not urlsplit(base_url).path.strip("/"):
            base_url = base_url.rstrip("/") + USUAL_PATH
        known = account.credentials or {}
        return cls(
            base_url,
            partner_id=account.account,
            client_id=str(known.get("client_id") or ""),
            secret=str(known.get("client_secret") or ""),
            timeout=settings.TRIP_TIMEOUT,
            wait_for_slot=wait_for_slot,
            note=note,
        )

    def pay(self, *, issue_type: int, describe: str, body: Mapping[str, Any]) -> str:
        """Sends §3.13: tickets are issued (1), or will never be issued (2) and why."""
        return self._notify(
            "/order/pay/notice", {"issueType": int(issue_type), "describe": describe, "body": body}
        )

    def refund(self, *, code: int, describe: str, body: Mapping[str, Any]) -> str:
        """Sends §3.14: a refund is agreed (200) or refused (6xx) and why."""
        return self._notify(
            "/order/refund/notice", {"code": int(code), "describe": describe, "body": body}
        )

    def consume(self, *, body: Mapping[str, Any]) -> str:
        """Sends §3.15: tickets were used."""
        return self._notify("/order/consume/notice", {"body": body})

    def product(self, *, body: Sequence[Mapping[str, Any]]) -> str:
        """Sends §3.16: products or their prices changed."""
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
    """Returns the text of an accepting answer; `code` may be a number or a string of digits.

    Raises Throttled, Unknown or Undecided.
    """
    if answer.status == 429:
        raise Throttled(f"HTTP 429: {answer.excerpt}", after=5.0)
    if answer.status != 200:
        raise answer.strange()
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
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    return None
