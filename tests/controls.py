"""The control routes of one platform of a running sandbox."""

from dataclasses import dataclass
from typing import Any

import requests

from stores.sandbox import SandboxServer


@dataclass(frozen=True)
class Control:
    """Asks the routes below /_control/<prefix>/ over a real socket."""

    prefix: str

    def post(self, server: SandboxServer, path: str, body: Any = None, status: int = 200) -> Any:
        answer = requests.post(self._url(server, path), json=body or {}, timeout=30)
        assert answer.status_code == status, answer.text
        return answer.json()

    def get(self, server: SandboxServer, path: str) -> Any:
        answer = requests.get(self._url(server, path), timeout=30)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def _url(self, server: SandboxServer, path: str) -> str:
        return f"{server.url}/_control/{self.prefix}/{path}"
