"""A merchant's own system that calls the API in process."""

import json
from dataclasses import dataclass, field
from typing import Any

from django.test import Client

from stores.models import ApiKey, Merchant, Store
from tests.stores.factories import api_key


@dataclass
class Api:
    """One key's view of the API; `post` takes a JSON value."""

    secret: str
    client: Client = field(default_factory=Client)

    def headers(self, extra: dict[str, str]) -> dict[str, str]:
        return ({"Authorization": f"Bearer {self.secret}"} if self.secret else {}) | extra

    def get(self, path: str, params: Any = None, **headers: str) -> Any:
        return self.client.get(f"/api/v1/{path}", params, headers=self.headers(headers))

    def post(self, path: str, body: Any, key: str = "", **headers: str) -> Any:
        extra = headers | ({"Idempotency-Key": key} if key else {})
        return self.raw("post", path, json.dumps(body).encode(), "application/json", **extra)

    def raw(self, method: str, path: str, body: bytes, content_type: str, **headers: str) -> Any:
        return self.client.generic(
            method.upper(),
            f"/api/v1/{path}",
            body,
            content_type=content_type,
            headers=self.headers(headers),
        )


def api_of(
    merchant: Merchant, *stores: Store, scopes: tuple[str, ...] = tuple(ApiKey.all_scopes())
) -> Api:
    return Api(api_key(merchant, *stores, scopes=scopes)[1])


def problem(response: Any) -> tuple[int, str]:
    """Status and code of a problem answer; fails for anything else."""
    assert response["Content-Type"] == "application/problem+json", response.content
    body = response.json()
    assert body["status"] == response.status_code
    assert body["type"] == f"urn:zhanggui:problem:{body['code']}"
    return response.status_code, body["code"]
