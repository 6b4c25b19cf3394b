"""One way of talking to a platform: wait for the turn, send, read within limits, say what happened.

No database, no retries."""

import json
import logging
import time
from collections.abc import Callable, Mapping
from typing import Any

import requests
from urllib3.exceptions import NameResolutionError, NewConnectionError

from stores.platforms.errors import NotSent, Unknown

log = logging.getLogger(__name__)
MAX_ANSWER_BYTES = 2_000_000


class Answer:
    """An HTTP answer that was read completely."""

    def __init__(self, status: int, content: bytes) -> None:
        self.status = status
        self.content = content

    @property
    def excerpt(self) -> str:
        """The first words of the body, for people and ledgers."""
        return " ".join(self.content[:300].decode("utf-8", "replace").split())

    def json_object(self) -> dict[str, Any]:
        """The body as a JSON object; raises Unknown, because a garbled answer says nothing about what was done."""
        try:
            data = json.loads(self.content)
        except ValueError as error:
            raise Unknown(f"HTTP {self.status}, not JSON: {self.excerpt}") from error
        if not isinstance(data, dict):
            raise Unknown(f"HTTP {self.status}, not a JSON object: {self.excerpt}")
        return data


class PlatformClient:
    """Base of the platforms' clients.

    `timeout` is (connect, whole answer) in seconds. `turn` is called right before every request; it may block until
    the account's slot has come, and may raise NotSent.
    """

    def __init__(self, base_url: str, *, timeout: tuple[float, float], turn: Callable[[], None] = lambda: None) -> None:
        self.base_url = base_url.rstrip("/")
        self.timeout = timeout
        self.turn = turn

    def request(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> Answer:
        """Sends one request. Raises NotSent when nothing was executed for certain, Unknown when nobody can tell."""
        self.turn()
        started = time.monotonic()
        try:
            answer = self._exchange(method, self.base_url + path, headers, params, body)
        except requests.exceptions.RequestException as error:
            log.info("%s %s: %s", method, path, type(error).__name__)
            raise _classified(error) from error
        log.info("%s %s: HTTP %d in %.0f ms", method, path, answer.status, (time.monotonic() - started) * 1000)
        return answer

    def _exchange(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        params: Mapping[str, str] | None,
        body: Mapping[str, Any] | None,
    ) -> Answer:
        # A fresh connection each time: a stale pooled one would turn a harmless close into an unknown outcome.
        with requests.Session() as session:
            session.trust_env = False
            response = session.request(
                method,
                url,
                headers={**(headers or {}), "Connection": "close"},
                params=params,
                json=body,
                timeout=self.timeout,
                allow_redirects=False,
                stream=True,
            )
            return Answer(response.status_code, self._read(response))

    def _read(self, response: requests.Response) -> bytes:
        """The whole body; a server that dribbles or never ends is cut off."""
        deadline = time.monotonic() + self.timeout[1]
        content = b""
        for chunk in response.iter_content(65_536):
            content += chunk
            if len(content) > MAX_ANSWER_BYTES:
                raise Unknown(f"HTTP {response.status_code}, answer over {MAX_ANSWER_BYTES} bytes")
            if time.monotonic() > deadline:
                raise Unknown(f"HTTP {response.status_code}, answer not complete after {self.timeout[1]:.0f} s")
        return content


def _classified(error: requests.exceptions.RequestException) -> NotSent | Unknown:
    reason = getattr(error.args[0] if error.args else None, "reason", None)
    never_connected = isinstance(
        error, requests.exceptions.ConnectTimeout | requests.exceptions.SSLError
    ) or isinstance(reason, NewConnectionError | NameResolutionError)
    malformed = isinstance(error, requests.exceptions.InvalidURL | requests.exceptions.MissingSchema)
    detail = f"{type(error).__name__}: {type(reason).__name__}" if reason else type(error).__name__
    return NotSent(detail) if never_connected or malformed else Unknown(detail)
