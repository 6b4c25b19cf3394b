"""A client that notes each call about couriers, for people who read a drill."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from delivery.client.shop import ROOT, WechatClient
from stores.platforms.bodies import Body
from stores.platforms.client import Answer
from stores.platforms.errors import PlatformError


@dataclass(frozen=True)
class Message:
    """Implements stores.drills.results.Exchange; `code` is WeChat's or the courier's."""

    operation: str
    url: str
    request: str
    answer: str
    code: int | None
    error: str
    ms: int

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


class RecordingClient(WechatClient):
    """Logins are not noted: they hold secrets, as the query does."""

    heard: Callable[[Message], None]

    def request(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | Body | bytes | None = None,
    ) -> Answer:
        begun = time.monotonic()
        answer, error = None, ""
        try:
            answer = super().request(method, path, headers=headers, params=params, body=body)
        except PlatformError as problem:
            error = problem.detail
            raise
        finally:
            if path.startswith(ROOT):
                self.heard(
                    Message(
                        path.removeprefix(ROOT),
                        self.base_url + path,
                        body.content.decode() if isinstance(body, Body) else "",
                        answer.content.decode("utf-8", "replace") if answer else "",
                        _code(answer) if answer else None,
                        error,
                        round((time.monotonic() - begun) * 1000),
                    )
                )
        return answer


def _code(answer: Answer) -> int | None:
    """Returns the error code of WeChat, else of the courier; None where there is none to read."""
    try:
        data = json.loads(answer.content)
    except (ValueError, RecursionError):
        return None
    if not isinstance(data, dict):
        return None
    found = data.get("errcode") or data.get("resultcode", 0)
    return found if isinstance(found, int) else None
