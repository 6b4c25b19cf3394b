"""The base of all platform clients: wait for the slot, send, read within limits, classify the
outcome.

Knows no database and makes no retries.
"""

import json
import logging
import ssl
import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeVar

import requests
from urllib3.exceptions import (
    HTTPError,
    NameResolutionError,
    NewConnectionError,
    ReadTimeoutError,
)

from stores.platforms.bodies import Body
from stores.platforms.deadline import Deadline
from stores.platforms.errors import NotSent, TimedOut, Trouble, Unknown
from stores.text import clean_text

log = logging.getLogger(__name__)
Late = TypeVar("Late", NotSent, TimedOut)
MAX_ANSWER_BYTES = 2_000_000


class Answer:
    """An HTTP answer that was read completely."""

    def __init__(self, status: int, content: bytes) -> None:
        self.status = status
        self.content = content

    @property
    def excerpt(self) -> str:
        """Returns the first words of the body, for people and ledgers."""
        return clean_text(" ".join(self.content[:300].decode("utf-8", "replace").split()), 300)

    def json_object(self) -> dict[str, Any]:
        """Returns the body as a JSON object.

        Raises Unknown: a garbled answer says nothing about what was done.
        """
        try:
            data = json.loads(self.content)
        except (ValueError, RecursionError) as error:
            raise self.strange("not JSON") from error
        if not isinstance(data, dict):
            raise self.strange("not a JSON object")
        return data

    def strange(self, what: str = "") -> Unknown:
        """Returns the error of an answer that is not the platform's; `what` says how it differs."""
        error = Unknown(f"HTTP {self.status}{what and ', '}{what}: {self.excerpt}")
        error.trouble = _trouble_of(self.status)
        return error


class Account(Protocol):
    """The fields of a connection that a client reads; `base_url` is empty for the usual address."""

    @property
    def account(self) -> str: ...
    @property
    def base_url(self) -> str: ...
    @property
    def credentials(self) -> Any: ...


class PlatformClient:
    """Base of the platforms' clients.

    `timeout` is (connect, whole answer) in seconds; their sum bounds the whole exchange.
    `wait_for_slot` is called right before every request; it may block until the account's slot has
    come, and may raise NotSent.
    """

    def __init__(
        self,
        base_url: str,
        *,
        timeout: tuple[float, float],
        wait_for_slot: Callable[[], None] = lambda: None,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.timeout = timeout
        self.wait_for_slot = wait_for_slot

    def request(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | Body | bytes | None = None,
    ) -> Answer:
        """Sends one request. A Body or bytes go as they are, a mapping as JSON.

        A form, JSON with literal Chinese and multipart are made by `stores.platforms.bodies`.

        Raises NotSent when nothing was executed for certain, Unknown when nobody can tell.
        """
        if isinstance(body, Body):
            headers = {"Content-Type": body.content_type, **(headers or {})}
            body = body.content
        self.wait_for_slot()
        started = time.monotonic()
        deadline = Deadline(sum(self.timeout))
        try:
            answer = self._exchange(deadline, method, self.base_url + path, headers, params, body)
        except (requests.exceptions.RequestException, HTTPError, UnicodeError) as error:
            log.info("%s %s: %s", method, path, type(error).__name__)
            # Not chained: the library's messages hold the address with its query, and thus coupon
            # codes.
            raise _classified(deadline, error) from None
        log.info(
            "%s %s: HTTP %d in %.0f ms",
            method,
            path,
            answer.status,
            (time.monotonic() - started) * 1000,
        )
        return answer

    def _exchange(
        self,
        deadline: Deadline,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        params: Mapping[str, str] | None,
        body: Mapping[str, Any] | bytes | None,
    ) -> Answer:
        # Each exchange opens a connection: a stale pooled one would turn a harmless close into an
        # unknown outcome.
        with deadline, requests.Session() as session:
            session.trust_env = False
            deadline.mount(session)
            response = session.request(
                method,
                url,
                headers={**(headers or {}), "Connection": "close"},
                params=params,
                **({"data": body} if isinstance(body, bytes) else {"json": body}),
                timeout=self.timeout,
                allow_redirects=False,
                stream=True,
            )
            return Answer(response.status_code, self._read(response, deadline))

    @staticmethod
    def _read(response: requests.Response, deadline: Deadline) -> bytes:
        """Reads the whole body. Raises Unknown when it is too large or the deadline passes."""
        content = b""
        for chunk in response.iter_content(65_536):
            content += chunk
            if len(content) > MAX_ANSWER_BYTES:
                raise Unknown(f"HTTP {response.status_code}, answer over {MAX_ANSWER_BYTES} bytes")
        if deadline.was_aborted:
            raise TimedOut(f"HTTP {response.status_code}, answer not complete in time")
        return content


def _trouble_of(status: int) -> Trouble:
    if status in (404, 405, 410):
        return Trouble.NOTHING_THERE
    if 300 <= status < 400:
        return Trouble.MOVED
    return Trouble.BROKEN if status >= 500 else Trouble.NOT_THE_PLATFORM


def _classified(deadline: Deadline, error: Exception) -> NotSent | Unknown:
    """Returns NotSent if no connection was ever established, and Unknown otherwise."""
    cause = error.args[0] if error.args else None
    reason = getattr(cause, "reason", None)
    detail = f"{type(error).__name__}: {type(reason).__name__}" if reason else type(error).__name__
    # What stops in the middle of an answer is no Timeout of requests.
    too_late = (
        deadline.was_aborted
        or isinstance(error, requests.exceptions.Timeout)
        or isinstance(cause, ReadTimeoutError)
    )
    if deadline.connected:
        return _slow(TimedOut(detail)) if too_late else Unknown(detail)
    if too_late:
        return _slow(NotSent(detail))
    wrong = _certificate_error(reason)
    unsent = NotSent(f"{detail}: {wrong.verify_message}" if wrong else detail)
    if wrong:
        unsent.trouble = Trouble.CERTIFICATE
    elif isinstance(reason, NameResolutionError):
        unsent.trouble = Trouble.NAME
    elif isinstance(reason, NewConnectionError):
        unsent.trouble = Trouble.REFUSED
    return unsent


def _slow(error: Late) -> Late:
    error.trouble = Trouble.SLOW
    return error


def _certificate_error(reason: object) -> ssl.SSLCertVerificationError | None:
    inner = reason.args[0] if isinstance(reason, HTTPError) and reason.args else None
    return inner if isinstance(inner, ssl.SSLCertVerificationError) else None
